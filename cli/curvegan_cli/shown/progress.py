"""The progress of jobs on stderr: bars on a terminal, a line now and then elsewhere. Asks the store for RMSE only."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, Self

from curvegan_cli.shown.output import console, duration, inert, message, number
from curvegan_cli.shown.view import ENDED, progress, rmses_now

if TYPE_CHECKING:
    from rich.progress import TaskID

    from curvegan_db.store import Store
    from curvegan_db.values import Job

LINE_S = 10.0
_RMSE_S = 2.0


class Display(Protocol):
    """Somewhere to show jobs as they get on."""

    def show(self, store: "Store", jobs: Mapping[int, "Job"]) -> None:
        """Show the jobs as they are now."""


class Bars:
    """A bar a job, for a terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=console(sys.stderr),
        )
        self._tasks: dict[int, TaskID] = {}
        self._rmse: dict[int, float | None] = {}
        self._read = -_RMSE_S

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, store: "Store", jobs: Mapping[int, "Job"]) -> None:
        read = time.monotonic() - self._read >= _RMSE_S
        self._rmse |= rmses_now(store, [job for job in jobs.values() if read or job.state in ENDED])
        for job in jobs.values():
            self._show(job)
        if read:
            self._read = time.monotonic()

    def _show(self, job: "Job") -> None:
        if job.id not in self._tasks:
            self._tasks[job.id] = self._progress.add_task(f"job {job.id}", total=job.steps, figures="")
        step = job.steps if job.state == "succeeded" else job.step
        figures = _figures(job, self._rmse.get(job.id))
        self._progress.update(
            self._tasks[job.id], completed=step, description=f"job {job.id} {job.state}", figures=figures
        )


class Lines:
    """A line where a job changes its state, and one every LINE_S seconds, for files and pipes."""

    def __init__(self, whole: bool) -> None:
        """Make it; `whole` is one line for all jobs together."""
        self._whole = whole
        self._states: dict[int, str] = {}
        self._said = time.monotonic()

    def show(self, store: "Store", jobs: Mapping[int, "Job"]) -> None:
        due = time.monotonic() - self._said >= LINE_S
        if due:
            self._said = time.monotonic()
        if self._whole:
            self._show_whole(jobs, due)
            return
        told = [j for j in jobs.values() if self._states.get(j.id) != j.state or (due and j.state not in ENDED)]
        rmse = rmses_now(store, told)
        for job in told:
            self._states[job.id] = job.state
            message(_line(job, rmse[job.id]))

    def _show_whole(self, jobs: Mapping[int, "Job"], due: bool) -> None:
        ended = sum(job.state in ENDED for job in jobs.values())
        if due or ended == len(jobs):
            message(f"{ended} of {len(jobs)} jobs have ended")


def _line(job: "Job", rmse: float | None) -> str:
    figures = _figures(job, rmse)
    return f"job {job.id} {job.state}, step {job.step} of {job.steps} ({progress(job)})" + (figures and f", {figures}")


def _figures(job: "Job", rmse: float | None) -> str:
    """Steps a second, RMSE and the time left, as far as they are known."""
    known = []
    if job.state == "running" and job.steps_per_second:
        known.append(f"{job.steps_per_second:.0f} steps/s")
    if rmse is not None:
        known.append(f"RMSE {number(rmse)}")
    if job.state == "running" and job.steps_per_second:
        known.append(f"{duration((job.steps - job.step) / job.steps_per_second)} left")
    return inert(", ".join(known))
