"""The tables of the results store. Its rules stand on the class Store.

Blobs live in tables of their own, so that listing jobs never reads them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    inspect,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from curvegan_db.columns import (
    MOST_DATASET_NAME,
    MOST_NAME,
    MOST_REASON,
    MOST_TAG,
    JobColumns,
    JobState,
    Until,
    column,
)
from curvegan_db.tables.column_types import Packed, UtcDateTime


class Base(DeclarativeBase):
    """Every table, with names for all constraints, so that migrations can alter them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON,
        bytes: LargeBinary,
        datetime: UtcDateTime,
        float: Double,
    }


def in_state(state: JobState) -> ColumnElement[bool]:
    """Compare the state with the value spelled out, `state = 'queued'`: a partial index serves no bound parameter."""
    return Job.state == literal_column(f"'{state.value}'")


def _partial(name: str, *columns: Any, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _of_the_queue(name: str, *columns: Any) -> None:
    """Declare an index on queued jobs: on SQLite `state` leads it, on PostgreSQL it would be in the way (0012)."""
    for dialect, led in {"sqlite": (Job.state, *columns), "postgresql": columns}.items():
        _partial(name, *led, where="state = 'queued'").ddl_if(dialect=dialect).info["dialect"] = dialect


class Worker(Base):
    """A worker process, from its start until it is forgotten."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    label: Mapped[str] = mapped_column(String(300))
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    devices: Mapped[list[str]]
    engines: Mapped[list[str]]
    version: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    # Why processes of this host die at their start, in state "failing".
    error: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime] = mapped_column(index=True)


class Sweep(Base):
    """Jobs that were submitted together, and the axes that they were made from; of a search, what it searches for."""

    __tablename__ = "sweeps"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(MOST_NAME))
    created_at: Mapped[datetime]
    axes: Mapped[dict[str, Any]]
    study: Mapped[dict[str, Any] | None]


class Dataset(Base):
    """A name that a user gave to curves of his own, and what the file said of them beside their numbers."""

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(String(MOST_DATASET_NAME), primary_key=True)
    hash: Mapped[str] = mapped_column(ForeignKey("dataset_contents.hash"), index=True)
    created_at: Mapped[datetime]
    description: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)


class DatasetContent(Base):
    """The curves themselves, once for each content: the bytes of a core Dataset, and what a config says of them."""

    __tablename__ = "dataset_contents"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    rows: Mapped[int]
    points: Mapped[int]
    mean: Mapped[float]
    scale: Mapped[float]
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(deferred=True)


class Job(JobColumns, Base):
    """One request to train, and where it stands: the columns that people see, and these."""

    __tablename__ = "jobs"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - an id is never given twice, deleted jobs included

    config: Mapped[dict[str, Any]] = column()
    metrics: Mapped[dict[str, Any] | None] = column(until=Until.RERUN)
    # Of the config: which jobs can be trained together, on what, the hash by which a training that succeeded is found
    # again, and that of its data set.
    pack_key: Mapped[str] = column(String(200))
    wanted_device: Mapped[str] = column(String(16))
    wanted_engine: Mapped[str] = column(String(16), default="any")
    # The engine of its checkpoints: no other can go on from there, whatever the config would allow.
    made_by: Mapped[str | None] = column(String(64), until=Until.RETRY)
    config_hash: Mapped[str | None] = column(String(64))
    dataset: Mapped[str | None] = column(String(64))
    # How fast the attempt is.
    began_at: Mapped[datetime | None] = column(until=Until.CLAIM)
    began_step: Mapped[int | None] = column(until=Until.CLAIM)
    recorded_at: Mapped[datetime | None] = column(until=Until.CLAIM)
    # The lease: set exactly while the job is running.
    lease_token: Mapped[str | None] = column(String(36))
    lease_expires_at: Mapped[datetime | None] = column()
    worker_id: Mapped[str | None] = column(ForeignKey("workers.id", ondelete="SET NULL"))
    cancel_reason: Mapped[str | None] = column(String(MOST_REASON), until=Until.RERUN)


def cleared_by(verb: Until) -> dict[str, Any]:
    """Return the columns of a job that the verb sets back, with what a new job has in them."""
    columns = {attribute.key: attribute.columns[0] for attribute in inspect(Job).column_attrs}
    return {
        name: column.default.arg if column.default else None
        for name, column in columns.items()
        if column.info["until"] <= verb
    }


WANTED = (Job.wanted_device, Job.wanted_engine, Job.made_by)
"""What a worker must have to train a job."""

# On SQLite `state` leads the partial indexes too: it takes an index for its equalities first and its order second.
# There is none on what a heartbeat or a record writes, so that PostgreSQL can update those rows in place (HOT).
Index("ix_jobs_state_id", Job.state, Job.id)
_of_the_queue("ix_jobs_queue", Job.priority.desc(), Job.id, *WANTED)
_of_the_queue("ix_jobs_pack", Job.pack_key, Job.priority.desc(), Job.id)
_partial("ix_jobs_lease_token", Job.lease_token, where="lease_token IS NOT NULL")
_partial("ix_jobs_worker_id", Job.worker_id, where="worker_id IS NOT NULL")
_partial("ix_jobs_sweep", Job.sweep, Job.state, Job.id, Job.verdict, where="sweep_id IS NOT NULL")
_partial("ix_jobs_succeeded", Job.config_hash, where="state = 'succeeded'")
_partial("ix_jobs_dataset", Job.dataset, where="dataset IS NOT NULL")


def _job_id() -> Mapped[int]:
    return mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)


class JobTag(Base):
    """A tag of a job."""

    __tablename__ = "job_tags"
    __table_args__ = (Index("ix_job_tags_tag_job_id", "tag", "job_id"),)

    job_id: Mapped[int] = _job_id()
    tag: Mapped[str] = mapped_column(String(MOST_TAG), primary_key=True)


class Attempt(Base):
    """One execution of a job: who, on what, from which step, and how it ended."""

    __tablename__ = "attempts"

    job_id: Mapped[int] = _job_id()
    attempt: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(36))
    worker: Mapped[str] = mapped_column(String(300))
    device: Mapped[str | None] = mapped_column(String(64))
    engine: Mapped[str | None] = mapped_column(String(64))
    engine_version: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime]
    began_at: Mapped[datetime | None]
    began_step: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))


class LossChunk(Base):
    """A piece of a job's loss curve: the bytes of a LossCurve. Pieces of one job never overlap."""

    __tablename__ = "loss_chunks"

    job_id: Mapped[int] = _job_id()
    first_step: Mapped[int] = mapped_column(primary_key=True)
    last_step: Mapped[int]
    count: Mapped[int]
    data: Mapped[bytes] = mapped_column(Packed)


class Snapshot(Base):
    """Curves generated from the fixed evaluation latents at a step."""

    __tablename__ = "snapshots"

    job_id: Mapped[int] = _job_id()
    step: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(Packed)


class Checkpoint(Base):
    """The whole training state at a step, as the core wrote it."""

    __tablename__ = "checkpoints"

    job_id: Mapped[int] = _job_id()
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    created_at: Mapped[datetime]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes]


class Plot(Base):
    """A rendered picture of a job, one of each kind."""

    __tablename__ = "plots"

    job_id: Mapped[int] = _job_id()
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    step: Mapped[int]
    png: Mapped[bytes]


class Event(Base):
    """A change of a job's state, or something else that is worth knowing about it."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_job_id_id", "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    attempt: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str | None] = mapped_column(String(MOST_REASON))


class LogLine(Base):
    """What a worker said about a job. Its numbers count up within an attempt, so that it can say the same again."""

    __tablename__ = "log_lines"

    job_id: Mapped[int] = _job_id()
    attempt: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
