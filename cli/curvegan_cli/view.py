"""A job as programs read it (JSON, CSV) and as people do (table cells). Opens no store."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curvegan_cli.output import Column, age, duration, number, plain

if TYPE_CHECKING:
    from curvegan_db.records import Job
    from curvegan_db.store import Store

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
_PLAIN_FIELDS = (
    *("id", "state", "name", "tags", "priority", "attempt", "lost", "step", "steps", "steps_per_second"),
    *(
        "created_at",
        "started_at",
        "finished_at",
        "worker",
        "device",
        "engine",
        "engine_version",
        "error",
        "reason",
        "cancel_requested",
    ),
)


def state_style(state: str) -> str:
    return _STYLES.get(state, "")


COLUMNS = (
    Column("ID", right=True),
    Column("NAME", folds=True),
    Column("STATE", style=state_style),
    Column("PROGRESS", right=True),
    Column("STEPS/S", right=True),
    Column("RMSE", right=True),
    Column("AGE", right=True),
    Column("WORKER", folds=True),
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
        age(job.created_at, now),
        job.worker or "-",
    )


def _rate(steps_per_second: float | None) -> str:
    return "-" if steps_per_second is None else f"{steps_per_second:.0f}"


def fields(job: "Job") -> dict[str, Any]:
    """A job as JSON: every field, its config and its metrics; what is not known yet is null."""
    metrics = job.metrics or {}
    values = {name: getattr(job, name) for name in _PLAIN_FIELDS}
    config = job.config.model_dump(mode="json")
    return values | {"config": config, "metrics": {name: metrics.get(name) for name in METRICS}}


CSV_HEADER = (*_PLAIN_FIELDS, *METRICS)


def csv_row(job: "Job") -> list[Any]:
    """A job as a line of CSV: its fields and metrics, not its config."""
    values = fields(job)
    flat = values | values["metrics"] | {"tags": " ".join(job.tags)}
    return [flat[name] for name in CSV_HEADER]


def progress(job: "Job") -> str:
    if job.state == "succeeded":
        return "100 %"
    # Rounded down: 100 % is for a job that is done.
    return f"{100 * job.step // job.steps} %"


def rmse_now(store: "Store", job: "Job") -> float | None:
    """The RMSE at the end, or that of the newest record while the job is not there."""
    if job.metrics or not job.step:
        return _final_rmse(job)
    from curvegan_db.errors import ResultDamaged

    try:
        recorded = store.losses(job.id).rmse
    except ResultDamaged:  # one job's damage must not hide the others
        return None
    return float(recorded[-1]) if len(recorded) else None


def _final_rmse(job: "Job") -> float | None:
    return (job.metrics or {}).get("rmse")


def outcome(job: "Job") -> str:
    """How a job ended, in one line."""
    line = f"Job {job.id} {job.state}"
    if job.state == "succeeded":
        return f"{line}: RMSE {number(_final_rmse(job))} after {job.steps} steps{_took(job)}"
    return f"{line} at step {job.step} of {job.steps}{_why(job)}"


def _took(job: "Job") -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    return f" in {duration((job.finished_at - job.started_at).total_seconds())}"


def _why(job: "Job") -> str:
    """The last line of the error, which of a traceback says what went wrong."""
    lines = (job.error or job.reason or "").strip().splitlines()
    return f": {lines[-1]}" if lines else ""


def facts(job: "Job", rmse: float | None, checkpoints: list[int]) -> list[tuple[str, str]]:
    """All that is known of a job, by name; what is not known is left out."""
    known = [
        ("job", f"{job.id} {job.name or ''}".strip()),
        ("state", job.state + _why(job)),
        ("progress", f"{job.step} of {job.steps} steps{_speed(job)}"),
        ("tags", " ".join(job.tags)),
        ("asked for", _differences(job) or "the defaults"),
        ("priority", str(job.priority) if job.priority else ""),
        ("trained", _place(job)),
        *((name, _moment(getattr(job, f"{name}_at"))) for name in ("created", "started", "finished")),
        ("checkpoints", _steps(checkpoints)),
        ("RMSE", "" if rmse is None else f"{number(rmse)}  distance of the generated curves to the target"),
        *_final_facts(job),
        *(("error", line) for line in (job.error or "").splitlines()),
    ]
    return [(name, fact) for name, fact in known if fact]


def _speed(job: "Job") -> str:
    return f", {job.steps_per_second:.0f} steps/s" if job.steps_per_second else ""


def _differences(job: "Job") -> str:
    """The keys of the config that are not the default's."""
    defaults, chosen = _flat(type(job.config)().model_dump()), _flat(job.config.model_dump())
    return ", ".join(f"{key} = {value}" for key, value in chosen.items() if defaults.get(key) != value)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """A table's keys with dots, as `--set` takes them."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def _place(job: "Job") -> str:
    if not job.worker:
        return ""
    engine = f" by {job.engine} {job.engine_version or ''}".rstrip() if job.engine else ""
    return f"on {job.device} of {job.worker}{engine}, attempt {job.attempt}"


def _moment(at: datetime | None) -> str:
    return str(plain(at)) if at else ""


def _steps(checkpoints: list[int]) -> str:
    if not checkpoints:
        return ""
    return f"{len(checkpoints)}, the newest at step {max(checkpoints)}"


def _final_facts(job: "Job") -> list[tuple[str, str]]:
    from curvegan.losses import equilibrium

    at = equilibrium(job.config)
    remarks = {
        "spread": "standard deviation among the generated curves",
        "g_loss": _settles(at.g_loss),
        "d_loss": _settles(at.d_loss),
        "d_real": _settles(at.p_real, ", which alone does not mean that the curves are right"),
        "d_fake": _settles(at.p_real),
    }
    metrics = job.metrics or {}
    return [(name, f"{number(metrics[name])}  {remark}") for name, remark in remarks.items() if name in metrics]


def _settles(value: float | None, remark: str = "") -> str:
    """Where a number is at equilibrium; some losses leave it open."""
    return "" if value is None else f"{number(value)} at equilibrium{remark}"
