"""The trials of a study, read from the rows of its sweep: points of the space, each with its jobs and its value."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

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
    value. `values` has for each metric the median over its jobs, of which one that did not succeed, or has no such
    metric, counts as worse than all others; it is empty until there are such.
    """

    number: int
    point: "Mapping[str, Value]"
    jobs: tuple[int, ...]
    state: str
    values: tuple[float, ...] = ()
    unmeasured: bool = False
    """Whether all its jobs succeeded, and none has the metric."""
    reached: tuple[int, ...] = ()
    """How many steps each of its jobs has; with halving the best are given more."""
    succeeded: tuple[int, ...] = ()
    """Its jobs that have done all their steps."""

    @property
    def value(self) -> float | None:
        """Its value by the metric, the first of several; None until it has one."""
        return self.values[0] if self.values else None

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return max(self.reached)

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

    metrics = list(map(metric_field, plan.metrics))
    fields = [FIELDS["id"], FIELDS["state"], FIELDS["steps"], *metrics, *(CONFIG_FIELDS[key] for key in plan.space)]
    trials: dict[tuple[Any, ...], list[_Row]] = {}
    for job_id, state, steps, *rest in store.values(fields, Filter.of_sweep(sweep_id)):
        values, point = rest[: len(metrics)], rest[len(metrics) :]
        trials.setdefault(tuple(point), []).append(_Row(job_id, str(state), steps, values))
    typed = [
        {dimension.key: _typed(dimension, value) for dimension, value in zip(plan.dimensions, point, strict=True)}
        for point in trials
    ]
    return [
        _trial(plan, number, point, jobs)
        for number, (point, jobs) in enumerate(zip(typed, trials.values(), strict=True))
    ]


def trial_row(plan: "Plan", trial: Trial) -> dict[str, Any]:
    """Return a trial as a row: number, the keys of the space, values by metric, state, ids; with halving its steps."""
    return {
        "trial": trial.number,
        **trial.point,
        **({"steps": trial.steps} if plan.halving else {}),
        **dict(zip(plan.metrics, trial.values or [None] * len(plan.metrics), strict=True)),
        "state": trial.state,
        "jobs": ",".join(map(str, trial.jobs)),
    }


class _Row(NamedTuple):
    """What there is of a job of a trial."""

    job: int
    state: str
    steps: int
    values: Sequence[float | None]


def _trial(plan: "Plan", number: int, point: "Mapping[str, Value]", jobs: Sequence[_Row]) -> Trial:
    ids, reached = tuple(row.job for row in jobs), tuple(row.steps for row in jobs)
    if not all(row.state in ENDED for row in jobs):
        waits = all(row.state == "queued" for row in jobs)
        return Trial(number, point, ids, QUEUED if waits else RUNNING, reached=reached)
    # With halving a job that failed on the way has fewer steps than those that went on.
    succeeded = [row for row in jobs if row.state == "succeeded" and (not plan.halving or row.steps == max(reached))]
    values = tuple(_middle(sign, metric, succeeded, len(jobs)) for metric, sign in enumerate(plan.signs))
    has_values = all(map(math.isfinite, values))
    unmeasured = len(succeeded) == len(jobs) and any(
        all(row.values[metric] is None for row in succeeded) for metric in range(len(values))
    )
    state, shown = (DONE, values) if has_values else (FAILED, ())
    return Trial(number, point, ids, state, shown, unmeasured, reached, tuple(row.job for row in succeeded))


def _middle(sign: float, metric: int, succeeded: Iterable[_Row], count: int) -> float:
    """Return the median of a metric over so many jobs, of which those that did not succeed, or lack it, are worst."""
    known = [value for row in succeeded if (value := row.values[metric]) is not None]
    return median([*known, *[sign * math.inf] * (count - len(known))])


def _typed(dimension: Any, value: Any) -> "Value":
    """Return the value as the space has it: the database knows no whole numbers in a config."""
    option = dimension.option(value)
    if option is not None and option < len(dimension.values):
        listed: Value = dimension.values[option]
        return listed
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
