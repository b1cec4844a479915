"""What came of a job, to read: loss curve, snapshots, checkpoints, plots, history. Writes nothing.

The core's series are imported where they are read: with them comes numpy, for which no list of jobs should wait.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from curvegan_core.records.loss_record import newest_rmse
from curvegan_db.columns import MOST_ID
from curvegan_db.errors import JobNotFound, ResultDamaged, ResultNotFound
from curvegan_db.sql.transactions import Transactions
from curvegan_db.tables import models
from curvegan_db.values import CheckpointRow, Event, Plot, StoredCheckpoint

if TYPE_CHECKING:
    from curvegan_core.records.loss_curve import LossCurve, Snapshot

# Their newest pieces of loss curves are read together: few enough for a statement's parameters, and for the memory.
_AT_ONCE = 1000
_MOST_LISTED = 20


class Results(Transactions):
    """The part of the store that holds results. Every method raises JobNotFound."""

    def losses(self, job_id: int) -> "LossCurve":
        """Return all records so far, in step order. Raises ResultDamaged."""
        query = select(models.LossChunk.data).where(models.LossChunk.job_id == job_id)
        with self._read() as session:
            require_job(session, job_id)
            chunks = session.scalars(query.order_by(models.LossChunk.first_step)).all()
        return joined_losses(job_id, chunks)

    def newest_rmse(self, ids: Sequence[int]) -> dict[int, float]:
        """Return the RMSE of each job's newest record, of those that have one that can be read. Raises nothing."""
        chunk = aliased(models.LossChunk)
        newest = select(func.max(chunk.first_step)).where(chunk.job_id == models.LossChunk.job_id).scalar_subquery()
        query = select(models.LossChunk.job_id, models.LossChunk.data).where(models.LossChunk.first_step == newest)
        rmses: dict[int, float] = {}
        for start in range(0, len(ids), _AT_ONCE):
            with self._read() as session:
                rows = session.execute(query.where(models.LossChunk.job_id.in_(ids[start : start + _AT_ONCE])))
                for job_id, data in rows:
                    with suppress(ValueError):  # one job's damage must not hide the others
                        rmses[job_id] = newest_rmse(data)
        return rmses

    def snapshots(self, job_id: int) -> "list[Snapshot]":
        """Return all snapshots so far, in step order. Raises ResultDamaged."""
        from curvegan_core.records.loss_curve import Snapshot  # noqa: PLC0415

        query = select(models.Snapshot.data).where(models.Snapshot.job_id == job_id).order_by(models.Snapshot.step)
        with self._read() as session:
            require_job(session, job_id)
            rows = session.scalars(query).all()
        with refused(job_id, "snapshot"):
            return [Snapshot.from_bytes(data) for data in rows]

    def plot(self, job_id: int, kind: str) -> Plot | None:
        """Return the stored plot of a kind, if there is one yet."""
        query = select(models.Plot).where(models.Plot.job_id == job_id, models.Plot.kind == kind)
        with self._read() as session:
            require_job(session, job_id)
            row = session.scalar(query)
            return None if row is None else Plot(row.job_id, row.kind, row.step, row.png)

    def checkpoint(self, job_id: int, step: int | None = None) -> StoredCheckpoint:
        """Return the checkpoint at a step, or the newest. Raises ResultNotFound."""
        query = select(models.Checkpoint).where(models.Checkpoint.job_id == job_id)
        if step is not None:
            query = query.where(models.Checkpoint.step == step)
        with self._read() as session:
            require_job(session, job_id)
            row = session.scalar(query.order_by(models.Checkpoint.step.desc()).limit(1))
            if row is None:
                raise ResultNotFound(_no_checkpoint(session, job_id, step))
            return StoredCheckpoint(row.job_id, row.step, row.attempt, row.created_at, row.size, row.sha256, row.data)

    def checkpoints(self, job_id: int) -> list[CheckpointRow]:
        """Return the stored checkpoints without their data, newest first."""
        table = models.Checkpoint
        columns = (table.job_id, table.step, table.attempt, table.created_at, table.size, table.sha256)
        with self._read() as session:
            require_job(session, job_id)
            rows = session.execute(select(*columns).where(table.job_id == job_id).order_by(table.step.desc()))
            return [CheckpointRow(*row) for row in rows]

    def events(self, job_id: int) -> list[Event]:
        """Return the job's history, oldest first."""
        query = select(models.Event).where(models.Event.job_id == job_id).order_by(models.Event.id)
        with self._read() as session:
            require_job(session, job_id)
            return [
                Event(row.id, row.job_id, row.at, row.attempt, row.worker, row.kind, row.detail)
                for row in session.scalars(query)
            ]


def joined_losses(job_id: int, chunks: Sequence[bytes]) -> "LossCurve":
    """Return the loss curve of a job's chunks, which are in order. Raises ResultDamaged."""
    from curvegan_core.records.loss_curve import LossCurve  # noqa: PLC0415

    with refused(job_id, "loss curve"):
        curve = LossCurve.concatenate([LossCurve.from_bytes(data) for data in chunks])
        if (curve.steps[1:] <= curve.steps[:-1]).any():
            raise ValueError("its steps are not in order")
        return curve


def require_job(session: Session, job_id: int) -> None:
    """Raise JobNotFound unless there is such a job."""
    known = select(models.Job.id).where(models.Job.id == job_id)
    if not 0 < job_id <= MOST_ID or session.scalar(known) is None:
        raise JobNotFound(job_id)


def _no_checkpoint(session: Session, job_id: int, step: int | None) -> str:
    if step is None:
        return f"job {job_id} has no checkpoint yet"
    kept = select(models.Checkpoint.step).where(models.Checkpoint.job_id == job_id).order_by(models.Checkpoint.step)
    steps = [str(step) for step in session.scalars(kept)] or ["none yet"]
    listed = ", ".join(steps if len(steps) <= _MOST_LISTED else [*steps[: _MOST_LISTED - 1], "...", steps[-1]])
    return f"job {job_id} has no checkpoint at step {step}; it has {listed}: its keep_checkpoints says which stay"


@contextmanager
def refused(job_id: int, what: str) -> Iterator[None]:
    """Turn bytes that the core cannot read into a complaint of whose they are. Raises ResultDamaged."""
    try:
        yield
    except ValueError as error:
        raise ResultDamaged(job_id, what, str(error)) from None
