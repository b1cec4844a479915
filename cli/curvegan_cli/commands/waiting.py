"""curvegan wait, and `submit --wait`: follow jobs to their end. Knows nothing of how they are trained."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.workers import start_if_embedded, waits_for
from curvegan_cli.options.selectors import jobs_or_sweep, select, whole_sweep
from curvegan_cli.patience import patiently
from curvegan_cli.shown.output import format_option, inert, message, quiet_option
from curvegan_cli.shown.view import ENDED, LIVE, outcome, print_jobs

if TYPE_CHECKING:
    from curvegan_cli.shown.progress import Display
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job

POLL_S = 0.3
TEND_S = 10.0
DETACHED = 130
# More bars than that fit no screen.
_MOST_BARS = 8


@click.command()
@jobs_or_sweep
@format_option("table", "json", "csv")
@quiet_option
@pass_backend
def wait(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    form: str,
    quiet: bool,
) -> None:
    """Follow jobs to their end.

    The exit code is 1 where one ends badly.

    `all`, and what --where finds, is all that are queued or running now. Ctrl-C ends the waiting, not the jobs. A
    database that goes away is waited for, up to five minutes.

    \b
    Examples:
      curvegan wait 17
      curvegan wait all -o json
      curvegan wait --sweep 3
    """
    whole = whole_sweep(selectors, sweep, where)
    if whole is not None:
        _wait_for_sweep(backend, whole, form, quiet)
        return
    states = LIVE if "all" in selectors or where else ()
    jobs = follow(backend, select(backend.store, selectors, states, sweep, where))
    if not print_jobs(jobs, form, quiet):
        for job in jobs:
            click.echo(inert(outcome(job)))
    if any(job.state != "succeeded" for job in jobs):
        raise SystemExit(1)


def _wait_for_sweep(backend: Backend, sweep_id: int, form: str, quiet: bool) -> None:
    from curvegan_cli.commands.sweeps import print_ended
    from curvegan_cli.sweep_waiting import follow_sweep

    print_ended(backend.store, follow_sweep(backend, sweep_id), form, quiet)


def follow(backend: Backend, ids: Sequence[int], start_worker: bool = False) -> list["Job"]:
    """Show the progress of jobs on stderr until all have ended. Ctrl-C detaches: exit code 130.

    Args:
        start_worker: keep a background worker alive for them where the store is embedded.
    """
    try:
        with _display(ids) as display:
            return _Followed(backend, ids, display, start_worker).to_the_end()
    except KeyboardInterrupt:
        words = " ".join(map(str, ids)) if len(ids) <= _MOST_BARS else "all"
        message(f"Detached; the work goes on. `curvegan wait {words}` follows it, `curvegan cancel {words}` stops it.")
        raise SystemExit(DETACHED) from None


@contextmanager
def _display(ids: Sequence[int]) -> Iterator["Display"]:
    from curvegan_cli.shown.progress import Bars, Lines

    if sys.stderr.isatty() and len(ids) <= _MOST_BARS:
        with Bars() as bars:
            yield bars
    else:
        yield Lines(whole=len(ids) > _MOST_BARS)


class _Followed:
    """The jobs that are followed, as they were seen last."""

    def __init__(self, backend: Backend, ids: Sequence[int], display: "Display", start_worker: bool) -> None:
        self._backend = backend
        self._ids = ids
        self._display = display
        self._start_worker = start_worker
        self._seen: dict[int, Job] = {}
        self._tended = time.monotonic()
        self._said = ""

    def to_the_end(self) -> list["Job"]:
        while pending := self._pending():
            patiently(partial(self._look, pending))
            if pending := self._pending():
                patiently(partial(self._tend, pending))
                time.sleep(POLL_S)
        return [self._seen[job_id] for job_id in self._ids]

    def _look(self, pending: Sequence[int]) -> None:
        from curvegan_db.errors import JobNotFound

        found = {job.id: job for job in self._backend.store.jobs(ids=pending, newest_first=False)}
        for job_id in pending:
            if job_id not in found:
                raise JobNotFound(job_id)
        self._seen |= found
        self._display.show(self._backend.store, self._seen)

    def _pending(self) -> list[int]:
        return [job_id for job_id in self._ids if job_id not in self._seen or self._seen[job_id].state not in ENDED]

    def _tend(self, pending: Sequence[int]) -> None:
        """Now and then bring lost jobs back to the queue, and see whether anybody can take the queued ones."""
        if time.monotonic() - self._tended < TEND_S:
            return
        self._tended = time.monotonic()
        self._backend.store.reap()
        if self._start_worker:
            start_if_embedded(self._backend)
        self._say_what_is_missing([self._seen[job_id] for job_id in pending if self._seen[job_id].state == "queued"])

    def _say_what_is_missing(self, jobs: Sequence["Job"]) -> None:
        workers = self._backend.store.workers() if jobs else []
        said = next((f"Job {job.id} waits for {why}." for job in jobs if (why := waits_for(job, workers))), "")
        if said and said != self._said:
            message(said)
        self._said = said
