"""Worker processes: who is there, what they can train, when they were last heard of."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from curvegan_db.errors import WorkerForgotten
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.values import LOST, Worker, storable

_IDLE, _STOPPED = "idle", "stopped"
FORGET_AFTER = timedelta(days=7)


class Workers(Transactions):
    """The part of the store that knows the workers."""

    def register_worker(self, host: str, pid: int, devices: Sequence[str], version: str) -> str:
        """Make a worker known; its new id. `devices` are the `config.device` values that it accepts.

        Forgets workers that hold no job and were silent for FORGET_AFTER.
        """
        worker_id, host = str(uuid.uuid4()), storable(host)[:255]
        with self._write() as session:
            moment = now(session)
            _forget(session, moment - FORGET_AFTER)
            worker = models.Worker(id=worker_id, host=host, pid=pid, label=f"{host}:{pid}", devices=list(devices))
            worker.version, worker.state, worker.started_at, worker.beat_at = version, _IDLE, moment, moment
            session.add(worker)
        return worker_id

    def beat(self, worker_id: str, state: str) -> None:
        """Say that the worker lives and is "idle" or "training". Raises WorkerForgotten."""
        with self._write() as session:
            beat_worker(session, worker_id, state, now(session))

    def unregister_worker(self, worker_id: str) -> None:
        """Say that the worker stops. Its jobs, if it still holds any, come back when their lease runs out."""
        with self._write() as session, suppress(WorkerForgotten):
            beat_worker(session, worker_id, _STOPPED, now(session))

    def workers(self) -> list[Worker]:
        """Return all workers that are not forgotten, the oldest first."""
        with self._read() as session:
            return known_workers(session, alive_since=now(session) - self.lease)


def known_workers(session: Session, alive_since: datetime) -> list[Worker]:
    """Return all workers, the oldest first; one that has not beaten since then is lost, unless it stopped."""
    jobs = _jobs_of_workers(session)
    rows = session.scalars(select(models.Worker).order_by(models.Worker.started_at, models.Worker.id))
    return [_value(row, jobs.get(row.id, ()), alive_since) for row in rows]


def label_of(session: Session, worker_id: str) -> str:
    """Return the worker's host:pid. Raises WorkerForgotten."""
    label = session.scalar(select(models.Worker.label).where(models.Worker.id == worker_id))
    if label is None:
        raise WorkerForgotten(worker_id)
    return label


def beat_worker(session: Session, worker_id: str, state: str, moment: datetime) -> None:
    """Note that the worker lives. Raises WorkerForgotten."""
    beaten = update(models.Worker).where(models.Worker.id == worker_id).values(beat_at=moment, state=state)
    if session.scalar(beaten.returning(models.Worker.id).execution_options(synchronize_session=False)) is None:
        raise WorkerForgotten(worker_id)


def live_peers(session: Session, device: str, alive_since: datetime) -> int:
    """Return how many live workers accept jobs for the device; at least 1, the one that asks."""
    alive = select(models.Worker.devices).where(models.Worker.beat_at >= alive_since, models.Worker.state != _STOPPED)
    return max(1, sum(device in devices for devices in session.scalars(alive)))


def _forget(session: Session, silent_since: datetime) -> None:
    busy = select(models.Job.worker_id).where(models.Job.worker_id.is_not(None))
    silent = delete(models.Worker).where(models.Worker.beat_at < silent_since, models.Worker.id.not_in(busy))
    session.execute(silent.execution_options(synchronize_session=False))


def _jobs_of_workers(session: Session) -> dict[str, list[int]]:
    jobs: dict[str, list[int]] = {}
    query = select(models.Job.id, models.Job.worker_id).where(models.Job.worker_id.is_not(None))
    for job_id, worker_id in session.execute(query):
        jobs.setdefault(str(worker_id), []).append(job_id)
    # Sorted here: asked for in the order of ids, SQLite would walk through all jobs.
    return {worker_id: sorted(ids) for worker_id, ids in jobs.items()}


def _value(row: models.Worker, jobs: Sequence[int], alive_since: datetime) -> Worker:
    same = ("id", "label", "host", "pid", "version", "started_at", "beat_at")
    lost = row.state != _STOPPED and row.beat_at < alive_since
    return Worker(
        **{name: getattr(row, name) for name in same},
        devices=tuple(row.devices),
        state=LOST if lost else row.state,
        jobs=tuple(jobs),
    )
