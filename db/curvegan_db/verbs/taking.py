"""Taking jobs: one statement that locks, marks them, opens their attempts and writes their events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Insert,
    Row,
    Select,
    exists,
    insert,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState, Until
from curvegan_db.tables import models
from curvegan_db.tables.column_types import UtcDateTime
from curvegan_db.tables.models import in_state
from curvegan_db.verbs.fronts import Place, best_first, ranges

_CLAIMED = ("id", "attempt", "step", "priority", "name", "sweep", "config")


@dataclass(frozen=True)
class Lease:
    """What of a claim is the same in all of its jobs."""

    token: str
    worker_id: str
    label: str
    moment: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Chosen:
    """The job that a claim is for. None of its like comes before `start`, its own place unless it is preferred."""

    best: Row[Any]
    start: Place
    preferred: bool = False


def take(session: Session, chosen: Chosen, alike: ColumnElement[bool], room: int, lease: Lease) -> Sequence[Row[Any]]:
    """Take jobs that are alike, one that is as good as the best first; those that others are taking are passed over.

    None where no such one is left: the others must not come before what is more urgent.
    """
    job = models.Job
    ids = _free_alike(chosen, alike, room)
    taken = {
        "state": JobState.RUNNING,
        "attempt": job.attempt + 1,
        "worker": lease.label,
        "worker_id": lease.worker_id,
        "lease_token": lease.token,
        "lease_expires_at": lease.expires_at,
    }
    taking = (
        update(job)
        .where(job.id.in_(ids), in_state(JobState.QUEUED))
        .values(models.cleared_by(Until.CLAIM) | taken)
        .returning(*(getattr(job, name).label(name) for name in _CLAIMED))
        .execution_options(synchronize_session=False)
    )
    if session.get_bind().dialect.name == "postgresql":  # all in one, so that nothing is locked while somebody thinks
        its = taking.cte("taken")
        return session.execute(select(its).add_cte(*(each.cte() for each in _openings(its, lease)))).all()
    rows = session.execute(taking).all()
    for each in _openings(select(job.id, job.attempt).where(job.lease_token == lease.token).subquery(), lease):
        session.execute(each)
    return rows


def _openings(jobs: FromClause, lease: Lease) -> tuple[Insert, Insert]:
    """Return what writes of jobs that were just taken, with their ids and attempts, that they were."""
    claimed = (jobs.c.id, jobs.c.attempt, literal(lease.label), literal(lease.moment, UtcDateTime()))
    names = ["job_id", "attempt", "worker"]
    attempt = insert(models.Attempt).from_select(
        [*names, "claimed_at", "token"], select(*claimed, literal(lease.token))
    )
    event = insert(models.Event).from_select([*names, "at", "kind"], select(*claimed, literal("claimed")))
    return attempt, event


def _free_alike(chosen: Chosen, alike: ColumnElement[bool], room: int) -> CompoundSelect[int]:
    """Lock ids of queued jobs, the best first, but for those that others have locked (SQLite has one writer anyway)."""
    job, best = models.Job, chosen.best
    free = select(job.id).where(in_state(JobState.QUEUED), alike)
    as_good = free.where(job.id == best.id) if chosen.preferred else next(ranges(free, chosen.start))
    first = _locked(as_good, 1, "first")
    others = free.where(job.id.not_in(select(first.c.id)), exists(select(first.c.id)))
    fellows = [_locked(part, room - 1, f"fellows{n}") for n, part in enumerate(ranges(others, chosen.start))]
    rest = union_all(*(select(each.c.id) for each in fellows)).limit(literal_column(str(room - 1))).subquery()
    return select(first.c.id).union_all(select(rest.c.id))


def _locked(query: Select[int], most: int, name: str) -> CTE:
    return best_first(query).limit(literal_column(str(most))).with_for_update(skip_locked=True).cte(name)
