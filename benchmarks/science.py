"""Measure the tables of docs/science.md: full trainings of every family, in this process, without any service.

    python benchmarks/science.py [SEEDS] [NAME ...]      prints a line of Markdown for each training, as it ends

Medians over the seeds; a verdict is followed by how many seeds got it.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Any

from curvegan.config import TrainConfig
from curvegan.series import LossCurve
from curvegan.training import PackTraining, Progress
from curvegan.verdict import judge

FAST = {"lr": 1e-3, "beta1": 0.5, "beta2": 0.9}
PAIRED = {"loss": "rpgan", "r1": 1.0, "r2": 1.0}
TRAININGS: dict[str, dict[str, Any]] = {
    "quadratic, the tutorial": {},
    "quadratic, lr 1e-3": {"lr": 1e-3},
    "quadratic, lr 1e-5": {"lr": 1e-5},
    "quadratic, betas (.5, .9)": {"beta1": 0.5, "beta2": 0.9},
    "quadratic_family": {"curve": "quadratic_family"},
    "quadratic_family, lr 1e-3, betas (.5, .9)": {"curve": "quadratic_family", **FAST},
    "updown": {"curve": "updown"},
    "updown, rpgan r1 = r2 = 1, lr 1e-3, betas (.5, .9)": {"curve": "updown", **PAIRED, **FAST},
    "updown, wgan gp 1, lr 1e-3, betas (.5, .9)": {"curve": "updown", "loss": "wgan", "gp": 1.0, **FAST},
    "sine, lr 1e-3, betas (.5, .9)": {"curve": "sine", **FAST},
    "sine_modes": {"curve": "sine_modes"},
    "sine_modes, lr 1e-3": {"curve": "sine_modes", "lr": 1e-3},
    "sine_modes, lr 1e-3, betas (.5, .9)": {"curve": "sine_modes", **FAST},
    "cubic, lr 5e-4, betas (.5, .9)": {"curve": "cubic", **FAST, "lr": 5e-4},
    "abs, lr 5e-4, betas (.5, .9)": {"curve": "abs", **FAST, "lr": 5e-4},
    "ring8, lr 1e-3, betas (.5, .9)": {"curve": "ring8", **FAST},
    "grid25, lr 1e-3, betas (.5, .9)": {"curve": "grid25", **FAST},
    "spiral, lr 1e-3, betas (.5, .9)": {"curve": "spiral", **FAST},
    "circle, lr 1e-3, betas (.5, .9)": {"curve": "circle", **FAST},
}
SHOWN = (
    "rmse",
    "relative_rmse",
    "relative_spread",
    "parameter_w1",
    "modes",
    "hq",
    "mode_entropy",
    "sliced_w1",
    "energy",
)


def main() -> None:
    """Print the table's lines."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    names = sys.argv[2:] or list(TRAININGS)
    print(f"| training | {' | '.join(SHOWN)} | verdict |\n|{'---|' * (len(SHOWN) + 2)}")
    for name in names:
        print(line(name, TRAININGS[name], seeds), flush=True)


def line(name: str, values: Mapping[str, Any], seeds: int) -> str:
    """Train one pack of all seeds and report it."""
    pack = PackTraining({seed: (TrainConfig.parse({**values, "seed": seed}), None) for seed in range(seeds)}, "cpu")
    progress: dict[int, list[Progress]] = {seed: [] for seed in range(seeds)}
    while pack.jobs:
        for each in pack.advance():
            progress[each.job].append(each)
    verdicts = Counter(_verdict(parts) for parts in progress.values())
    found = [parts[-1].metrics.as_dict() for parts in progress.values() if parts[-1].metrics]
    numbers = [f"{median(each[key] for each in found):.3g}" if found and key in found[0] else "" for key in SHOWN]
    return f"| {name} | {' | '.join(numbers)} | {', '.join(f'{text} {count}' for text, count in verdicts.items())} |"


def _verdict(parts: list[Progress]) -> str:
    losses = LossCurve.concatenate([each.losses for each in parts])
    return judge(losses, [each.snapshot for each in parts if each.snapshot], parts[-1].metrics).text


if __name__ == "__main__":
    main()
