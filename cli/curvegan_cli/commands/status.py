"""curvegan status, show, events: what is known of jobs. Changes nothing but what the clock has changed already."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.data import data_fact
from curvegan_cli.commands.sweeps import summary
from curvegan_cli.facts import facts
from curvegan_cli.options.filtering import where_option
from curvegan_cli.options.selectors import any_jobs, one_job, select, select_one, sweep_option
from curvegan_cli.patience import patiently
from curvegan_cli.shown.output import (
    Column,
    console,
    format_option,
    inert,
    message,
    plain,
    print_csv,
    print_grid,
    print_json,
    print_pairs,
    print_table,
    quiet_option,
    table,
)
from curvegan_cli.shown.view import COLUMNS, STATES, cells, fields, print_jobs, rmse_now, rmses_now

if TYPE_CHECKING:
    from rich.table import Table

    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store
    from curvegan_db.values import Job

WATCH_S = 1.0
_TABLE_LIMIT = 50
_EVENT_COLUMNS = (
    *(Column("AT"), Column("ATTEMPT", right=True), Column("EVENT")),
    *(Column("WORKER", folds=True), Column("DETAIL", folds=True)),
)
_EVENT_FIELDS = ("id", "job_id", "at", "attempt", "worker", "kind", "detail")

Query = Callable[[], list["Job"]]


@click.command()
@any_jobs
@sweep_option
@where_option
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; several times for more.")
@click.option("--tag", "tags", multiple=True, help="Only with this tag; several times for all of them.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), help=f"The newest so many.  [default: {_TABLE_LIMIT} in a table]"
)
@click.option("--watch", is_flag=True, help="Stay and show changes until Ctrl-C.")
@format_option("table", "json", "csv")
@quiet_option
@pass_backend
def status(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    states: tuple[str, ...],
    tags: tuple[str, ...],
    limit: int | None,
    watch: bool,
    form: str,
    quiet: bool,
) -> None:
    """List jobs, the newest first.

    The state is computed from the lease: a running job whose worker is gone is shown as lost.

    \b
    Examples:
      curvegan status --state running --state queued --watch
      curvegan status 3-9 -o json
      curvegan status --sweep 3 --state failed
      curvegan status --where "loss=ns and rmse<0.1" --limit 10
    """
    if watch:
        _check_watch(form, quiet)
    backend.store.reap()
    ids = None if not selectors or "all" in selectors else select(backend.store, selectors)
    if sweep is not None:
        _say_how_it_stands(backend.store, sweep, aloud=form == "table" and not quiet and not watch)
    by_default = form == "table" and not quiet and limit is None and ids is None

    def query() -> list["Job"]:
        return backend.store.jobs(
            ids=ids, states=states, tags=tags, sweep=sweep, where=where, limit=_TABLE_LIMIT if by_default else limit
        )

    if watch:
        _watch(backend.store, query)
    _print(backend.store, jobs := query(), form, quiet)
    if by_default and len(jobs) == _TABLE_LIMIT:
        message(f"These are the newest {_TABLE_LIMIT} jobs; --limit N shows more or less.")


def _say_how_it_stands(store: "Store", sweep_id: int, aloud: bool) -> None:
    """A sweep's summary above its jobs, if they are for people. Raises SweepNotFound."""
    sweep = store.sweep(sweep_id)
    for line in summary(store, sweep) if aloud else ():
        click.echo(inert(line))


def _print(store: "Store", jobs: list["Job"], form: str, quiet: bool) -> None:
    if print_jobs(jobs, form, quiet):
        return
    print_grid(_table(store, jobs))
    if not jobs:
        message("There is no such job; `curvegan submit` makes one.")


def _table(store: "Store", jobs: list["Job"]) -> "Table":
    now = datetime.now(UTC)
    rmse = rmses_now(store, jobs)
    return table(COLUMNS, [cells(job, rmse[job.id], now) for job in jobs])


def _check_watch(form: str, quiet: bool) -> None:
    if form != "table" or quiet or not sys.stdout.isatty():
        raise click.UsageError("--watch shows a table on a terminal; without one, repeat `curvegan status -o json`")


def _watch(store: "Store", query: Query) -> NoReturn:
    from rich.live import Live

    with Live(console=console(sys.stdout), auto_refresh=False) as live:
        while True:
            live.update(patiently(lambda: _table(store, query())), refresh=True)
            time.sleep(WATCH_S)
            patiently(store.reap)


@click.command()
@one_job
@format_option("table", "json")
@pass_backend
def show(backend: Backend, selector: str, form: str) -> None:
    """Show all that is known of one job.

    \b
    Examples:
      curvegan show 17
      curvegan show last -o json
    """
    store = backend.store
    store.reap()
    job = store.job(select_one(store, selector))
    checkpoints = [row.step for row in store.checkpoints(job.id)]
    if form == "json":
        print_json(fields(job) | {"checkpoints": checkpoints})
    else:
        print_pairs(facts(job, rmse_now(store, job), checkpoints, data_fact(backend, job.config)))


@click.command()
@one_job
@format_option("table", "json", "csv")
@pass_backend
def events(backend: Backend, selector: str, form: str) -> None:
    """List every change of a job's state, the oldest first.

    \b
    Example:
      curvegan events last
    """
    found = backend.store.events(select_one(backend.store, selector))
    rows = [{name: getattr(event, name) for name in _EVENT_FIELDS} for event in found]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(_EVENT_FIELDS, [list(row.values()) for row in rows])
    else:
        shown = ("at", "attempt", "kind", "worker", "detail")
        print_table(_EVENT_COLUMNS, [[_cell(row[name]) for name in shown] for row in rows])


def _cell(value: object) -> str:
    return "-" if value is None else str(plain(value))
