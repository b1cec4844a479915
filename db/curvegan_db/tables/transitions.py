"""Changes of a job's state, each with its event. They take a locked job and never commit."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from curvegan_db.columns import MOST_ERROR, MOST_REASON, JobState
from curvegan_db.tables import models
from curvegan_db.values import LOST, storable

# A job that lost its worker so often without a checkpoint in between is taken to be the cause.
MOST_LOST = 3
NOT_BEGUN, WENT_BACK = "not_begun", "store_went_back"


def add_event(session: Session, job: models.Job, moment: datetime, kind: str, detail: str | None = None) -> None:
    """Write a line into the job's history; a long detail is cut."""
    add_events(session, [(job.id, job.attempt, job.worker)], moment, kind, detail)


def add_events(
    session: Session,
    jobs: Iterable[tuple[int, int, str | None]],
    moment: datetime,
    kind: str,
    detail: str | None = None,
) -> None:
    """Write the same line into the history of several jobs, given as (id, attempt, worker's label)."""
    line = {"at": moment, "kind": kind, "detail": cut(detail, MOST_REASON)}
    rows = [{"job_id": job_id, "attempt": attempt, "worker": worker, **line} for job_id, attempt, worker in jobs]
    session.execute(insert(models.Event), rows)


def end(
    session: Session,
    job: models.Job,
    moment: datetime,
    state: JobState,
    reason: str | None = None,
    error: str | None = None,
) -> None:
    """Move a queued or running job to an end state."""
    job.state, job.finished_at = state, moment
    job.reason, job.error = cut(reason, MOST_REASON), cut_start(error, MOST_ERROR)
    add_event(session, job, moment, state.value, reason or error)
    _give_up_lease(session, job, moment, state.value)


def release(session: Session, job: models.Job, moment: datetime, outcome: str, detail: str | None) -> None:
    """Move a running job to queued; or to cancelled, for one that is to be cancelled never goes back to the queue."""
    add_event(session, job, moment, outcome, detail)
    _give_up_lease(session, job, moment, outcome)
    if job.cancel_requested:
        end(session, job, moment, JobState.CANCELLED, job.cancel_reason)
    else:
        job.state, job.worker = JobState.QUEUED, None


def lose(session: Session, job: models.Job, moment: datetime, why: str = "the worker did not renew its lease") -> None:
    """Take back a job that lost its worker: it goes to the queue, but not for ever."""
    worker, job.lost = job.worker, job.lost + 1
    release(session, job, moment, LOST, f"{why} (lost {job.lost} times so far)")
    if job.state is JobState.QUEUED and job.lost >= MOST_LOST and not _gets_on(session, job):
        job.worker = worker
        end(session, job, moment, JobState.FAILED, LOST, f"its worker was lost {job.lost} times, last {worker}")


def go_back(session: Session, job: models.Job, moment: datetime, stored: int) -> None:
    """Take back a job of which the store has less than its worker had stored: it goes on from what there is."""
    detail = f"the worker had stored it up to step {stored}, and the store has it up to step {job.step} only"
    release(session, job, moment, WENT_BACK, detail)


def give_back(session: Session, job: models.Job, moment: datetime, error: str) -> None:
    """Take back a job that its worker could not begin, for that is the worker's fault; unless three in a row cannot."""
    lately = (models.Attempt.attempt < job.attempt, models.Attempt.attempt > job.attempt - MOST_LOST)
    outcomes = select(models.Attempt.outcome).where(models.Attempt.job_id == job.id, *lately)
    if list(session.scalars(outcomes)) == [NOT_BEGUN] * (MOST_LOST - 1):
        end(session, job, moment, JobState.FAILED, "error", error)
    else:
        release(session, job, moment, NOT_BEGUN, error.strip().splitlines()[-1])


def cut(text: str | None, most: int) -> str | None:
    """Cut a text to `most` characters that can be stored; the cut is visible."""
    if text is None or len(text) <= most:
        return text if text is None else storable(text)
    return storable(text)[: most - 1] + "…"


def cut_start(text: str | None, most: int) -> str | None:
    """Do the same for a traceback, whose end says what happened."""
    if text is None or len(text) <= most:
        return cut(text, most)
    return "…" + storable(text)[1 - most :]


def _gets_on(session: Session, job: models.Job) -> bool:
    """Return whether one of its last attempts stored a checkpoint: then it was bad luck, and the end comes nearer."""
    lately = models.Checkpoint.attempt > job.attempt - MOST_LOST
    return bool(session.scalar(select(exists().where(models.Checkpoint.job_id == job.id, lately))))


def _give_up_lease(session: Session, job: models.Job, moment: datetime, outcome: str) -> None:
    if job.lease_token is not None:
        closed = update(models.Attempt).where(models.Attempt.job_id == job.id, models.Attempt.attempt == job.attempt)
        session.execute(closed.values(ended_at=moment, outcome=outcome))
    job.lease_token = job.lease_expires_at = job.worker_id = None
