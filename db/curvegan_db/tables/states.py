"""The state that users see, of a job that a worker has claimed: lost once its lease ran out, reaper or not.

It is running from the moment its training begins. Until then it waits for its turn in the pack and is shown as queued.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Label, String, and_, case, cast, or_

from curvegan_db.columns import JobState
from curvegan_db.tables import models
from curvegan_db.values import LOST

DISPLAYED_BY = (models.Job.state, models.Job.lease_expires_at, models.Job.began_at)


def displayed_state(job: Any, moment: datetime) -> str:
    """Return the state of a job, or of a row with the columns DISPLAYED_BY, at a time."""
    if job.lease_expires_at is not None and job.lease_expires_at < moment:
        return LOST
    return JobState.QUEUED.value if job.state is JobState.RUNNING and job.began_at is None else str(job.state)


def displayed_as(state: str, moment: datetime) -> ColumnElement[bool]:
    """Return whether a job is shown in a state at a time."""
    claimed, held = models.in_state(JobState.RUNNING), models.Job.lease_expires_at >= moment
    if state == LOST:
        return and_(claimed, models.Job.lease_expires_at < moment)
    if state == JobState.RUNNING:
        return and_(claimed, held, models.Job.began_at.is_not(None))
    if state == JobState.QUEUED:
        return or_(models.in_state(JobState.QUEUED), and_(claimed, held, models.Job.began_at.is_(None)))
    return models.in_state(JobState(state))


def displayed_column(moment: datetime) -> Label[str]:
    """Return the state that a job is shown in at a time, as a column to group by.

    Group by its name, "shown": the condition once more would be another parameter for PostgreSQL.
    """
    lost, queued = displayed_as(LOST, moment), displayed_as(JobState.QUEUED, moment)
    return case((lost, LOST), (queued, JobState.QUEUED.value), else_=cast(models.Job.state, String)).label("shown")
