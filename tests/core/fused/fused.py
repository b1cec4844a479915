"""Train with the fused engine alone, for the tests, and compare what two engines saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine, State, Trace
from curvegan_core.engines.fused.engine import FusedEngine, engines

SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "odd": {"batch_size": 5, "hidden_g": 33, "hidden_d": 7, "points": 7, "latent": 3},
    "smallest": {"batch_size": 1, "hidden_g": 1, "hidden_d": 1, "points": 2, "latent": 1},
    "large": {"batch_size": 67, "hidden_g": 100, "hidden_d": 150, "points": 33, "latent": 17},
    "full groups": {"batch_size": 16, "hidden_g": 64, "hidden_d": 64, "points": 16, "latent": 16},
}
SERIES = ("g_loss", "d_loss", "d_real", "d_fake", "rmse")
GROUPS = ("weights", "adam_m", "adam_v", "oadam_step", "momentum", "rms_v", "ema")


def a_config(shape: str = "odd", **values: Any) -> TrainConfig:
    return TrainConfig.parse({**SHAPES[shape], "seed": 9, **values})


def initial(config: TrainConfig) -> State:
    return State.initial(config)


def fused(*configs: TrainConfig) -> FusedEngine:
    """Return the engine for new jobs of this kind, with these at step 0."""
    newest, *_ = engines(configs[0])
    return newest(configs, [initial(config) for config in configs])


def train(engine: Engine, jobs: int, stops: Sequence[int]) -> list[Trace]:
    """Train all jobs from step 0 through each of the stops, looking closely at every step."""
    starts = [0, *stops[:-1]]
    return [
        engine.run([start] * jobs, stop - start, range(stop - start)) for start, stop in zip(starts, stops, strict=True)
    ]


def joined(traces: Sequence[Trace], index: int = 0) -> dict[str, np.ndarray]:
    """Return each series of the job at a place."""
    return {name: np.concatenate([getattr(trace, name)[:, index] for trace in traces]) for name in SERIES}


def assert_same_state(actual: State, expected: State) -> None:
    """Bit for bit."""
    for group in GROUPS:
        tensors = getattr(expected, group)
        assert getattr(actual, group).keys() == tensors.keys()
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(getattr(actual, group)[name], tensor, err_msg=f"{group} {name}")


def assert_same_series(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Bit for bit."""
    for name in SERIES:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
