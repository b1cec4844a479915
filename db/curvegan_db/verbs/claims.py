"""Claims: which of the queued jobs a worker takes.

A claim looks at the queue without a lock, and then takes what it can in one statement. On PostgreSQL a statement that
walks a queue to lock some of it also locks rows that other claims took since it began, and keeps those locks as long
as its transaction: their owners wait for it. So it takes late, when nothing is left to look at or to reckon.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Row,
    Select,
    and_,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from curvegan_core.config.work import MOST_WORK, multiply_adds
from curvegan_db.columns import JobState, Until
from curvegan_db.errors import ConfigUnreadable
from curvegan_db.sql.transactions import LEASE_S, now
from curvegan_db.tables import models
from curvegan_db.tables.column_types import UtcDateTime
from curvegan_db.tables.configs import read_config
from curvegan_db.tables.generations import new_token
from curvegan_db.tables.models import in_state
from curvegan_db.values import ANY, ENGINES, TRAINING, Claim, ClaimedJob, QueuedJob
from curvegan_db.verbs.workers import Workers, beat_worker, claimant, live_peers

_Columns = TypeVarTuple("_Columns")
# Jobs of newer versions that a worker knows to pass over: as many as a statement of SQLite takes, and to spare.
_MOST_UNREADABLE = 10_000
# Spelled out: PostgreSQL plans once for all that a limit is small, where as a parameter it might be anything.
_ONE: ColumnElement[int] = literal_column("1")
_CLAIMED = ("id", "attempt", "step", "priority", "name", "sweep", "config")


class _NothingTaken(Exception):
    """Some of the jobs cannot be read: the transaction goes back, and they are known from now on."""


class Claims(Workers):
    """The part of the store that gives jobs to workers."""

    def __init__(self, engine: Engine, lease_s: float = LEASE_S) -> None:
        super().__init__(engine, lease_s)
        self.unreadable: dict[int, str] = {}

    def queued(self, devices: Sequence[str], engines: Sequence[str] = ENGINES) -> QueuedJob | None:
        """Return the best job that waits for a worker with these, None where there is none. Cheap."""
        query = _queued(_waiting_jobs()).where(self._fits(devices, engines))
        with self._read() as session:
            row = session.execute(_best_first(query).limit(_ONE)).first()
        return row and QueuedJob(*row)

    def queued_among(self, job_ids: Collection[int]) -> list[QueuedJob]:
        """Return those of the jobs that wait, the best first."""
        query = _queued(_waiting_jobs()).where(models.Job.id.in_(job_ids))
        with self._read() as session:
            return [QueuedJob(*row) for row in session.execute(_best_first(query))]

    def claim(self, worker_id: str, devices: Sequence[str], most: int, prefer: int | None = None) -> Claim | None:
        """Take the best queued job for one of `devices` and the worker's engines, and up to most-1 to train with it.

        Best is the highest priority, then the job `prefer`, then the oldest. The others have the same pack key, and no
        more are taken than this worker's share of them, so that packs spread over the live workers, and no more than
        train together within the work of a step that one job may have. Jobs that were lost go with their like only, in
        packs a sixteenth as large for each loss, alone in the end: one job that kills its workers cannot take others
        with it until they fail. None when nothing is queued. What this version cannot read stays in the queue for one
        that can; `unreadable` says why, by its id. Raises WorkerForgotten.
        """
        while True:
            with suppress(_NothingTaken), self._write() as session:
                return self._claimed(session, worker_id, devices, most, prefer)

    def _claimed(
        self, session: Session, worker_id: str, devices: Sequence[str], most: int, prefer: int | None
    ) -> Claim | None:
        moment = now(session)
        label, engines = claimant(session, worker_id)
        fits, lease = self._fits(devices, engines), None
        while best := _best(session, fits, prefer):
            alike = and_(models.Job.pack_key == best.pack_key, models.Job.lost == best.lost)
            room = _room(session, best, most, moment - self.lease)
            if lease is None:
                lease = _Lease(new_token(session), worker_id, label, moment, moment + self.lease)
                beat_worker(session, worker_id, TRAINING, moment)
            if rows := _take(session, best, and_(alike, fits), room, lease, best.id == prefer):
                return Claim(lease.token, self._readable(rows))
            if best.id != prefer:  # others are taking all of these just now
                fits = and_(fits, ~and_(alike, models.Job.priority >= best.priority))
            prefer = None
        session.rollback()  # it does not train
        return None

    def _readable(self, rows: Sequence[Row[Any]]) -> tuple[ClaimedJob, ...]:
        """Return the jobs that were taken, the best first. Raises _NothingTaken where this version cannot read one."""
        jobs = []
        for row in sorted(rows, key=lambda row: (-row.priority, row.id)):
            try:
                config = read_config(row.id, row.config)
                jobs.append(ClaimedJob(row.id, config, row.attempt, row.step, row.name, row.sweep))
            except ConfigUnreadable as error:
                self.unreadable[row.id] = error.why
        if len(jobs) < len(rows):
            raise _NothingTaken
        return tuple(jobs)

    def _fits(self, devices: Sequence[str], engines: Sequence[str]) -> ColumnElement[bool]:
        """Return whether a worker with these devices and engines can train a job, for all that is known of it."""
        fits = and_(models.Job.wanted_device.in_(devices), needed_engine().in_((ANY, *engines)))
        newer = sorted(self.unreadable)[-_MOST_UNREADABLE:]
        return and_(fits, models.Job.id.not_in(newer)) if newer else fits


@dataclass(frozen=True)
class _Lease:
    token: str
    worker_id: str
    label: str
    moment: datetime
    expires_at: datetime


def _best(session: Session, fits: ColumnElement[bool], prefer: int | None) -> Row[Any] | None:
    """Return the best job. Two cheap looks: an order by `prefer` would have to sort the whole queue."""
    job = models.Job
    wanted = (job.wanted_device, needed_engine().label("engine"))
    fitting = _queued(select(job.id, job.config, job.pack_key, *wanted, job.lost, job.priority)).where(fits)
    preferred = session.execute(fitting.where(job.id == prefer)).first() if prefer is not None else None
    if preferred is not None:
        more_urgent = _queued(select(job.id)).where(fits, job.priority > preferred.priority)
        if session.scalar(_best_first(more_urgent).limit(_ONE)) is None:
            return preferred
    return session.execute(_best_first(fitting).limit(_ONE)).first()


def _room(session: Session, best: Row[Any], most: int, alive_since: datetime) -> int:
    """Return how many jobs like the best, itself among them, one claim may take."""
    most = min(max(1, most // 16**best.lost), _together(best))
    if most == 1:
        return 1
    peers = live_peers(session, best.wanted_device, best.engine, alive_since)
    return min(most, _share(session, best.pack_key, most, peers))


def _together(best: Row[Any]) -> int:
    """Return how many like the best train together within the work of a step that one job may have."""
    try:
        return max(1, MOST_WORK // multiply_adds(read_config(best.id, best.config)))
    except ConfigUnreadable:
        return 1


def _share(session: Session, pack_key: str, most: int, peers: int) -> int:
    """Return this worker's part of the queued jobs that are alike, at least 1, counting no further than matters.

    By the index alone, which a fleet of a thousand needs: so what other devices wait for counts as well.
    """
    some = select(models.Job.id).where(in_state(JobState.QUEUED), models.Job.pack_key == pack_key).limit(most * peers)
    waiting = session.scalars(select(func.count()).select_from(some.subquery())).one()
    return max(1, ceil(waiting / peers))


def _take(
    session: Session, best: Row[Any], alike: ColumnElement[bool], room: int, lease: _Lease, preferred: bool
) -> Sequence[Row[Any]]:
    """Take jobs that are alike, one that is as good as the best first; those that others are taking are passed over.

    None where no such one is left: the others must not come before what is more urgent.
    """
    job = models.Job
    as_good = job.id == best.id if preferred else job.priority >= best.priority
    first = select(_free(alike, as_good).limit(_ONE).cte("first").c.id)
    fellows = _free(alike, job.id.not_in(first), exists(first)).limit(literal_column(str(room - 1))).cte("fellows")
    ids = first.union_all(select(fellows.c.id))
    taken = {
        "state": JobState.RUNNING,
        "attempt": job.attempt + 1,
        "worker": lease.label,
        "worker_id": lease.worker_id,
        "lease_token": lease.token,
        "lease_expires_at": lease.expires_at,
    }
    taking = (
        update(job)
        .where(job.id.in_(ids), in_state(JobState.QUEUED))
        .values(models.cleared_by(Until.CLAIM) | taken)
        .returning(*(getattr(job, name).label(name) for name in _CLAIMED))
        .execution_options(synchronize_session=False)
    )
    if session.get_bind().dialect.name == "postgresql":  # all in one, so that nothing is locked while somebody thinks
        its = taking.cte("taken")
        return session.execute(select(its).add_cte(*(each.cte() for each in _openings(its, lease)))).all()
    rows = session.execute(taking).all()
    for each in _openings(select(job.id, job.attempt).where(job.lease_token == lease.token).subquery(), lease):
        session.execute(each)
    return rows


def _openings(jobs: FromClause, lease: _Lease) -> tuple[Insert, Insert]:
    """Return what writes of jobs that were just taken, with their ids and attempts, that they were."""
    claimed = (jobs.c.id, jobs.c.attempt, literal(lease.label), literal(lease.moment, UtcDateTime()))
    names = ["job_id", "attempt", "worker"]
    attempt = insert(models.Attempt).from_select(
        [*names, "claimed_at", "token"], select(*claimed, literal(lease.token))
    )
    event = insert(models.Event).from_select([*names, "at", "kind"], select(*claimed, literal("claimed")))
    return attempt, event


def needed_engine() -> ColumnElement[str]:
    """Return the engine that a job needs: that of its checkpoints, else what its config says."""
    return func.coalesce(models.Job.made_by, models.Job.wanted_engine)


def _waiting_jobs() -> "Select[int, str, str]":
    return select(models.Job.id, models.Job.wanted_device, needed_engine())


def _queued(query: "Select[*_Columns]") -> "Select[*_Columns]":
    return query.where(in_state(JobState.QUEUED))


def _free(*which: ColumnElement[bool]) -> "Select[int]":
    """Lock ids of queued jobs, the best first, but for those that others have locked (SQLite has one writer anyway)."""
    return _best_first(_queued(select(models.Job.id))).where(*which).with_for_update(skip_locked=True)


def _best_first(query: "Select[*_Columns]") -> "Select[*_Columns]":
    return query.order_by(models.Job.priority.desc(), models.Job.id)
