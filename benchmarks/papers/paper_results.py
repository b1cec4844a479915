"""What the presets of papers/ came to: read from a store, kept as JSON in docs/data/papers.json. Trains no sweep.

A trial keeps its metrics at the end and along the snapshots; of averaged weights where there are any, as verdicts do.
"""

import json
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.papers.paper_rows import NAMED
from curvegan_core.config.train import TrainConfig
from curvegan_core.training import PackTraining
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.values import Job

ROOT = Path(__file__).resolve().parents[2]
PRESETS, RESULTS = ROOT / "papers", ROOT / "docs" / "data" / "papers.json"
TRIALS, QUICK_TRIALS, FIRST_SEED = 10, 3, 100
NAMES = ("modes", "hq", "reverse_kl", "rmse", "relative_spread", "coverage")
_LONG_ENOUGH_S, _LOOKS, _MANY = 1.0, 3, 10_000_000
_QUICK_S = 2.0


@dataclass(frozen=True)
class Trial:
    """One training: `course` has a line for each snapshot, its step and then NAMES; None is what does not apply."""

    seed: int
    verdict: str
    course: Sequence[Sequence[float | None]]

    def at(self, name: str, line: int = -1) -> float:
        """Return a metric at a snapshot, the end's by default; not a number where there is none."""
        value = self.course[line][1 + NAMES.index(name)]
        return float("nan") if value is None else value


@dataclass(frozen=True)
class Result:
    """All trials of a preset with one number of steps.

    `hash` is the config's with seed 0, `us` CPU microseconds of a step, `modes` how many there are.
    """

    hash: str
    steps: int
    full: bool
    us: float
    modes: int
    trials: Sequence[Trial]

    @property
    def quick(self) -> bool:
        """Whether this is a first look only: fewer steps than the preset says, or fewer trials than ten."""
        return not self.full or len(self.trials) < TRIALS


def keys(preset: str) -> dict[str, Any]:
    """Return what a preset's file says."""
    return tomllib.loads((PRESETS / f"{preset}.toml").read_text())


def config(preset: str, seed: int = 0, steps: int | None = None) -> TrainConfig:
    """Return a preset's config, with other steps where they are given."""
    said = keys(preset)
    return TrainConfig.parse(said | {"seed": seed} | (shortened(steps) if steps else {}))


def shortened(steps: int) -> dict[str, int]:
    """Return the keys that make a training of so many steps with four snapshots."""
    return {"steps": steps, "record_every": max(1, steps // 50), "snapshot_every": max(1, steps // 4)}


def quick_steps(preset: str, us: float) -> int:
    """Return how many steps take some seconds of a core."""
    return min(int(keys(preset)["steps"]), max(20, int(_QUICK_S * 1e6 / us / 10) * 10))


def load() -> dict[str, Result]:
    """Return what is kept, by preset."""
    if not RESULTS.exists():
        return {}
    kept = json.loads(RESULTS.read_text())
    return {
        name: Result(**{**result, "trials": [Trial(**each) for each in result["trials"]]})
        for name, result in kept.items()
    }


def save(results: Mapping[str, Result]) -> None:
    """Keep results, a trial a line."""
    parts = []
    for name in NAMED:
        if name in results:
            fields = asdict(results[name])
            trials = ",\n".join("   " + json.dumps(trial) for trial in fields.pop("trials"))
            parts.append(f' "{name}": {json.dumps(fields)[:-1]}, "trials": [\n{trials}]}}')
    RESULTS.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def collect(store: Store, costs: Mapping[str, float]) -> dict[str, Result]:
    """Return what a store has of every preset: its own steps where any trial has them, else the most there are."""
    jobs = list(store.jobs(where=Filter.parse("state=succeeded")))
    found = {}
    for name in NAMED:
        if members := list(trials_of(name, jobs)):
            found[name] = _result(store, name, members, costs[name])
    return found


def trials_of(preset: str, jobs: Sequence[Job]) -> Iterator[Job]:
    wanted = {config(preset, seed).hash for seed in range(FIRST_SEED, FIRST_SEED + TRIALS)}
    found = [job for job in jobs if job.config.hash in wanted]
    lengths, own = {job.steps for job in found}, keys(preset)["steps"]
    length = own if own in lengths else max(lengths, default=0)
    of_it = {job.config.seed: job for job in found if job.steps == length}
    yield from (of_it[seed] for seed in sorted(of_it))


def _result(store: Store, preset: str, jobs: Sequence[Job], us: float) -> Result:
    steps, said = jobs[0].steps, config(preset)
    every = said.snapshot_every if steps == said.steps else 1
    trials = [Trial(job.config.seed, job.verdict or "", _course(store, job, every)) for job in jobs]
    modes = int(jobs[0].metrics["modes_of"]) if jobs[0].metrics and "modes_of" in jobs[0].metrics else 0
    return Result(said.hash, steps, steps == said.steps, us, modes, trials)


def _course(store: Store, job: Job, every: int) -> list[list[float | None]]:
    """Return a line for each snapshot at a multiple of `every`; an extended job has snapshots between them."""
    shots = [shot for shot in store.snapshots(job.id) if shot.step < job.steps and shot.step % every == 0]
    lines = [_line(shot.step, shot.metrics) for shot in shots]
    return [*lines, _line(job.steps, job.metrics or {})]


def _line(step: int, metrics: Mapping[str, float]) -> list[float | None]:
    values = (metrics.get(f"ema_{name}", metrics.get(name)) for name in NAMES)
    return [step, *(None if value is None else float(f"{value:.4g}") for value in values)]


def cost(preset: str) -> float:
    """Measure CPU microseconds of a step of one job, the least of three looks; judging is not counted.

    With torch it is one of a pack of four.
    """
    trials = 4 if config(preset).unfused else 1
    endless = {"steps": _MANY, "record_every": _MANY, "snapshot_every": _MANY, "checkpoint_every": _MANY}
    configs = {seed: TrainConfig.parse(keys(preset) | endless | {"seed": seed}) for seed in range(trials)}
    pack = PackTraining({seed: (each, None) for seed, each in configs.items()}, "cpu")
    pack.advance()
    most = 4 if trials > 1 else 100
    return float(f"{min(_look(pack, most) for _ in range(_LOOKS)) / trials:.3g}")


def _look(pack: PackTraining, most: int) -> float:
    """Return CPU microseconds of a step of the pack, over a second."""
    first = last = pack.advance(2)[0].step
    started = time.process_time()
    while (taken := time.process_time() - started) < _LONG_ENOUGH_S:
        last = pack.advance(most)[0].step
    return taken / (last - first) * 1e6
