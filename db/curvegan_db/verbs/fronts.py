"""Where the queue begins: a look goes on from where the last one found the best job, and not from the start.

PostgreSQL leaves the index entry of a job that was taken where it was until a vacuum comes, and while somebody reads as
of an earlier moment (a backup, an ANALYZE) each look fetches the row of each such entry again. They all lie before the
best job. So a connection remembers the best job that it saw, and the oldest transaction that was under way then: what
comes before that job was queued later, by that transaction or a younger one. SQLite takes entries out at once.
"""

import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, bindparam, func, literal_column, select, true, union_all
from sqlalchemy.orm import Session

from curvegan_db.columns import JobState
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state

Place = tuple[int, int]
"""A job's priority and id: its place in the queue."""

# Spelled out: PostgreSQL plans once for all that a limit is small, where as a parameter it might be anything.
ONE: ColumnElement[int] = literal_column("1")
# So old a front is not trusted: behind a pooler the server may have gone back, as a standby does that was promoted.
_TRUSTED_S = 20.0
# Where more came since, as a whole sweep does, the look begins at the start, once.
_MOST_CAME = 1000
_FRONTS = "curvegan_fronts"
# Migration 0012. In a database that came from another server there may be numbers that are yet to be given here.
_QUEUED_IN: ColumnElement[int] = literal_column("jobs.queued_in")
_OLDEST: ColumnElement[int] = literal_column("txid_snapshot_xmin(txid_current_snapshot())")
_NEXT: ColumnElement[int] = literal_column("txid_snapshot_xmax(txid_current_snapshot())")


@dataclass(frozen=True)
class _Front:
    """No job that was queued by a transaction before `since` comes before `best`; where that is None, none waits."""

    best: Place | None
    since: int
    seen: float

    def parameters(self) -> dict[str, int]:
        """Return what a statement that goes on from here needs."""
        place = dict(zip(("from_priority", "from_id"), self.best, strict=True)) if self.best else {}
        return place | {"since": self.since}


def look(
    session: Session, query: Select[Any], fits: ColumnElement[bool], kind: Hashable, known: int
) -> Row[Any] | None:
    """Return the best queued job that fits, with the columns of the query, `id` and `priority` among them.

    Args:
        query: one that stays, for statements are built once for each.
        kind: what `fits` is made of: what fits once does so as long as this is the same, but for ever fewer jobs.
        known: how many of those are known to be unreadable: the same number of a kind is the same `fits`.
    """
    waiting = query.where(in_state(JobState.QUEUED), fits)
    if session.get_bind().dialect.name != "postgresql":
        return session.execute(best_first(waiting).limit(ONE)).first()
    fronts, statements = session.connection().info.setdefault(_FRONTS, ({}, {}))
    front = fronts.get(kind)
    if front is None or time.monotonic() - front.seen > _TRUSTED_S:
        front = _Front(None, 0, time.monotonic())
        found = session.execute(_with_oldest(waiting)).one()
    else:
        form = (kind, query, known, front.best is None)
        if form not in statements:  # to build it takes longer than to send it
            statements[form] = _since(waiting, front)
        found = session.execute(statements[form], front.parameters()).one()
        if found.came == _MOST_CAME:
            found = session.execute(_with_oldest(waiting)).one()
    best = None if found.id is None else (found.priority, found.id)
    fronts[kind] = _Front(best, found.oldest, front.seen)
    return found if best else None


def ranges(query: Select[Any], start: Place) -> Iterator[Select[Any]]:
    """Yield the query for what is at a place or behind it, in parts of which each is a range of an index, in order."""
    job = models.Job
    priority: ColumnElement[int] = bindparam("from_priority", start[0])
    first: ColumnElement[int] = bindparam("from_id", start[1])
    yield query.where(job.priority == priority, job.id >= first)
    yield query.where(job.priority < priority)


def best_first(query: Select[Any]) -> Select[Any]:
    """Order jobs as they are taken."""
    return query.order_by(models.Job.priority.desc(), models.Job.id)


def _since(waiting: Select[Any], front: _Front) -> Select[Any]:
    """Return the query for the best job of those behind the front, and of those before it that came since.

    What came is read apart, so that PostgreSQL does it by the index on that and not by walking the queue in its order.
    """
    behind = [] if front.best is None else [best_first(part).limit(ONE) for part in ranges(waiting, front.best)]
    since: ColumnElement[int] = bindparam("since", front.since, BigInteger())
    came = waiting.where(since <= _QUEUED_IN, _QUEUED_IN < _NEXT).limit(literal_column(str(_MOST_CAME)))
    arrived = came.cte("arrived").prefix_with("MATERIALIZED")
    parts = [*(select(part.subquery()) for part in behind), select(arrived)]
    return _with_oldest(select(union_all(*parts).subquery()), select(func.count()).select_from(arrived))


def _with_oldest(query: Select[Any], came: Select[Any] | None = None) -> Select[Any]:
    """Return the query for the best of its jobs, if there is one, and the oldest transaction that is under way."""
    found = query.subquery()
    best = select(found).order_by(found.c.priority.desc(), found.c.id).limit(ONE).subquery()
    oldest = select(_OLDEST.label("oldest")).subquery()
    columns = [] if came is None else [came.scalar_subquery().label("came")]
    return select(oldest.c.oldest, best, *columns).select_from(oldest.outerjoin(best, true()))
