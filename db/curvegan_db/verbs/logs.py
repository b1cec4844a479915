"""A job's own log: what its workers said about it, told together with its events."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, or_, select

from curvegan_db.columns import MOST_LOG_TEXT
from curvegan_db.log_lines import SAID, LogLine, LogPosition
from curvegan_db.sql.transactions import Transactions
from curvegan_db.tables import models
from curvegan_db.values import storable
from curvegan_db.verbs.results import require_job


class Logs(Transactions):
    """The part of the store that tells what workers said."""

    def log(self, job_id: int, after: LogPosition | None = None) -> tuple[list[LogLine], LogPosition]:
        """Return the job's log behind a position, oldest first, and the position at its end. Raises JobNotFound."""
        after = after or LogPosition()
        with self._read() as session:
            require_job(session, job_id)
            newer = select(models.Event).where(models.Event.job_id == job_id, models.Event.id > after.event)
            events = session.scalars(newer.order_by(models.Event.id)).all()
            lines = session.execute(_lines(job_id, after)).all()
            told = [_told(event) for event in events]
            said = [LogLine(line.at, line.attempt, worker, SAID, line.text) for line, worker in lines]
            end = _position(after, events, [line for line, _ in lines])
        # Either kind is in the order it was written: merged and not sorted, it stays so even if a clock was set back.
        # What was said in the transaction of an event came before it.
        return list(heapq.merge(said, told, key=attrgetter("at"))), end


def line_rows(job: models.Job, zero: datetime, lines: Mapping[int, tuple[str, float]]) -> list[dict[str, Any]]:
    """Return the rows of lines of a job's present attempt; `zero` is when the clock that timed them stood at 0."""
    of_attempt = {"job_id": job.id, "attempt": job.attempt}
    return [
        {**of_attempt, "number": number, "at": zero + timedelta(seconds=said), "text": _bounded(text)}
        for number, (text, said) in lines.items()
    ]


def _bounded(text: str) -> str:
    """Cut a long text to its end: that of a traceback says what happened."""
    return storable(text) if len(text) <= MOST_LOG_TEXT else "…" + storable(text)[1 - MOST_LOG_TEXT :]


def _lines(job_id: int, after: LogPosition) -> Select[models.LogLine, str]:
    table, attempts = models.LogLine, models.Attempt
    further = and_(table.attempt == after.attempt, table.number > after.number)
    return (
        select(table, attempts.worker)
        .join(attempts, and_(attempts.job_id == table.job_id, attempts.attempt == table.attempt))
        .where(table.job_id == job_id, or_(table.attempt > after.attempt, further))
        .order_by(table.attempt, table.number)
    )


def _position(after: LogPosition, events: Sequence[models.Event], lines: Sequence[models.LogLine]) -> LogPosition:
    last_event = events[-1].id if events else after.event
    spoken = chain([(after.attempt, after.number)], ((line.attempt, line.number) for line in lines))
    return LogPosition(last_event, *max(spoken))


def _told(event: models.Event) -> LogLine:
    """Put an event into words: `released: drained`, `began at step 0 on cpu`."""
    detail = event.detail or (f"by {event.worker}" if event.kind == "claimed" else "")
    between = " " if detail.startswith(("at step ", "from ", "by ")) else ": " if detail else ""
    text = event.kind.replace("_", " ") + between + detail
    return LogLine(event.at, event.attempt, event.worker, event.kind, text)
