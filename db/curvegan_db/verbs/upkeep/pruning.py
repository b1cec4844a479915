"""Old jobs that are deleted with all that came of them. What has not ended is never touched."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from curvegan_db.columns import JobState
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.filters.fields import JobField
from curvegan_db.sql.database import shown_url
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state

_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
# Jobs that go in one transaction: some 50 MB of results, for which nobody waits longer than for a slow commit.
_BATCH = 100
_SIZED_AT_ONCE = 5_000
_SIZED: tuple[tuple[InstrumentedAttribute[int], InstrumentedAttribute[bytes]], ...] = (
    (models.Checkpoint.job_id, models.Checkpoint.data),
    (models.LossChunk.job_id, models.LossChunk.data),
    (models.Snapshot.job_id, models.Snapshot.data),
    (models.Plot.job_id, models.Plot.png),
)


@dataclass(frozen=True)
class Pruning:
    """What is to go: jobs that ended in one of the `states` longer than `older_than` ago.

    Of these stay the `keep_best` best by a metric in the whole store, and as many of each sweep; the best of equals is
    the older one, and jobs that are too young to go count too.
    """

    older_than: timedelta
    states: Sequence[str] = _ENDED
    keep_best: int = 0
    by: JobField | None = None
    largest: bool = False


@dataclass(frozen=True)
class Prunable:
    """What a Pruning comes to: ids, the oldest first, bytes of their results, and how many jobs the best saved."""

    ids: list[int]
    size: int
    kept: int


class Prunes(Transactions):
    """The part of the store that deletes jobs."""

    def prunable(self, pruning: Pruning) -> Prunable:
        """Return the jobs to delete. Changes nothing."""
        with self._read() as session:
            query = select(models.Job.id).where(_old(pruning, now(session))).order_by(models.Job.id)
            best = set(session.scalars(_best(pruning))) if pruning.keep_best else set()
            old = list(session.scalars(query))
        ids = [job_id for job_id in old if job_id not in best]
        return Prunable(ids, sum(map(self._size, _batches(ids, _SIZED_AT_ONCE))), len(old) - len(ids))

    def prune(self, pruning: Pruning, ids: Sequence[int]) -> Iterator[int]:
        """Delete these jobs, if they still are to go; yield how many went, after each batch.

        A batch is a transaction, and between two of them workers have as much time to write as a batch takes.
        """
        for batch in _batches(ids, _BATCH):
            start = time.monotonic()
            with self._write() as session:
                gone = delete(models.Job).where(models.Job.id.in_(batch), _old(pruning, now(session)))
                deleted = session.execute(gone.returning(models.Job.id)).all()
            yield len(deleted)
            time.sleep(min(1.0, time.monotonic() - start))

    def vacuum(self) -> None:
        """Give the space of what was deleted back to the disk: SQLite only. Raises DatabaseUnreachable when it is busy.

        It takes as much free space as the store needs then, and nobody can write meanwhile.
        """
        with self.engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
            try:
                # Not by the connection itself, which would begin a transaction; there VACUUM is refused.
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                raise DatabaseUnreachable(shown_url(self.engine), str(error)) from None

    def _size(self, ids: Sequence[int]) -> int:
        sums = [select(func.sum(func.length(data))).where(job.in_(ids)) for job, data in _SIZED]
        with self._read() as session:
            return sum(session.scalar(size) or 0 for size in sums)


def _old(pruning: Pruning, moment: datetime) -> ColumnElement[bool]:
    states = or_(*(in_state(JobState(state)) for state in pruning.states))
    return and_(states, models.Job.finished_at < moment - pruning.older_than)


def _best(pruning: Pruning) -> "Select[int]":
    """Return ids of the best jobs, in the whole store and in each sweep."""
    job, by = models.Job, pruning.by
    assert by is not None
    order = (by.sql.desc() if pruning.largest else by.sql, job.id)
    ranks = select(
        job.id,
        job.sweep,
        func.row_number().over(order_by=order).label("overall"),
        func.row_number().over(partition_by=job.sweep, order_by=order).label("within"),
    )
    ranked = ranks.where(or_(*map(in_state, _ENDED)), by.sql.is_not(None)).subquery()
    within = and_(ranked.c.sweep.is_not(None), ranked.c.within <= pruning.keep_best)
    return select(ranked.c.id).where(or_(ranked.c.overall <= pruning.keep_best, within))


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
