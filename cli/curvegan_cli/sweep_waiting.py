"""Follow a sweep to its end, `wait --sweep` and `sweep --wait`: by its counts, however many jobs it has."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from curvegan_cli.backend import Backend
from curvegan_cli.commands.sweeps import Estimate, counts, time_left
from curvegan_cli.commands.workers import start_if_embedded, waits_for
from curvegan_cli.patience import patiently
from curvegan_cli.shown.output import console, duration, inert, message

if TYPE_CHECKING:
    from curvegan_db.values import Sweep

POLL_S = 1.0
TEND_S = 10.0
DETACHED = 130


class _Display(Protocol):
    def show(self, sweep: "Sweep", left: Estimate) -> None: ...


class _Bar:
    """One bar for all jobs, for a terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        text = TextColumn("{task.description}", markup=False)
        figures = TextColumn("{task.fields[figures]}", markup=False)
        self._progress = Progress(text, BarColumn(), MofNCompleteColumn(), figures, console=console(sys.stderr))
        self._task = self._progress.add_task("", total=None, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, sweep: "Sweep", left: Estimate) -> None:
        figures = inert(_figures(sweep, left))
        self._progress.update(
            self._task, description=f"sweep {sweep.id}", completed=sweep.ended, total=sweep.jobs, figures=figures
        )


class _Lines:
    """A line now and then, for files and pipes."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def show(self, sweep: "Sweep", left: Estimate) -> None:
        if sweep.ended < sweep.jobs and time.monotonic() - self._said < TEND_S:
            return
        self._said = time.monotonic()
        message(f"sweep {sweep.id}: {sweep.ended} of {sweep.jobs} jobs have ended: {_figures(sweep, left)}")


def follow_sweep(backend: Backend, sweep_id: int, start_worker: bool = False) -> "Sweep":
    """Show the progress of a sweep on stderr until all its jobs have ended. Ctrl-C detaches: exit code 130.

    Args:
        start_worker: keep a background worker alive for it where the store is embedded.
    """
    try:
        with _display() as display:
            return _Followed(backend, sweep_id, display, start_worker).to_the_end()
    except KeyboardInterrupt:
        words = f"--sweep {sweep_id}"
        message(f"Detached; the work goes on. `curvegan wait {words}` follows it, `curvegan cancel {words}` stops it.")
        raise SystemExit(DETACHED) from None


@contextmanager
def _display() -> Iterator[_Display]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    with _Bar() as bar:
        yield bar


class _Followed:
    """A sweep that is followed, and how long it was last thought to take."""

    def __init__(self, backend: Backend, sweep_id: int, display: _Display, start_worker: bool) -> None:
        self._backend = backend
        self._id = sweep_id
        self._display = display
        self._start_worker = start_worker
        self._tended = -TEND_S
        self._left = Estimate(None, 0)
        self._ended = -1
        self._said = ""

    def to_the_end(self) -> "Sweep":
        while True:
            sweep = patiently(partial(self._backend.store.sweep, self._id))
            if sweep.ended == sweep.jobs:
                self._display.show(sweep, Estimate(0.0, 0))
                return sweep
            patiently(partial(self._judge, sweep))
            patiently(self._tend)
            self._display.show(sweep, self._left)
            time.sleep(POLL_S)

    def _judge(self, sweep: "Sweep") -> None:
        """Find out how long it takes, when a job has ended."""
        if sweep.ended != self._ended:
            self._left, self._ended = time_left(self._backend.store, self._id), sweep.ended

    def _tend(self) -> None:
        """Now and then bring lost jobs back to the queue, and see whether anybody can take the queued ones."""
        if time.monotonic() - self._tended < TEND_S:
            return
        self._tended = time.monotonic()
        self._backend.store.reap()
        if self._start_worker:
            start_if_embedded(self._backend)
        self._say_what_is_missing()

    def _say_what_is_missing(self) -> None:
        store = self._backend.store
        queued = store.jobs(sweep=self._id, states=["queued"], limit=1)
        said = next(
            (f"Job {job.id} waits for {why}." for job in queued if (why := waits_for(job, store.workers()))), ""
        )
        if said and said != self._said:
            message(said)
        self._said = said


def _figures(sweep: "Sweep", left: Estimate) -> str:
    """The counts by state, and the time left as far as it is known."""
    known = [counts(sweep)]
    if sweep.ended < sweep.jobs and left.seconds is not None:
        known.append(f"about {duration(left.seconds)} left")
    return ", ".join(known)
