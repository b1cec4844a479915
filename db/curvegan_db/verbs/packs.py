"""Which queued jobs a worker trains next, and together: the best one, and others that are like it."""

from datetime import datetime
from math import ceil
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import Session

from curvegan_core.config.work import MOST_WORK, multiply_adds
from curvegan_db.columns import JobState
from curvegan_db.errors import ConfigUnreadable
from curvegan_db.tables import models
from curvegan_db.tables.configs import read_config
from curvegan_db.tables.models import in_state
from curvegan_db.verbs.workers import live_peers

_Columns = TypeVarTuple("_Columns")


def best_pack(
    session: Session, fits: ColumnElement[bool], most: int, prefer: int | None, alive_since: datetime
) -> list[int]:
    """Lock the jobs to claim and return their ids: none of them can be in another worker's pack."""
    best = _best(session, fits, prefer)
    if best is None:
        return []
    most = min(max(1, most // 16**best.lost), _room(best))
    if most == 1:
        return [best.id]
    alike = and_(models.Job.pack_key == best.pack_key, models.Job.lost == best.lost, fits)
    peers = live_peers(session, best.wanted_device, best.engine, alive_since)
    room = min(most, _share(session, best.pack_key, most, peers))
    others = _queue(select(models.Job.id)).where(alike, models.Job.id != best.id)
    return [best.id, *session.scalars(others.limit(room - 1))]


def _room(best: Row[Any]) -> int:
    """Return how many like the best train together within the work of a step that one job may have."""
    try:
        return max(1, MOST_WORK // multiply_adds(read_config(best.id, best.config)))
    except ConfigUnreadable:
        return 1


def _best(session: Session, fits: ColumnElement[bool], prefer: int | None) -> Row[Any] | None:
    """Lock the best job and return it. Two cheap looks: an order by `prefer` would have to sort the whole queue."""
    job = models.Job
    wanted = (job.wanted_device, needed_engine().label("engine"))
    fitting = _queue(select(job.id, job.config, job.pack_key, *wanted, job.lost, job.priority)).where(fits)
    preferred = session.execute(fitting.where(job.id == prefer)).first() if prefer is not None else None
    if preferred is not None:
        more_urgent = queued_only(select(job.id)).where(fits, job.priority > preferred.priority)
        if session.scalar(best_first(more_urgent).limit(1)) is None:
            return preferred
    return session.execute(fitting.limit(1)).first()


def needed_engine() -> ColumnElement[str]:
    """Return the engine that a job needs: that of its checkpoints, else what its config says."""
    return func.coalesce(models.Job.made_by, models.Job.wanted_engine)


def waiting_jobs() -> "Select[int, str, str]":
    return select(models.Job.id, models.Job.wanted_device, needed_engine())


def queued_only(query: "Select[*_Columns]") -> "Select[*_Columns]":
    return query.where(in_state(JobState.QUEUED))


def _queue(query: "Select[*_Columns]") -> "Select[*_Columns]":
    """Order queued jobs, the best first, without those that another claim is taking (SQLite has one writer anyway)."""
    return best_first(queued_only(query)).with_for_update(skip_locked=True)


def best_first(query: "Select[*_Columns]") -> "Select[*_Columns]":
    return query.order_by(models.Job.priority.desc(), models.Job.id)


def _share(session: Session, pack_key: str, most: int, peers: int) -> int:
    """Return this worker's part of the queued jobs that are alike, counting no further than matters.

    By the index alone, which a fleet of a thousand needs: so what other devices wait for counts as well.
    """
    some = select(models.Job.id).where(in_state(JobState.QUEUED), models.Job.pack_key == pack_key).limit(most * peers)
    return ceil(session.scalars(select(func.count()).select_from(some.subquery())).one() / peers)
