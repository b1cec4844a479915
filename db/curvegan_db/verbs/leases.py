"""Leases: which worker trains which job, and until when."""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState, Until
from curvegan_db.errors import ConfigUnreadable, LeaseLost
from curvegan_db.sql.transactions import LEASE_S, now
from curvegan_db.tables import models
from curvegan_db.tables.configs import read_config
from curvegan_db.tables.generations import look_at_server, new_token
from curvegan_db.tables.models import in_state
from curvegan_db.tables.transitions import add_event, add_events, lose
from curvegan_db.values import ANY, ENGINES, TRAINING, Claim, ClaimedJob, HeartbeatReply, QueuedJob
from curvegan_db.verbs.packs import best_first, best_pack, needed_engine, queued_only, waiting_jobs
from curvegan_db.verbs.workers import Workers, beat_worker, claimant

_Columns = TypeVarTuple("_Columns")
# Jobs of newer versions that a worker knows to pass over: as many as a statement of SQLite takes, and to spare.
_MOST_UNREADABLE = 10_000
# What the clocks of processes on one machine may differ by.
_SAME_CLOCK = timedelta(seconds=1)


class Leases(Workers):
    """The part of the store that gives jobs to workers and takes them back."""

    def __init__(self, engine: Engine, lease_s: float = LEASE_S) -> None:
        super().__init__(engine, lease_s)
        self.unreadable: dict[int, str] = {}
        self._trust_from = -math.inf
        self._seen: tuple[datetime, float] | None = None

    def queued(self, devices: Sequence[str], engines: Sequence[str] = ENGINES) -> QueuedJob | None:
        """Return the best job that waits for a worker with these, None where there is none. Cheap."""
        query = queued_only(waiting_jobs()).where(self._fits(devices, engines))
        with self._read() as session:
            row = session.execute(best_first(query).limit(1)).first()
        return row and QueuedJob(*row)

    def queued_among(self, job_ids: Collection[int]) -> list[QueuedJob]:
        """Return those of the jobs that wait, the best first."""
        query = queued_only(waiting_jobs()).where(models.Job.id.in_(job_ids))
        with self._read() as session:
            return [QueuedJob(*row) for row in session.execute(best_first(query))]

    def claim(self, worker_id: str, devices: Sequence[str], most: int, prefer: int | None = None) -> Claim | None:
        """Take the best queued job for one of `devices` and the worker's engines, and up to most-1 to train with it.

        Best is the highest priority, then the job `prefer`, then the oldest. The others have the same pack key, and no
        more are taken than this worker's share of them, so that packs spread over the live workers, and no more than
        train together within the work of a step that one job may have. Jobs that were lost go with their like only, in
        packs a sixteenth as large for each loss, alone in the end: one job that kills its workers cannot take others
        with it until they fail. None when nothing is queued. What this version cannot read stays in the queue for one
        that can; `unreadable` says why, by its id. Raises WorkerForgotten.
        """
        with self._write() as session:
            moment = now(session)
            label, engines = claimant(session, worker_id)
            while ids := best_pack(session, self._fits(devices, engines), most, prefer, moment - self.lease):
                if configs := self._readable(session, ids):
                    beat_worker(session, worker_id, TRAINING, moment)
                    lease = _Lease(new_token(session), worker_id, label, moment, moment + self.lease)
                    return _take(session, configs, lease)
            return None

    def _readable(self, session: Session, ids: Sequence[int]) -> dict[int, TrainConfig]:
        """Return the configs of those jobs of which this version can read it; the others it does not look at again."""
        configs = {}
        for job_id, values in session.execute(select(models.Job.id, models.Job.config).where(models.Job.id.in_(ids))):
            try:
                configs[job_id] = read_config(job_id, values)
            except ConfigUnreadable as error:
                self.unreadable[job_id] = error.why
        return configs

    def _fits(self, devices: Sequence[str], engines: Sequence[str]) -> ColumnElement[bool]:
        """Return whether a worker with these devices and engines can train a job, for all that is known of it."""
        fits = and_(models.Job.wanted_device.in_(devices), needed_engine().in_((ANY, *engines)))
        newer = sorted(self.unreadable)[-_MOST_UNREADABLE:]
        return and_(fits, models.Job.id.not_in(newer)) if newer else fits

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


@dataclass(frozen=True)
class _Lease:
    token: str
    worker_id: str
    label: str
    moment: datetime
    expires_at: datetime


def _take(session: Session, configs: Mapping[int, TrainConfig], lease: _Lease) -> Claim:
    taken = {
        "state": JobState.RUNNING,
        "attempt": models.Job.attempt + 1,
        "worker": lease.label,
        "worker_id": lease.worker_id,
        "lease_token": lease.token,
        "lease_expires_at": lease.expires_at,
    }
    rows = session.execute(
        update(models.Job)
        .where(models.Job.id.in_(configs), in_state(JobState.QUEUED))
        .values(models.cleared_by(Until.CLAIM) | taken)
        .returning(*(getattr(models.Job, name) for name in ("id", "attempt", "step", "priority", "name", "sweep")))
        .execution_options(synchronize_session=False)
    ).all()
    _open_attempts(session, [(row.id, row.attempt) for row in rows], lease)
    best_first = sorted(rows, key=lambda row: (-row.priority, row.id))
    jobs = (ClaimedJob(row.id, configs[row.id], row.attempt, row.step, row.name, row.sweep) for row in best_first)
    return Claim(lease.token, tuple(jobs))


def _open_attempts(session: Session, attempts: Sequence[tuple[int, int]], lease: _Lease) -> None:
    opened = {"token": lease.token, "worker": lease.label, "claimed_at": lease.moment}
    rows = [{"job_id": job_id, "attempt": attempt, **opened} for job_id, attempt in attempts]
    session.execute(insert(models.Attempt), rows)
    add_events(session, [(job_id, attempt, lease.label) for job_id, attempt in attempts], lease.moment, "claimed")


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
