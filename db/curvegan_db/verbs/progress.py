"""What a worker writes while it trains: losses, snapshots, checkpoints, plots.

Rows are replaced, never added twice: a worker that did not hear the answer to its commit sends the same again.
"""

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Table, bindparam, case, delete, select, update
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.sql.transactions import Transactions, now, upsert
from curvegan_db.tables import models
from curvegan_db.tables.retention import drop_outdated
from curvegan_db.tables.transitions import NOT_BEGUN, add_events, end, give_back, go_back, release
from curvegan_db.values import Plot
from curvegan_db.verbs.leases import held_jobs
from curvegan_db.verbs.logs import line_rows
from curvegan_db.verbs.results import refused

if TYPE_CHECKING:
    from curvegan_core.records.loss_curve import LossCurve, Snapshot


@dataclass(frozen=True)
class Ending:
    """How a worker leaves a job: ended, or released to be resumed (`state` QUEUED).

    One that is released with an `error` could not be begun: its worker is at fault, and says why. A metric that is not
    finite is left out. A cancelled job keeps the user's reason unless another is given; a released
    one whose cancel was requested is cancelled.
    """

    state: JobState
    reason: str | None = None
    error: str | None = None
    metrics: Mapping[str, float] | None = None
    verdict: str | None = None
    cpu_seconds: float | None = None
    """What this attempt took of processors."""

    def __post_init__(self) -> None:
        if self.state is JobState.RUNNING:
            raise ValueError("a running job is at no end")

    @property
    def outcome(self) -> str:
        """Return what it is called in the attempt that ends with it."""
        if self.state is JobState.QUEUED:
            return NOT_BEGUN if self.error else "released"
        return self.state.value


@dataclass(frozen=True)
class Record:
    """What came of a job since it was written last: nothing of it is there, or all.

    `follows` is how many steps of it were stored before, as far as the worker knows: what the store has must reach it.
    `step` is how many steps are done, None if nobody says so. `checkpoints` holds steps and bytes, `lines` what the
    job's log is to tell, by number, each with the time of this process's monotonic clock at which it was so. With an
    `ending` the lease on the job is given up.
    """

    job_id: int
    step: int | None = None
    losses: "LossCurve | None" = None
    snapshots: "Sequence[Snapshot]" = ()
    checkpoints: Sequence[tuple[int, bytes]] = ()
    lines: Mapping[int, tuple[str, float]] = field(default_factory=dict)
    plots: Sequence[Plot] = ()
    ending: Ending | None = None
    follows: int = 0


class Progress(Transactions):
    """The part of the store that takes a training's results."""

    def begin(
        self, token: str, steps: Mapping[int, int], device: str, engine: str, engine_version: str
    ) -> frozenset[int]:
        """Start attempts of jobs, each at a step: 0, or that of its checkpoint. What lies after it is deleted.

        Returns:
            The jobs that are lost, those among them of which the store has less than that. Nothing was written of
            those.

        Raises:
            ResultDamaged: a loss curve goes beyond the step and cannot be read. Nothing was written at all.
        """
        began = {"device": device, "engine": engine, "engine_version": engine_version}
        with self._write() as session, session.no_autoflush:
            moment = now(session)
            jobs = _reached(session, held_jobs(session, token, steps), moment, steps)
            by_step: dict[int, list[models.Job]] = {}
            for job in jobs.values():
                by_step.setdefault(steps[job.id], []).append(job)
            for step, starting in by_step.items():
                _begin(session, starting, moment, {**began, "began_step": step})
            return frozenset(steps) - frozenset(jobs)

    def record(self, token: str, records: Collection[Record]) -> frozenset[int]:
        """Store what came of several jobs of a lease, at most one record of each.

        The same again, or the same and more, replaces what was stored. Of the checkpoints that are there already
        those stay that `curvegan_db.tables.retention` says.

        Returns:
            The jobs that are lost. Nothing was written of those, and all of the others. A job whose history ends
            before the record begins is lost too: the store went back to an earlier state, and the job to the queue.
        """
        follows = {record.job_id: record.follows for record in records}
        with self._write() as session, session.no_autoflush:  # each row is written once, and all of them together
            held_ones = held_jobs(session, token, follows)
            moment, clock = now(session), time.monotonic()
            jobs = _reached(session, held_ones, moment, follows)
            held = [(jobs[record.job_id], record) for record in records if record.job_id in jobs]
            _put(session, moment, moment - timedelta(seconds=clock), held)
            for job, record in held:
                if record.step is not None:
                    job.step, job.recorded_at = record.step, moment
                if record.checkpoints:
                    job.made_by = job.engine
                if record.ending is not None:
                    _conclude(session, job, moment, record.ending)
            others = [record for record in records if record.job_id not in jobs]
            return frozenset(record.job_id for record in others if not _has_ended(session, token, record))


def _reached(
    session: Session, jobs: Mapping[int, models.Job], moment: datetime, steps: Mapping[int, int]
) -> dict[int, models.Job]:
    """Give back those of the locked jobs whose history does not reach the step given, and return the others."""
    for job_id, job in jobs.items():
        if job.step < steps[job_id]:
            go_back(session, job, moment, steps[job_id])
    return {job_id: job for job_id, job in jobs.items() if job.step >= steps[job_id]}


def _conclude(session: Session, job: models.Job, moment: datetime, ending: Ending) -> None:
    """End or release a locked job."""
    if ending.cpu_seconds is not None:
        job.cpu_seconds = (job.cpu_seconds or 0.0) + ending.cpu_seconds
    if ending.state is JobState.QUEUED:
        if ending.error:
            give_back(session, job, moment, ending.error)
        else:
            release(session, job, moment, ending.outcome, ending.reason)
        return
    metrics = ending.metrics
    job.metrics = {k: float(v) for k, v in metrics.items() if isfinite(v)} if metrics is not None else None
    job.verdict = ending.verdict
    if ending.state is JobState.SUCCEEDED and ending.reason:  # it stopped early: this is its end
        drop_outdated(session, {job.id: {**job.config, "steps": job.step}})
    reason = ending.reason or (job.cancel_reason if ending.state is JobState.CANCELLED else None)
    end(session, job, moment, ending.state, reason, ending.error)


def _has_ended(session: Session, token: str, record: Record) -> bool:
    """Return whether the lease already ended the job so: the answer to its commit was lost on the way."""
    attempt = models.Attempt
    outcome = select(attempt.outcome).where(attempt.job_id == record.job_id, attempt.token == token)
    return record.ending is not None and session.scalar(outcome) == record.ending.outcome


def _put(session: Session, moment: datetime, zero: datetime, held: Sequence[tuple[models.Job, Record]]) -> None:
    """Write the rows of all jobs, each table in one go."""
    _put_losses(session, [(job.id, record.losses) for job, record in held if record.losses])
    snapshots = [(job.id, snapshot) for job, record in held for snapshot in record.snapshots]
    rows = [{"job_id": job_id, "step": snapshot.step, "data": snapshot.to_bytes()} for job_id, snapshot in snapshots]
    _replace(session, models.Snapshot, rows)
    _put_checkpoints(session, moment, held)
    _replace(session, models.LogLine, [row for job, record in held for row in line_rows(job, zero, record.lines)])
    plots = [(job.id, plot) for job, record in held for plot in record.plots]
    rows = [{"job_id": job_id, "kind": plot.kind, "step": plot.step, "png": plot.png} for job_id, plot in plots]
    _replace(session, models.Plot, rows)


def _put_losses(session: Session, curves: "Sequence[tuple[int, LossCurve]]") -> None:
    """Write a chunk of each job's loss curve in place of all that lie within it."""
    rows = [_chunk(job_id, losses) for job_id, losses in curves]
    table = models.LossChunk
    within = table.first_step.between(bindparam("first_step"), bindparam("last_step"))
    statement = delete(_table(table)).where(table.job_id == bindparam("job_id"), within)
    if rows:
        names = ("job_id", "first_step", "last_step")
        session.connection().execute(statement, [{name: row[name] for name in names} for row in rows])
    _replace(session, table, rows)


def _chunk(job_id: int, losses: "LossCurve") -> dict[str, Any]:
    first, last = int(losses.steps[0]), int(losses.steps[-1])
    data = losses.to_bytes()
    return {"job_id": job_id, "first_step": first, "last_step": last, "count": len(losses), "data": data}


def _put_checkpoints(session: Session, moment: datetime, held: Sequence[tuple[models.Job, Record]]) -> None:
    rows = [checkpoint_row(job, moment, *checkpoint) for job, record in held for checkpoint in record.checkpoints]
    _replace(session, models.Checkpoint, rows)
    drop_outdated(session, {job.id: job.config for job, record in held if record.checkpoints})


def checkpoint_row(job: models.Job, moment: datetime, step: int, data: bytes) -> dict[str, Any]:
    """Return the row of a checkpoint that a job's present attempt made."""
    row = {
        "job_id": job.id,
        "step": step,
        "attempt": job.attempt,
        "created_at": moment,
        "size": len(data),
        "data": data,
    }
    return row | {"sha256": hashlib.sha256(data).hexdigest()}


def _replace(
    session: Session,
    table: type[models.LossChunk | models.Snapshot | models.Checkpoint | models.Plot | models.LogLine],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Insert rows, in place of those that have the same key."""
    if not rows:
        return
    statement, key = upsert(session, _table(table)), [column.name for column in _table(table).primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.connection().execute(statement.on_conflict_do_update(index_elements=key, set_=others), rows)


def _table(model: type[models.Base]) -> Table:
    """Return the table itself: many rows at once are not the business of the ORM."""
    return models.Base.metadata.tables[model.__tablename__]


def _begin(session: Session, jobs: Sequence[models.Job], moment: datetime, began: Mapping[str, Any]) -> None:
    """Start attempts of locked jobs of one lease at one step."""
    step = began["began_step"]
    fresh = [(job.id, job.attempt, job.worker) for job in jobs if job.began_step != step]
    if fresh:
        detail = "at step {began_step} on {device} with {engine} {engine_version}"
        add_events(session, fresh, moment, "began", detail.format(**began))
    attempts = (models.Attempt.job_id.in_([job.id for job in jobs]), models.Attempt.token == jobs[0].lease_token)
    opened = update(models.Attempt).where(*attempts).values(began_at=moment, **began)
    session.execute(opened.execution_options(synchronize_session=False))
    # Of a first attempt that did not begin before nobody can have written anything.
    delete_after(session, {job.id: step for job in jobs if job.attempt > 1 or job.began_at is not None})
    for job in jobs:
        job.made_by, job.started_at = job.made_by if step else None, job.started_at or moment
        for name, value in {**began, "step": step, "began_at": moment, "recorded_at": None}.items():
            setattr(job, name, value)


def delete_after(session: Session, steps: Mapping[int, int]) -> None:
    """Leave of each job what led to the state at its step: records of the updates before it, states up to it."""
    if not steps:
        return
    _cut_losses(session, steps)
    rows = [{"job": job_id, "at": step} for job_id, step in steps.items()]
    at: BindParameter[int] = bindparam("at")
    chunks, states = models.LossChunk, (models.Snapshot, models.Checkpoint, models.Plot)
    for table, later in [(chunks, chunks.first_step >= at), *((state, state.step > at) for state in states)]:
        statement = delete(_table(table)).where(table.job_id == bindparam("job"), later)
        session.connection().execute(statement, rows)


def _cut_losses(session: Session, steps: Mapping[int, int]) -> None:
    import numpy as np  # noqa: PLC0415 - as in the results

    from curvegan_core.records.loss_curve import LossCurve  # noqa: PLC0415

    chunks = models.LossChunk
    step = case(steps, value=chunks.job_id)
    across = select(chunks.job_id, chunks.data).where(chunks.job_id.in_(steps))
    kept = []
    for job_id, data in session.execute(across.where(chunks.first_step < step, chunks.last_step >= step)).all():
        with refused(job_id, "loss curve"):
            losses = LossCurve.from_bytes(data)
        left = losses.rows(0, int(np.searchsorted(losses.steps, steps[job_id])))
        kept += [(job_id, left)] if len(left) else []
    _put_losses(session, kept)
