"""What explains where a job stands: the job, the queue before it, and the workers."""

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.values import IDLE, STARTING, TRAINING, Event, JobDetails, Worker
from curvegan_db.verbs.jobs import job_values
from curvegan_db.verbs.results import require_job
from curvegan_db.verbs.workers import known_workers

LIVE = (STARTING, IDLE, TRAINING)


class Details(Transactions):
    """The part of the store that sees a job among the others."""

    def details(self, job_id: int) -> JobDetails:
        """Return all that explains a job's state, at one moment. Raises JobNotFound."""
        with self._read() as session:
            require_job(session, job_id)
            moment, row = now(session), session.get_one(models.Job, job_id)
            workers = known_workers(session, moment - self.lease)
            return JobDetails(
                job=job_values(session, [row], moment)[0],
                at=moment,
                ahead=_ahead(session, row, _devices(row.wanted_device, workers)),
                workers=tuple(workers),
                last_event=_last_event(session, job_id),
                lease_expires_at=row.lease_expires_at,
                recorded_at=row.recorded_at,
                cancel_reason=row.cancel_reason,
                engine=row.made_by or row.wanted_engine,
            )


def _devices(wanted: str, workers: Iterable[Worker]) -> set[str]:
    """Return what the live workers for the wanted device accept: their jobs are taken in one order."""
    useful = [worker.devices for worker in workers if worker.state in LIVE and wanted in worker.devices]
    return {wanted}.union(*useful)


def _ahead(session: Session, job: models.Job, devices: set[str]) -> int:
    """Return how many queued jobs for the devices are claimed before this one."""
    if job.state is not JobState.QUEUED:
        return 0
    table = models.Job
    older = and_(table.priority == job.priority, table.id < job.id)
    query = select(func.count()).select_from(table).where(in_state(JobState.QUEUED))
    before = query.where(or_(table.priority > job.priority, older), table.wanted_device.in_(devices))
    return session.scalars(before).one()


def _last_event(session: Session, job_id: int) -> Event:
    table = models.Event
    rows: Sequence[models.Event] = session.scalars(
        select(table).where(table.job_id == job_id).order_by(table.id.desc()).limit(1)
    ).all()
    [row] = rows  # a job has at least the event of its submission
    return Event(row.id, row.job_id, row.at, row.attempt, row.worker, row.kind, row.detail)
