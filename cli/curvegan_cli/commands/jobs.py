"""curvegan cancel, retry, resume, extend: what a user can do to jobs that exist."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.submit import queued
from curvegan_cli.commands.sweeps import jobs_counted
from curvegan_cli.options.selectors import jobs_or_sweep, named, select, whole_sweep
from curvegan_cli.shown.output import message, print_ids, quiet_option
from curvegan_cli.shown.view import LIVE

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter

no_worker_option = click.option("--no-worker", is_flag=True, help="Start no background worker.")
failed_option = click.option("--failed", is_flag=True, help="Of several only those that failed, not the cancelled.")


@click.command()
@jobs_or_sweep
@click.option("--reason", metavar="TEXT", help="Kept with the job.")
@quiet_option
@pass_backend
def cancel(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    reason: str | None,
    quiet: bool,
) -> None:
    """Stop queued and running jobs.

    A queued job is stopped at once, a running one within seconds, after its checkpoint is stored.

    Of a range, `all` or a sweep, those that have ended already are left alone.

    \b
    Examples:
      curvegan cancel 17
      curvegan cancel all --reason "wrong curve"
      curvegan cancel --sweep 3 --where "loss=lsgan"
    """
    whole = whole_sweep(selectors, sweep, where)
    if whole is not None:
        _cancel_sweep(backend, whole, reason, quiet)
        return
    ids = _matching(backend, selectors, LIVE, sweep, where)
    said = {"cancelled": "is cancelled", "requested": "will be stopped by its worker within seconds"}
    done = _each(ids, lambda job_id: said[backend.store.cancel(job_id, reason)], quiet)
    _conclude(ids, done, selectors, "Nothing to cancel: no queued or running job there.")


@click.command()
@jobs_or_sweep
@failed_option
@no_worker_option
@quiet_option
@pass_backend
def retry(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    failed: bool,
    no_worker: bool,
    quiet: bool,
) -> None:
    """Run ended jobs again from the start.

    Their results so far are deleted. Of a range, `all` or a sweep, only failed and cancelled jobs are run again.

    \b
    Examples:
      curvegan retry 17
      curvegan retry all
      curvegan retry --sweep 3 --failed
    """
    states, whole = _to_rerun(failed), whole_sweep(selectors, sweep, where)
    if whole is None:
        ids = _matching(backend, selectors, states, sweep, where)
        _run_again(backend, ids, selectors, states, backend.store.retry, no_worker, quiet)
    else:
        _run_sweep_again(backend, whole, states, backend.store.retry_sweep, no_worker, quiet)


@click.command()
@jobs_or_sweep
@failed_option
@no_worker_option
@quiet_option
@pass_backend
def resume(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    failed: bool,
    no_worker: bool,
    quiet: bool,
) -> None:
    """Let failed and cancelled jobs go on from their last checkpoint.

    Their results are kept, and what they come to is what they would have come to undisturbed. A job that diverged
    does so again at the same step.

    \b
    Examples:
      curvegan resume 17
      curvegan resume all
      curvegan resume --sweep 3 --failed
    """
    states, whole = _to_rerun(failed), whole_sweep(selectors, sweep, where)
    if whole is None:
        ids = _matching(backend, selectors, states, sweep, where)
        _run_again(backend, ids, selectors, states, backend.store.resume, no_worker, quiet)
    else:
        _run_sweep_again(backend, whole, states, backend.store.resume_sweep, no_worker, quiet)


@click.command()
@jobs_or_sweep
@click.option("--steps", type=int, required=True, metavar="N", help="Steps it shall have in total.")
@no_worker_option
@quiet_option
@pass_backend
def extend(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    steps: int,
    no_worker: bool,
    quiet: bool,
) -> None:
    """Train succeeded jobs further, to N steps in total.

    Their results are kept, and so are the intervals between records, snapshots and checkpoints.

    \b
    Examples:
      curvegan extend 17 --steps 20001
      curvegan extend 3-9 --steps 20001
      curvegan extend --where "verdict=undertrained and loss=ns" --steps 20001
    """
    whole_sweep(selectors, sweep, where)
    states = ("succeeded",)
    ids = _matching(backend, selectors, states, sweep, where)
    _run_again(backend, ids, selectors, states, lambda job_id: backend.store.extend(job_id, steps), no_worker, quiet)


def _matching(
    backend: Backend,
    selectors: Sequence[str],
    states: Collection[str],
    sweep: int | None,
    where: "Filter | None",
) -> list[int]:
    """The ids, and of those that a filter found how many, before anything is done to them."""
    ids = select(backend.store, selectors, states, sweep, where)
    if where and ids:
        message(f"{jobs_counted(len(ids))} of state {', '.join(states)} match.")
    return ids


def _run_again(
    backend: Backend,
    ids: Sequence[int],
    selectors: tuple[str, ...],
    states: tuple[str, ...],
    verb: Callable[[int], None],
    no_worker: bool,
    quiet: bool,
) -> None:
    """Queue ended jobs again by one of the store's verbs, and see to it that they get a worker."""

    def again(job_id: int) -> str:
        verb(job_id)
        return "is queued again"

    done = _each(ids, again, quiet)
    if done:
        queued(backend, done, start=not no_worker)
    _conclude(ids, done, selectors, f"Nothing to do: no {' or '.join(states)} job there.")


def _to_rerun(failed: bool) -> tuple[str, ...]:
    return ("failed",) if failed else ("failed", "cancelled")


def _run_sweep_again(
    backend: Backend,
    sweep_id: int,
    states: tuple[str, ...],
    verb: Callable[[int, Collection[str]], list[int]],
    no_worker: bool,
    quiet: bool,
) -> None:
    """Queue a sweep's ended jobs again in one go, and see to it that they get a worker."""
    done = verb(sweep_id, states)
    if not done:
        message(f"Nothing to do: no {' or '.join(states)} job in sweep {sweep_id}.")
        return
    print_ids(done) if quiet else click.echo(f"Sweep {sweep_id}: {jobs_counted(len(done))} queued again.")
    queued(backend, done, start=not no_worker)


def _cancel_sweep(backend: Backend, sweep_id: int, reason: str | None, quiet: bool) -> None:
    """Cancel what is queued and ask the workers for the rest, until there is no more of either."""
    done: Counter[str] = Counter()
    found, running = backend.store.cancel_sweep(sweep_id, reason)
    while found or running:
        done["cancelled"] += len(found)
        done.update(_cancelled(backend, running, reason))
        if quiet:
            print_ids([*found, *running])
        found, running = backend.store.cancel_sweep(sweep_id, reason)
    if not done:
        message(f"Nothing to cancel: no queued or running job in sweep {sweep_id}.")
    elif not quiet:
        later = f", {done['requested']} will be stopped by their workers within seconds" if done["requested"] else ""
        click.echo(f"Sweep {sweep_id}: {jobs_counted(done['cancelled'])} cancelled{later}.")


def _cancelled(backend: Backend, ids: Sequence[int], reason: str | None) -> Iterator[str]:
    """What became of each; one that has ended by now is nobody's to cancel."""
    from curvegan_db.errors import JobStateConflict

    for job_id in ids:
        with suppress(JobStateConflict):
            yield backend.store.cancel(job_id, reason)


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
