"""What a list of jobs says of each, a column by its heading: for `status`, and for who looks at jobs in a notebook."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from curvegan.watching.job_fields import progress, rmses_now, why
from curvegan.words import age, number

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job


JOB_CELLS: "dict[str, Callable[[Job, float | None, datetime], object]]" = {
    "ID": lambda job, rmse, now: job.id,
    "NAME": lambda job, rmse, now: job.name,
    "STATE": lambda job, rmse, now: job.state,
    "PROGRESS": lambda job, rmse, now: progress(job),
    "STEPS/S": lambda job, rmse, now: _rate(job.steps_per_second),
    "RMSE": lambda job, rmse, now: number(rmse),
    "VERDICT": lambda job, rmse, now: job.verdict or why(job).removeprefix(": ") or None,
    "AGE": lambda job, rmse, now: age(job.created_at, now),
    "WORKER": lambda job, rmse, now: job.worker,
}


def job_cells(store: "Store", jobs: "Sequence[Job]", headings: Sequence[str] = tuple(JOB_CELLS)) -> list[list[object]]:
    """Return a line of values for each job."""
    now, rmse = datetime.now(UTC), rmses_now(store, jobs)
    return [[JOB_CELLS[heading](job, rmse[job.id], now) for heading in headings] for job in jobs]


def _rate(steps_per_second: float | None) -> str | None:
    return None if steps_per_second is None else f"{steps_per_second:.0f}"
