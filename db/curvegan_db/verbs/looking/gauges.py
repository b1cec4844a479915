"""What an operator's alarms look at, of the whole store: a few questions, however many jobs there are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.states import displayed_as, displayed_column
from curvegan_db.tables.transitions import NOT_BEGUN, WENT_BACK
from curvegan_db.values import DISPLAYED_STATES, FAILING, IDLE, LOST, STARTING, STOPPED, TRAINING
from curvegan_db.verbs.jobs import steps_per_second
from curvegan_db.verbs.workers import known_workers

FAULTS = (LOST, "released", NOT_BEGUN, WENT_BACK, "checkpoint_refused")
_WORKERS = (STARTING, IDLE, TRAINING, STOPPED, FAILING, LOST)


@dataclass(frozen=True)
class Gauges:
    """How the store stands at a moment. Every state and kind is there, those with none too.

    `oldest_queued_s` is how long the first of the queued jobs has been in the queue since it last came there; 0 where
    none is. `faults` counts the events that are stored: it falls where jobs are deleted.
    """

    jobs: dict[str, int]
    oldest_queued_s: float
    steps_left: int
    steps_per_second: float
    faults: dict[str, int]
    workers: dict[str, int]


class Gauging(Transactions):
    """The part of the store that is measured from outside."""

    def gauges(self) -> Gauges:
        """Return how the store stands now."""
        with self._read() as session:
            moment = now(session)
            workers = Counter(worker.state for worker in known_workers(session, moment - self.lease))
            return Gauges(
                jobs=dict.fromkeys(DISPLAYED_STATES, 0) | _states(session, moment),
                oldest_queued_s=_oldest_queued_s(session, moment),
                steps_left=_steps_left(session),
                steps_per_second=sum(_speeds(session, moment)),
                faults=dict.fromkeys(FAULTS, 0) | _faults(session),
                workers=dict.fromkeys(_WORKERS, 0) | workers,
            )


def _states(session: Session, moment: datetime) -> dict[str, int]:
    query = select(displayed_column(moment), func.count()).group_by("shown")
    return {str(state): count for state, count in session.execute(query)}


def _oldest_queued_s(session: Session, moment: datetime) -> float:
    """Return how long ago the last event was of the queued job where that is the longest ago."""
    event, job = models.Event, models.Job
    came = select(func.max(event.at).label("at")).join(job, job.id == event.job_id).where(in_state(JobState.QUEUED))
    oldest = session.scalar(select(func.min(came.group_by(event.job_id).subquery().c.at)))
    return 0.0 if oldest is None else max(0.0, (moment - oldest).total_seconds())


def _steps_left(session: Session) -> int:
    job = models.Job
    unfinished = job.state.in_((JobState.QUEUED, JobState.RUNNING))
    return int(session.scalar(select(func.sum(job.steps - job.step)).where(unfinished)) or 0)


def _speeds(session: Session, moment: datetime) -> Iterator[float]:
    job = models.Job
    columns = (job.began_at, job.began_step, job.recorded_at, job.step)
    for row in session.execute(select(*columns).where(displayed_as(JobState.RUNNING, moment))):
        yield steps_per_second(row) or 0.0


def _faults(session: Session) -> dict[str, int]:
    kind = models.Event.kind
    counted = select(kind, func.count()).where(kind.in_(FAULTS)).group_by(kind)
    return {row.kind: row[1] for row in session.execute(counted)}
