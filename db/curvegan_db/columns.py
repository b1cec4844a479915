"""The columns of a job that people see, each declared once: a new one takes its declaration here and a migration.

The table, the value `Job`, its JSON and CSV, the names of the filter language, and what a claim or a rerun clears all
follow from these lines, in their order. Columns that nobody sees stand with the table.
"""

import enum
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Enum, String, Text
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

MOST_NAME, MOST_TAG, MOST_TAGS = 200, 100, 32
MOST_DATASET_NAME = 100
MOST_NOTE = 2000
MOST_REASON, MOST_ERROR, MOST_LOG_TEXT = 500, 10_000, 10_000
MOST_ID = 2**31 - 1  # of PostgreSQL's INTEGER: a larger one that somebody typed is no job, and no driver's error


class JobState(enum.StrEnum):
    """The stored states; a running job whose lease ran out is shown as "lost"."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Until(enum.IntEnum):
    """How long a column keeps its value: the verb that sets it back to that of a new job, as every later one does."""

    CLAIM = 1
    RERUN = 2
    RETRY = 3
    DELETED = 4


def column(*arguments: Any, until: Until = Until.DELETED, filtered: bool = False, **options: Any) -> MappedColumn[Any]:
    """Declare a column of a job; `arguments` and `options` are mapped_column's, `default` is the value in a new job."""
    return mapped_column(*arguments, info={"until": until, "filtered": filtered}, **options)


class JobColumns:
    """What a job shows, as every command prints it. `worker`, `device`, `engine` are of the present or last attempt."""

    id: Mapped[int] = column(primary_key=True, filtered=True)
    state: Mapped[str] = column(
        Enum(JobState, native_enum=False, length=16, values_callable=lambda states: [s.value for s in states]),
        default=JobState.QUEUED,
        until=Until.RERUN,
        filtered=True,
    )
    name: Mapped[str | None] = column(String(MOST_NAME), filtered=True)
    priority: Mapped[int] = column(filtered=True)
    attempt: Mapped[int] = column(default=0, filtered=True)
    lost: Mapped[int] = column(default=0, until=Until.RERUN, filtered=True)
    step: Mapped[int] = column(default=0, until=Until.RETRY, filtered=True)
    steps: Mapped[int] = column(filtered=True)
    created_at: Mapped[datetime] = column()
    started_at: Mapped[datetime | None] = column(until=Until.RETRY)
    finished_at: Mapped[datetime | None] = column(until=Until.RERUN)
    # What its training took of processors, in all attempts that told; a pack's is shared by its jobs.
    cpu_seconds: Mapped[float | None] = column(until=Until.RETRY, filtered=True)
    worker: Mapped[str | None] = column(String(300), until=Until.CLAIM, filtered=True)
    device: Mapped[str | None] = column(String(64), until=Until.CLAIM, filtered=True)
    engine: Mapped[str | None] = column(String(64), until=Until.CLAIM, filtered=True)
    engine_version: Mapped[str | None] = column(String(64), until=Until.CLAIM, filtered=True)
    error: Mapped[str | None] = column(Text, until=Until.RERUN)
    reason: Mapped[str | None] = column(String(MOST_REASON), until=Until.RERUN, filtered=True)
    cancel_requested: Mapped[bool] = column(default=False, until=Until.RERUN)
    verdict: Mapped[str | None] = column(String(32), until=Until.RERUN, filtered=True)
    # No foreign key, for SQLite would have to copy the table; a sweep goes after the last of its jobs.
    sweep: Mapped[int | None] = column("sweep_id", filtered=True)
    # The job that it was forked from, which may be deleted by now, and the step up to which that one is its past.
    parent: Mapped[int | None] = column("parent_id", filtered=True)
    parent_step: Mapped[int | None] = column(filtered=True)
    note: Mapped[str | None] = column(String(MOST_NOTE), filtered=True)


# What a job shows beside its columns, each after one of these.
_COMPUTED = {"name": ("tags", tuple), "steps": ("steps_per_second", float)}


def _fields() -> Iterator[tuple[str, type]]:
    for name, annotation in JobColumns.__annotations__.items():
        [held] = get_args(annotation)
        yield name, next(kind for kind in (*get_args(held), held) if kind is not type(None))
        if name in _COMPUTED:
            yield _COMPUTED[name]


JOB_FIELDS: dict[str, type] = dict(_fields())
"""All that a job shows beside its config and metrics, in order, with the types."""
