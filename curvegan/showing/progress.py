"""The progress of jobs and sweeps: bars in a notebook and on a terminal, else a line now and then. Ctrl-C detaches."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from curvegan.showing.bars import Bars, NotebookBars, TerminalBars, in_notebook
from curvegan.showing.terminal import message
from curvegan.watching.following import Ended, Standing, follow_jobs, follow_many, follow_sweep
from curvegan.watching.job_fields import ENDED, progress, rmses_now
from curvegan.watching.remarks import Remark
from curvegan.watching.sweep_fields import state_counts
from curvegan.words import duration, number

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

LINE_S, REPEAT_LINE_S = 10.0, 60.0
_RMSE_S = 2.0
# More bars than that fit no screen.
_MOST_BARS = 8
_READ_TOGETHER = 500
T = TypeVar("T")


class Detached(KeyboardInterrupt):
    """Somebody interrupted the waiting; the work goes on. A notebook stops there without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return []


def jobs_to_the_end(lab: "Services", ids: Sequence[int], start_worker: bool = False) -> Iterator["Job"]:
    """Show the progress of jobs until all have ended; `start_worker` keeps one alive where the store is embedded.

    Returns the jobs, in this order; of many some are read at a time.
    """
    few = len(ids) <= _MOST_BARS
    with _detachable_work(" ".join(map(str, ids)) if few else "all"), bars_where(few) as bars:
        if few:
            jobs = last_seen(
                follow_jobs(lab, ids, start_worker), _JobBars(lab.store, bars) if bars else _JobLines(lab.store)
            )
            return iter([jobs[job_id] for job_id in ids])
        last_seen(follow_many(lab, ids, start_worker), together(_jobs_line))
    return _read(lab.store, ids)


def _read(store: "Store", ids: Sequence[int]) -> Iterator["Job"]:
    for start in range(0, len(ids), _READ_TOGETHER):
        part = ids[start : start + _READ_TOGETHER]
        jobs = {job.id: job for job in store.jobs(ids=part)}
        yield from (jobs[job_id] for job_id in part if job_id in jobs)


def sweep_to_the_end(lab: "Services", sweep_id: int, start_worker: bool = False) -> "Sweep":
    """Show the progress of a sweep until all its jobs have ended, as `jobs_to_the_end` does."""
    with _detachable_work(f"--sweep {sweep_id}"), bars_where(True) as bars:
        show = _sweep_bar(bars) if bars else together(_sweep_line)
        return last_seen(follow_sweep(lab, sweep_id, start_worker), show).sweep


def last_seen(seen: Iterable[T | Remark], show: Callable[[T], None]) -> T:
    """Show all that a follower sees, its remarks as messages. Return what it saw last."""
    for now in seen:
        if isinstance(now, Remark):
            message(now.text)
        else:
            show(last := now)
    return last


@contextmanager
def detachable(text: str) -> Iterator[None]:
    """Let Ctrl-C end the block, not the work: it says `text`. Raises Detached."""
    try:
        yield
    except KeyboardInterrupt:
        message(f"Detached; the work goes on. {text}")
        raise Detached from None


def _detachable_work(words: str) -> AbstractContextManager[None]:
    return detachable(f"`curvegan wait {words}` follows it, `curvegan cancel {words}` stops it.")


@contextmanager
def bars_where(fit: bool) -> Iterator[Bars | None]:
    """Show bars where they fit, in a notebook or on the terminal of stderr."""
    kind = NotebookBars if in_notebook() else TerminalBars if sys.stderr.isatty() else None
    if not fit or kind is None:
        yield None
        return
    with kind() as bars:
        yield bars


class _Ticker:
    """Says whether the time has come for the next line."""

    def __init__(self, seconds: float, last: float) -> None:
        self._seconds, self._last = seconds, last

    def due(self) -> bool:
        due = time.monotonic() - self._last >= self._seconds
        self._last = time.monotonic() if due else self._last
        return due


class _JobBars:
    """A bar a job. Its RMSE is read anew every _RMSE_S seconds, and at its end."""

    def __init__(self, store: "Store", bars: Bars) -> None:
        self._store, self._bars = store, bars
        self._rmse: dict[int, float | None] = {}
        self._ticker = _Ticker(_RMSE_S, -_RMSE_S)

    def __call__(self, jobs: Mapping[int, "Job"]) -> None:
        due = self._ticker.due()
        self._rmse |= rmses_now(self._store, [job for job in jobs.values() if due or job.state in ENDED])
        for job in jobs.values():
            step = job.steps if job.state == "succeeded" and not job.reason else job.step
            self._bars.show(job.id, f"job {job.id} {job.state}", step, job.steps, _figures(job, self._rmse.get(job.id)))


class _Said:
    """What was said last, and when: where nothing has changed it is said again every REPEAT_LINE_S, or never."""

    def __init__(self) -> None:
        self._what: object = None
        self._at = -REPEAT_LINE_S

    def is_new(self, what: object, repeats: bool = True) -> bool:
        now = time.monotonic()
        new = what != self._what or (repeats and now - self._at >= REPEAT_LINE_S)
        if new:
            self._what, self._at = what, now
        return new


class _JobLines:
    """A line where a job changes its state, and every LINE_S seconds where it has got on."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._states: dict[int, str] = {}
        self._said: defaultdict[int, _Said] = defaultdict(_Said)
        self._ticker = _Ticker(LINE_S, time.monotonic())

    def __call__(self, jobs: Mapping[int, "Job"]) -> None:
        due = self._ticker.due()
        looked = [job for job in jobs.values() if due or self._states.get(job.id) != job.state]
        self._states |= {job.id: job.state for job in looked}
        told = [job for job in looked if self._said[job.id].is_new((job.state, job.step), job.state not in ENDED)]
        rmse = rmses_now(self._store, told)
        for job in told:
            figures = _figures(job, rmse[job.id])
            line = f"job {job.id} {job.state}, step {job.step} of {job.steps} ({progress(job)})"
            message(line + (figures and f", {figures}"))


def together(line: Callable[[T], tuple[str, bool]]) -> Callable[[T], None]:
    """Show one line for all jobs together, every LINE_S seconds where it is another, and the last one at once."""
    ticker, said = _Ticker(LINE_S, time.monotonic()), _Said()

    def show(seen: T) -> None:
        text, last = line(seen)
        if (ticker.due() or last) and said.is_new(text):
            message(text)

    return show


def _jobs_line(seen: Ended) -> tuple[str, bool]:
    return f"{seen.ended} of {seen.jobs} jobs have ended", seen.ended == seen.jobs


def _sweep_line(standing: Standing) -> tuple[str, bool]:
    sweep = standing.sweep
    line = f"sweep {sweep.id}: {sweep.ended} of {sweep.jobs} jobs have ended: {_sweep_figures(standing)}"
    return line, sweep.ended == sweep.jobs


def _sweep_bar(bars: Bars) -> Callable[[Standing], None]:
    def show(standing: Standing) -> None:
        sweep = standing.sweep
        bars.show(sweep.id, f"sweep {sweep.id}", sweep.ended, sweep.jobs, _sweep_figures(standing))

    return show


def _figures(job: "Job", rmse: float | None) -> str:
    """Return steps a second, RMSE and the time left, as far as they are known."""
    speed = job.steps_per_second if job.state == "running" else None
    known = [f"{speed:.0f} steps/s"] if speed else []
    known += [f"RMSE {number(rmse)}"] if rmse is not None else []
    known += [f"{duration((job.steps - job.step) / speed)} left"] if speed else []
    return ", ".join(known)


def _sweep_figures(standing: Standing) -> str:
    """Return the counts by state, and the time left as far as it is known."""
    sweep, seconds = standing.sweep, standing.left.seconds
    left = f", about {duration(seconds)} left" if sweep.ended < sweep.jobs and seconds is not None else ""
    return state_counts(sweep) + left
