"""Jobs that go on from another job's state with a config of their own. What they share they hold themselves.

A fork has a copy of its parent's records and snapshots before its step, and its start as a checkpoint: deleting the
parent takes nothing from it.
"""

from dataclasses import dataclass

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.transitions import add_event
from curvegan_db.values import JobRequest
from curvegan_db.verbs.jobs import add_jobs, locked_job
from curvegan_db.verbs.progress import checkpoint_row, delete_after


@dataclass(frozen=True)
class Start:
    """Where a fork starts: the bytes of its checkpoint, at which step, and the name of the engine to go on with."""

    step: int
    data: bytes
    engine: str


class Forks(Transactions):
    """The part of the store that knows forks."""

    def fork(self, parent_id: int, request: JobRequest, start: Start) -> int:
        """Queue a fork of a job; its id. Raises JobNotFound."""
        with self._write() as session:
            moment, parent = now(session), locked_job(session, parent_id)
            [job_id] = add_jobs(session, [request], moment, forks=True)
            job = locked_job(session, job_id)
            job.parent, job.parent_step, job.step, job.made_by = parent.id, start.step, start.step, start.engine
            _copy_past(session, parent.id, job_id)
            delete_after(session, {job_id: start.step})
            session.execute(insert(models.Checkpoint), [checkpoint_row(job, moment, start.step, start.data)])
            add_event(session, job, moment, "forked", f"from job {parent.id} at step {start.step}")
            return job_id


def _copy_past(session: Session, parent: int, fork: int) -> None:
    for table in (models.LossChunk, models.Snapshot):
        names = [column.name for column in models.Base.metadata.tables[table.__tablename__].columns][1:]
        copied = select(literal(fork), *(getattr(table, name) for name in names)).where(table.job_id == parent)
        session.execute(insert(table).from_select(["job_id", *names], copied))
