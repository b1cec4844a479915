"""curvegan sweeps, and what is known of a sweep as a whole: counts, verdicts, how long it takes. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.shown.output import (
    Column,
    age,
    duration,
    format_option,
    inert,
    message,
    print_csv,
    print_ids,
    print_json,
    print_table,
    quiet_option,
)

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Sweep

_STATES = ("succeeded", "failed", "cancelled", "running", "lost", "queued")
_COLUMNS = (
    *(Column("ID", right=True), Column("NAME", folds=True), Column("AGE", right=True), Column("JOBS", right=True)),
    *(Column(state.upper(), right=True) for state in _STATES),
    Column("AXES", folds=True),
)
_FIELDS = ("id", "name", "created_at", "jobs", "ended")
_CSV_HEADER = (*_FIELDS, *_STATES, "axes")


@dataclass(frozen=True)
class Estimate:
    """How long steps take on all live workers: seconds, None where no job has run yet, and how many workers."""

    seconds: float | None
    workers: int

    def __str__(self) -> str:
        if self.seconds is None:
            return "how long is not known until a job has run"
        return f"about {duration(self.seconds)} on {max(1, self.workers)} worker{'s' if self.workers > 1 else ''}"


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1))
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="The newest so many.")
@format_option("table", "json", "csv")
@quiet_option
@pass_backend
def sweeps(backend: Backend, ids: tuple[int, ...], limit: int, form: str, quiet: bool) -> None:
    """List sweeps, the newest first.

    With ids these alone; in JSON then also with verdicts and the time left.

    \b
    Examples:
      curvegan sweeps
      curvegan sweeps 3 -o json
    """
    store = backend.store
    store.reap()
    found = [store.sweep(sweep_id) for sweep_id in ids] if ids else store.sweeps(limit)
    if quiet:
        print_ids(sweep.id for sweep in found)
    elif form == "json":
        print_json([fields(sweep) | (prospects(store, sweep) if ids else {}) for sweep in found])
    elif form == "csv":
        print_csv(_CSV_HEADER, map(_csv_row, found))
    else:
        _print_table(found)


def fields(sweep: "Sweep") -> dict[str, Any]:
    """A sweep as JSON."""
    return {name: getattr(sweep, name) for name in _FIELDS} | {"states": sweep.states, "axes": sweep.axes}


def prospects(store: "Store", sweep: "Sweep") -> dict[str, Any]:
    """What takes a look at its jobs: the verdicts, and the seconds left on so many workers."""
    left = time_left(store, sweep.id)
    return {"verdicts": store.verdicts(sweep.id), "left_s": left.seconds, "workers": left.workers}


def time_left(store: "Store", sweep_id: int) -> Estimate:
    """How long the queued and running jobs of a sweep take."""
    return estimate(store, store.steps_left(sweep_id))


def estimate(store: "Store", steps: Mapping[str, int]) -> Estimate:
    """How long so many steps by pack key take, if nothing else is trained. A key that never ran goes like the rest."""
    paces = store.paces(steps)
    workers = sum(worker.state in ("idle", "training") for worker in store.workers())
    if not steps or not paces:
        return Estimate(None if steps else 0.0, workers)
    usual = sum(paces.values()) / len(paces)
    seconds = sum(count * paces.get(key, usual) for key, count in steps.items())
    return Estimate(seconds / max(1, workers), workers)


def counts(sweep: "Sweep") -> str:
    """How its jobs stand, `12 succeeded, 36 queued`."""
    return ", ".join(f"{sweep.states[state]} {state}" for state in _STATES if sweep.states[state]) or "no jobs"


def summary(store: "Store", sweep: "Sweep") -> list[str]:
    """A sweep in a few lines."""
    lines = [f"{titled(sweep)}: {jobs_counted(sweep.jobs)}, {counts(sweep)}"]
    verdicts = store.verdicts(sweep.id)
    if verdicts:
        lines.append("Verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    if sweep.ended < sweep.jobs:
        lines.append(f"Left: {time_left(store, sweep.id)}")
    return lines


def print_ended(store: "Store", sweep: "Sweep", form: str, quiet: bool) -> None:
    """How a sweep ended, for who followed it; exit code 1 where a job did not succeed."""
    if quiet:
        print_ids([sweep.id])
    elif form == "json":
        print_json(fields(sweep) | prospects(store, sweep))
    elif form == "csv":
        print_csv(_CSV_HEADER, [_csv_row(sweep)])
    else:
        for line in summary(store, sweep):
            click.echo(inert(line))
    if sweep.states["succeeded"] < sweep.jobs:
        raise SystemExit(1)


def titled(sweep: "Sweep") -> str:
    """A sweep's id and name."""
    return f"Sweep {sweep.id}" + (f" {sweep.name}" if sweep.name else "")


def jobs_counted(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


def _csv_row(sweep: "Sweep") -> list[Any]:
    known = [getattr(sweep, name) for name in _FIELDS]
    return [*known, *(sweep.states[state] for state in _STATES), " ".join(sweep.axes)]


def _print_table(found: "Sequence[Sweep]") -> None:
    now = datetime.now(UTC)
    print_table(_COLUMNS, [_cells(sweep, now) for sweep in found])
    if not found:
        message("There is no sweep; `curvegan sweep` makes one.")


def _cells(sweep: "Sweep", now: datetime) -> tuple[str, ...]:
    states = [str(sweep.states[state] or "-") for state in _STATES]
    about = (str(sweep.id), sweep.name or "-", age(sweep.created_at, now), str(sweep.jobs))
    return (*about, *states, " ".join(sweep.axes))
