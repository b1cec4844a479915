"""What the laboratory's sweeps found, as Markdown tables. Trains nothing and draws nothing.

Medians with quartiles over the seeds; shares with their 95 % interval by Wilson's score (Wilson 1927).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from benchmarks.lab.experiments import FAMILIES, RATES, SINE_MODES, TUTORIAL, UPDOWN, Experiment
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.store import Store
from curvegan_db.values import Job

SHOWN = (
    *("rmse", "relative_rmse", "relative_spread", "parameter_w1", "modes", "hq", "reverse_kl"),
    *("sliced_w1", "w1", "energy", "coverage"),
)
STEPS = (1000, 2000, 5000, 10_000)
# D is held to be undecided from where the means over 500 steps of both its answers stay this near to 1/2.
_UNDECIDED, _RECORDS = 0.02, 50


@dataclass(frozen=True)
class Training:
    """One job of a sweep, and what was recorded of it."""

    job: Job
    losses: LossCurve
    snapshots: Sequence[Snapshot]

    def metric(self, name: str) -> float:
        """The metric at the end; not a number where there is none."""
        return (self.job.metrics or {}).get(name, float("nan"))


Found = Mapping[str, Sequence[Training]]


def read(store: Store, sweep: int) -> list[Training]:
    """Read a sweep whose jobs have ended."""
    jobs = store.jobs(sweep=sweep, newest_first=False)
    return [Training(job, store.losses(job.id), store.snapshots(job.id)) for job in jobs]


def tables(found: Found) -> dict[str, str]:
    """Every table by the name that the pages call it."""
    return {
        "updown": updown(found),
        "sine-modes": sine_modes(found),
        "tutorial": tutorial(found),
        "equilibrium": equilibrium(found["quadratic"]),
        "average": average(found),
        "results": results(found),
    }


def updown(found: Found) -> str:
    """How many seeds kept both modes."""
    rows = []
    for experiment in UPDOWN:
        trainings = found[experiment.name]
        kept = share(trainings, lambda each: each.job.verdict == "converged")
        lost = share(trainings, lambda each: (each.job.verdict or "").startswith("collapsed"))
        rows.append([experiment.label, lost, kept, quartiles(trainings, "hq"), quartiles(trainings, "rmse")])
    return _table(["trained with", "collapsed to one mode", "converged on both", "hq", "rmse"], rows)


def sine_modes(found: Found) -> str:
    """What the learning rate does to the eight waves."""
    rows = []
    for experiment in SINE_MODES:
        for rate in RATES:
            trainings = at_rate(found[experiment.name], rate)
            numbers = [quartiles(trainings, name) for name in ("modes", "hq", "rmse")]
            rows.append([experiment.label, rate, *numbers, verdicts(trainings)])
    return _table(["loss", "lr", "modes of 8", "hq", "rmse", "verdicts"], rows)


def at_rate(trainings: Sequence[Training], rate: str) -> list[Training]:
    """Those that were trained at a learning rate."""
    return [each for each in trainings if each.job.config.lr_g == float(rate)]


def tutorial(found: Found) -> str:
    """RMSE along the run at three learning rates."""
    pairs = [("1e-3", "quadratic-fast-lr"), ("1e-4", "quadratic"), ("1e-5", "quadratic-slow-lr")]
    rows = [
        [rate, *(_range([_at(each, step) for each in found[name]]) for step in STEPS), verdicts(found[name])]
        for rate, name in pairs
    ]
    return _table(["lr", *(f"RMSE at {step:,}" for step in STEPS), "verdicts"], rows)


def _at(training: Training, step: int) -> float:
    return next(each.metrics["rmse"] for each in training.snapshots if each.step == step)


def equilibrium(trainings: Sequence[Training]) -> str:
    """When D is undecided for good, and when the curves are right."""
    undecided = [_undecided(each.losses) for each in trainings]
    then = [_rmse_at(each.losses, step) for each, step in zip(trainings, undecided, strict=True) if step is not None]
    close = [step for each in trainings if (step := _first_below(each.losses, 0.1)) is not None]
    rows = [
        ["D undecided from step", _range([step for step in undecided if step is not None]), _of(then, trainings)],
        ["RMSE at that step", _range(then), _of(then, trainings)],
        ["RMSE of a minibatch first below .1 at step", _range(close), _of(close, trainings)],
    ]
    return _table(["", "median (smallest to largest)", "trainings"], rows)


def _of(some: Sequence[float], trainings: Sequence[Training]) -> str:
    return f"{len(some)} of {len(trainings)}"


def _undecided(losses: LossCurve) -> int | None:
    window = np.ones(_RECORDS) / _RECORDS
    far = np.maximum(*(abs(np.convolve(each, window, "valid") - 0.5) for each in (losses.d_real, losses.d_fake)))
    decided = np.flatnonzero(far > _UNDECIDED)
    first = int(decided[-1]) + 1 if len(decided) else 0
    return int(losses.steps[first]) if first < len(far) else None


def _rmse_at(losses: LossCurve, step: int) -> float:
    return float(losses.rmse[np.searchsorted(losses.steps, step)])


def _first_below(losses: LossCurve, bound: float) -> int | None:
    below = np.flatnonzero(losses.rmse < bound)
    return int(losses.steps[below[0]]) if len(below) else None


def average(found: Found) -> str:
    """Raw and averaged weights."""
    pairs = [("1e-3", "quadratic-fast-lr"), ("1e-4", "quadratic-ema")]
    rows = [[rate, *(quartiles(found[name], key) for key in ("rmse", "ema_rmse"))] for rate, name in pairs]
    return _table(["lr", "RMSE of the weights", "RMSE of their average, ema .999"], rows)


def results(found: Found) -> str:
    """Medians of everything."""
    rows = [_result(experiment, found[experiment.name]) for experiment in (*TUTORIAL, *FAMILIES, *UPDOWN)]
    return _table(["training", *SHOWN, "verdicts"], rows)


def _result(experiment: Experiment, trainings: Sequence[Training]) -> list[str]:
    medians = [np.median([each.metric(name) for each in trainings]) for name in SHOWN]
    family = "updown, " if experiment in UPDOWN else ""
    return [family + experiment.label, *("" if np.isnan(m) else f"{m:.3g}" for m in medians), verdicts(trainings)]


def share(trainings: Sequence[Training], holds: Callable[[Training], bool]) -> str:
    """Of how many it holds, with the interval that the share of all seeds lies in."""
    count, of = sum(map(holds, trainings)), len(trainings)
    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count} of {of} ({100 * low:.0f} to {100 * high:.0f} %)"


def quartiles(trainings: Sequence[Training], name: str) -> str:
    """Median and quartiles of a metric."""
    low, middle, high = np.percentile([each.metric(name) for each in trainings], [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _range(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{np.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"


def verdicts(trainings: Sequence[Training]) -> str:
    """How often each was given, the most frequent first."""
    counted = Counter(each.job.verdict for each in trainings).most_common()
    return ", ".join(f"{verdict} {count}" for verdict, count in counted)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
