"""Worker processes: who is there, what they can train, when they were last heard of."""

import json
import math
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, delete, func, select, update
from sqlalchemy.orm import Session

from curvegan_db.columns import MOST_REASON
from curvegan_db.errors import WorkerForgotten
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.generations import look_at_server
from curvegan_db.tables.transitions import cut, lose
from curvegan_db.values import ANY, ENGINES, FAILING, IDLE, LOST, STARTING, STOPPED, TRAINING, Worker, storable

FORGET_AFTER = timedelta(days=7)
_COUNT_S = 20.0


class Workers(Transactions):
    """The part of the store that knows the workers.

    Attributes:
        peers: how many workers were live when they were last counted, the own one among them. What each of them asks
            for again and again is asked for less often the more there are: see the worker's poll.
    """

    peers = 1
    _counted = -math.inf

    def register_worker(
        self,
        host: str,
        pid: int,
        devices: Sequence[str],
        version: str,
        engines: Sequence[str] = ENGINES,
        state: str = IDLE,
        worker_id: str | None = None,
    ) -> str:
        """Make a worker known; its id. `devices` are the `config.device` values that it accepts.

        Forgets workers that hold no job and were silent for FORGET_AFTER.

        Args:
            engines: what can train there.
            state: STARTING where it will take jobs later, once it has said that it is idle.
            worker_id: what it is to be called, a UUID; without it a new one. The same again is the same worker.
        """
        worker_id, host = worker_id or str(uuid.uuid4()), storable(host)[:255]
        with self._write() as session:
            moment = now(session)
            _forget(session, moment - FORGET_AFTER)
            worker = models.Worker(id=worker_id, host=host, pid=pid, label=f"{host}:{pid}", devices=list(devices))
            worker.version, worker.state, worker.engines = version, state, list(engines)
            worker.started_at = worker.beat_at = moment
            look_at_server(session, moment)
            session.merge(worker)
        return worker_id

    def worker_ready(self, worker_id: str) -> None:
        """Say that a worker takes jobs: on its host they no longer die at their start. Raises WorkerForgotten."""
        with self._write() as session:
            beat_worker(session, worker_id, IDLE, now(session))
            host = select(models.Worker.host).where(models.Worker.id == worker_id).scalar_subquery()
            mended = delete(models.Worker).where(models.Worker.host == host, models.Worker.state == FAILING)
            session.execute(mended.execution_options(synchronize_session=False))

    def worker_failing(self, host: str, pid: int, error: str) -> None:
        """Say that workers of a host die at their start, and why; `pid` is that of their supervisor."""
        host = storable(host)[:255]
        row = {"host": host, "pid": pid, "label": f"{host}:{pid}", "devices": [], "engines": [], "version": ""}
        with self._write() as session:
            moment = now(session)
            known = update(models.Worker).where(
                models.Worker.host == host, models.Worker.pid == pid, models.Worker.state == FAILING
            )
            values = {"error": cut(error, MOST_REASON), "beat_at": moment}
            told = known.values(values).returning(models.Worker.id).execution_options(synchronize_session=False)
            if session.scalar(told) is None:
                worker = models.Worker(id=str(uuid.uuid4()), state=FAILING, started_at=moment, **row, **values)
                session.add(worker)

    def beat(self, worker_id: str, state: str) -> None:
        """Say that the worker lives and is STARTING, IDLE or TRAINING. Raises WorkerForgotten."""
        with self._write() as session:
            moment = now(session)
            look_at_server(session, moment)
            beat_worker(session, worker_id, state, moment)
            self._count_peers(session, moment)

    def _count_peers(self, session: Session, moment: datetime) -> None:
        """Count the live workers, now and then."""
        if time.monotonic() - self._counted > _COUNT_S:
            alive = select(func.count()).where(*_at_work(moment - self.lease))
            self.peers, self._counted = max(1, session.scalar(alive) or 0), time.monotonic()

    def unregister_worker(self, worker_id: str) -> None:
        """Say that the worker stops. Its jobs, if it still holds any, come back when their lease runs out."""
        with self._write() as session, suppress(WorkerForgotten):
            beat_worker(session, worker_id, STOPPED, now(session))

    def bury(self, workers: Collection[str]) -> list[int]:
        """Take back all jobs of workers whose process is known to be gone, before their leases run out; their ids.

        Such a worker is lost, unless it has stopped.
        """
        job = models.Job
        with self._write() as session:
            moment = now(session)
            held = select(job).where(job.worker_id.in_(workers)).order_by(job.id)
            jobs = session.scalars(held.with_for_update()).all()
            for one in jobs:
                lose(session, one, moment, "the process of its worker is gone")
            dead = update(models.Worker).where(models.Worker.id.in_(workers), models.Worker.state != STOPPED)
            session.execute(dead.values(state=LOST).execution_options(synchronize_session=False))
            return [one.id for one in jobs]

    def workers(self) -> list[Worker]:
        """Return all workers that are not forgotten, the oldest first."""
        with self._read() as session:
            return known_workers(session, alive_since=now(session) - self.lease)


def known_workers(session: Session, alive_since: datetime) -> list[Worker]:
    """Return all workers, the oldest first; one that has not beaten since then is lost, unless it stopped."""
    jobs = _jobs_of_workers(session)
    rows = session.scalars(select(models.Worker).order_by(models.Worker.started_at, models.Worker.id))
    return [_value(row, jobs.get(row.id, {}), alive_since) for row in rows]


def claimant(session: Session, worker_id: str) -> tuple[str, Sequence[str]]:
    """Return the worker's host:pid, and its engines. Raises WorkerForgotten."""
    row = session.execute(
        select(models.Worker.label, models.Worker.engines).where(models.Worker.id == worker_id)
    ).first()
    if row is None:
        raise WorkerForgotten(worker_id)
    return row.label, row.engines


def beat_worker(session: Session, worker_id: str, state: str, moment: datetime) -> None:
    """Note that the worker lives. Raises WorkerForgotten."""
    beaten = update(models.Worker).where(models.Worker.id == worker_id).values(beat_at=moment, state=state)
    if session.scalar(beaten.returning(models.Worker.id).execution_options(synchronize_session=False)) is None:
        raise WorkerForgotten(worker_id)


def live_peers(session: Session, device: str, engine: str, alive_since: datetime) -> int:
    """Return how many live workers accept jobs for device and engine; at least 1, the one that asks."""
    # Workers of a fleet are of few kinds: their lists are compared, and read once a kind, not once a worker.
    kind = (cast(models.Worker.devices, String), cast(models.Worker.engines, String))
    kinds = select(*kind, func.count()).where(*_at_work(alive_since)).group_by(*kind)
    counts = ((json.loads(devices), json.loads(engines), n) for devices, engines, n in session.execute(kinds))
    return max(1, sum(n for devices, engines, n in counts if device in devices and engine in (ANY, *engines)))


def _at_work(alive_since: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return models.Worker.beat_at >= alive_since, models.Worker.state.in_([IDLE, TRAINING])


def _forget(session: Session, silent_since: datetime) -> None:
    busy = select(models.Job.worker_id).where(models.Job.worker_id.is_not(None))
    silent = delete(models.Worker).where(models.Worker.beat_at < silent_since, models.Worker.id.not_in(busy))
    session.execute(silent.execution_options(synchronize_session=False))


def _jobs_of_workers(session: Session) -> dict[str, dict[int, bool]]:
    """Return which jobs each worker holds, and whether it has begun them."""
    jobs: dict[str, dict[int, bool]] = {}
    job = models.Job
    query = select(job.id, job.worker_id, job.began_at.is_not(None)).where(job.worker_id.is_not(None))
    for job_id, worker_id, begun in session.execute(query):
        jobs.setdefault(str(worker_id), {})[job_id] = bool(begun)
    return jobs


def _value(row: models.Worker, jobs: Mapping[int, bool], alive_since: datetime) -> Worker:
    """Return a worker; one that has begun none of its jobs, for which it may have to compile, is starting."""
    same = ("id", "label", "host", "pid", "version", "started_at", "beat_at", "error")
    lost = row.state not in (STOPPED, FAILING) and row.beat_at < alive_since
    state = STARTING if row.state == TRAINING and jobs and not any(jobs.values()) else row.state
    return Worker(
        **{name: getattr(row, name) for name in same},
        devices=tuple(row.devices),
        engines=tuple(row.engines),
        state=LOST if lost else state,
        # Sorted here: asked for in the order of ids, SQLite would walk through all jobs.
        jobs=tuple(sorted(jobs)),
    )
