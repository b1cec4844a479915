"""Leases: which worker trains which job, and until when."""

import math
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import Select, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.errors import LeaseLost
from curvegan_db.sql.transactions import LEASE_S, now
from curvegan_db.tables import models
from curvegan_db.tables.generations import look_at_server
from curvegan_db.tables.models import in_state
from curvegan_db.tables.transitions import add_event, lose
from curvegan_db.values import TRAINING, HeartbeatReply
from curvegan_db.verbs.workers import Workers, beat_worker

_Columns = TypeVarTuple("_Columns")
# What the clocks of processes on one machine may differ by.
_SAME_CLOCK = timedelta(seconds=1)


class Leases(Workers):
    """The part of the store that renews leases and takes jobs back."""

    def __init__(self, engine: Engine, lease_s: float = LEASE_S) -> None:
        super().__init__(engine, lease_s)
        self._trust_from = -math.inf
        self._seen: tuple[datetime, float] | None = None

    def heartbeat(self, token: str, job_ids: Collection[int] | None = None) -> HeartbeatReply:
        """Renew the lease on those of the jobs still held under it, in one statement; jobs that are missing are lost.

        Without ids it is all of them. A job that the worker has ended, and that a store which went back to an earlier
        state shows as its own again, is none of those: its lease runs out.
        """
        with self._write() as session:
            moment = now(session)
            look_at_server(session, moment)
            # Locked one after the other, as in held_jobs.
            ours = select(models.Job.id).where(models.Job.lease_token == token).order_by(models.Job.id)
            if job_ids is not None:
                ours = ours.where(models.Job.id.in_(job_ids))
            held = session.execute(
                update(models.Job)
                .where(models.Job.id.in_(ours.with_for_update()))
                .values(lease_expires_at=moment + self.lease)
                .returning(models.Job.id, models.Job.worker_id, models.Job.cancel_requested, models.Job.cancel_reason)
                .execution_options(synchronize_session=False)
            ).all()
            for worker_id in {row.worker_id for row in held}:
                beat_worker(session, worker_id, TRAINING, moment)
            self._count_peers(session, moment)
        cancelled = {row.id: row.cancel_reason for row in held if row.cancel_requested}
        return HeartbeatReply(frozenset(row.id for row in held), cancelled)

    def note(self, job_id: int, token: str, kind: str, detail: str | None = None) -> None:
        """Write an event under the lease. Raises LeaseLost."""
        with self._write() as session:
            add_event(session, held_job(session, token, job_id), now(session), kind, detail)

    def reap(self) -> list[int]:
        """Take back every job whose lease ran out; their ids. A queued job is never touched.

        After the clock has jumped forwards, as far as this store has seen, none is taken for as long as a lease lasts:
        who lives renews his. What is dated in the future, for the clock was set back, is dated as of now.
        """
        if not self._any_expired():
            return []
        with self._write() as session:
            moment = now(session)
            _bring_back(session, moment)
            if time.monotonic() < self._trust_from:
                return []
            jobs = session.scalars(_expired(select(models.Job), moment).with_for_update(skip_locked=True)).all()
            for job in jobs:
                lose(session, job, moment)
            return [job.id for job in jobs]

    def _any_expired(self) -> bool:
        # A look before the lock: every status command reaps, and readers should not queue for the write lock.
        with self._read() as session:
            moment = now(session)
            self._look_at_clock(moment)
            if session.scalar(_dated_ahead(select(models.Worker.id), moment).limit(1)) is not None:
                return True
            return session.scalar(_expired(select(models.Job.id), moment).limit(1)) is not None

    def woke(self) -> None:
        """Take no lease away for as long as one lasts: this process was suspended, and others may have been as well."""
        self._trust_from = time.monotonic() + self.lease.total_seconds()

    def _look_at_clock(self, moment: datetime) -> None:
        """See whether the database's clock has jumped forwards since the last look, by this process's steady one."""
        steady = time.monotonic()
        if self._seen and moment - self._seen[0] - timedelta(seconds=steady - self._seen[1]) > self.lease / 2:
            self.woke()
        self._seen = moment, steady


def held_job(session: Session, token: str, job_id: int) -> models.Job:
    """Lock a job on which the lease is still the token's. Raises LeaseLost."""
    jobs = held_jobs(session, token, [job_id])
    if not jobs:
        raise LeaseLost(job_id)
    return jobs[job_id]


def held_jobs(session: Session, token: str, job_ids: Collection[int]) -> dict[int, models.Job]:
    """Lock those of the jobs on which the lease is still the token's."""
    query = select(models.Job).where(models.Job.id.in_(job_ids), models.Job.lease_token == token)
    # In the order of their ids, as whoever locks several does: nobody waits for somebody who waits for him.
    return {job.id: job for job in session.scalars(query.order_by(models.Job.id).with_for_update())}


def _bring_back(session: Session, moment: datetime) -> None:
    """Date beats and leases that are ahead of the clock as if they were of now: it was set back since.

    Whoever lives has beaten since then, or will at once. Locked as a heartbeat does: first jobs, by id, then workers.
    """
    job, worker = models.Job, models.Worker
    ahead = _dated_ahead(select(job, worker.beat_at).join(worker, worker.id == job.worker_id), moment)
    for held, beat_at in session.execute(ahead.order_by(job.id).with_for_update(of=job, skip_locked=True)).all():
        if held.lease_expires_at is not None:
            held.lease_expires_at -= beat_at - moment
    session.execute(
        update(worker)
        .where(worker.beat_at > moment + _SAME_CLOCK)
        .values(beat_at=moment)
        .execution_options(synchronize_session=False)
    )


def _dated_ahead(query: "Select[*_Columns]", moment: datetime) -> "Select[*_Columns]":
    return query.where(models.Worker.beat_at > moment + _SAME_CLOCK)


def _expired(query: "Select[*_Columns]", moment: datetime) -> "Select[*_Columns]":
    return query.where(in_state(JobState.RUNNING), models.Job.lease_expires_at < moment).order_by(models.Job.id)
