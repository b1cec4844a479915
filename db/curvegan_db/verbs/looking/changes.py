"""What changed since somebody looked, for who follows many jobs: each question reads what is new, or one row.

Every change of a job's state has an event, and events are numbered as they come.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.values import Need
from curvegan_db.verbs.claims import needed_engine
from curvegan_db.verbs.jobs import filtered, id_parts

Pulse = tuple[int, datetime | None]
"""The number of the newest event, and when a job that is running was last recorded: as long as it stays, all does."""


class Changes(Transactions):
    """The part of the store that followers need."""

    def pulse(self) -> Pulse:
        """Return what differs whenever the state or the progress of any job has changed."""
        with self._read() as session:
            recorded = select(func.max(models.Job.recorded_at)).where(in_state(JobState.RUNNING))
            return _newest_event(session), session.scalar(recorded)

    def changed(self, after: int) -> tuple[int, frozenset[int]]:
        """Return the number of the newest event, and the jobs of which those after `after` tell."""
        event = models.Event
        with self._read() as session:
            rows = session.execute(select(event.id, event.job_id).where(event.id > after)).all()
            return max((number for number, _ in rows), default=after), frozenset(job_id for _, job_id in rows)

    def newest_event(self) -> int:
        """Return the number of the newest event; 0 where there is none."""
        with self._read() as session:
            return _newest_event(session)

    def states(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the stored states of jobs; an id that no job has is missing."""
        job = models.Job
        with self._read() as session:
            return {
                job_id: str(state)
                for part in id_parts(ids, most=_AT_ONCE)
                for job_id, state in session.execute(select(job.id, job.state).where(job.id.in_(part)))
            }

    def chosen(
        self,
        among: Collection[int] | None = None,
        states: Sequence[str] = (),
        sweep: int | None = None,
        where: Filter | None = None,
    ) -> list[int]:
        """Return the ids of the jobs that `Jobs.jobs` returns, the oldest first."""
        with self._read() as session:
            moment = now(session)
            query = filtered(states, (), sweep, moment).with_only_columns(models.Job.id).order_by(models.Job.id)
            query = query.execution_options(yield_per=_AT_ONCE)
            if where is not None:
                query = query.where(where.condition(moment))
            parts: Iterator[list[int] | None] = iter([None]) if among is None else iter(id_parts(among))
            changed: list[int] = []
            for part in parts:
                changed += session.scalars(query if part is None else query.where(models.Job.id.in_(part)))
            return changed

    def needs(self, among: Collection[int] | None = None, sweep: int | None = None) -> list[Need]:
        """Return what the queued jobs that no worker holds need, each thing once: of these jobs, of a sweep, or all."""
        job, engine = models.Job, needed_engine()
        query = select(job.wanted_device, engine, func.count(), func.min(job.id)).where(in_state(JobState.QUEUED))
        query = query.group_by(job.wanted_device, engine)
        query = query if sweep is None else query.where(job.sweep == sweep)
        needs: dict[tuple[str, str], Need] = {}
        with self._read() as session:
            for part in iter([None]) if among is None else id_parts(among):
                for *what, count, first in session.execute(query if part is None else query.where(job.id.in_(part))):
                    device, needed = what
                    known = needs.get((device, needed), Need(device, needed, 0, first))
                    needs[device, needed] = replace(known, jobs=known.jobs + count)
        return sorted(needs.values(), key=lambda need: need.first)

    def is_anything_live(self) -> bool:
        """Return whether any job is queued or running."""
        with self._read() as session:
            live = (select(models.Job.id).where(in_state(state)).limit(1) for state in _UNENDED)
            return any(session.scalar(query) is not None for query in live)

    def is_over(self, sweep_id: int) -> bool:
        """Return whether no job of a sweep is queued or running."""
        job = models.Job
        with self._read() as session:
            waiting = (select(job.id).where(job.sweep == sweep_id, in_state(state)).limit(1) for state in _UNENDED)
            return all(session.scalar(query) is None for query in waiting)


_UNENDED = (JobState.QUEUED, JobState.RUNNING)
_AT_ONCE = 1000


def _newest_event(session: Session) -> int:
    return session.scalar(select(func.max(models.Event.id))) or 0
