"""curvegan cancel, retry: what a user can do to jobs that exist."""

from collections.abc import Callable, Sequence

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.output import message, print_ids, quiet_option
from curvegan_cli.selectors import named, select, some_jobs
from curvegan_cli.submit import queued
from curvegan_cli.view import LIVE


@click.command()
@some_jobs
@click.option("--reason", metavar="TEXT", help="Kept with the job.")
@quiet_option
@pass_backend
def cancel(backend: Backend, selectors: tuple[str, ...], reason: str | None, quiet: bool) -> None:
    """Stop queued and running jobs.

    A queued job is stopped at once, a running one within seconds, after its checkpoint is stored.

    Of a range or `all`, those that have ended already are left alone.

    \b
    Examples:
      curvegan cancel 17
      curvegan cancel all --reason "wrong curve"
    """
    ids = select(backend.store, selectors, LIVE)
    said = {"cancelled": "is cancelled", "requested": "will be stopped by its worker within seconds"}
    done = _each(ids, lambda job_id: said[backend.store.cancel(job_id, reason)], quiet)
    _conclude(ids, done, selectors, "Nothing to cancel: no queued or running job there.")


@click.command()
@some_jobs
@click.option("--no-worker", is_flag=True, help="Start no background worker.")
@quiet_option
@pass_backend
def retry(backend: Backend, selectors: tuple[str, ...], no_worker: bool, quiet: bool) -> None:
    """Run ended jobs again from the start.

    Their results so far are deleted. Of a range or `all`, only failed and cancelled jobs are run again.

    \b
    Examples:
      curvegan retry 17
      curvegan retry all
    """
    ids = select(backend.store, selectors, ("failed", "cancelled"))

    def again(job_id: int) -> str:
        backend.store.retry(job_id)
        return "is queued again"

    done = _each(ids, again, quiet)
    if done:
        queued(backend, done[-1], start=not no_worker)
    _conclude(ids, done, selectors, "Nothing to retry: no failed or cancelled job there.")


def _each(ids: Sequence[int], act: Callable[[int], str], quiet: bool) -> list[int]:
    """Do it to each job, saying what came of it; one that refuses does not keep the others from it."""
    from curvegan_db.errors import JobStateConflict

    done = []
    for job_id in ids:
        try:
            result = act(job_id)
        except JobStateConflict as error:
            message(f"Error: {error}")
            continue
        done.append(job_id)
        print_ids([job_id]) if quiet else click.echo(f"Job {job_id} {result}.")
    return done


def _conclude(ids: Sequence[int], done: Sequence[int], selectors: Sequence[str], nothing: str) -> None:
    if not ids:
        message(nothing)
    if len(done) < len(ids) and named(selectors):
        raise SystemExit(2)
