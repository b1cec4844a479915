"""All that is promised of speed, in one table: `make bench`.

    python -m benchmarks.bench [--quick]

Ratios come from one run on one machine, in which those that are compared take turns; absolute figures belong to the
machine that is named above the table. `--quick` takes a few minutes, with fewer rounds and no sweep of 1,000 jobs: to
see that all of it works, not to quote. Each part runs in a process of its own. What is counted, each part says.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """A promise: its measure, how it is to come out at least and at best, and how it came out."""

    measure: str
    must: float
    aim: float
    measured: float
    percent: bool = False

    @property
    def verdict(self) -> str:
        """Which of the two it reaches; of some measures less is better."""
        sign = -1 if self.aim < self.must else 1
        met = [word for word in ("aim", "must") if sign * self.measured >= sign * getattr(self, word)]
        return f"{met[0]} met" if met else "**missed**"

    def shown(self, value: float) -> str:
        """Write a bound or the result."""
        return f"{value:.1%}" if self.percent else f"{value:.3g}x"


def main() -> None:
    """Measure and print, part by part: whoever stops it has what came before."""
    parser = argparse.ArgumentParser(description="all that is promised of speed")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sweeps: a few minutes")
    quick = parser.parse_args().quick
    print(f"{machine()}\n\n| measure | must | aim | measured | |\n|---|---|---|---|---|", flush=True)
    for part in (engines, service, growth, startup):
        for row in part(quick):
            figures = " | ".join(row.shown(value) for value in (row.must, row.aim, row.measured))
            print(f"| {row.measure} | {figures} | {row.verdict} |", flush=True)
    print(f"\n{alone('benchmarks.bench', 'store', quick)}")


def machine() -> str:
    """What it ran on."""
    cpus = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    return f"{(names or [platform.processor()])[0]}, {cores} cores, Python {platform.python_version()}, {load}"


def alone(module: str, function: str, *arguments: Any) -> Any:
    """Call a function of a module in a fresh process: no part inherits another's threads, memory or imports."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, *arguments).result()


def _call(module: str, function: str, *arguments: Any) -> Any:
    from importlib import import_module

    called: Callable[..., _T] = getattr(import_module(module), function)
    return called(*arguments)


def engines(quick: bool) -> list[Row]:
    """Compare complete trainings on one core, in CPU seconds a job."""
    seconds = alone("benchmarks.engines", "on_one_core", 1 if quick else 5)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    tutorial = medians["tutorial's loop"]
    fused = min(value for name, value in medians.items() if name.startswith("fused"))
    torch_pack = medians["torch engine, pack of 16"]
    rows = [
        Row("fused engine, against the tutorial's loop", 25, 50, tutorial / fused),
        Row("torch engine, pack of 16, against the tutorial's loop", 7, 10, tutorial / torch_pack),
    ]
    jax = [value for name, value in medians.items() if name.startswith("JAX")]
    return [*rows, Row("fused engine, against JAX, best pack of each", 2.5, 5, min(jax) / fused)] if jax else rows


def service(quick: bool) -> list[Row]:
    """Compare jobs through PostgreSQL, Redis and two workers with the bare trainings, in wall time."""
    jobs = 20 if quick else 100
    found = alone("benchmarks.service", "wall", 1 if quick else 3, jobs)
    return [
        Row(f"{jobs} jobs through the service, against {jobs} bare trainings", 1.5, 1.15, found["ratio of seconds"])
    ]


def growth(quick: bool) -> list[Row]:
    """Compare the CPU time of a job in small and large sweeps."""
    sizes = (10, 100) if quick else (10, 100, 1000)
    found = alone("benchmarks.service", "growth", sizes).values()
    most, measure = (
        max(found) / min(found) - 1,
        f"CPU of a job in sweeps of {', '.join(map(str, sizes))}: largest difference",
    )
    return [Row(measure, 0.1, 0.02, most, percent=True)]


def startup(quick: bool) -> list[Row]:
    """Compare the starts of two processes."""
    from benchmarks.startup import CLICK, FACE, NOTHING, measure

    found = measure(10 if quick else 40)
    return [
        Row(f"curvegan --help, against {CLICK}", 1.5, 1.2, found["curvegan --help"] / found[CLICK]),
        Row(f"{FACE}, against {NOTHING}", 1.2, 1.1, found[FACE] / found[NOTHING]),
    ]


def store(quick: bool) -> str:
    """Write the table of what the store takes with many jobs."""
    from benchmarks.store import databases, figures, table

    jobs = 10_000 if quick else 100_000
    with databases() as urls:
        found = {name: figures(url, jobs) for name, url in urls.items()}
    return f"The store with {jobs:,} jobs, of which 1,000 are queued:\n\n{table(found)}"


if __name__ == "__main__":
    main()
