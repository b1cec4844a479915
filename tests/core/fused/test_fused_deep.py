"""Networks of any depth in the fused engine: they train as the torch engine's do, and a job's numbers are its own."""

import random
from typing import Any, get_args

import numpy as np
import pytest

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.scalars import Loss
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine, State
from curvegan_core.engines.fused.deep.activations import SMOOTH_NUMBERS
from curvegan_core.engines.fused.deep.layout import ACTIVATIONS
from curvegan_core.engines.fused.draws import describe
from curvegan_core.engines.fused.engine import DeepEngine, DrawnEngine, FusedEngine, engines
from curvegan_core.engines.fused.optimisers import OPTIMISER_NUMBERS, SCHEDULE_NUMBERS
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.families.curves import family
from tests.core.fused.fused import (
    GROUPS,
    SERIES,
    a_config,
    assert_same_series,
    assert_same_state,
    fused,
    initial,
    joined,
    train,
)

STEPS = 100
# As in test_fused_engine: a gradient that is rounding alone must not become whole steps of Adam's.
_COARSE = 1e-3
DEEP: dict[str, Any] = {"eps": _COARSE, "lr": 1e-3}
# With each smooth activation: no penalty, those of squares, that of distances.
_BENT: dict[str, dict[str, Any]] = {
    "alone": {},
    "r1 r2": {"layers_g": 2, "layers_d": 3, "loss": "rpgan", "r1": 0.1, "r2": 0.2},
    "gp": {"layers_d": 2, "loss": "wgan", "gp": 1.0, "d_steps": 2, "curve": "sine"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "two": {"layers_g": 2, "layers_d": 2},
    "four and none": {"layers_g": 4, "layers_d": 0, "loss": "rpgan", "r1": 0.5},
    "none and four": {"layers_g": 0, "layers_d": 4, "activation": "leaky_relu", "r2": 0.5},
    "linear": {"layers_g": 0, "layers_d": 0, "r1": 1.0, "optimiser": "sgd"},
    "gp": {"layers_g": 2, "layers_d": 3, "loss": "wgan", "gp": 1.0, "curve": "updown", "d_steps": 2},
    "both penalties": {"layers_g": 3, "layers_d": 2, "loss": "rpgan", "r1": 0.1, "r2": 0.2, "curve": "sine"},
    "own activations": {"layers_g": 2, "layers_d": 2, "activation_d": "leaky_relu", "slope": 0.05, "ema": 0.9},
    "sgd": {"optimiser": "sgd", "momentum": 0.5, "schedule": "linear", "schedule_to": 0.1, "schedule_steps": 80},
    "rmsprop": {"layers_g": 2, "optimiser": "rmsprop", "schedule": "cosine", "schedule_steps": 150, "warmup": 9},
    "oadam": {"layers_d": 2, "optimiser": "oadam", "updates": "simultaneous", "r1": 0.4, "clip": 0.0},
    "own optimisers": {"optimiser_g": "oadam", "optimiser_d": "rmsprop", "loss": "wgan", "clip": 0.05, "layers_g": 2},
    "further updates": {"g_steps": 3, "d_steps": 2, "instance_noise": 0.1, "loss": "rpgan", "curve": "updown"},
    "a point": {"latent": 0, "points": 1, "layers_g": 0, "layers_d": 0, "optimiser": "sgd", "lr": 0.1},
    # Steps of some biases are less than half of what the next float32 is away: two roundings of one drift.
    "small steps": {
        **{"layers_g": 4, "layers_d": 4, "activation": "leaky_relu", "optimiser": "oadam", "lr": 2e-4, "g_steps": 2},
        **{"loss": "wgan", "clip": 0.1, "curve": "updown", "latent_noise": "uniform"},
        **{"schedule": "linear", "warmup": 20},
    },
    **{f"{name} {kind}": {"activation": name, **values} for name in SMOOTH_NUMBERS for kind, values in _BENT.items()},
    "own bends": {"activation_g": "elu", "activation_d": "gelu", "layers_d": 2, "gp": 1.0, "curve": "updown"},
    "straight and bent": {"activation_d": "tanh", "layers_g": 2, "r1": 0.4, "r2": 0.2, "updates": "simultaneous"},
    "noise and gp": {"layers_g": 2, "layers_d": 2, "instance_noise": 0.1, "gp": 1.0, "curve": "quadratic_family"},
}
each_variant = pytest.mark.parametrize("name", VARIANTS)


def a_variant(name: str, **values: Any) -> TrainConfig:
    return a_config("odd", **{**DEEP, **VARIANTS[name], **values})


def assert_close(config: TrainConfig) -> None:
    """Every series and every number of the state are within 1e-5 of the torch engine's for 100 steps."""
    pair: tuple[Engine, Engine] = fused(config), TorchEngine([config], [initial(config)], "cpu")
    actual, expected = (joined(train(engine, 1, [STEPS])) for engine in pair)
    for name in SERIES:
        np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    state, truth = (engine.state(0) for engine in pair)
    for group in GROUPS:
        assert getattr(state, group).keys() == getattr(truth, group).keys()
        for name, tensor in getattr(truth, group).items():
            np.testing.assert_allclose(getattr(state, group)[name], tensor, atol=1e-5, err_msg=f"{group} {name}")


@each_variant
def test_it_trains_as_the_torch_engine(name: str) -> None:
    assert_close(a_variant(name))


@pytest.mark.parametrize("shape", ["default", "smallest", "large", "full groups"])
def test_shapes(shape: str) -> None:
    assert_close(a_config(shape, eps=_COARSE, lr=1e-4, layers_g=2, layers_d=3, r1=0.1, optimiser="rmsprop"))


@pytest.mark.parametrize("curve", [name for name in CURVE_MODELS if name != "data"])
def test_curves_are_drawn_as_numpy_does(curve: str) -> None:
    points = (*CURVE_MODELS[curve].coordinates({"family": curve}), 7)[0]
    config = a_config("odd", **{**DEEP, "points": points, "curve": curve, "layers_d": 2, "optimiser": "sgd"})
    members = family(config)
    assert members.FIXED or describe(config, members) is not None
    assert_close(config)


@pytest.mark.parametrize("seed", range(20))
def test_a_random_product_of_names(seed: int) -> None:
    """Names and numbers in any mixture: what both engines take they train alike."""
    chosen = random.Random(seed)
    loss = chosen.choice(get_args(Loss))
    bound = {"wgan": chosen.choice(({"clip": 0.1}, {"gp": 0.5}))}.get(loss, {})
    values: dict[str, Any] = {
        "loss": loss,
        "layers_g": chosen.randint(0, 4),
        "layers_d": chosen.randint(0, 4),
        "activation": chosen.choice(ACTIVATIONS),
        "optimiser_g": chosen.choice([*OPTIMISER_NUMBERS]),
        "optimiser_d": chosen.choice([*OPTIMISER_NUMBERS]),
        "schedule": chosen.choice([*SCHEDULE_NUMBERS]),
        "warmup": chosen.choice((0, 20)),
        "updates": chosen.choice(("alternating", "simultaneous")),
        "curve": chosen.choice(("quadratic", "updown", "sine_modes", "quadratic_family")),
        "r1": 0.0 if bound else chosen.choice((0.0, 0.3)),
        "ema": chosen.choice((0.0, 0.9)),
        "latent_noise": chosen.choice(("normal", "uniform")),
        **bound,
    }
    if values["updates"] == "alternating":
        values |= {"d_steps": chosen.randint(1, 2), "g_steps": chosen.randint(1, 2)}
    assert_close(a_config("odd", **{**DEEP, **values, "lr": 2e-4}))


@each_variant
@pytest.mark.parametrize("index", [0, 3])
def test_neighbours_do_not_matter(name: str, index: int) -> None:
    config = a_variant(name)
    alone = fused(config)
    expected = joined(train(alone, 1, [40]))
    pack = [config.model_copy(update={"lr_g": 1e-2, "seed": 100 + other}) for other in range(5)]
    pack[index] = config
    engine = fused(*pack)
    assert_same_series(joined(train(engine, 5, [40]), index), expected)
    assert_same_state(engine.state(index), alone.state(0))


@each_variant
def test_variants_resume(name: str) -> None:
    config = a_variant(name)
    whole, before = fused(config), fused(config)
    expected = joined(train(whole, 1, [33]))
    traces = train(before, 1, [20])
    after = type(before)([config], [before.state(0)])
    assert_same_series(joined([*traces, after.run([20], 13, range(13))]), expected)
    assert_same_state(after.state(0), whole.state(0))


def test_the_kernel_of_any_depth_trains_one_layer_as_the_other_does() -> None:
    config = a_config("large", **DEEP, loss="rpgan", r1=0.1, r2=0.2)
    pair = [engine([config], [initial(config)]) for engine in (FusedEngine, DeepEngine)]
    actual, expected = (joined(train(engine, 1, [STEPS])) for engine in pair)
    for name in SERIES:
        np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("curve", ["updown", "sine_modes", "ring8", "quadratic_family"])
def test_jobs_that_began_with_numpys_draw_go_on_with_it(curve: str) -> None:
    config = a_config("default", curve=curve, points=2 if curve == "ring8" else 15)
    newest, oldest = engines(config)
    assert (newest, oldest) == (DrawnEngine, FusedEngine)
    assert newest.version != oldest.version
    drawn, given = (joined(train(engine([config], [initial(config)]), 1, [30])) for engine in (newest, oldest))
    for name in SERIES:
        np.testing.assert_allclose(drawn[name], given[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_state_that_is_no_number_shows_at_once() -> None:
    config = a_variant("two")
    state: State = initial(config)
    state.weights["generator.2.weight"][3, 5] = np.nan
    trace = DeepEngine([config], [state]).run([0], 1, [0])
    assert np.isnan([trace.g_loss, trace.d_loss, trace.rmse]).all()
