"""A job as programs read it (JSON, CSV) and as people do (table cells). Opens no store."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curvegan_cli.shown.output import Column, age, duration, number, print_csv, print_ids, print_json

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job

METRICS = ("rmse", "spread", "g_loss", "d_loss", "d_real", "d_fake")
LIVE = ("queued", "running", "lost")
ENDED = ("succeeded", "failed", "cancelled")
STATES = (*LIVE, *ENDED)

_STYLES = {
    "queued": "yellow",
    "running": "cyan",
    "lost": "bold magenta",
    "succeeded": "green",
    "failed": "bold red",
    "cancelled": "dim",
}


def state_style(state: str) -> str:
    return _STYLES.get(state, "")


COLUMNS = (
    Column("ID", right=True),
    Column("NAME", folds=True),
    Column("STATE", style=state_style),
    Column("PROGRESS", right=True),
    Column("STEPS/S", right=True, spare=2),
    Column("RMSE", right=True),
    Column("VERDICT", folds=True, least=12),
    Column("AGE", right=True, spare=1),
    Column("WORKER", folds=True, spare=3),
)


def cells(job: "Job", rmse: float | None, now: datetime) -> tuple[str, ...]:
    """A job's line in the table of `status`."""
    return (
        str(job.id),
        job.name or "-",
        job.state,
        progress(job),
        _rate(job.steps_per_second),
        number(rmse),
        job.verdict or "-",
        age(job.created_at, now),
        job.worker or "-",
    )


def _rate(steps_per_second: float | None) -> str:
    return "-" if steps_per_second is None else f"{steps_per_second:.0f}"


def fields(job: "Job") -> dict[str, Any]:
    """A job as JSON: every field, its config and its metrics; what is not known yet is null."""
    from curvegan_db.columns import JOB_FIELDS

    values = {name: getattr(job, name) for name in JOB_FIELDS}
    config = job.config.model_dump(mode="json")
    return values | {"config": config, "metrics": dict.fromkeys(METRICS) | dict(job.metrics or {})}


def print_jobs(jobs: Sequence["Job"], form: str, quiet: bool) -> bool:
    """Print jobs as programs read them: ids, JSON or CSV. Returns whether `form` is one of these."""
    if quiet:
        print_ids(job.id for job in jobs)
    elif form == "json":
        print_json([fields(job) for job in jobs])
    elif form == "csv":
        _print_csv(jobs)
    return quiet or form != "table"


def _print_csv(jobs: Sequence["Job"]) -> None:
    """A job a line: its fields and metrics, not its config; a metric that it has not is empty."""
    from curvegan_db.columns import JOB_FIELDS
    from curvegan_db.filters.catalogue import METRIC_NAMES

    rows = [fields(job) | {"tags": " ".join(job.tags)} | dict(job.metrics or {}) for job in jobs]
    header = (*JOB_FIELDS, *METRIC_NAMES)
    print_csv(header, [[row.get(name) for name in header] for row in rows])


def progress(job: "Job") -> str:
    if job.state == "succeeded":
        return "100 %"
    # Rounded down: 100 % is for a job that is done.
    return f"{100 * job.step // job.steps} %"


def rmses_now(store: "Store", jobs: Collection["Job"]) -> dict[int, float | None]:
    """The same for many jobs by their ids, in one query."""
    ended = {job.id: _final_rmse(job) for job in jobs}
    going = [job.id for job in jobs if not job.metrics and job.step]
    return ended | (store.newest_rmse(going) if going else {})


def _final_rmse(job: "Job") -> float | None:
    return (job.metrics or {}).get("rmse")


def rmse_now(store: "Store", job: "Job") -> float | None:
    """The RMSE at the end, or that of the newest record while the job is not there."""
    return rmses_now(store, [job])[job.id]


def outcome(job: "Job") -> str:
    """How a job ended, in one line."""
    line = f"Job {job.id} {job.state}"
    if job.state == "succeeded":
        return f"{line}: RMSE {number((job.metrics or {}).get('rmse'))} after {job.steps} steps{_took(job)}"
    return f"{line} at step {job.step} of {job.steps}{why(job)}"


def _took(job: "Job") -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    seconds = (job.finished_at - job.started_at).total_seconds()
    return f" in {seconds:.1f} s" if seconds < 10 else f" in {duration(seconds)}"


def why(job: "Job") -> str:
    """The last line of the error, which of a traceback says what went wrong."""
    lines = (job.error or job.reason or "").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
