"""How many jobs stand as a whole, and which of them a person wants to see first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from curvegan_db.columns import MOST_ID, JobState
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.states import displayed_as, displayed_column, displayed_state
from curvegan_db.values import Job
from curvegan_db.verbs.jobs import filtered, in_order, job_values
from curvegan_db.verbs.paces import Kind, steps_by_kind

# Bound parameters of one statement, for jobs that are named one by one.
_MOST_NAMED = 10_000
_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class Standing:
    """Jobs counted by displayed state, the steps that are left by kind, and the first to look at."""

    states: dict[str, int]
    steps_left: dict[Kind, int]
    jobs: list[Job]


class Standings(Transactions):
    """The part of the store that sums up any jobs."""

    def standing(
        self,
        limit: int,
        ids: Collection[int] | None = None,
        states: Sequence[str] = (),
        tags: Sequence[str] = (),
        sweep: int | None = None,
        where: Filter | None = None,
    ) -> Standing:
        """Return how jobs stand, chosen as `Jobs.jobs` does, and the first few of them.

        The running ones come first, then those that have ended, the newest end first, then the queued ones in their
        order. Of more ids than a statement takes the newest are looked at.
        """
        job = models.Job
        with self._read() as session:
            moment = now(session)
            chosen: Select[Any] = filtered(states, tags, sweep, moment)
            if where is not None:
                chosen = chosen.where(where.condition(moment))
            if ids is not None:
                known = sorted(job_id for job_id in ids if 0 < job_id <= MOST_ID)[-_MOST_NAMED:]
                chosen = chosen.where(job.id.in_(known))
            queued = displayed_as(JobState.QUEUED, moment)
            counts = _counts(session, chosen, moment)
            unfinished = chosen.where(job.state.in_((JobState.QUEUED, JobState.RUNNING)))
            rank = case((queued, 2), (in_state(JobState.RUNNING), 0), else_=1)
            order = (rank, job.finished_at.desc(), job.priority.desc(), job.id)
            first = chosen.with_only_columns(job.id).order_by(*order).limit(limit)
            return Standing(counts, steps_by_kind(session, unfinished), in_order(session, first, moment))

    def counted(self, where: Filter | None = None) -> dict[str, int]:
        """Return how many jobs are in which displayed state; of all jobs without reading one that is not running."""
        with self._read() as session:
            moment = now(session)
            return _counts(session, _met(select(models.Job), where, moment), moment)

    def front(self, limit: int, where: Filter | None = None) -> list[Job]:
        """Return the first jobs to look at: the running ones, those that have ended, the newest first, then the queue.

        Each state is read in the order of an index, so that of very many jobs few are.
        """
        with self._read() as session:
            moment = now(session)
            rows = _Front(session, limit, where, moment).rows()
            return job_values(session, rows, moment)

    def queue(self, limit: int) -> list[Job]:
        """Return the queued jobs that no worker holds, in the order in which they are claimed."""
        with self._read() as session:
            moment = now(session)
            job = models.Job
            rows = _Front(session, limit, None, moment).of(JobState.QUEUED, job.priority.desc(), job.id)
            return job_values(session, rows, moment)


def _counts(session: Session, chosen: Select[Any], moment: datetime) -> dict[str, int]:
    """Count by displayed state. The stored one is read from an index alone, but of jobs that a worker has claimed."""
    state = models.Job.state
    per_state = chosen.with_only_columns(state, func.count()).group_by(state)
    counts = {str(stored): int(count) for stored, count in session.execute(per_state)}
    counts.pop(JobState.RUNNING.value, None)
    claimed = chosen.with_only_columns(displayed_column(moment), func.count()).where(in_state(JobState.RUNNING))
    for shown, count in session.execute(claimed.group_by("shown")):
        counts[shown] = counts.get(shown, 0) + count
    return counts


def _met(query: Any, where: Filter | None, moment: datetime) -> Any:
    return query if where is None else query.where(where.condition(moment))


@dataclass(frozen=True)
class _Front:
    """Reads the first jobs, state by state."""

    session: Session
    limit: int
    where: Filter | None
    moment: datetime

    def rows(self) -> list[models.Job]:
        job = models.Job
        held = self.of(JobState.RUNNING, job.id)
        waits = [row for row in held if displayed_state(row, self.moment) == JobState.QUEUED.value]
        first = [row for row in held if row not in waits]
        if len(first) < self.limit:
            ended = [row for state in _ENDED for row in self.of(state, job.id.desc())]
            first += sorted(ended, key=lambda row: (row.finished_at is not None, row.finished_at, row.id), reverse=True)
        if len(first) < self.limit:
            first += [*waits, *self.of(JobState.QUEUED, job.priority.desc(), job.id)]
        return first[: self.limit]

    def of(self, state: JobState, *order: Any) -> list[models.Job]:
        query = _met(select(models.Job).where(in_state(state)), self.where, self.moment)
        return [*self.session.scalars(query.order_by(*order).limit(self.limit))]
