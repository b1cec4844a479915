"""The Dirac-GAN as theory has it: trainings and their Jacobians against closed forms."""

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curvegan_core import theory
from curvegan_core.config.scalars import Loss
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.choice import choose
from curvegan_core.engines.stacked.jacobian import jacobian
from curvegan_core.errors import CheckpointRefused, InvalidInput
from curvegan_core.families.curves import family
from curvegan_core.losses import equilibrium
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.spectrum import MOST_NUMBERS, numbers_of, spectrum
from tests.core.packs import alone

RATE = 0.1
DIRAC: dict[str, Any] = {
    **{"curve": "dirac", "latent": 0, "layers_g": 0, "layers_d": 0, "optimiser": "sgd", "lr": RATE, "batch_size": 4},
    **{"engine": "torch", "steps": 60, "record_every": 1},
}
UNBOUNDED = {"loss": "wgan", "clip": 1e6}
SIMULTANEOUS = {"updates": "simultaneous"}
OPTIMISTIC = {"optimiser": "oadam", "beta1": 0.0, "beta2": 0.0, "eps": 1.0}
each_loss = pytest.mark.parametrize("loss", get_args(Loss))


def dirac(loss: str = "ns", **keys: Any) -> TrainConfig:
    return TrainConfig.parse({**DIRAC, **(UNBOUNDED if loss == "wgan" else {"loss": loss}), **keys})


def at(config: TrainConfig, p: float, t: float) -> State:
    """Where D(x) = p x and G = t, and D's bias is where the loss settles."""
    state = State.initial(config)
    values = {"discriminator.0.weight": p, "generator.0.bias": t}
    p_real = equilibrium(config).p_real
    settled = math.log(p_real / (1 - p_real)) if p_real else 0.0
    for name, tensor in state.weights.items():
        tensor[...] = values.get(name, settled if name == "discriminator.0.bias" else 0.0)
    return state


def multipliers(config: TrainConfig, value: float = 0.0) -> np.ndarray:
    """The eigenvalues of the engine's step at equilibrium."""
    return np.linalg.eigvals(jacobian(config, at(config, 0, value), 0, family(config)))


def are_among(wanted: Any, found: np.ndarray, tolerance: float = 1e-7) -> None:
    distance = np.abs(np.asarray(wanted)[:, None] - found)
    assert distance.min(axis=1).max() < tolerance, (wanted, found)


def test_theory_knows_every_loss() -> None:
    assert theory.TURN.keys() == theory.BIAS.keys() == set(get_args(Loss))


@each_loss
@given(gamma=st.floats(0, 3), rate=st.floats(1e-3, 0.5))
@settings(max_examples=5, deadline=None)
def test_the_engines_spectrum_is_the_closed_form(loss: str, gamma: float, rate: float) -> None:
    config = dirac(loss, **SIMULTANEOUS, r1=gamma, lr=rate)
    known = [1 + rate * value for value in (*theory.eigenvalues(loss, gamma), theory.BIAS[loss])]
    are_among(known, multipliers(config))
    are_among(np.linalg.eigvals(theory.step(loss, rate, gamma)), np.array(known))
    alternating = dirac(loss, r1=gamma, lr=rate)
    are_among(np.linalg.eigvals(theory.step(loss, rate, gamma, "alternating")), multipliers(alternating))


def test_r1_in_the_words_of_the_paper() -> None:
    for gamma in (0.0, 0.3, 1.0, 2.0):
        for loss, quarter in (("ns", 0.25), ("rpgan", 0.25), ("wgan", 1.0)):
            root = np.sqrt(complex(gamma**2 / 4 - quarter))
            known = [-gamma / 2 + root, -gamma / 2 - root]
            np.testing.assert_allclose(theory.eigenvalues(loss, gamma), known)
            found = (multipliers(dirac(loss, **SIMULTANEOUS, r1=gamma)) - 1) / RATE
            # At gamma = 2 w both are one, and differences of 1e-6 move a double root by their root.
            are_among(known, found, 1e-2 if abs(root) < 1e-9 else 1e-6)


def test_simultaneous_descent_leaves_and_alternating_descent_turns() -> None:
    for h in (0.05, 0.1, 0.4):
        simultaneous = np.abs(multipliers(dirac("ns", **SIMULTANEOUS, lr=h)))
        assert simultaneous.max() == pytest.approx(np.sqrt(1 + h**2 / 4), abs=1e-8)
        alternating = multipliers(dirac("ns", lr=h))
        assert np.abs(alternating).max() == pytest.approx(1, abs=1e-8)
        assert np.sum(np.abs(alternating.imag) > 1e-3) == 2
    assert theory.radius(theory.step("wgan", 0.1)) == pytest.approx(1.00499, abs=1e-5)


def test_optimism_and_consensus_converge_where_descent_does_not() -> None:
    optimistic = dirac("wgan", **SIMULTANEOUS, **OPTIMISTIC)
    known = np.linalg.eigvals(theory.optimistic_step("wgan", RATE))
    # The root of a mean of squares has a corner at 0: differences see it as 1e-6 wide.
    are_among(known, multipliers(optimistic), 1e-5)
    assert np.abs(known).max() == pytest.approx(0.99494, abs=1e-5)
    for loss, gamma, damping in (("wgan", 0.0, 1.0), ("ns", 0.0, 2.0), ("ns", 0.5, 0.5)):
        matrix = theory.step(loss, RATE, gamma, consensus=damping)
        are_among(np.linalg.eigvals(matrix), multipliers(dirac(loss, **SIMULTANEOUS, r1=gamma, consensus=damping)))
        assert theory.radius(matrix) < 1


@pytest.mark.parametrize(("loss", "value"), [("minimax", 0), ("hinge", 0), ("rpgan", 0), ("wgan", 0), ("wgan", 0.7)])
@pytest.mark.parametrize("unroll", [1, 3])
def test_a_generator_that_looks_ahead_converges(loss: str, value: float, unroll: int) -> None:
    config = dirac(loss, **SIMULTANEOUS, unroll=unroll, curve={"family": "dirac", "value": value})
    matrix = theory.unrolled_step(loss, RATE, unroll)
    are_among(np.linalg.eigvals(matrix), multipliers(config, value))
    assert theory.radius(matrix) == pytest.approx(math.sqrt(1 - (2 * unroll - 1) * (RATE * theory.TURN[loss]) ** 2))


@each_loss
def test_an_unrolled_game_rests_where_the_game_does(loss: str) -> None:
    """Its value is of real curves too. By losses of its own, which are without them, G leaves a target beside 0."""
    config = dirac(loss, unroll=3, curve={"family": "dirac", "value": 0.7})
    engine = choose(config, "cpu")([config], [at(config, 0, 0.7)], "cpu", [family(config)])
    engine.run([0], 20, [])
    moved = abs(engine.state(0).weights["generator.0.bias"].item() - 0.7)
    assert moved > 0.05 if loss in ("ns", "lsgan", "hinge") else moved < 1e-6


def test_two_coordinates_are_two_diracs() -> None:
    one, two = multipliers(dirac("ns", r1=0.3)), multipliers(dirac("ns", r1=0.3, points=2))
    turning_one, turning_two = (sorted(found[np.abs(found.imag) > 1e-6], key=lambda v: v.imag) for found in (one, two))
    assert (len(turning_one), len(turning_two)) == (2, 4)
    np.testing.assert_allclose(np.repeat(turning_one, 2), turning_two, atol=1e-7)


@pytest.mark.parametrize(
    ("keys", "matrix"),
    [
        (SIMULTANEOUS, theory.step("wgan", RATE)),
        ({}, theory.step("wgan", RATE, updates="alternating")),
        ({"r1": 0.5}, theory.step("wgan", RATE, 0.5, "alternating")),
        (SIMULTANEOUS | {"consensus": 1.0}, theory.step("wgan", RATE, consensus=1.0)),
    ],
    ids=str,
)
def test_a_training_goes_where_the_matrix_leads(keys: dict[str, Any], matrix: np.ndarray) -> None:
    """The Wasserstein loss is linear in each: its whole trajectory is that of the matrix."""
    config = dirac("wgan", **keys)
    start = np.array([0.3, -0.5])
    engine = choose(config, "cpu")([config], [at(config, *start)], "cpu", [family(config)])
    path = theory.trajectory(matrix, start, config.steps)
    for step in range(config.steps):
        engine.run([step], 1, [])
        weights = engine.state(0).weights
        here = weights["discriminator.0.weight"].item(), weights["generator.0.bias"].item()
        np.testing.assert_allclose(here, path[step + 1], atol=2e-5)


def test_optimistic_training_comes_closer_and_simultaneous_training_leaves() -> None:
    """Daskalakis' own step, with rates far below Adam's eps, from a start as small."""
    far = {}
    for name, keys in {"optimistic": OPTIMISTIC, "descent": {}}.items():
        config = dirac("wgan", **SIMULTANEOUS, **keys, steps=1)
        engine = choose(config, "cpu")([config], [at(config, 1e-3, 1e-3)], "cpu", [family(config)])
        engine.run([0], 300, [])
        weights = engine.state(0).weights
        far[name] = np.hypot(weights["discriminator.0.weight"].item(), weights["generator.0.bias"].item())
    assert far["optimistic"] / np.hypot(1e-3, 1e-3) == pytest.approx(0.99494**300, rel=0.15)
    assert far["descent"] / np.hypot(1e-3, 1e-3) == pytest.approx(1.0049876**300, rel=1e-3)


def test_the_jacobian_is_how_a_step_acts_on_neighbours() -> None:
    """Of a small job with everything on, away from equilibrium: the engine's own float32 steps of two states."""
    config = TrainConfig.parse(
        {"points": 3, "latent": 2, "hidden_g": 3, "hidden_d": 4, "layers_d": 2, "activation": "tanh", "r1": 0.3}
        | {"batch_size": 6, "lr": 0.05, "optimiser": "rmsprop", "rms_decay": 0.9, "eps": 0.1, "g_steps": 2}
        | {"engine": "torch", "curve": "updown", "ema": 0.9}
    )
    members = family(config)
    torch_engine = choose(config, "cpu")
    first = torch_engine([config], [State.initial(config)], "cpu", [members])
    first.run([0], 3, [])
    state = first.state(0)
    matrix = jacobian(config, state, 3, members)
    assert matrix.shape == (numbers_of(config), numbers_of(config))
    near = first.state(0)
    near.weights["generator.0.weight"][1, 0] += 1e-2
    ends = []
    for start in (state, near):
        engine = torch_engine([config], [start], "cpu", [members])
        engine.run([3], 1, [])
        ends.append(engine.state(0).weights["generator.2.bias"])
    moved = (ends[1] - ends[0]) / 1e-2
    # One column holds these three numbers, wherever the layout has put them.
    windows = np.lib.stride_tricks.sliding_window_view(matrix.T, 3, axis=1)
    assert np.abs(windows - moved).max(axis=-1).min() < 2e-3


def test_the_spectrum_of_a_checkpoint() -> None:
    config = dirac("ns", r1=0.5, steps=400, snapshot_every=400, checkpoint_every=400)
    checkpoint = alone(config).checkpoints[-1]
    found = spectrum(checkpoint, config)
    assert found.step == 400
    assert len(found.values) == numbers_of(config) == 6
    assert (np.diff(np.abs(found.values)) <= 0).all()
    known = np.linalg.eigvals(theory.step("ns", RATE, 0.5, "alternating"))
    # It has come near the equilibrium, not to it.
    are_among(known, found.values, 1e-3)
    assert found.radius == pytest.approx(np.abs(known).max(), abs=1e-3)
    assert (found.growing, found.turning) == (0, 2)
    with pytest.raises(CheckpointRefused):
        spectrum(checkpoint, dirac("ns", r1=0.6))


def test_a_spectrum_is_of_a_small_job() -> None:
    config = TrainConfig()
    assert numbers_of(config) == 3 * 6160 > MOST_NUMBERS
    state = State.initial(config)
    checkpoint = Checkpoint(config.hash, 0, "torch", "x", state.weights, state.adam_m, state.adam_v)
    with pytest.raises(InvalidInput, match=r"has 18,480 numbers, at most 2,000 can be; lower hidden_g"):
        spectrum(checkpoint, config)
