"""Writes what a run yields, in a thread of its own: the training never waits for the database.

Everything it writes is fenced by the lease, job by job. What came of all jobs is written together, every second and
when a job ends: a job of a fifth of a second is one record, and its losses, states and pictures cost few transactions.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self, TypeVar

from curvegan_core.errors import ServiceUnavailable
from curvegan_core.metrics.verdict import judge
from curvegan_core.plotting.job_plots import render, titled
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.history import missing
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.errors import LeaseLost
from curvegan_db.store import Store
from curvegan_db.tables.retention import outdated
from curvegan_db.values import Claim, Plot
from curvegan_db.verbs.progress import Ending, Record
from curvegan_worker.handed import End, Line, Part, Start
from curvegan_worker.journal import Journal, judged, reached
from curvegan_worker.lease import Lease
from curvegan_worker.stop_flag import StopFlag

FLUSH_S = 1.0
# However many workers there are, together they write so often a second, but for ends.
WRITES_A_S, _MOST_SLOWER = 100, 10.0
STORED = ("curve", "losses")
"""The plots that are drawn at the end; the others are drawn when somebody asks, from the same numbers."""
_MOST_WAITING_BYTES = 16_000_000
_log = logging.getLogger("curvegan.recorder")
T = TypeVar("T")


@dataclass
class _Waiting:
    """What came of one job and is not in the store yet; `whole` if that is all there is, from step 0 on.

    `said` holds the numbers of the lines that tell of the checkpoints.
    """

    whole: bool
    step: int = 0
    losses: list[LossCurve] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    said: dict[int, int] = field(default_factory=dict)


class Recorder:
    """The recording thread of one claim."""

    def __init__(self, store: Store, claim: Claim, lease: Lease, draining: StopFlag) -> None:
        self._store = store
        self._jobs = {job.id: job for job in claim.jobs}
        self._lease = lease
        self._draining = draining
        self._queue: queue.SimpleQueue[Start | Part | Line | End | threading.Event | None] = queue.SimpleQueue()
        self._waiting: dict[int, _Waiting] = {}
        self._stored: dict[int, int] = {}
        self._bytes = 0
        self._ends: list[End] = []
        self._journal = Journal()
        self._flushed = time.monotonic()
        self._thread = threading.Thread(target=self._record, name="recorder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def put(self, item: Start | Part | Line | End) -> None:
        """Hand over; returns at once."""
        self._queue.put(item)

    def settle(self) -> None:
        """Wait until all that was handed over so far is stored."""
        stored = threading.Event()
        self._queue.put(stored)
        while not stored.wait(FLUSH_S) and self._thread.is_alive():
            pass

    def _record(self) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, Part):
                self._add(item)
            elif isinstance(item, Start):
                self._stored[item.job] = item.step
            elif isinstance(item, Line):
                self._journal.say(item.job, item.text, item.at)
            elif isinstance(item, End):
                self._ends.append(item)
            elif isinstance(item, threading.Event):
                self._flush()
                item.set()
            if self._is_due():
                self._flush()
        self._flush()

    def _next(self) -> "Start | Part | Line | End | threading.Event | str | None":
        try:
            return self._queue.get(timeout=FLUSH_S)
        except queue.Empty:
            return "nothing came"

    def _add(self, part: Part) -> None:
        fresh = part.step == 0 and part.checkpoint is None
        waiting = self._waiting.setdefault(part.job, _Waiting(whole=fresh))
        waiting.step = part.step
        waiting.losses.append(part.losses)
        if part.snapshot:
            waiting.snapshots.append(part.snapshot)
            self._journal.say(part.job, reached(part.step, waiting.losses), part.at)
        if part.checkpoint:
            waiting.checkpoints[part.step] = part.checkpoint
            text = f"checkpoint at step {part.step} stored"
            waiting.said[part.step] = self._journal.say(part.job, text, part.at)
            self._bytes += part.checkpoint.size

    def _is_due(self) -> bool:
        """Return whether a second, and this worker's turn, have come, or a job has ended and all of it is here."""
        full = self._bytes > _MOST_WAITING_BYTES
        ended = bool(self._ends) and self._queue.empty()
        pause = FLUSH_S * min(max(1.0, self._store.peers / WRITES_A_S), _MOST_SLOWER)
        return full or ended or time.monotonic() - self._flushed > pause

    def _flush(self) -> None:
        """Write all that waits, and then the ends; of a job that is whole, all at once."""
        ends, self._ends = [self._decided(end) for end in self._ends], []
        for end in ends:
            self._lease.end(end.job)
        released = {end.job: _ending(end) for end in ends if end.state is JobState.QUEUED}
        closing = [end for end in ends if end.job not in released]
        jobs = {*self._waiting, *self._journal.jobs, *released} - {
            end.job for end in closing if self._is_whole(end.job)
        }
        self._write([replace(self._take(job), ending=released.get(job)) for job in sorted(jobs)])
        self._close(closing)
        self._flushed, self._bytes = time.monotonic(), 0

    def _is_whole(self, job: int) -> bool:
        return job in self._waiting and self._waiting[job].whole

    def _decided(self, end: End) -> End:
        """Release what would need pictures while it drains: who resumes the job at its end draws them."""
        if end.error:
            self._journal.say(end.job, end.error)
        if end.state is JobState.SUCCEEDED and self._draining.is_set():
            return replace(end, state=JobState.QUEUED, reason="drained")
        return end

    def _take(self, job: int) -> Record:
        """Take what waits of a job; it waits no longer. Leave out checkpoints that would soon be deleted."""
        waiting = self._waiting.pop(job, None)
        if waiting is None:
            return Record(job, lines=self._journal.take(job))
        for step in outdated(waiting.checkpoints, self._jobs[job].config.model_dump()) if waiting.checkpoints else ():
            del waiting.checkpoints[step]
            self._journal.unsay(job, waiting.said[step])
        checkpoints = [(step, checkpoint.to_bytes()) for step, checkpoint in waiting.checkpoints.items()]
        losses = LossCurve.concatenate(waiting.losses)
        lines = self._journal.take(job)
        return Record(job, waiting.step, losses, waiting.snapshots, checkpoints, lines, follows=self._follows(job))

    def _close(self, ends: Sequence[End]) -> None:
        """Store the plots and the end states."""
        closed = [self._try([end.job], partial(self._closed, end)) for end in ends if end.job in self._lease.held]
        self._write([record for record in closed if record is not None])

    def _closed(self, end: End) -> Record:
        """Judge and draw a job. An end that cannot have plots is a failure, with its traceback."""
        try:
            losses, snapshots = self._series(end.job)
            if end.state is JobState.SUCCEEDED and (why := _missing(end, losses, snapshots)):
                text = f"its stored history is not whole: {why}; `curvegan retry {end.job}` trains it again"
                return self._not_drawn(end, text, "history")
            judged_at_all = end.metrics is not None or end.reason == "diverged"
            judged_as = end.stopped.verdict if end.stopped else judge(losses, snapshots, end.metrics)
            verdict = judged_as.text if judged_at_all else None
            title = titled(end.job, self._jobs[end.job].name)
            data = PlotData(title, end.config, losses, snapshots, end.metrics, verdict, end.dataset)
            # Those of a sweep are half of what its jobs would leave, few are looked at, and any is drawn again exactly.
            kinds = STORED if snapshots and self._jobs[end.job].sweep is None else ()
            plots = [Plot(end.job, kind, snapshots[-1].step, render(kind, data)) for kind in kinds]
        except ServiceUnavailable:
            raise
        except Exception:  # noqa: BLE001  whatever drawing raises belongs in that job's record
            return self._not_drawn(end, traceback.format_exc())
        if end.metrics is not None and verdict is not None:
            self._journal.say(end.job, judged(verdict, end.metrics))
        if plots:
            self._journal.say(end.job, f"plots of step {plots[0].step} stored")
        return replace(self._take(end.job), plots=plots, ending=_ending(end, verdict), follows=self._follows(end.job))

    def _series(self, job: int) -> tuple[LossCurve, list[Snapshot]]:
        """Return all that was recorded of a job."""
        if not self._is_whole(job):
            return self._store.losses(job), self._store.snapshots(job)
        waiting = self._waiting[job]
        return LossCurve.concatenate(waiting.losses), waiting.snapshots

    def _not_drawn(self, end: End, why: str, reason: str = "plots") -> Record:
        _log.error("job %d\n%s", end.job, why)
        self._journal.say(end.job, why)
        if end.state is not JobState.FAILED:  # else it has a reason already, and that came first
            end = replace(end, state=JobState.FAILED, error=why, reason=reason)
        return replace(self._take(end.job), ending=_ending(end), follows=self._follows(end.job))

    def _follows(self, job: int) -> int:
        """Return the step up to which the store has what came of a job."""
        return self._stored.get(job, 0)

    def _write(self, records: Sequence[Record]) -> None:
        """Write under the lease; a job that is no longer ours is let go, for another worker has it."""
        ours = {record.job_id: record for record in records if record.job_id in self._lease.held}
        if not ours:
            return
        lost = self._try(ours, lambda: self._store.record(self._lease.token, ours.values()))
        if lost is None:
            return
        for job, record in ours.items():
            if job in lost:
                self._lose(job)
                continue
            if record.step is not None:
                self._stored[job] = record.step
            if record.ending is not None:
                self._lease.ended(job)
                _log_end(job, record.ending)

    def _try(self, jobs: Collection[int], action: Callable[[], T]) -> T | None:
        """Do it for these jobs, however long the database is away; None when they had to be let go."""
        try:
            return self._lease.patiently(jobs, action)
        except LeaseLost as lost:
            self._lease.unreleased |= isinstance(lost.__cause__, ServiceUnavailable)
            for job in jobs:
                self._lose(job)
        except ServiceUnavailable as error:
            for job in jobs:
                self._give_back(job, error)
        finally:
            self._lease.advanced()
        return None

    def _lose(self, job: int) -> None:
        self._lease.lose(job)
        _log.warning("job %d: the lease is lost, nothing more is written", job)

    def _give_back(self, job: int, error: ServiceUnavailable) -> None:
        """Release a job whose lease the database renews but whose record it does not take, if it takes even that."""
        self._lease.lose(job)
        _log.error("job %d goes back to the queue: %s", job, error)
        try:
            self._store.record(self._lease.token, [Record(job, ending=Ending(JobState.QUEUED, str(error)))])
        except ServiceUnavailable:
            self._lease.unreleased = True


def _missing(end: End, losses: LossCurve, snapshots: Sequence[Snapshot]) -> str | None:
    return missing(end.config, losses, snapshots, end.stopped.step if end.stopped else None)


def _ending(end: End, verdict: str | None = None) -> Ending:
    metrics = end.metrics.as_dict() if end.metrics else None
    return Ending(end.state, end.reason, end.error, metrics, verdict, end.cpu_seconds)


def _log_end(job: int, ending: Ending) -> None:
    _log.info("job %d %s%s", job, ending.outcome, f": {ending.reason}" if ending.reason else "")
