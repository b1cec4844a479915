"""Claims: which of the queued jobs a worker takes.

A claim looks at the queue without a lock, and then takes what it can in one statement. On PostgreSQL a statement that
walks a queue to lock some of it also locks rows that other claims took since it began, and keeps those locks as long
as its transaction: their owners wait for it. So it takes late, when nothing is left to look at or to reckon.
"""

import sys
from collections.abc import Collection, Hashable, Sequence
from contextlib import suppress
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, cast, func, literal_column, select, union_all
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from curvegan_core.config.train import TrainConfig
from curvegan_core.config.work import MOST_WORK, multiply_adds
from curvegan_db.columns import JobState
from curvegan_db.errors import ConfigUnreadable
from curvegan_db.sql.transactions import LEASE_S, now
from curvegan_db.tables import models
from curvegan_db.tables.configs import read_config
from curvegan_db.tables.generations import new_token
from curvegan_db.tables.models import in_state
from curvegan_db.values import ANY, ENGINES, TRAINING, Claim, ClaimedJob, QueuedJob
from curvegan_db.verbs.fronts import ONE, Place, best_first, look, ranges
from curvegan_db.verbs.taking import Chosen, Lease, take
from curvegan_db.verbs.workers import Workers, beat_worker, claimant, live_peers

# Where a config cannot be read so many are looked at, and so often in one claim: an idle worker has to beat meanwhile.
_CONFIGS, _MOST_TIMES = 1000, 20


class _NothingTaken(Exception):
    """Some of the jobs cannot be read: the transaction goes back, and they are known from now on."""


class Claims(Workers):
    """The part of the store that gives jobs to workers."""

    def __init__(self, engine: Engine, lease_s: float = LEASE_S) -> None:
        super().__init__(engine, lease_s)
        self.unreadable: dict[int, str] = {}
        self._eyes = object()  # what fits depends on what this store has seen to be unreadable

    def queued(self, devices: Sequence[str], engines: Sequence[str] = ENGINES) -> QueuedJob | None:
        """Return the best job that waits for a worker with these, None where there is none. Cheap."""
        with self._read() as session:
            row = look(
                session, _WAITING, self._fits(devices, engines), self._kind(devices, engines), len(self.unreadable)
            )
        return row and QueuedJob(row.id, row.wanted_device, row.engine)

    def queued_among(self, job_ids: Collection[int]) -> list[QueuedJob]:
        """Return those of the jobs that wait, the best first."""
        query = _WAITING.where(in_state(JobState.QUEUED), models.Job.id.in_(job_ids))
        with self._read() as session:
            rows = session.execute(best_first(query))
            return [QueuedJob(row.id, row.wanted_device, row.engine) for row in rows]

    def claim(self, worker_id: str, devices: Sequence[str], most: int, prefer: int | None = None) -> Claim | None:
        """Take the best queued job for one of `devices` and the worker's engines, and up to most-1 to train with it.

        Best is the highest priority, then the job `prefer`, then the oldest. The others have the same pack key, and no
        more are taken than this worker's share of them, so that packs spread over the live workers, and no more than
        train together within the work of a step that one job may have. Jobs that were lost go with their like only, in
        packs a sixteenth as large for each loss, alone in the end: one job that kills its workers cannot take others
        with it until they fail. None when nothing is queued. What this version cannot read stays in the queue for one
        that can; `unreadable` says why, by its id. Where they are very many, None comes before all of them are known:
        the next claim goes on. Raises WorkerForgotten.
        """
        for _ in range(_MOST_TIMES):
            with suppress(_NothingTaken), self._write() as session:
                return self._claimed(session, worker_id, devices, most, prefer)
            self._look_for_unreadable(worker_id, devices)
        return None

    def _claimed(
        self, session: Session, worker_id: str, devices: Sequence[str], most: int, prefer: int | None
    ) -> Claim | None:
        moment = now(session)
        label, engines = claimant(session, worker_id)
        fits, lease = self._fits(devices, engines), None
        chosen = _best(session, fits, (self._kind(devices, engines), len(self.unreadable)), prefer)
        while chosen:
            best, most = chosen.best, min(most, self._together(chosen.best))
            alike = and_(models.Job.pack_key == best.pack_key, models.Job.lost == best.lost)
            room = _room(session, chosen, most, moment - self.lease)
            if lease is None:
                lease = Lease(new_token(session), worker_id, label, moment, moment + self.lease)
                beat_worker(session, worker_id, TRAINING, moment)
            if rows := take(session, chosen, and_(alike, fits), room, lease):
                return Claim(lease.token, self._readable(rows))
            if not chosen.preferred:  # others are taking all of these just now
                fits = and_(fits, ~and_(alike, models.Job.priority >= best.priority))
            chosen = _next_best(session, fits, chosen.start)
        session.rollback()  # it does not train
        return None

    def _readable(self, rows: Sequence[Row[Any]]) -> tuple[ClaimedJob, ...]:
        """Return the jobs that were taken, the best first. Raises _NothingTaken where this version cannot read one."""
        ordered = sorted(rows, key=lambda row: (-row.priority, row.id))
        configs = [self._config(row.id, row.config) for row in ordered]
        jobs = [
            ClaimedJob(row.id, config, row.attempt, row.step, row.name, row.sweep)
            for row, config in zip(ordered, configs, strict=True)
            if config is not None
        ]
        if len(jobs) < len(rows):
            raise _NothingTaken
        return tuple(jobs)

    def _config(self, job_id: int, values: Any) -> TrainConfig | None:
        """Return a config; None where this version cannot read it, which is noted."""
        try:
            return read_config(job_id, values)
        except ConfigUnreadable as error:
            self.unreadable[job_id] = sys.intern(error.why)
            return None

    def _together(self, best: Row[Any]) -> int:
        """Return how many like the best train together within the work of a step that one job may have."""
        config = self._config(best.id, best.config)
        if config is None:
            raise _NothingTaken
        return max(1, MOST_WORK // multiply_adds(config))

    def _look_for_unreadable(self, worker_id: str, devices: Sequence[str]) -> None:
        """Look which of the best jobs cannot be read: where one cannot, others of its sweep cannot either."""
        with self._read() as session:
            fits = self._fits(devices, claimant(session, worker_id)[1])
            query = select(models.Job.id, models.Job.config).where(in_state(JobState.QUEUED), fits)
            for job_id, values in session.execute(best_first(query).limit(literal_column(str(_CONFIGS)))):
                self._config(job_id, values)

    def _fits(self, devices: Sequence[str], engines: Sequence[str]) -> ColumnElement[bool]:
        """Return whether a worker with these devices and engines can train a job, for all that is known of it."""
        fits = and_(models.Job.wanted_device.in_(devices), needed_engine().in_((ANY, *engines)))
        if not self.unreadable:
            return fits
        # As one value, for there may be more of them than a statement takes.
        ids = ",".join(map(str, self.unreadable))
        if self.engine.dialect.name == "postgresql":
            known = select(cast(func.unnest(func.string_to_array(ids, ",")), Integer))
        else:
            known = select(func.json_each(f"[{ids}]").table_valued("value").c.value)
        return and_(fits, models.Job.id.not_in(known))

    def _kind(self, devices: Sequence[str], engines: Sequence[str]) -> Hashable:
        """Return what `_fits` is made of; that ever more are known to be unreadable only narrows it."""
        return self._eyes, tuple(devices), tuple(engines)


def _best(session: Session, fits: ColumnElement[bool], kind: tuple[Hashable, int], prefer: int | None) -> Chosen | None:
    """Return the best job. Two cheap looks: an order by `prefer` would have to sort the whole queue."""
    best = look(session, _FITTING, fits, *kind)
    if best is None:
        return None
    place = (best.priority, best.id)
    preferred = _FITTING.where(in_state(JobState.QUEUED), fits, models.Job.id == prefer)
    found = session.execute(preferred).first() if prefer is not None else None
    if found is not None and found.priority >= best.priority:
        return Chosen(found, place, preferred=True)
    return Chosen(best, place)


def _next_best(session: Session, fits: ColumnElement[bool], start: Place) -> Chosen | None:
    """Return the best job of those that are left."""
    waiting = _FITTING.where(in_state(JobState.QUEUED), fits)
    rows = [session.execute(best_first(part).limit(ONE)).first() for part in ranges(waiting, start)]
    best = next((row for row in rows if row is not None), None)
    return None if best is None else Chosen(best, (best.priority, best.id))


def _room(session: Session, chosen: Chosen, most: int, alive_since: datetime) -> int:
    """Return how many jobs like the best, itself among them, one claim may take."""
    best = chosen.best
    most = max(1, most // 16**best.lost)
    if most == 1:
        return 1
    peers = live_peers(session, best.wanted_device, best.engine, alive_since)
    return min(most, _share(session, best.pack_key, most, chosen.start, peers))


def _share(session: Session, pack_key: str, most: int, start: Place, peers: int) -> int:
    """Return this worker's part of the queued jobs that are alike, at least 1, counting no further than matters.

    By the index alone, which a fleet of a thousand needs: so what other devices wait for counts as well.
    """
    alike = select(models.Job.id).where(in_state(JobState.QUEUED), models.Job.pack_key == pack_key)
    some = union_all(*ranges(alike, start)).limit(most * peers)
    waiting = session.scalars(select(func.count()).select_from(some.subquery())).one()
    return max(1, ceil(waiting / peers))


def needed_engine() -> ColumnElement[str]:
    """Return the engine that a job needs: that of its checkpoints, else what its config says."""
    return func.coalesce(models.Job.made_by, models.Job.wanted_engine)


_WANTED: tuple[Any, ...] = (
    models.Job.id,
    models.Job.priority,
    models.Job.wanted_device,
    needed_engine().label("engine"),
)
_WAITING = select(*_WANTED)
_TAKEN_BY: tuple[Any, ...] = (models.Job.config, models.Job.pack_key, models.Job.lost)
_FITTING = select(*_WANTED, *_TAKEN_BY)
