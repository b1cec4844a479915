"""Whether what jobs that succeeded have recorded is all there, by counting: nothing that is packed is opened."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.engine import Engine

from curvegan_db.columns import JobState
from curvegan_db.tables import models

_ROWS = 500


def holes(engine: Engine) -> Iterator[tuple[int, str]]:
    """Yield each job that succeeded and lacks records or snapshots, with what it lacks."""
    job, chunk, snapshot = models.Job, models.LossChunk, models.Snapshot
    losses = select(func.coalesce(func.sum(chunk.count), 0)).where(chunk.job_id == job.id).scalar_subquery()
    snapshots = select(func.count()).where(snapshot.job_id == job.id).scalar_subquery()
    ended = select(job.id, job.config, job.step, losses.label("losses"), snapshots.label("snapshots"))
    with engine.connect() as connection:
        succeeded = ended.where(models.in_state(JobState.SUCCEEDED)).order_by(job.id)
        for row in connection.execution_options(yield_per=_ROWS).execute(succeeded):
            if lacks := ", ".join(_lacking(row)):
                yield row.id, lacks


def _lacking(row: Row[Any]) -> Iterator[str]:
    """Records lie at the multiples of their interval below the end, snapshots at those of theirs and at the end."""
    expected = {
        "losses": -(-row.step // _every(row, "record")),
        "snapshots": -(-row.step // _every(row, "snapshot")) + 1,
    }
    for what, many in expected.items():
        if (there := getattr(row, what)) < many:
            yield f"{many - there} of its {many} {what}"


def _every(row: Row[Any], what: str) -> int:
    return int((row.config or {}).get(f"{what}_every") or row.step or 1)
