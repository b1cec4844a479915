"""The rules by which a row of docs/papers.md is judged, as the page states them. Reads no store and writes no page.

Intervals of means: Student's t, 95 %. Of shares: Wilson 1927, 95 %. Of differences of means: Welch 1947, 95 %.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

from benchmarks.papers.paper_results import Result, Trial
from benchmarks.papers.paper_row import Printed, Row

Results = Mapping[str, Result]
REPRODUCED, DIRECTION, NOT = "reproduced", "in direction", "not reproduced"
# How far a number may be off where its paper prints no spread; of modes a share of all of them.
_ALLOWED = {"modes": 0.05, "hq": 0.05, "reverse_kl": 0.05}
_NEARLY_ALL = 0.95
GOOD = 0.5


def _covers(trial: Trial, modes: int) -> bool:
    return trial.at("modes") == modes


def _misses(trial: Trial, modes: int) -> bool:
    return trial.at("modes") < modes


def _hops(trial: Trial, modes: int) -> bool:
    half = range(len(trial.course) // 2, len(trial.course))
    return all(trial.at("modes", line) < modes for line in half)


def _converges(trial: Trial, modes: int) -> bool:
    return trial.at("rmse") <= 0.01 * max(1.0, trial.at("rmse", 0))


def _circles(trial: Trial, modes: int) -> bool:
    return max(trial.at("rmse", line) for line in (-1, -2, -3)) >= 0.5 * trial.at("rmse", 0)


def _follows(trial: Trial, modes: int) -> bool:
    return trial.at("relative_spread") >= 0.9 and trial.at("coverage") >= GOOD


CLAIMS: Mapping[str, tuple[str, Callable[[Trial, int], bool]]] = {
    "covers": ("all modes at the end", _covers),
    "misses": ("a mode missing at the end", _misses),
    "hops": ("a mode missing at every snapshot of the second half", _hops),
    "converges": ("distance at the end at most .01, or .01 of that at the start", _converges),
    "circles": ("largest distance of the last three snapshots at least half of that at the start", _circles),
    "follows": ("relative_spread at least .9 and coverage at least .5 at the end", _follows),
}


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and the ends of its 95 % interval by Student's t; of less than two values no interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, mean, mean
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return mean, mean - half, mean + half


def larger(cured: Sequence[float], bare: Sequence[float]) -> bool:
    """Return whether the mean of the first is larger: Welch's 95 % interval of the difference lies above 0."""
    variance = [float(np.var(values, ddof=1)) / len(values) for values in (cured, bare)]
    difference = float(np.mean(cured) - np.mean(bare))
    if not sum(variance):
        return difference > 0
    squares = sum(each**2 / (len(values) - 1) for each, values in zip(variance, (cured, bare), strict=True))
    freedom = sum(variance) ** 2 / squares
    return bool(difference > stats.t.ppf(0.975, freedom) * np.sqrt(sum(variance)))


def verdict(row: Row, results: Results) -> str:
    """Return what the page says of a row, by the rules that it states."""
    if row.preset is None:
        return "no config says it"
    result = results.get(row.preset)
    if result is None:
        return "not run"
    if row.rule.startswith("none"):
        return "nothing to compare with"
    if result.quick:
        return "first look, not judged"
    return _of_numbers(row, result, results) if row.printed else _of_claim(row, result)


def _of_numbers(row: Row, result: Result, results: Results) -> str:
    if all(_agrees(name, printed, result) for name, printed in row.printed.items()):
        return REPRODUCED
    return DIRECTION if _in_direction(row, result, results) else NOT


def _agrees(name: str, printed: Printed, result: Result) -> bool:
    _, low, high = mean_interval(values(result, name))
    allowed = 2 * printed.spread if printed.spread else _ALLOWED[name] * (result.modes if name == "modes" else 1)
    return low <= printed.value + allowed and high >= printed.value - allowed


def _in_direction(row: Row, result: Result, results: Results) -> bool:
    modes = values(result, "modes")
    nearly = _NEARLY_ALL * result.modes
    if np.mean(modes) < 1:
        return False
    if row.against is None:
        return (row.printed["modes"].value < nearly) == (mean_interval(modes)[2] < nearly)
    bare = results.get(row.against)
    return bare is not None and not bare.quick and larger(modes, values(bare, "modes"))


def _of_claim(row: Row, result: Result) -> str:
    count, of = held(row, result)
    if stats.binomtest(count, of).proportion_ci(method="wilson").low > 0.5:
        return REPRODUCED
    return DIRECTION if 2 * count > of else NOT


def held(row: Row, result: Result) -> tuple[int, int]:
    """Return in how many trials a row's claim holds, and of how many."""
    assert row.claim
    holds = CLAIMS[row.claim][1]
    return sum(holds(trial, result.modes) for trial in result.trials), len(result.trials)


def values(result: Result, name: str) -> list[float]:
    return [trial.at(name) for trial in result.trials]
