"""CPU seconds of a complete default training on one core: the tutorial's loop, the torch engine, the fused engine.

    python -m benchmarks.engines [--rounds 5]        `pip install jax` adds the rows of JAX

Complete means 10,001 steps with their noise, a record every 10 steps, snapshots with their metrics and checkpoints
every 1,000 and at the end, as a worker makes them. Not counted are imports, compiling, the database and plots. The
tutorial's loop, the torch engine and JAX are timed on a part of their steps and scaled: every step costs the same. The
fused engine trains completely. JAX keeps nothing but losses. The contenders take turns, so that a busy machine is busy
for all of them; figures are medians over the rounds.
"""

import argparse
import importlib.util
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numba
import numpy as np
import torch
from torch import Tensor, nn

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine, State
from curvegan_core.engines.fused.engine import CODE, FusedEngine
from curvegan_core.engines.fused.vectors import LANES
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.metrics.evaluation import Evaluation
from curvegan_core.records.checkpoint import Checkpoint

STEPS = TrainConfig().steps
PACK = 16
JAX_PACKS = (1, 16, 64)
Contenders = dict[str, tuple[Callable[[], None], float]]
# Nine products of a step have 64 x 128 x 15 multiply-adds each; two pipelines of a vector each do them.
CYCLES = 9 * 64 * 128 * 15 / (2 * LANES)


bceloss = nn.BCELoss()


def tutorial(steps: int) -> None:
    """Train as the tutorial does: eager, BCELoss of probabilities, G(z) twice, nothing detached; without its plots."""
    points = np.vstack([np.linspace(-1, 1, 15) for _ in range(64)])
    generator = nn.Sequential(nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 15))
    discriminator = nn.Sequential(nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid())
    g_adam, d_adam = (torch.optim.Adam(network.parameters(), lr=1e-4) for network in (generator, discriminator))
    for _ in range(steps):
        real = torch.from_numpy(2 * np.power(points, 2) + 1).float()
        tutorial_step(real, generator, discriminator, g_adam, d_adam)


def tutorial_step(
    real: Tensor, generator: nn.Module, discriminator: nn.Module, g_adam: torch.optim.Adam, d_adam: torch.optim.Adam
) -> None:
    """Do one turn of the tutorial's loop."""
    z = torch.randn(64, 15)
    p_real, p_fake = discriminator(real), discriminator(generator(z))
    d_loss = bceloss(1 - p_real, torch.ones_like(p_real)) + bceloss(1 - p_fake, torch.zeros_like(p_fake))
    d_adam.zero_grad()
    d_loss.backward()
    d_adam.step()
    p_fake = discriminator(generator(z))
    g_loss = bceloss(p_fake, torch.zeros_like(p_fake))
    g_adam.zero_grad()
    g_loss.backward()
    g_adam.step()


def train(make: Callable[..., Engine], jobs: int, steps: int) -> None:
    """Train a pack of default jobs with all that a worker keeps of them."""
    configs = [TrainConfig(seed=seed) for seed in range(jobs)]
    engine = make(configs, [State.initial(config) for config in configs], "cpu")
    evaluations = [Evaluation(config) for config in configs]
    for start in range(0, steps, 1000):
        count = min(1000, steps - start)
        engine.run([start] * jobs, count, range(0, count, 10))
        for place, (config, evaluation) in enumerate(zip(configs, evaluations, strict=True)):
            keep(config, evaluation, engine, start + count, engine.state(place))


def keep(config: TrainConfig, evaluation: Evaluation, engine: Engine, step: int, state: State) -> bytes:
    """Make a snapshot and a checkpoint."""
    evaluation.snapshot(step, state.weights)
    groups = state.weights, state.adam_m, state.adam_v
    return Checkpoint(config.hash, step, engine.name, engine.version, *groups).to_bytes()


def cpu_seconds(work: Callable[[], None]) -> float:
    """Return the CPU time that this process spends on something."""
    start = time.process_time()
    work()
    return time.process_time() - start


def contenders() -> Contenders:
    """Return what is timed by its name, and how many times that goes into a training of one job."""
    found: Contenders = {
        "tutorial's loop": (partial(tutorial, 1000), STEPS / 1000),
        "torch engine, alone": (partial(train, TorchEngine, 1, 1000), STEPS / 1000),
        f"torch engine, pack of {PACK}": (partial(train, TorchEngine, PACK, 1000), STEPS / 1000 / PACK),
        "fused engine, alone": (partial(train, FusedEngine, 1, STEPS), 1),
        f"fused engine, pack of {PACK}": (partial(train, FusedEngine, PACK, STEPS), 1 / PACK),
    }
    if importlib.util.find_spec("jax") is None:
        return found
    trainer = importlib.import_module("benchmarks.jax_training").trainer
    packs = {jobs: (trainer(jobs, 500), STEPS / 500 / jobs) for jobs in JAX_PACKS}
    return found | {f"JAX jit(vmap(scan)), pack of {jobs}": pack for jobs, pack in packs.items()}


def measure(rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds a training of every contender in every round."""
    timed = contenders()
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, (work, times) in timed.items():
            seconds[name].append(cpu_seconds(work) * times)
    return seconds


def on_one_core(rounds: int) -> dict[str, list[float]]:
    """Measure in this process, with its code compiled and on one core, as `main` does."""
    stay_on_one_core()
    compile_code()
    return measure(rounds)


def stay_on_one_core() -> None:
    """Keep this process, and torch's threads, to one core."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def compile_code() -> float:
    """Return the CPU seconds that compiling takes, once a machine and version."""
    with tempfile.TemporaryDirectory() as folder:
        CODE.keep_in(Path(folder))
        return cpu_seconds(FusedEngine.prepare)


def table(seconds: dict[str, list[float]]) -> str:
    """Write the figures as Markdown."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    lines = ["| engine | CPU s a training | least | us a step | against the tutorial |", "|---|---|---|---|---|"]
    first = next(iter(medians.values()))
    for name, value in medians.items():
        step = value / STEPS * 1e6
        lines.append(f"| {name} | {value:.3f} | {min(seconds[name]):.3f} | {step:.1f} | {first / value:.1f}x |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU seconds of a default training with each engine")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    stay_on_one_core()
    print(f"{platform.machine()}, {LANES} float32 a vector, Python {platform.python_version()}, ", end="")
    print(f"torch {torch.__version__.split('+')[0]}, numba {numba.__version__}, {rounds} rounds, one core")
    print(f"compiling the fused engine, once a machine and version: {compile_code():.1f} CPU s")
    print(f"least a step's products can take: {CYCLES:.0f} cycles, {CYCLES / 3e3:.1f} us at 3 GHz\n")
    print(table(measure(rounds)))


if __name__ == "__main__":
    main()
