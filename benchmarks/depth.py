"""CPU time of a step with deeper networks on one core: torch engine, fused engine, JAX; and what draws cost.

    python -m benchmarks.depth [--rounds 5]        `pip install jax` adds the rows of JAX

The job is ring8 with rpgan, r1 = r2 = 1, latent 2, so many layers of 128 in both networks, of relu where no other
activation is named. Counted are steps alone,
without records, compiling or imports. The contenders take turns, and figures are the least of the rounds. The peak is
what a loop of nothing but fused multiply-adds reaches, measured in the same rounds; a share of it counts the products
between hidden layers alone, not those of the first and the last layer.
"""

import argparse
import importlib
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.engines import PACK, cpu_seconds, stay_on_one_core
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine, State
from curvegan_core.engines.choice import choose
from curvegan_core.engines.fused.deep.activations import SMOOTH_NUMBERS
from curvegan_core.engines.fused.engine import keep_in
from curvegan_core.engines.fused.layout import zeros
from curvegan_core.engines.fused.matmul import ACCUMULATORS
from curvegan_core.engines.fused.vectors import LANES, Emitter, Operand, Value, entry, instruction
from curvegan_core.engines.stacked.engine import TorchEngine

DEEP = {"curve": "ring8", "loss": "rpgan", "r1": 1.0, "r2": 1.0, "latent": 2}
DEPTHS = (1, 2, 3)
FAMILIES = ("quadratic", "ring8", "updown", "sine_modes")
JAX_PACKS = (1, 8, 16)
# Products of 64 x 128 x 128 between two hidden layers in a step: the discriminator's of 128 rows are twice such.
_PRODUCTS = 14
_BURNS = 10**6
Work = Callable[[int], None]


@instruction
def _burn(e: Emitter, x: Operand, turns: Value, out: Operand) -> None:
    vector, sums = e.load(x.start), e.variables([e.zero] * ACCUMULATORS)
    with e.count(turns):
        for slot in sums:
            e.add_product(slot, vector, vector)
    for number, slot in enumerate(sums):
        e.store(e.builder.load(slot), out.start, number * LANES)


@entry
def burn(x: Any, turns: int, out: Any) -> None:
    """Multiply and add in registers."""
    _burn(x, turns, out)


def training(make: Callable[..., Engine], jobs: int, values: dict[str, Any]) -> Work:
    """Return what trains a pack by so many steps, warm."""
    configs = [TrainConfig.parse({**values, "seed": seed}) for seed in range(jobs)]
    engine = make(configs, [State.initial(config) for config in configs], "cpu")
    engine.run([0] * jobs, 2, [])

    def run(steps: int) -> None:
        engine.run([2] * jobs, steps, [])

    return run


def fused(values: dict[str, Any]) -> Work:
    """Return one job's training with the fused engine."""
    return training(choose(TrainConfig.parse({**values, "engine": "fused"}), "cpu"), 1, values)


def contenders() -> dict[str, tuple[Work, int, int]]:
    """Return what is timed by its name: a training, how many steps to time, how many jobs share them."""
    timed: dict[str, tuple[Work, int, int]] = {}
    for depth in DEPTHS:
        values = {**DEEP, "layers_g": depth, "layers_d": depth}
        timed[f"fused, {depth} x 128"] = fused(values), 400, 1
        timed[f"torch, pack of {PACK}, {depth} x 128"] = training(TorchEngine, PACK, values), 4, PACK
        if importlib.util.find_spec("jax"):
            trainer = importlib.import_module("benchmarks.jax_depth").trainer
            for jobs in JAX_PACKS:
                timed[f"JAX, pack of {jobs}, {depth} x 128"] = partial(_repeat, trainer(jobs, 20, depth)), 20, jobs
    for activation in SMOOTH_NUMBERS:
        values = {**DEEP, "layers_g": 2, "layers_d": 2, "activation": activation}
        timed[f"fused, 2 x 128 {activation}"] = fused(values), 400, 1
        timed[f"torch, pack of {PACK}, 2 x 128 {activation}"] = training(TorchEngine, PACK, values), 4, PACK
    for family in FAMILIES:
        timed[f"fused, {family}, ns"] = fused({"curve": family}), 2000, 1
    return timed


def _repeat(train: Callable[[], None], _: int) -> None:
    train()


def measure(rounds: int) -> tuple[dict[str, float], float]:
    """Return microseconds a step and job of every contender, and multiply-adds a second at the peak."""
    timed, peak = contenders(), 0.0
    least: dict[str, float] = {}
    x, out = zeros(LANES), np.zeros(ACCUMULATORS * LANES, np.float32)
    burn(x, 1, out)
    for _ in range(rounds):
        peak = max(peak, _BURNS * ACCUMULATORS * LANES / cpu_seconds(partial(burn, x, _BURNS, out)))
        for name, (work, steps, jobs) in timed.items():
            micros = cpu_seconds(partial(work, steps)) / steps / jobs * 1e6
            least[name] = min(least.get(name, micros), micros)
    return least, peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU time of a step with deeper networks")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    stay_on_one_core()
    with TemporaryDirectory() as folder:
        keep_in(Path(folder))
        least, peak = measure(rounds)
    print("| step | us | against fused |\n|---|---|---|")
    for name, micros in least.items():
        base = least.get(f"fused, {name.rpartition(', ')[2]}", least["fused, quadratic, ns"])
        print(f"| {name} | {micros:.1f} | {micros / base:.2f}x |")
    print(f"\npeak {peak / 1e9:.0f} multiply-adds a ns")
    for depth in DEPTHS[1:]:
        adds = _PRODUCTS * (depth - 1) * 64 * 128 * 128
        print(f"share of it, {depth} x 128: {adds / (least[f'fused, {depth} x 128'] * 1e-6) / peak:.0%}")


if __name__ == "__main__":
    main()
