"""Writes what a run yields, in a thread of its own: the training never waits for the database.

Everything it writes is fenced by the lease. Parts of a job are written in the order they came; a flush happens every
second, and at once with a checkpoint, so that a chunk of losses never straddles one.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from curvegan.checkpoint import Checkpoint
from curvegan.config import TrainConfig
from curvegan.errors import ServiceUnavailable
from curvegan.metrics import Metrics
from curvegan.plots import KINDS, PlotData, render
from curvegan.series import LossCurve, Snapshot
from curvegan_db.errors import LeaseLost
from curvegan_db.models import JobState
from curvegan_db.records import Plot
from curvegan_db.store import Store
from curvegan_worker.journal import Journal, judged, reached
from curvegan_worker.lease import Lease
from curvegan_worker.stop import Stop

FLUSH_S = 1.0
_log = logging.getLogger("curvegan.recorder")


@dataclass(frozen=True)
class Part:
    """What one advance gave of one job."""

    job: int
    step: int
    losses: LossCurve
    snapshot: Snapshot | None = None
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Line:
    """Something to say in a job's log."""

    job: int
    text: str


@dataclass(frozen=True)
class End:
    """A job leaves this worker: ended, or released to be resumed (`state` QUEUED)."""

    job: int
    config: TrainConfig
    state: JobState
    metrics: Metrics | None = None
    error: str | None = None
    reason: str | None = None


@dataclass
class _Pending:
    """Parts of one job that are not in the store yet."""

    step: int = 0
    losses: list[LossCurve] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)


class Recorder:
    """The recording thread of one claim."""

    def __init__(self, store: Store, lease: Lease, draining: Stop) -> None:
        self._store = store
        self._lease = lease
        self._draining = draining
        self._queue: queue.SimpleQueue[Part | Line | End | threading.Event | None] = queue.SimpleQueue()
        self._pending: dict[int, _Pending] = {}
        self._journal = Journal()
        self._flushed = time.monotonic()
        self._thread = threading.Thread(target=self._record, name="recorder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def put(self, item: Part | Line | End) -> None:
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
            elif isinstance(item, Line):
                self._journal.say(item.job, item.text)
            elif isinstance(item, End):
                self._end(item)
            elif isinstance(item, threading.Event):
                self._flush_all()
                item.set()
            if time.monotonic() - self._flushed > FLUSH_S:
                self._flush_all()
        self._flush_all()

    def _next(self) -> "Part | Line | End | threading.Event | str | None":
        try:
            return self._queue.get(timeout=FLUSH_S)
        except queue.Empty:
            return "nothing came"

    def _add(self, part: Part) -> None:
        pending = self._pending.setdefault(part.job, _Pending())
        pending.step = part.step
        pending.losses.append(part.losses)
        if part.snapshot:
            pending.snapshots.append(part.snapshot)
            self._journal.say(part.job, reached(part.step, pending.losses))
        if part.checkpoint:
            self._journal.say(part.job, f"checkpoint at step {part.step} stored")
            self._flush(part.job, part.checkpoint)

    def _flush_all(self) -> None:
        self._flushed = time.monotonic()
        for job in {*self._pending, *self._journal.jobs}:
            self._flush(job)

    def _flush(self, job: int, checkpoint: Checkpoint | None = None) -> None:
        token, pending, lines = self._lease.token, self._pending.pop(job, None), self._journal.take(job)
        if pending is not None:
            facts = (pending.step, LossCurve.concatenate(pending.losses), pending.snapshots)
            stored = (checkpoint.step, checkpoint.to_bytes()) if checkpoint else None
            self._write(job, lambda: self._store.record(token, job, *facts, stored, lines))
        elif lines:
            self._write(job, lambda: self._store.say(token, job, lines))

    def _end(self, end: End) -> None:
        if end.metrics:
            self._journal.say(end.job, judged(end.metrics))
        if end.error:
            self._journal.say(end.job, end.error)
        self._flush(end.job)
        self._lease.end(end.job)
        # A drain does not wait for pictures: who resumes the job at its end draws them.
        if end.state is JobState.QUEUED or (end.state is JobState.SUCCEEDED and self._draining.is_set()):
            reason = end.reason or "drained"
            self._write(end.job, lambda: self._store.release(self._lease.token, end.job, reason))
        else:
            self._close(end)

    def _close(self, end: End) -> None:
        """Store the plots and the end state. An end that cannot have plots is a failure, with its traceback."""
        number = self._journal.reserve(end.job)
        try:
            self._write(end.job, lambda: self._store_plots(end, number))
        except Exception:  # noqa: BLE001  whatever drawing raises belongs in that job's record
            _log.exception("job %d", end.job)
            self._journal.say(end.job, why := traceback.format_exc())
            if end.state is not JobState.FAILED:  # else it has a reason already, and that came first
                end = End(end.job, end.config, JobState.FAILED, end.metrics, why, "plots")
            self._flush(end.job)
        self._write(end.job, lambda: self._finish(end))

    def _store_plots(self, end: End, number: int) -> None:
        if plots := self._plots(end):
            said = {number: f"plots of step {plots[0].step} stored"}
            self._store.add_plots(self._lease.token, end.job, plots, said)

    def _plots(self, end: End) -> list[Plot]:
        losses, snapshots = self._store.losses(end.job), self._store.snapshots(end.job)
        if not snapshots:
            return []
        data = PlotData(f"job {end.job}", end.config, losses, snapshots, end.metrics)
        return [Plot(end.job, kind, snapshots[-1].step, render(kind, data)) for kind in KINDS]

    def _finish(self, end: End) -> None:
        metrics = end.metrics.as_dict() if end.metrics else None
        self._store.finish(self._lease.token, end.job, end.state, end.error, end.reason, metrics)
        _log.info("job %d %s%s", end.job, end.state.value, f": {end.reason}" if end.reason else "")

    def _write(self, job: int, write: Callable[[], None]) -> None:
        """Write under the lease; a job that is no longer ours is let go, for another worker has it."""
        if job not in self._lease.held:
            return
        try:
            self._lease.patiently(job, write)
        except LeaseLost:
            self._lease.lose(job)
            _log.warning("job %d: the lease is lost, nothing more is written", job)
        except ServiceUnavailable as error:
            self._give_back(job, error)
        self._lease.advanced()

    def _give_back(self, job: int, error: ServiceUnavailable) -> None:
        """The database renews the lease but does not take this: the job goes back with the reason, if even that can."""
        self._lease.lose(job)
        _log.error("job %d goes back to the queue: %s", job, error)
        with suppress(LeaseLost, ServiceUnavailable):
            self._store.release(self._lease.token, job, str(error))
