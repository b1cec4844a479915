"""The fused engine trains what the torch engine trains, and a job's numbers are its own: in any pack, after a stop."""

import sys
from typing import Any

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine
from curvegan_core.engines.fused import layout as fused_layout
from curvegan_core.engines.fused.engine import FusedEngine
from curvegan_core.engines.fused.layout import zeros
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.errors import DeviceUnavailable
from tests.core.fused.fused import (
    GROUPS,
    SERIES,
    SHAPES,
    a_config,
    assert_same_series,
    assert_same_state,
    fused,
    initial,
    joined,
    train,
)

STEPS = 100
# Losses of differences of logits do not see the discriminator's biases: their gradient is zero but for rounding. With
# Adam's usual eps they would make whole steps of that rounding, in every engine others.
_COARSE = 1e-3
VARIANTS: dict[str, dict[str, Any]] = {
    "minimax": {"loss": "minimax"},
    "smooth": {"label_smoothing": 0.1},
    "lsgan": {"loss": "lsgan", "label_smoothing": 0.1},
    "hinge": {"loss": "hinge", "curve": "updown", "eps": _COARSE},
    "rpgan": {"loss": "rpgan", "r1": 0.1, "r2": 0.2, "curve": "sine_modes", "eps": _COARSE},
    "rpgan of one curve": {"loss": "rpgan", "r1": 0.5, "eps": _COARSE},
    "wgan clip": {"loss": "wgan", "clip": 0.05, "d_steps": 2, "eps": _COARSE},
    "wgan gp": {"loss": "wgan", "gp": 10.0, "curve": "updown", "d_steps": 3, "eps": _COARSE},
    "gp of one curve": {"gp": 1.0},
    "noise": {"instance_noise": 0.1, "latent_noise": "uniform"},
    "noise and gp": {"instance_noise": 0.1, "gp": 1.0, "curve": "quadratic_family"},
    "ema": {"ema": 0.9},
    "adam": {"beta1": 0.5, "beta2": 0.9, "eps": 1e-6, "lr_g": 3e-4, "lr_d": 2e-4},
    "first moments alone": {"beta1": 0.0, "beta2": 0.0, "eps": 1e-3},
    "plane": {"curve": "ring8", "loss": "lsgan"},
}
each_shape = pytest.mark.parametrize("shape", SHAPES)
each_variant = pytest.mark.parametrize("name", VARIANTS)


def a_variant(name: str, **values: Any) -> TrainConfig:
    variant = VARIANTS[name]
    shape = "default" if variant.get("curve") == "ring8" else "odd"
    return a_config(shape, **variant, **values)


def assert_close(config: TrainConfig) -> None:
    """Every series and every number of the state within 1e-5 for 100 steps."""
    engines: tuple[Engine, Engine] = fused(config), TorchEngine([config], [initial(config)], "cpu")
    actual, expected = (joined(train(engine, 1, [STEPS])) for engine in engines)
    for name in SERIES:
        np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5, atol=1e-5, err_msg=name)
    state, truth = (engine.state(0) for engine in engines)
    for group in GROUPS:
        for name, tensor in getattr(truth, group).items():
            np.testing.assert_allclose(getattr(state, group)[name], tensor, atol=1e-5, err_msg=f"{group} {name}")


@each_shape
def test_it_trains_as_the_torch_engine(shape: str) -> None:
    assert_close(a_config(shape, lr=1e-4))


@each_variant
def test_it_trains_every_loss_and_penalty(name: str) -> None:
    assert_close(a_variant(name))


def neighbours(config: TrainConfig, count: int) -> list[TrainConfig]:
    """Jobs of the same kind with other seeds, rates and weights."""
    other = {"lr_g": 1e-2, "lr_d": 1e-3, "beta1": 0.5}
    weights = {key: 0.5 * getattr(config, key) for key in ("r1", "r2", "gp", "clip") if getattr(config, key)}
    return [config.model_copy(update={**other, **weights, "seed": 100 + index}) for index in range(count)]


@each_variant
@pytest.mark.parametrize("index", [0, 3, 6])
def test_neighbours_do_not_matter(name: str, index: int) -> None:
    config = a_variant(name)
    alone = fused(config)
    expected = joined(train(alone, 1, [40]))
    pack = neighbours(config, 7)
    pack[index] = config
    engine = fused(*pack)
    assert_same_series(joined(train(engine, 7, [40]), index), expected)
    assert_same_state(engine.state(index), alone.state(0))


@each_shape
@pytest.mark.parametrize("stops", [(1, 2, 3, 60), (7, 60), (31, 32, 60), (59, 60)])
def test_stop_and_resume_do_not_matter(shape: str, stops: tuple[int, ...]) -> None:
    config = a_config(shape)
    whole = fused(config)
    expected = joined(train(whole, 1, [60]))
    state, traces, step = initial(config), [], 0
    for stop in stops:
        engine = FusedEngine([config], [state])
        traces.append(engine.run([step], stop - step, range(stop - step)))
        state, step = engine.state(0), stop
    assert_same_series(joined(traces), expected)
    assert_same_state(state, whole.state(0))


@each_variant
def test_variants_resume(name: str) -> None:
    config = a_variant(name)
    whole, before = fused(config), fused(config)
    expected = joined(train(whole, 1, [33]))
    traces = train(before, 1, [20])
    after = type(before)([config], [before.state(0)])
    assert_same_series(joined([*traces, after.run([20], 13, range(13))]), expected)
    assert_same_state(after.state(0), whole.state(0))


def test_jobs_of_a_pack_may_be_at_different_steps_and_leave() -> None:
    config, other = a_config(), a_config(seed=4, curve={"family": "quadratic", "a": 1.0, "c": 0.0})
    alone = fused(config)
    expected = joined(train(alone, 1, [50]))
    first = fused(config, other, other)
    start = first.run([0, 0, 0], 20, range(20))
    first.keep([2, 0])
    end = first.run([20, 20], 30, range(30))
    actual = {name: np.concatenate((getattr(start, name)[:, 0], getattr(end, name)[:, 1])) for name in SERIES}
    assert_same_series(actual, expected)
    assert_same_state(first.state(1), alone.state(0))


def test_it_looks_where_it_is_asked_to() -> None:
    config = a_config()
    every, some, none = (fused(config).run([0], 30, offsets) for offsets in (range(30), [0, 10, 29], []))
    np.testing.assert_array_equal(some.rmse, every.rmse[[0, 10, 29]])
    np.testing.assert_array_equal(some.d_real, every.d_real[[0, 10, 29]])
    np.testing.assert_array_equal(none.g_loss, every.g_loss)
    assert (some.offsets, none.offsets, none.rmse.shape) == ((0, 10, 29), (), (0, 1))


def test_divergence_shows_as_it_does_in_torch() -> None:
    config = a_config("default", lr=1.0, beta1=0.999, beta2=0.1, eps=1e-30)
    engines: tuple[Engine, Engine] = fused(config), TorchEngine([config], [initial(config)], "cpu")
    traces = [engine.run([0], 100, []) for engine in engines]
    finite = [np.isfinite(trace.g_loss[:, 0]) & np.isfinite(trace.d_loss[:, 0]) for trace in traces]
    # The overflow itself is chaotic; the losses before it are finite, and those after it never are again.
    breaks = [int(np.argmin(are_finite)) for are_finite in finite]
    assert breaks[0] == pytest.approx(breaks[1], abs=2)
    assert finite[0][: breaks[0]].all()
    assert not finite[0][breaks[0] :].any()


def test_a_state_that_is_no_number_shows_at_once() -> None:
    config, state = a_config(), initial(a_config())
    state.weights["generator.2.weight"][3, 5] = np.nan
    trace = FusedEngine([config], [state]).run([0], 1, [0])
    assert np.isnan([trace.g_loss, trace.d_loss, trace.rmse]).all()


def test_tiny_numbers_become_zero_and_cost_nothing() -> None:
    """Moments of units that died decay to numbers below 1e-38, with which an x86 computes a hundred times slower."""
    config, state = a_config(), initial(a_config())
    state.weights["discriminator.0.bias"][:] = -1e6
    for tensors in (state.adam_m, state.adam_v):
        tensors["discriminator.0.weight"][...] = 2e-38
    engine = FusedEngine([config], [state])
    engine.run([0], 20, [])
    assert not engine.state(0).adam_m["discriminator.0.weight"].any()
    # Outside of the engine they are what they are.
    assert np.float32(1e-38) * np.float32(0.1) > 0


def test_it_leaves_the_states_it_was_given_alone() -> None:
    config, state = a_config(ema=0.9), initial(a_config(ema=0.9))
    FusedEngine([config], [state]).run([0], 5, [])
    assert_same_state(state, initial(config))
    engine = fused(config)
    copy = engine.state(0)
    engine.run([0], 5, [])
    assert_same_state(copy, initial(config))


def test_arrays_may_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors across cache lines are slower; they are not other numbers."""

    def misaligned(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        numbers = zeros(size + 3)[3:]
        assert numbers.ctypes.data % 64 == 12
        return numbers.reshape(shape)

    config = a_config("large")
    expected = fused(config)
    monkeypatch.setattr(fused_layout, "zeros", misaligned)
    actual = fused(config)
    assert_same_series(joined(train(actual, 1, [30])), joined(train(expected, 1, [30])))
    assert_same_state(actual.state(0), expected.state(0))


def test_it_keeps_no_hold_of_arrays() -> None:
    """The compiled code counts no references, so it must not take one either."""
    engine = fused(a_config())
    arrays = [*engine._work, *engine._jobs[0]._job.generator.values]
    before = [sys.getrefcount(array) for array in arrays]
    for step in range(100):
        engine.run([step], 1, [0])
    assert [sys.getrefcount(array) for array in arrays] == before


def test_it_says_what_it_can_train() -> None:
    assert FusedEngine.trains(a_config())
    assert FusedEngine.trains(a_config(loss="wgan", gp=1.0))
    assert not FusedEngine.trains(a_config(norm_d="layer"))
    assert not FusedEngine.trains(a_config(spectral_norm=True))
    with pytest.raises(DeviceUnavailable, match="torch engine"):
        FusedEngine([a_config()], [initial(a_config())], "cuda:0")
