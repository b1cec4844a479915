"""Follow jobs, a sweep or a log to the end, with patience for a database that is away. Draws nothing.

A follower is an iterator: of what it sees, look after look, and of remarks about what keeps it from getting on.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from curvegan.watching.job_fields import ENDED
from curvegan.watching.remarks import REPEAT_S, Awaited, Patience, Remark
from curvegan.watching.sparing import MOST_SHARE, Sparing
from curvegan.watching.sweep_fields import Estimate, time_left
from curvegan.words import sentence

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.log_lines import LogLine, LogPosition
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

PATIENCE_S = 300.0
TEND_S = 2.0
# So long may a worker that was just started take until the store knows it.
COMES_UP_S = 8.0
_SLOW = "The background worker that was started has not come up yet; what it says is in worker.log of the home folder."
JOBS_POLL_S, LOG_POLL_S, POLL_S = 0.3, 0.5, 1.0
_RETRY_S = 1.0
_READ_AGAIN, _READ_TOGETHER = 4, 1000
T = TypeVar("T")


class Ended(NamedTuple):
    """How many of so many jobs have ended."""

    ended: int
    jobs: int


class Standing(NamedTuple):
    """A sweep, and how long it still takes."""

    sweep: "Sweep"
    left: Estimate


def follow_jobs(lab: "Services", ids: Sequence[int], start_worker: bool = False) -> Iterator[dict[int, "Job"] | Remark]:
    """Yield the jobs by id, look after look, until all have ended: for few, each of which is read at every look.

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

    start = starter(lab, start_worker)
    for seen in followed(lab.store, look, JOBS_POLL_S, Awaited(lab.store, ids), start):
        yield seen
        if not isinstance(seen, Remark) and all(job.state in ENDED for job in seen.values()):
            return


def follow_many(lab: "Services", ids: Sequence[int], start_worker: bool = False) -> Iterator[Ended | Remark]:
    """Yield how many of the jobs have ended until all have, however many they are.

    A look reads the jobs that changed. All that wait are looked at once in a while, in case that one was deleted.

    Args:
        start_worker: keep a background worker alive for them where the store is embedded.

    Raises JobNotFound, and DatabaseUnreachable where the database stays away.
    """
    waiting = _Waiting(lab, ids)
    start = starter(lab, start_worker)
    for seen in followed(lab.store, waiting.look, POLL_S, Awaited(lab.store, waiting.left), start):
        yield seen
        if isinstance(seen, Ended) and seen.ended == seen.jobs:
            return


class _Waiting:
    """Those of many jobs that have not ended."""

    def __init__(self, lab: "Services", ids: Sequence[int]) -> None:
        self._lab, self._count = lab, len(ids)
        self.left = set(ids)
        self._whole_at = 0.0
        # Transactions end in another order than their events are numbered: what the last looks read is read again.
        self._numbers: deque[int] = deque(maxlen=_READ_AGAIN)

    def look(self) -> Ended:
        if not self._numbers:
            self._numbers.append(self._lab.store.newest_event())
        if time.monotonic() >= self._whole_at:
            self._look_at_all()
        newest, changed = self._lab.store.changed(self._numbers[0])
        self._numbers.append(newest)
        self._leave(self.left & changed)
        return Ended(self._count - len(self.left), self._count)

    def _look_at_all(self) -> None:
        began = time.thread_time()
        ids = iter(sorted(self.left))
        while part := list(islice(ids, _READ_TOGETHER)):
            self._leave(part)
        self._whole_at = time.monotonic() + max(REPEAT_S, (time.thread_time() - began) / (MOST_SHARE / 2))

    def _leave(self, ids: Iterable[int]) -> None:
        from curvegan_db.errors import JobNotFound

        looked_at = list(ids)
        states = self._lab.store.states(looked_at)
        for job_id in looked_at:
            if job_id not in states:
                raise JobNotFound(job_id)
            if states[job_id] in ENDED:
                self.left.remove(job_id)


def follow_sweep(lab: "Services", sweep_id: int, start_worker: bool = False) -> Iterator[Standing | Remark]:
    """Yield the sweep's counts and the time left until all its jobs have ended, however many it has.

    Args:
        start_worker: keep a background worker alive for it where the store is embedded.

    Raises SweepNotFound, and DatabaseUnreachable where the database stays away.
    """
    left = Sparing(lambda: time_left(lab.store, sweep_id), lab.store.newest_event)

    def whole() -> Standing:
        return Standing(lab.store.sweep(sweep_id), left())

    spared = Sparing(whole, lab.store.newest_event)

    def look() -> Standing:
        seen = spared()
        over = seen.sweep.ended < seen.sweep.jobs and lab.store.is_over(sweep_id)
        return spared(at_once=True) if over else seen

    start = starter(lab, start_worker)
    told = False
    for seen in followed(lab.store, look, POLL_S, Awaited(lab.store, sweep=sweep_id), start):
        if isinstance(seen, Standing) and seen.left.seconds is None and seen.sweep.states["running"] and not told:
            told = True
            yield Remark("pace", sentence(str(seen.left)))
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
    awaited: Awaited | None = None,
    start: Callable[[], str | None] | None = None,
) -> Iterator[T | Remark]:
    """Yield what `look` sees, again and again without end.

    Every TEND_S lost jobs are brought back to the queue, and a remark says what those of the `awaited` jobs wait for
    that no worker can take, or that their worker is starting, or silent; `start` keeps a background worker alive, or
    says why there is none. The same is remarked again after REPEAT_S.
    """
    tend_at, remarks = 0.0, Patience({"comes": COMES_UP_S if start else 0.0, "starting": TEND_S, "claimed": 2 * TEND_S})
    while True:
        yield (yield from patiently(look))
        if time.monotonic() >= tend_at:
            tend_at = time.monotonic() + TEND_S
            yield from remarks.due((yield from patiently(partial(_tended, store, awaited, start))))
        time.sleep(poll_s)


def _tended(store: "Store", awaited: Awaited | None, start: Callable[[], str | None] | None) -> list[Remark]:
    """See to it that jobs get on, and return what keeps them from it."""
    store.reap()
    if problem := start() if start else None:
        return [Remark("no_worker", problem)]
    remarks = awaited.remarks() if awaited else []
    return [replace(one, text=_SLOW) if start and one.kind == "comes" else one for one in remarks]


def starter(lab: "Services", start_worker: bool) -> Callable[[], str | None] | None:
    """Return what keeps a background worker alive, where there is to be one and the store is embedded."""
    return lab.start_worker if start_worker and lab.settings.embedded else None


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
