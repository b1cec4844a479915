"""What it takes to compare many jobs: the best of them, columns of values, pages of jobs, loss curves."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from curvegan_db.filters.fields import JobField
from curvegan_db.filters.language import EVERY_JOB, Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.values import Job
from curvegan_db.verbs.jobs import filtered, in_order, job_values
from curvegan_db.verbs.results import joined_losses

if TYPE_CHECKING:
    from curvegan_core.records.loss_curve import LossCurve

PAGE = 1_000
_CURVES_AT_ONCE = 100


class Comparing(Transactions):
    """The part of the store that compares jobs. A filter of None means every job."""

    def best(self, by: JobField, largest: bool, where: Filter | None = None, limit: int = 5) -> list[Job]:
        """Return the jobs with the smallest values, or the largest; of equals the older first."""
        order = by.sql.desc() if largest else by.sql
        with self._read() as session:
            moment = now(session)
            query = _where(select(models.Job.id), where or EVERY_JOB, moment).where(by.sql.is_not(None))
            return in_order(session, query.order_by(order, models.Job.id).limit(limit), moment)

    def ordered(
        self, by: JobField, descending: bool, states: Sequence[str] = (), where: Filter | None = None, limit: int = 50
    ) -> list[Job]:
        """Return the first jobs in the order of a field, those without a value last; of equals the newer first."""
        order = (by.sql.desc() if descending else by.sql.asc()).nulls_last()
        with self._read() as session:
            moment = now(session)
            query = _where(filtered(states, (), None, moment), where or EVERY_JOB, moment)
            ids = query.with_only_columns(models.Job.id).order_by(order, models.Job.id.desc()).limit(limit)
            return in_order(session, ids, moment)

    def values(self, fields: Sequence[JobField], where: Filter | None = None) -> list[tuple[Any, ...]]:
        """Return each job's values of the fields, in the order of the ids; None where it lacks one."""
        with self._read() as session:
            query = select(*(field.sql for field in fields)).select_from(models.Job)
            query = _where(query, where or EVERY_JOB, now(session))
            rows = session.execute(query.order_by(models.Job.id))
            return [
                tuple(None if value is None else field.shown(value) for field, value in zip(fields, row, strict=True))
                for row in rows
            ]

    def count(self, where: Filter | None = None) -> int:
        """Return how many jobs there are."""
        with self._read() as session:
            query = _where(select(func.count()).select_from(models.Job), where, now(session))
            return int(session.execute(query).scalar_one())

    def counts(self, fields: Sequence[JobField], where: Filter | None = None) -> dict[tuple[Any, ...], int]:
        """Return how many jobs there are by their values of the fields."""
        with self._read() as session:
            columns = [field.sql.label(f"value_{at}") for at, field in enumerate(fields)]
            query = _where(select(*columns, func.count()).select_from(models.Job), where or EVERY_JOB, now(session))
            rows = session.execute(query.group_by(*(column.name for column in columns)))
            return {tuple(key): int(count) for *key, count in rows}

    def pages(self, where: Filter | None = None) -> Iterator[list[Job]]:
        """Yield all jobs in the order of their ids, some at a time: each page is a short transaction."""
        last = 0
        while page := self._page(where, last):
            yield page
            last = page[-1].id

    def loss_curves(self, ids: Sequence[int]) -> Iterator[tuple[int, "LossCurve"]]:
        """Yield each job's loss curve, empty for one without records, some at a time. Raises ResultDamaged."""
        for start in range(0, len(ids), _CURVES_AT_ONCE):
            yield from self._loss_curves(ids[start : start + _CURVES_AT_ONCE])

    def all_losses(self, where: Filter | None = None) -> "list[tuple[int, LossCurve]]":
        """Return the loss curves of all jobs that have one, in the order of their ids, by one question.

        Raises ResultDamaged.
        """
        chunks, job, pieces = models.LossChunk, models.Job, dict[int, list[bytes]]()
        with self._read() as session:
            meant = _where(select(job.id), where, now(session)).correlate(None)
            query = select(chunks.job_id, chunks.data).where(chunks.job_id.in_(meant))
            for job_id, data in session.execute(query.order_by(chunks.job_id, chunks.first_step)):
                pieces.setdefault(job_id, []).append(data)
        return [(job_id, joined_losses(job_id, data)) for job_id, data in pieces.items()]

    def ids(self, where: Filter | None = None) -> list[int]:
        """Return the ids of all jobs, in their order."""
        with self._read() as session:
            query = _where(select(models.Job.id), where, now(session))
            return list(session.scalars(query.order_by(models.Job.id)))

    def _page(self, where: Filter | None, after: int) -> list[Job]:
        with self._read() as session:
            moment = now(session)
            query = _where(select(models.Job).where(models.Job.id > after), where, moment)
            return job_values(session, session.scalars(query.order_by(models.Job.id).limit(PAGE)).all(), moment)

    def _loss_curves(self, ids: Sequence[int]) -> list[tuple[int, "LossCurve"]]:
        chunks = models.LossChunk
        query = select(chunks.job_id, chunks.data).where(chunks.job_id.in_(ids))
        pieces: dict[int, list[bytes]] = {job_id: [] for job_id in ids}
        with self._read() as session:
            for job_id, data in session.execute(query.order_by(chunks.job_id, chunks.first_step)):
                pieces[job_id].append(data)
        return [(job_id, joined_losses(job_id, data)) for job_id, data in pieces.items()]


def _where(query: Select[Any], where: Filter | None, moment: datetime) -> Select[Any]:
    return query if where is None else query.where(where.condition(moment))
