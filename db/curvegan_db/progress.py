"""What a worker writes while it trains: losses, snapshots, checkpoints, plots. Knows not what is in them.

Rows are replaced, never added twice: a worker that did not hear the answer to its commit sends the same again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from curvegan.series import LossCurve, Snapshot
from curvegan_db import models
from curvegan_db.leases import held_job
from curvegan_db.logs import put_lines
from curvegan_db.records import Plot
from curvegan_db.results import refused
from curvegan_db.transactions import Transactions, now
from curvegan_db.transitions import add_event


class Progress(Transactions):
    """The part of the store that takes a training's results. Every method raises LeaseLost and then wrote nothing."""

    def begin(self, token: str, job_id: int, step: int, device: str, engine: str, engine_version: str) -> None:
        """Start an attempt at a step: 0, or that of the checkpoint it resumes. What lies after it is deleted.

        Raises ResultDamaged too: a loss curve that goes beyond the step and cannot be read.
        """
        with self._write() as session:
            job, at = held_job(session, token, job_id), now(session)
            _delete_after(session, job_id, step)
            if job.began_step != step:
                add_event(session, job, at, "began", f"at step {step} on {device} with {engine} {engine_version}")
            began = {"device": device, "engine": engine, "engine_version": engine_version, "began_step": step}
            for name, value in {**began, "step": step, "began_at": at, "recorded_at": None}.items():
                setattr(job, name, value)
            attempt = (models.Attempt.job_id == job_id, models.Attempt.attempt == job.attempt)
            session.execute(update(models.Attempt).where(*attempt).values(began_at=at, **began))

    def record(
        self,
        token: str,
        job_id: int,
        step: int,
        losses: LossCurve,
        snapshots: Sequence[Snapshot] = (),
        checkpoint: tuple[int, bytes] | None = None,
        lines: Mapping[int, str] | None = None,
    ) -> None:
        """Store what came since the last call: records, snapshots, a checkpoint as (step, bytes), lines of the log.

        `step` is how many steps are done. The same again, or the same and more, replaces what was stored. A checkpoint
        off the grid, as a drain or an earlier end leaves it, is there to be resumed: the next one takes its place.
        """
        with self._write() as session:
            job, at = held_job(session, token, job_id), now(session)
            _put_losses(session, job_id, losses)
            _put_snapshots(session, job_id, snapshots)
            if checkpoint is not None:
                _put_checkpoint(session, job, at, *checkpoint)
            put_lines(session, job, at, lines or {})
            job.step, job.recorded_at = step, at

    def add_plots(self, token: str, job_id: int, plots: Sequence[Plot], lines: Mapping[int, str] | None = None) -> None:
        """Store rendered plots, one of each kind, and lines of the log."""
        with self._write() as session:
            put_lines(session, held_job(session, token, job_id), now(session), lines or {})
            rows = [{"job_id": job_id, "kind": plot.kind, "step": plot.step, "png": plot.png} for plot in plots]
            _replace(session, models.Plot, rows, models.Plot.kind.in_([plot.kind for plot in plots]))


def _put_losses(session: Session, job_id: int, losses: LossCurve) -> None:
    if len(losses) == 0:
        return
    first, last = int(losses.steps[0]), int(losses.steps[-1])
    _replace(session, models.LossChunk, [_chunk(job_id, losses)], models.LossChunk.first_step.between(first, last))


def _chunk(job_id: int, losses: LossCurve) -> dict[str, Any]:
    first, last = int(losses.steps[0]), int(losses.steps[-1])
    data = losses.to_bytes()
    return {"job_id": job_id, "first_step": first, "last_step": last, "count": len(losses), "data": data}


def _put_snapshots(session: Session, job_id: int, snapshots: Sequence[Snapshot]) -> None:
    rows = [{"job_id": job_id, "step": snapshot.step, "data": snapshot.to_bytes()} for snapshot in snapshots]
    _replace(session, models.Snapshot, rows, models.Snapshot.step.in_([snapshot.step for snapshot in snapshots]))


def _put_checkpoint(session: Session, job: models.Job, at: datetime, step: int, data: bytes) -> None:
    row = {"job_id": job.id, "step": step, "attempt": job.attempt, "created_at": at, "size": len(data), "data": data}
    row["sha256"] = hashlib.sha256(data).hexdigest()
    same = models.Checkpoint.step == step
    superseded = and_(models.Checkpoint.step < step, models.Checkpoint.step % job.config["checkpoint_every"] != 0)
    _replace(session, models.Checkpoint, [row], or_(same, superseded))


def _replace(
    session: Session,
    table: type[models.LossChunk | models.Snapshot | models.Checkpoint | models.Plot],
    rows: list[dict[str, Any]],
    same: ColumnElement[bool],
) -> None:
    """Insert rows of one job in place of the same ones that are there."""
    if rows:
        session.execute(delete(table).where(table.job_id == rows[0]["job_id"], same))
        session.execute(insert(table), rows)


def _delete_after(session: Session, job_id: int, step: int) -> None:
    """Leave what led to the state at `step`: the records of the updates before it, the states up to it."""
    _cut_losses(session, job_id, step)
    for table in (models.Snapshot, models.Checkpoint, models.Plot):
        session.execute(delete(table).where(table.job_id == job_id, table.step > step))


def _cut_losses(session: Session, job_id: int, step: int) -> None:
    chunks = models.LossChunk
    across = select(chunks.data).where(chunks.job_id == job_id, chunks.first_step < step, chunks.last_step >= step)
    for data in session.scalars(across).all():
        with refused(job_id, "loss curve"):
            losses = LossCurve.from_bytes(data)
        _put_losses(session, job_id, losses.rows(0, int(np.searchsorted(losses.steps, step))))
    session.execute(delete(chunks).where(chunks.job_id == job_id, chunks.first_step >= step))
