"""The trials of a study, read from the rows of its sweep: points of the space, each with its jobs and its value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from curvegan.watching.job_fields import ENDED

if TYPE_CHECKING:
    from curvegan.submitting.axes import Value
    from curvegan.tuning.plan import Plan
    from curvegan_db.store import Store

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"


@dataclass(frozen=True)
class Trial:
    """A point of the space and what came of it.

    `state` is queued until one of its jobs begins, running until all have ended, then done, or failed where it has no
    value. The value is the median over its jobs, of which one that did not succeed, or has no such metric, counts as
    worse than all others.
    """

    number: int
    point: "Mapping[str, Value]"
    jobs: tuple[int, ...]
    state: str
    value: float | None = None
    unmeasured: bool = False
    """Whether all its jobs succeeded, and none has the metric."""

    @property
    def waits(self) -> bool:
        """Whether none of its jobs has begun."""
        return self.state == QUEUED

    @property
    def ended(self) -> bool:
        """Whether all its jobs have ended."""
        return self.state not in (QUEUED, RUNNING)


def read_trials(store: "Store", sweep_id: int, plan: "Plan") -> list[Trial]:
    """Return the trials in the order of their ids, by one question. A trial whose jobs were deleted is not there."""
    from curvegan.comparing.keys import metric_field
    from curvegan_db.filters.catalogue import CONFIG_FIELDS, FIELDS
    from curvegan_db.filters.language import Filter

    keys = list(plan.space)
    fields = [FIELDS["id"], FIELDS["state"], metric_field(plan.by), *(CONFIG_FIELDS[key] for key in keys)]
    trials: dict[tuple[Any, ...], list[tuple[int, str, float | None]]] = {}
    for job_id, state, value, *point in store.values(fields, Filter.of_sweep(sweep_id)):
        trials.setdefault(tuple(point), []).append((job_id, str(state), value))
    typed = [
        {dimension.key: _typed(dimension, value) for dimension, value in zip(plan.dimensions, point, strict=True)}
        for point in trials
    ]
    return [
        _trial(number, point, jobs, plan.largest)
        for number, (point, jobs) in enumerate(zip(typed, trials.values(), strict=True))
    ]


def best_of(trials: Sequence[Trial], largest: bool) -> Trial | None:
    """Return the best trial, of equals the first; None where none has a value."""
    return next(iter(ranked(trials, largest)), None)


def ranked(trials: Sequence[Trial], largest: bool) -> list[Trial]:
    """Return the trials that have a value, the best first."""
    known = [trial for trial in trials if trial.value is not None]
    return sorted(known, key=lambda trial: (-1 if largest else 1) * (trial.value or 0.0))


def trial_row(plan: "Plan", trial: Trial) -> dict[str, Any]:
    """Return a trial as a row: number, the keys of the space, the value under its metric's name, state, ids of jobs."""
    return {
        "trial": trial.number,
        **trial.point,
        plan.by: trial.value,
        "state": trial.state,
        "jobs": ",".join(map(str, trial.jobs)),
    }


def _trial(
    number: int, point: "Mapping[str, Value]", jobs: Sequence[tuple[int, str, float | None]], largest: bool
) -> Trial:
    ids, states = tuple(job_id for job_id, _, _ in jobs), [state for _, state, _ in jobs]
    if not all(state in ENDED for state in states):
        return Trial(number, point, ids, QUEUED if all(state == "queued" for state in states) else RUNNING)
    worst = -math.inf if largest else math.inf
    middle = median(worst if value is None or state != "succeeded" else value for _, state, value in jobs)
    found = math.isfinite(middle)
    unmeasured = all(state == "succeeded" and value is None for _, state, value in jobs)
    return Trial(number, point, ids, DONE if found else FAILED, middle if found else None, unmeasured)


def _typed(dimension: Any, value: Any) -> "Value":
    """Return the value as the space has it: the database knows no whole numbers in a config."""
    place = dimension.option(value)
    if place is not None and place < len(dimension.values):
        listed: Value = dimension.values[place]
        return listed
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
