"""Follow jobs, a sweep or a log to the end, with patience for a database that is away. Draws nothing.

A follower is an iterator: of what it sees, look after look, and of remarks about what keeps it from getting on.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from curvegan.watching.job_fields import ENDED
from curvegan.watching.reasons import waits_for
from curvegan.watching.sweep_fields import Estimate, time_left

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.store import Store
    from curvegan_db.values import Job, LogLine, LogPosition, Sweep

PATIENCE_S = 300.0
TEND_S = 10.0
JOBS_POLL_S, LOG_POLL_S, POLL_S = 0.3, 0.5, 1.0
_RETRY_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True)
class Remark:
    """Something to tell who follows: `kind` is away or back (the database), waits (a job) or no_worker."""

    kind: str
    text: str


class Standing(NamedTuple):
    """A sweep, and how long it still takes."""

    sweep: "Sweep"
    left: Estimate


def _nobody() -> None:
    """Start no worker."""


def follow_jobs(lab: "Lab", ids: Sequence[int], start_worker: bool = False) -> Iterator[dict[int, "Job"] | Remark]:
    """Yield the jobs by id, look after look, until all have ended.

    Args:
        start_worker: keep a background worker alive for them where the store is embedded.

    Raises JobNotFound, and DatabaseUnreachable where the database stays away.
    """
    from curvegan_db.errors import JobNotFound

    jobs: dict[int, Job] = {}

    def look() -> dict[int, "Job"]:
        pending = [job_id for job_id in ids if job_id not in jobs or jobs[job_id].state not in ENDED]
        newest = {job.id: job for job in lab.store.jobs(ids=pending, newest_first=False)} if pending else {}
        for job_id in pending:
            if job_id not in newest:
                raise JobNotFound(job_id)
        jobs.update(newest)
        return {job_id: jobs[job_id] for job_id in ids}

    def queued() -> list["Job"]:
        return [job for job in jobs.values() if job.state == "queued"]

    start = lab.start_worker if start_worker else _nobody
    for seen in followed(lab.store, look, JOBS_POLL_S, queued, start, first_tend_s=TEND_S):
        yield seen
        if not isinstance(seen, Remark) and all(job.state in ENDED for job in seen.values()):
            return


def follow_sweep(lab: "Lab", sweep_id: int, start_worker: bool = False) -> Iterator[Standing | Remark]:
    """Yield the sweep's counts and the time left until all its jobs have ended, however many it has.

    Args:
        start_worker: keep a background worker alive for it where the store is embedded.

    Raises SweepNotFound, and DatabaseUnreachable where the database stays away.
    """
    known: dict[int, Estimate] = {}  # by how many had ended: it takes a look at every job

    def look() -> Standing:
        sweep = lab.store.sweep(sweep_id)
        if sweep.ended not in known:
            known[sweep.ended] = time_left(lab.store, sweep_id)
        return Standing(sweep, known[sweep.ended])

    queued = partial(lab.store.jobs, sweep=sweep_id, states=["queued"], limit=1)
    start, first_tend_s = (lab.start_worker, TEND_S) if start_worker else (_nobody, 0.0)
    for seen in followed(lab.store, look, POLL_S, queued, start, first_tend_s):
        yield seen
        if isinstance(seen, Standing) and seen.sweep.ended == seen.sweep.jobs:
            return


def follow_log(store: "Store", job_id: int) -> Iterator["LogLine | Remark"]:
    """Yield the lines of a job's log as they come, until it has ended. Raises JobNotFound, DatabaseUnreachable."""
    position: LogPosition | None = None

    def look() -> tuple[bool, list["LogLine"]]:
        nonlocal position
        # Asked first: what is written before the end is in the log by then.
        ended = store.job(job_id).state in ENDED
        lines, position = store.log(job_id, position)
        return ended, list(lines)

    for seen in followed(store, look, LOG_POLL_S):
        if isinstance(seen, Remark):
            yield seen
            continue
        ended, lines = seen
        yield from lines
        if ended:
            return


def followed(
    store: "Store",
    look: Callable[[], T],
    poll_s: float = POLL_S,
    queued: Callable[[], Sequence["Job"]] = lambda: (),
    start: Callable[[], str | None] = _nobody,
    first_tend_s: float = 0.0,
) -> Iterator[T | Remark]:
    """Yield what `look` sees, again and again without end.

    Every TEND_S lost jobs are brought back to the queue, and a remark says what the first of the `queued` jobs that no
    worker can take waits for; `start` keeps a background worker alive, or says why there is none.
    """
    remark, tend_at = None, time.monotonic() + first_tend_s
    while True:
        yield (yield from patiently(look))
        if time.monotonic() >= tend_at:
            tend_at = time.monotonic() + TEND_S
            yield from patiently(store.reap)
            problem = start()
            if problem:
                yield Remark("no_worker", problem)
            last, remark = remark, (yield from patiently(partial(_missing, store, queued)))
            if remark and remark != last:
                yield remark
        time.sleep(poll_s)


def _missing(store: "Store", queued: Callable[[], Sequence["Job"]]) -> Remark | None:
    jobs = queued()
    workers = store.workers() if jobs else []
    texts = (f"Job {job.id} waits for {why}." for job in jobs if (why := waits_for(job, workers)))
    return next((Remark("waits", text) for text in texts), None)


def patiently(look: Callable[[], T]) -> Generator[Remark, None, T]:
    """Return what `look` returns. While the database is away, look again; yield a remark then, and when it is back.

    Raises DatabaseUnreachable in the end.
    """
    from curvegan_db.errors import DatabaseUnreachable

    away_since = None
    while True:
        try:
            seen = look()
        except DatabaseUnreachable as error:
            if away_since is None:
                away_since = time.monotonic()
                yield Remark("away", f"Warning: {error}; trying again for {PATIENCE_S:.0f} s.")
            if time.monotonic() - away_since > PATIENCE_S:
                raise
            time.sleep(_RETRY_S)
        else:
            if away_since is not None:
                yield Remark("back", f"The database is back after {time.monotonic() - away_since:.0f} s.")
            return seen
