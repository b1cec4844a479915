"""curvegan status, show, events: what is known of jobs. Changes nothing but what the clock has changed already."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from curvegan.datasets import data_names
from curvegan.lab import Lab
from curvegan.watching.facts import facts
from curvegan.watching.job_fields import STATES, job_fields, rmses_now
from curvegan.watching.sweep_fields import sweep_lines, titled
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import where_option
from curvegan_cli.options.job import no_worker_option
from curvegan_cli.options.selectors import any_jobs, one_job, select, select_one, sweep_option
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.columns import emit_jobs, jobs_grid
from curvegan_cli.shown.configs import emit_config
from curvegan_cli.shown.job_drawing import drawn_job
from curvegan_cli.shown.output import (
    IDS_ONLY,
    Column,
    Grid,
    Pairs,
    emit,
    emit_records,
    form_options,
    message,
)
from curvegan_cli.shown.watching import watch

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter

_TABLE_LIMIT = 50
_EVENT_COLUMNS = (
    *(Column("AT"), Column("ATTEMPT", right=True, spare=2), Column("EVENT")),
    *(Column("WORKER", folds=True, spare=1), Column("DETAIL", folds=True, least=20)),
)
_EVENT_FIELDS = ("id", "job_id", "at", "attempt", "worker", "kind", "detail")


@click.command()
@any_jobs
@sweep_option
@where_option
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; several times for more.")
@click.option("--tag", "tags", multiple=True, help="Only with this tag; several times for all of them.")
@click.option("--limit", type=Whole(1, 1_000_000), help=f"The newest so many.  [default: {_TABLE_LIMIT} in a table]")
@click.option("--watch", "watch_them", is_flag=True, help="Stay and show changes until Ctrl-C.")
@no_worker_option
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def status(
    lab: Lab,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    states: tuple[str, ...],
    tags: tuple[str, ...],
    limit: int | None,
    watch_them: bool,
    no_worker: bool,
    form: str,
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
    if watch_them and (form != "table" or not sys.stdout.isatty()):
        raise click.UsageError("--watch shows a table on a terminal; without one, repeat `curvegan status -o json`")
    store = lab.store
    lab.reap()
    ids = None if not selectors or "all" in selectors else select(store, selectors)
    whole = None if sweep is None else store.sweep(sweep)
    by_default = form == "table" and limit is None and ids is None

    most = _TABLE_LIMIT if by_default else limit
    query = partial(store.jobs, ids=ids, states=states, tags=tags, sweep=sweep, where=where, limit=most)

    def text() -> Iterator[Grid | str]:
        yield from sweep_lines(store, whole) if whole else ()
        yield jobs_grid(store, jobs)

    if watch_them:
        look = partial(store.standing, ids=ids, states=states, tags=tags, sweep=sweep, where=where)
        watch(lab, look, [titled(whole)] if whole else [], start_worker=not no_worker)
    emit_jobs(store, form, jobs := query(), text)
    if by_default and len(jobs) == _TABLE_LIMIT:
        message(f"These are the newest {_TABLE_LIMIT} jobs; --limit N shows more or less.")


@click.command()
@one_job
@form_options("table", "json", "toml")
@pass_lab
def show(lab: Lab, selector: str, form: str) -> None:
    """Show all that is known of one job.

    On a terminal its losses and its newest curves are drawn below. As TOML it is the job's config, a file for
    `submit --config`.

    \b
    Examples:
      curvegan show 17
      curvegan show last -o json
      curvegan show demo -o toml > job.toml
    """
    store = lab.store
    lab.reap()
    job = store.job(select_one(store, selector))
    checkpoints = [row.step for row in store.checkpoints(job.id)]

    def text() -> Iterator[Pairs | str]:
        [data] = data_names(store, [job.config])
        yield Pairs(facts(job, rmses_now(store, [job])[job.id], checkpoints, data))
        yield from drawn_job(store, job) if sys.stdout.isatty() else ()

    if form == "toml":
        emit_config(form, job.config, f"the config of job {job.id} {job.name or ''}".rstrip())
        return
    emit(form, text=text, json=lambda: job_fields(store, job) | {"checkpoints": checkpoints})


@click.command()
@one_job
@form_options("table", "json", "csv")
@pass_lab
def events(lab: Lab, selector: str, form: str) -> None:
    """List every change of a job's state, the oldest first.

    \b
    Example:
      curvegan events last
    """
    changes = lab.store.events(select_one(lab.store, selector))
    cells = [(event.at, event.attempt, event.kind, event.worker, event.detail) for event in changes]
    emit_records(form, changes, _EVENT_FIELDS, lambda: Grid(_EVENT_COLUMNS, cells))
