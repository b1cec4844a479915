"""The state that users see: a running job whose lease ran out is lost, whether or not a reaper has seen it."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_

from curvegan_db.columns import JobState
from curvegan_db.tables import models
from curvegan_db.values import LOST


def displayed_state(job: models.Job, moment: datetime) -> str:
    """Return the state of a job at a time."""
    if job.lease_expires_at is not None and job.lease_expires_at < moment:
        return LOST
    return str(job.state)


def displayed_as(state: str, moment: datetime) -> ColumnElement[bool]:
    """Return whether a job is shown in a state at a time."""
    running = models.in_state(JobState.RUNNING)
    if state == LOST:
        return and_(running, models.Job.lease_expires_at < moment)
    if state == JobState.RUNNING:
        return and_(running, models.Job.lease_expires_at >= moment)
    return models.in_state(JobState(state))
