"""Jobs and sweeps as the commands print them: the columns of their tables, their lines of CSV, their JSON."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from curvegan.datasets import data_names
from curvegan.watching.job_cells import job_cells
from curvegan.watching.job_fields import fields_of
from curvegan.watching.sweep_fields import COUNTED_STATES, SWEEP_FIELDS, prospects, sweep_fields, sweep_lines
from curvegan.words import age
from curvegan_cli.shown.output import Column, Grid, Sheet, emit

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

_STYLES = {
    "queued": "yellow",
    "running": "cyan",
    "lost": "bold magenta",
    "succeeded": "green",
    "failed": "bold red",
    "cancelled": "dim",
}


def state_style(state: str) -> str:
    """Return the rich style of a job's state."""
    return _STYLES.get(state, "")


_JOB_COLUMNS = (
    *(Column("ID", right=True), Column("NAME", folds=True, least=12), Column("STATE", style=state_style)),
    *(Column("PROGRESS", right=True), Column("STEPS/S", right=True, spare=2), Column("RMSE", right=True)),
    *(Column("VERDICT", folds=True, least=12), Column("AGE", right=True, spare=1)),
    Column("WORKER", folds=True, spare=3),
)
# Where a job learns somebody's own curves.
_DATA = Column("DATA", folds=True, least=8)
# What each of the others says of a job is in `curvegan.watching.job_cells`, by its heading.


def jobs_grid(store: "Store", jobs: Sequence["Job"]) -> Grid:
    """Return the table of `status`."""
    from curvegan_db.sql.database import shown_url

    columns: Sequence[Column] = _JOB_COLUMNS
    rows = job_cells(store, jobs, [column.heading for column in _JOB_COLUMNS])
    names = data_names(store, [job.config for job in jobs])
    if any(names):
        columns = (*columns[:2], _DATA, *columns[2:])
        rows = [[*row[:2], name or None, *row[2:]] for row, name in zip(rows, names, strict=True)]
    remark = "" if jobs else f"There is no such job in {shown_url(store.engine)}; `curvegan submit` makes one."
    return Grid(columns, rows, remark)


def emit_jobs(store: "Store", form: str, jobs: Iterable["Job"], text: Callable[[], Iterable[Grid | str]]) -> None:
    """Print jobs: for programs every field, with the config in JSON alone; for people `text`."""
    emit(
        form,
        text=text,
        json=lambda: fields_of(store, jobs),
        csv=lambda: _jobs_sheet(store, jobs),
        ids=lambda: [job.id for job in jobs],
    )


def _jobs_sheet(store: "Store", jobs: Iterable["Job"]) -> Sheet:
    """Return a job a line: its fields and metrics; a metric that it has not is empty."""
    from curvegan_db.columns import JOB_FIELDS
    from curvegan_db.filters.catalogue import METRIC_NAMES

    header = (*JOB_FIELDS, "data", *METRIC_NAMES)
    rows = [fields | fields["metrics"] for fields in fields_of(store, jobs)]
    return Sheet(header, [[row.get(name) for name in header] for row in rows])


def sweeps_grid(sweeps: Sequence["Sweep"]) -> Grid:
    """Return the table of `sweeps`."""
    now = datetime.now(UTC)
    remark = "" if sweeps else "There is no sweep; `curvegan sweep` makes one."
    columns = (
        *(Column("ID", right=True), Column("NAME", folds=True)),
        *(Column("AGE", right=True, spare=2), Column("JOBS", right=True)),
        *(_state_column(state, any(sweep.states[state] for sweep in sweeps)) for state in COUNTED_STATES),
        Column("AXES", folds=True, spare=4),
    )
    return Grid(columns, [_sweep_cells(sweep, now) for sweep in sweeps], remark)


def _state_column(state: str, counted: bool) -> Column:
    """Return a column of counts: what no sweep has goes first where room is scarce, what needs nobody next."""
    spare = 5 if not counted else {"cancelled": 1, "queued": 3}.get(state, 0)
    return Column(state.upper(), right=True, spare=spare)


def _sweep_cells(sweep: "Sweep", now: datetime) -> list[object]:
    states = [sweep.states[state] or None for state in COUNTED_STATES]
    return [sweep.id, sweep.name, age(sweep.created_at, now), sweep.jobs, *states, " ".join(sweep.axes)]


def sweeps_sheet(sweeps: Sequence["Sweep"]) -> Sheet:
    """Return a sweep a line: its fields, how its jobs stand, its axes."""
    rows = [[getattr(sweep, name) for name in SWEEP_FIELDS] for sweep in sweeps]
    states = [[*(sweep.states[state] for state in COUNTED_STATES), " ".join(sweep.axes)] for sweep in sweeps]
    return Sheet(
        (*SWEEP_FIELDS, *COUNTED_STATES, "axes"), [[*row, *more] for row, more in zip(rows, states, strict=True)]
    )


def whole_sweep_json(store: "Store", sweep: "Sweep") -> dict[str, Any]:
    """Return all that is known of a sweep as JSON."""
    return sweep_fields(sweep) | prospects(store, sweep)


def emit_ended_sweep(store: "Store", sweep: "Sweep", form: str) -> None:
    """Print how a sweep ended, for who followed it; exit code 1 where a job did not succeed."""
    emit(
        form,
        text=lambda: sweep_lines(store, sweep),
        json=lambda: whole_sweep_json(store, sweep),
        csv=lambda: sweeps_sheet([sweep]),
        ids=lambda: [sweep.id],
    )
    if sweep.states["succeeded"] < sweep.jobs:
        raise SystemExit(1)
