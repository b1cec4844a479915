"""Follow jobs, a sweep or a log to the end, with patience for a database that is away. Draws nothing.

A follower is an iterator: of what it sees, look after look, and of remarks about what keeps it from getting on.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from curvegan.watching.job_fields import ENDED
from curvegan.watching.reasons import COMPILES, is_starting, waits_for
from curvegan.watching.sweep_fields import Estimate, time_left

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.store import Store
    from curvegan_db.values import Job, LogLine, LogPosition, Sweep

PATIENCE_S = 300.0
TEND_S = 2.0
REPEAT_S = 60.0
# So long may a worker that was just started take until the store knows it.
COMES_UP_S = 8.0
JOBS_POLL_S, LOG_POLL_S, POLL_S = 0.3, 0.5, 1.0
_RETRY_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True)
class Remark:
    """Something to tell who follows.

    `kind` is away or back (the database), waits (a job, for what is missing), starting (a worker) or no_worker.
    """

    kind: str
    text: str


class Standing(NamedTuple):
    """A sweep, and how long it still takes."""

    sweep: "Sweep"
    left: Estimate


def follow_jobs(lab: "Services", ids: Sequence[int], start_worker: bool = False) -> Iterator[dict[int, "Job"] | Remark]:
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

    start = lab.start_worker if start_worker else None
    for seen in followed(lab.store, look, JOBS_POLL_S, queued, start):
        yield seen
        if not isinstance(seen, Remark) and all(job.state in ENDED for job in seen.values()):
            return


def follow_sweep(lab: "Services", sweep_id: int, start_worker: bool = False) -> Iterator[Standing | Remark]:
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
    start = lab.start_worker if start_worker else None
    for seen in followed(lab.store, look, POLL_S, queued, start):
        yield seen
        if isinstance(seen, Standing) and seen.sweep.ended == seen.sweep.jobs:
            return


def follow_log(store: "Store", job_id: int) -> Iterator["LogLine | Remark"]:
    """Yield the lines of a job's log as they come, until it has ended. Raises JobNotFound, DatabaseUnreachable."""
    position: LogPosition | None = None

    def look() -> tuple[bool, list["LogLine"]]:
        nonlocal position
        # Asked first: what is written before the end is in the log by then.
        ended = store.state(job_id) in ENDED
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
    start: Callable[[], str | None] | None = None,
) -> Iterator[T | Remark]:
    """Yield what `look` sees, again and again without end.

    Every TEND_S lost jobs are brought back to the queue, and a remark says what the first of the `queued` jobs that no
    worker can take waits for, or that its worker is starting; `start` keeps a background worker alive, or says why
    there is none. The same is remarked again after REPEAT_S.
    """
    tend_at, remarks = 0.0, _Remarks({"waits": COMES_UP_S if start else 0.0, "starting": TEND_S})
    while True:
        yield (yield from patiently(look))
        if time.monotonic() >= tend_at:
            tend_at = time.monotonic() + TEND_S
            yield from remarks.due((yield from patiently(partial(_tended, store, queued, start))))
        time.sleep(poll_s)


class _Remarks:
    """Lets a remark through when it was made for so many seconds, by kind, and again every REPEAT_S."""

    def __init__(self, patience: Mapping[str, float]) -> None:
        self._patience = patience
        self._since: dict[Remark, float] = {}
        self._said: dict[Remark, float] = {}

    def due(self, remarks: Sequence[Remark]) -> list[Remark]:
        """Return those of the remarks made now that are to be said."""
        now = time.monotonic()
        self._since = {remark: self._since.get(remark, now) for remark in remarks}
        held = [r for r, since in self._since.items() if now - since >= self._patience.get(r.kind, 0.0)]
        due = [remark for remark in held if now - self._said.get(remark, -REPEAT_S) >= REPEAT_S]
        self._said |= dict.fromkeys(due, now)
        return due


def _tended(
    store: "Store", queued: Callable[[], Sequence["Job"]], start: Callable[[], str | None] | None
) -> list[Remark]:
    """See to it that jobs get on, and return what keeps them from it."""
    store.reap()
    problem, jobs = start() if start else None, queued()
    remarks = [Remark("no_worker", problem)] if problem else []
    workers = store.workers() if jobs else []
    missing = (f"Job {job.id} waits for {why}." for job in jobs if (why := waits_for(job, workers)))
    if text := next(missing, None):
        remarks.append(Remark("waits", text))
    elif any(is_starting(job, workers) for job in jobs):
        remarks.append(Remark("starting", f"The worker is starting: {COMPILES}."))
    return remarks


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
