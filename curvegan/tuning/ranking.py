"""Which trials are the better ones: by one metric or several, and with halving first by how far they were let go."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from curvegan.tuning.plan import THIRD

if TYPE_CHECKING:
    from curvegan.tuning.plan import Plan
    from curvegan.tuning.trials import Trial

_Key = tuple[tuple[float, float], ...]
# Of one that failed: worse than any other.
_WORST = (math.inf, math.inf)


class Promotion(NamedTuple):
    """Jobs of the best trials of a rung, and how many steps they go on to."""

    jobs: Sequence[int]
    before: int
    steps: int


def front(plan: "Plan", trials: "Sequence[Trial]") -> "list[Trial]":
    """Return the trials than which none is better in one metric and as good in all; with one metric those of the best.

    They are in the order of the first metric, of equals the first trial first. With halving only those that have the
    most steps of all are among them.
    """
    unbeaten: list[tuple[_Key, Trial]] = []
    for key, trial in sorted(_keyed(plan, trials), key=lambda pair: pair[0]):
        if not any(_beats(other, key) for other, _ in unbeaten):
            unbeaten.append((key, trial))
    return [trial for _, trial in unbeaten]


def ranked(plan: "Plan", trials: "Sequence[Trial]") -> "list[Trial]":
    """Return the trials that have values, those of the front first, then by the first metric."""
    first = front(plan, trials)
    numbers = {trial.number for trial in first}
    keyed = sorted(_keyed(plan, trials), key=lambda pair: pair[0])
    return first + [trial for _, trial in keyed if trial.number not in numbers]


def places(plan: "Plan", trials: "Sequence[Trial]") -> list[tuple[float, ...] | None]:
    """Return for each trial how many are better by each metric; None for one of which nothing is known yet."""
    keys = [_told_key(plan, trial) for trial in trials]
    lists = [sorted(key[metric] for key in keys if key) for metric in range(len(plan.metrics))]
    return [
        tuple(float(bisect_left(known, one)) for known, one in zip(lists, key, strict=True)) if key else None
        for key in keys
    ]


def promotions(plan: "Plan", trials: "Sequence[Trial]", exhausted: bool = False) -> list[Promotion]:
    """Return what is to be trained on now: of each batch, or of all where there are none, the best third of a rung.

    A rung of a batch is looked at when all of it has ended. Without batches a third of those that have ended so far
    goes on, and at the end of the search a third of all, rounded up; it may end `exhausted`, before all its trials.
    """
    size, last = plan.batch or max(len(trials), 1), exhausted or len(trials) >= plan.trials
    groups = [trials[start : start + size] for start in range(0, len(trials), size)] if plan.halving else []
    return [one for group in groups for one in _of_group(plan, group, last)]


def _of_group(plan: "Plan", group: "Sequence[Trial]", last: bool) -> list[Promotion]:
    promoted, is_whole = list[Promotion](), last or len(group) == plan.batch
    for before, steps in pairwise(plan.rungs):
        here, beyond = [t for t in group if t.steps == before], sum(t.steps > before for t in group)
        is_whole = is_whole and all(trial.ended for trial in here)
        count = sum(trial.ended for trial in here) + beyond
        share = -(-count // THIRD) if is_whole else 0 if plan.batch else count // THIRD
        if chosen := _best(plan, here, share - beyond):
            promoted.append(Promotion([job for trial in chosen for job in trial.succeeded], before, steps))
            is_whole = False
    return promoted


def _best(plan: "Plan", trials: "Sequence[Trial]", count: int) -> "list[Trial]":
    """Return so many of the best trials: front after front, of the last one those that lie the farthest apart."""
    if len(plan.metrics) == 1:
        return ranked(plan, trials)[: max(0, count)]
    best: list[Trial] = []
    left = [trial for trial in trials if trial.values]
    while left and len(best) < count:
        first = front(plan, left)
        best += _apart(plan, first, count - len(best))
        numbers = {trial.number for trial in first}
        left = [trial for trial in left if trial.number not in numbers]
    return best


def _apart(plan: "Plan", first: "Sequence[Trial]", count: int) -> "list[Trial]":
    """Return so many of a front, without those that have the nearest neighbours, as NSGA-II does."""
    if count >= len(first):
        return list(first)
    room = dict.fromkeys((trial.number for trial in first), 0.0)
    for metric in range(len(plan.metrics)):
        line = sorted(first, key=lambda trial: trial.values[metric])
        width = (line[-1].values[metric] - line[0].values[metric]) or 1.0
        for low, trial, high in zip([None, *line], line, [*line[1:], None], strict=False):
            gap = math.inf if low is None or high is None else (high.values[metric] - low.values[metric]) / width
            room[trial.number] += gap
    return sorted(first, key=lambda trial: -room[trial.number])[:count]


def _keyed(plan: "Plan", trials: "Sequence[Trial]") -> "list[tuple[_Key, Trial]]":
    return [(key, trial) for trial in trials if trial.values and (key := _told_key(plan, trial))]


def _told_key(plan: "Plan", trial: "Trial") -> _Key | None:
    """Return for each metric what trials are compared by, the smaller the better; None where nothing is known.

    One that trains on was among the best of its rung; its values there are gone with its end.
    """
    rung = plan.rungs.index(trial.steps) if plan.halving and trial.steps in plan.rungs else 0
    if trial.values:
        return tuple((-rung, sign * value) for sign, value in zip(plan.signs, trial.values, strict=True))
    if trial.ended:
        return (_WORST,) * len(plan.signs)
    return ((1.0 - rung, -math.inf),) * len(plan.signs) if rung else None


def _beats(key: _Key, other: _Key) -> bool:
    return key != other and all(one <= two for one, two in zip(key, other, strict=True))
