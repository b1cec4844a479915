"""A job as programs and people read it: its fields, its progress, how it ended."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from curvegan.datasets import data_names
from curvegan.words import duration, number

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job

METRICS = ("rmse", "spread", "g_loss", "d_loss", "d_real", "d_fake")
LIVE = ("queued", "running", "lost")
ENDED = ("succeeded", "failed", "cancelled")
STATES = (*LIVE, *ENDED)


def fields_of(store: "Store", jobs: "Iterable[Job]") -> list[dict[str, Any]]:
    """Return every field of jobs, what their data sets are called, their configs and their metrics.

    What is not known yet, cannot be read or does not apply is None.
    """
    jobs = list(jobs)
    names = data_names(store, [job.config for job in jobs])
    return [_fields(job) | {"data": name or None} for job, name in zip(jobs, names, strict=True)]


def job_fields(store: "Store", job: "Job") -> dict[str, Any]:
    """Return the same of one job."""
    return fields_of(store, [job])[0]


def _fields(job: "Job") -> dict[str, Any]:
    from curvegan_db.columns import JOB_FIELDS

    values = {name: getattr(job, name) for name in JOB_FIELDS}
    config = None if job.unreadable else job.config.model_dump(mode="json")
    return values | {"config": config, "metrics": dict.fromkeys(METRICS) | dict(job.metrics or {})}


def progress(job: "Job") -> str:
    """Return how far it is. It is rounded down, for 100 % is for a job that is done."""
    share = f"{100 * job.step // job.steps} %"
    if job.state == "succeeded":
        return f"stopped {share}" if job.reason else "100 %"
    return share


def rmses_now(store: "Store", jobs: Collection["Job"]) -> dict[int, float | None]:
    """Return jobs' RMSE by id: at the end, or of the newest record where a job is not there."""
    at_end = {job.id: (job.metrics or {}).get("rmse") for job in jobs}
    going = [job.id for job in jobs if not job.metrics and job.step]
    return at_end | (store.newest_rmse(going) if going else {})


def outcome(job: "Job") -> str:
    """Return how a job ended, in one line."""
    line = f"Job {job.id} {job.state}"
    if job.state == "succeeded":
        early = f", {job.reason}" if job.reason else ""
        steps = job.step if early else job.steps
        return f"{line}: RMSE {number((job.metrics or {}).get('rmse'))} after {steps} steps{_took(job)}{early}"
    return f"{line} at step {job.step} of {job.steps}{why(job)}"


def _took(job: "Job") -> str:
    """Return how long it trained; of several attempts that is not known, for between them it waited."""
    if job.started_at is None or job.finished_at is None or job.attempt > 1:
        return ""
    seconds = (job.finished_at - job.started_at).total_seconds()
    return f" in {seconds:.1f} s" if seconds < 10 else f" in {duration(seconds)}"


def why(job: "Job") -> str:
    """Return the last line of the error, which of a traceback says what went wrong, after a colon."""
    unreadable = f"its config cannot be read by this curvegan: {job.unreadable}" if job.unreadable else ""
    lines = (job.error or job.reason or unreadable).strip().splitlines()
    return f": {lines[-1]}" if lines else ""
