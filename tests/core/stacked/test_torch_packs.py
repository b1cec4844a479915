"""Whatever a config says, a torch job has the same bits alone, in any pack, and after a stop and resume."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from curvegan_core.config.keys import CHOICE, SHAPE
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.optimisers import GROUPS
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve

STEPS, STOP = 40, 13
_ODD: dict[str, Any] = {"points": 7, "latent": 3, "hidden_g": 33, "hidden_d": 18, "batch_size": 12, "curve": "sine"}
CASES: dict[str, dict[str, Any]] = {
    "deep": {"layers_g": 3, "layers_d": 2, "r1": 0.1, "r2": 0.1},
    "leaky": {"layers_g": 2, "layers_d": 4, "activation": "leaky_relu", "slope": 0.1, "loss": "wgan", "gp": 1.0},
    "linear": {"layers_g": 0, "layers_d": 0, "r1": 0.1},
    "dirac": {"layers_g": 0, "layers_d": 0, "latent": 0, "curve": "quadratic", "points": 1, "optimiser": "sgd"},
    "elu": {"activation": "elu", "r1": 0.1, "layers_d": 2},
    "silu": {"activation": "silu", "gp": 1.0, "layers_d": 2},
    "gelu": {"activation": "gelu", "r2": 1.0, "layers_d": 2},
    "own activations": {"activation_g": "tanh", "activation_d": "leaky_relu", "r1": 1.0},
    "layer norm": {"norm_g": "layer", "norm_d": "layer", "layers_g": 2, "layers_d": 2, "r1": 0.1},
    "batch norm": {"norm_g": "batch", "norm_d": "batch", "layers_g": 2, "layers_d": 2, "ema": 0.9, "batch_size": 37},
    "batch norm, one curve": {"norm_g": "batch", "norm_d": "batch", "curve": "quadratic"},
    "sgd": {"optimiser": "sgd", "momentum": 0.5},
    "rmsprop": {"optimiser": "rmsprop", "rms_decay": 0.9, "layers_d": 2},
    "oadam": {"optimiser": "oadam", "clip": 0.1},
    "own optimisers": {"optimiser_g": "oadam", "optimiser_d": "sgd"},
    "simultaneous": {"updates": "simultaneous"},
    "g_steps": {"g_steps": 3, "d_steps": 2, "loss": "rpgan"},
    "schedule": {"schedule": "cosine", "schedule_to": 0.1, "schedule_steps": 30, "warmup": 7},
    "pack": {"pack": 4, "r1": 0.1, "layers_d": 2, "instance_noise": 0.1},
    "pack, gp": {"pack": 3, "gp": 1.0, "loss": "wgan"},
    "unroll": {"unroll": 3, "layers_g": 2},
    "unroll, simultaneous": {"unroll": 2, "optimiser": "rmsprop", "r1": 0.1, "updates": "simultaneous"},
    "consensus": {"consensus": 1.0, "updates": "simultaneous", "layers_g": 2, "layers_d": 2, "optimiser": "sgd"},
    "g_grad": {"g_grad": 0.5, "optimiser": "sgd", "momentum": 0.3},
    "gdpp": {"gdpp": 0.5, "layers_d": 2, "activation": "tanh"},
    "gdpp, packs": {"gdpp": 0.5, "pack": 2, "batch_size": 40, "instance_noise": 0.1},
    "init": {"init": "orthogonal", "init_gain": 1.4, "layers_g": 3},
    "spectral norm": {"spectral_norm": True, "layers_d": 3},
}
each_case = pytest.mark.parametrize("case", CASES)


def a_config(case: str, **values: Any) -> TrainConfig:
    return TrainConfig.parse({**_ODD, "lr": 1e-3, "engine": "torch", "seed": 3, **CASES[case], **values})


def a_neighbour(case: str, number: int) -> TrainConfig:
    """The same kind of job with other numbers wherever it may have some."""
    of_the_pack = {key for key, declared in TrainConfig.KEYS.items() if declared.counts in (SHAPE, CHOICE)}
    own = {key: 0.5 * value for key, value in CASES[case].items() if type(value) is float and key not in of_the_pack}
    return a_config(case, **own, seed=50 + number, lr_g=10.0 ** -(1 + number % 4))


def an_engine(*configs: TrainConfig) -> TorchEngine:
    assert len({config.pack_key for config in configs}) == 1
    return TorchEngine(configs, [State.initial(config) for config in configs], "cpu")


def bits(state: State) -> Iterator[tuple[str, str, bytes]]:
    for group in ("weights", "ema", *GROUPS):
        yield from ((group, name, tensor.tobytes()) for name, tensor in sorted(getattr(state, group).items()))


@cache
def alone(case: str) -> tuple[State, bytes]:
    engine = an_engine(a_config(case))
    trace = engine.run([0], STEPS, range(STEPS))
    assert all(np.isfinite(series).all() for series in (trace.g_loss, trace.d_loss, trace.d_real, trace.rmse))
    state, before = engine.state(0), State.initial(a_config(case)).weights
    moved = {name.partition(".")[0] for name, tensor in state.weights.items() if (tensor != before[name]).any()}
    assert moved == {"generator", "discriminator"}
    return state, b"".join(series[:, 0].tobytes() for series in (trace.g_loss, trace.d_loss))


@each_case
@pytest.mark.parametrize(("size", "index"), [(2, 1), (7, 3), (16, 15)])
def test_neighbours_do_not_matter(case: str, size: int, index: int) -> None:
    configs = [a_neighbour(case, number) for number in range(size)]
    configs[index] = a_config(case)
    engine = an_engine(*configs)
    trace = engine.run([0] * size, STEPS, [0, STEPS - 1])
    assert list(bits(engine.state(index))) == list(bits(alone(case)[0]))
    assert b"".join(series[:, index].tobytes() for series in (trace.g_loss, trace.d_loss)) == alone(case)[1]


@each_case
def test_stop_and_resume_do_not_matter(case: str) -> None:
    config, neighbour = a_config(case), a_neighbour(case, 4)
    first = an_engine(config, neighbour)
    first.run([0, 0], STOP, [])
    state = first.state(0)
    record = LossCurve(np.array([STOP - 1], np.int64), *(np.zeros(1, np.float32) for _ in range(5)))
    stored = Checkpoint(
        config.hash, STOP, "torch", "0", state.weights, record=record, ema=state.ema, front={}, **state.kept
    )
    read = Checkpoint.from_bytes(stored.to_bytes(), config)
    kept = {group: getattr(read, group) for group in GROUPS}
    second = TorchEngine(
        [neighbour, config], [State.initial(neighbour), State(read.weights, ema=read.ema, **kept)], "cpu"
    )
    second.run([0, STOP], STEPS - STOP, [])
    assert list(bits(second.state(1))) == list(bits(alone(case)[0]))
