"""A recorded step does what the step does. On a CPU the recording is the step itself; on CUDA it is a graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.batches import Inputs
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.engines.stacked.graph import Replay
from curvegan_core.engines.stacked.step import Seen
from curvegan_core.optimisers import GROUPS

STEPS = 40
CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "everything": {"loss": "wgan", "gp": 1.0, "d_steps": 3, "instance_noise": 0.1, "ema": 0.9, "curve": "updown"},
    "penalties": {"loss": "rpgan", "r1": 1.0, "r2": 1.0, "activation": "tanh", "curve": "sine"},
    "clipped": {"loss": "wgan", "clip": 0.1, "activation": "leaky_relu"},
    "deep": {"layers_g": 3, "layers_d": 2, "r1": 1.0, "activation": "leaky_relu", "optimiser": "rmsprop"},
    "batch norm": {"norm_g": "batch", "norm_d": "batch", "ema": 0.9, "curve": "sine", "g_steps": 2},
    "layer norm": {"norm_g": "layer", "norm_d": "layer", "gp": 1.0, "optimiser": "oadam"},
    "schedule": {"schedule": "cosine", "schedule_steps": 30, "warmup": 5, "optimiser": "sgd", "momentum": 0.5},
    "unrolled": {"unroll": 2, "updates": "simultaneous", "pack": 2, "curve": "sine"},
    "consensus": {"consensus": 0.5, "updates": "simultaneous", "layers_d": 2},
    "gdpp": {"gdpp": 0.5, "layers_d": 2, "curve": "sine"},
    "g_grad": {"g_grad": 0.5, "pack": 4, "r2": 0.5, "activation": "silu"},
}


def an_engine(case: str, device: str = "cpu") -> TorchEngine:
    configs = [TrainConfig.parse({**CASES[case], "seed": seed, "lr": 1e-3}) for seed in range(3)]
    states = [State.initial(config) for config in configs]
    return TorchEngine(configs, states, device)


def record_on_cpu(step: Callable[[], Seen]) -> tuple[Callable[[], object], Seen]:
    """What CUDA does to its caller: the rehearsal changes the state, and results appear where the first ones lay."""
    seen = step()

    def replay() -> None:
        for tensor, value in zip(seen, step(), strict=True):
            tensor.copy_(value)

    return replay, seen


def same(one: State, other: State) -> bool:
    pairs = [(getattr(one, group), getattr(other, group)) for group in ("weights", "ema", *GROUPS)]
    return all(a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a) for a, b in pairs)


@pytest.mark.parametrize("case", CASES)
def test_replayed_steps_are_the_steps(case: str) -> None:
    straight, replayed = an_engine(case), an_engine(case)
    trace = straight.run([0, 5, 0], STEPS, [])
    replay: Replay[Inputs, Seen] | None = None
    for step, inputs in enumerate(replayed.inputs([0, 5, 0], STEPS)):
        if replay is None:
            replay = Replay(replayed._pack.step, inputs, replayed._pack.rows, record_on_cpu)
        seen = replay(inputs)
        assert seen.g_loss_j[:3].tolist() == trace.g_loss[step].tolist()
    assert all(same(straight.state(index), replayed.state(index)) for index in range(3))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("case", CASES)
def test_graphs_on_cuda_are_the_steps(case: str) -> None:
    recorded, dispatched = an_engine(case, "cuda"), an_engine(case, "cuda")
    recorded.run([0, 5, 0], STEPS, [0])
    assert recorded._replay is not None
    for inputs in dispatched.inputs([0, 5, 0], STEPS):
        dispatched._pack.step(inputs)
    assert all(same(recorded.state(index), dispatched.state(index)) for index in range(3))


def test_a_recording_is_not_made_for_a_cpu() -> None:
    engine = an_engine("default")
    engine.run([0, 0, 0], 2, [])
    assert engine._replay is None
