"""What goes into the store and what comes out of it: plain frozen values. Knows no table.

All times are aware and UTC; a step counts generator updates done.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from datetime import datetime
from typing import Any, NoReturn

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidInput
from curvegan_db.columns import MOST_NAME, MOST_TAG, MOST_TAGS, JobColumns, JobState

LOST = "lost"
# The states of a worker, and LOST, stored of one that is known to be gone; one that is FAILING stands for those of its
# host that die at their start.
STARTING, IDLE, TRAINING, STOPPED, FAILING = "starting", "idle", "training", "stopped", "failing"
ANY = "any"
ENGINES = ("fused", "torch")
DISPLAYED_STATES = (*(state.value for state in JobState), LOST)
MOST_PRIORITY = 1_000_000
MOST_SWEEP = 100_000


# As `curvegan.selecting` reads what is typed.
_MEANS_ANOTHER = re.compile(r"[0-9]+(-[0-9]+)?|last|all")


@dataclass(frozen=True)
class JobRequest:
    """A job to submit. Raises InvalidInput when a name or tag cannot be stored, before anything is."""

    config: TrainConfig
    name: str | None = None
    tags: tuple[str, ...] = ()
    priority: int = 0

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        check_tags(self.tags)
        if abs(self.priority) > MOST_PRIORITY:
            raise InvalidInput(f"priority must be within -{MOST_PRIORITY}..{MOST_PRIORITY}, got {self.priority}")


def check_name(name: str) -> None:
    """Raise InvalidInput unless a job or a sweep can be called so, and be found by it: an id is not a name."""
    check_text("name", name, MOST_NAME)
    if _MEANS_ANOTHER.fullmatch(name.strip()):
        raise InvalidInput(
            f"{name!r:.60} means jobs by their ids, as `17`, `3-9`, `last` and `all` do: give another name"
        )


def check_tags(tags: Sequence[str]) -> None:
    """Raise InvalidInput unless a job can have all of these tags."""
    for tag in tags:
        check_text("tag", tag, MOST_TAG)
    if len(set(tags)) > MOST_TAGS:
        raise InvalidInput(f"a job has at most {MOST_TAGS} tags, got {len(set(tags))}")


def check_text(what: str, value: str, most: int) -> None:
    """Raise InvalidInput unless `value` is 1 to `most` characters that every database can store."""
    if not isinstance(value, str):
        raise InvalidInput(f"a {what} is a text, not {value!r:.60}")
    if not 1 <= len(value) <= most:
        raise InvalidInput(f"a {what} has 1 to {most} characters, got {len(value)}")
    if storable(value) != value:
        raise InvalidInput(f"a {what} must be valid Unicode text without NUL, got {value[:40]!r}")


def storable(value: str) -> str:
    """Replace what no database stores (NUL, lone surrogates) by question marks."""
    return value.replace("\x00", "?").encode("utf-8", "replace").decode("utf-8")


class Job(JobColumns):
    """A job as users see it: the columns that people see, and these. `state` is "lost" when its lease ran out.

    `reason` is one word or a user's line ("lost", a cancel reason), `error` the worker's text. `metrics` holds finite
    numbers by name, `verdict` is the text of a curvegan_core.metrics.verdict.Verdict, `sweep` the id of the sweep that
    the job was submitted with. `unreadable` says why this version cannot read the config: then `config` has of it what
    can be read.
    """

    tags: tuple[str, ...]
    steps_per_second: float | None
    config: TrainConfig
    metrics: Mapping[str, float] | None
    unreadable: str | None

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"Job({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


@dataclass(frozen=True)
class Sweep:
    """Jobs submitted together. `axes` holds JSON values by config key, `states` counts the jobs by displayed state.

    `study` is JSON too: what is searched for, where the jobs come one after another.
    """

    id: int
    name: str | None
    created_at: datetime
    axes: Mapping[str, Any]
    states: Mapping[str, int]
    study: Mapping[str, Any] | None = None

    @property
    def jobs(self) -> int:
        """Return how many there are."""
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        """Return how many have succeeded, failed, or been cancelled."""
        return sum(self.states[state] for state in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED))


@dataclass(frozen=True)
class SubmittedSweep:
    """What a submission came to: the sweep's id (None where nothing was left to do), its jobs, and who was skipped."""

    id: int | None
    jobs: Sequence[int]
    skipped: int


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits, the device that its config wants, and the engine that it needs, ANY where either will do."""

    id: int
    device: str
    engine: str = ANY


@dataclass(frozen=True)
class Need:
    """What queued jobs wait for: a device, and an engine, ANY where either will do; how many, and the oldest."""

    device: str
    engine: str = ANY
    jobs: int = 1
    first: int = 0


@dataclass(frozen=True)
class ClaimedJob:
    """A job that a worker took. `step` is how far it was recorded; 0 means that there is nothing to resume."""

    id: int
    config: TrainConfig
    attempt: int
    step: int
    name: str | None = None
    sweep: int | None = None


@dataclass(frozen=True)
class Claim:
    """The jobs that a worker took together, one pack under one lease."""

    token: str
    jobs: tuple[ClaimedJob, ...]


@dataclass(frozen=True)
class HeartbeatReply:
    """The jobs still held under the lease, and of those the ones to cancel, with the user's reason."""

    held: frozenset[int]
    cancelled: Mapping[int, str | None]


@dataclass(frozen=True)
class Worker:
    """A worker process. `state` is one of those above: LOST when it stopped beating, or its process is gone.

    One that is FAILING stands for all of a supervisor that die at their start, with the last line of why in `error`.
    """

    id: str
    label: str
    host: str
    pid: int
    devices: tuple[str, ...]
    version: str
    started_at: datetime
    beat_at: datetime
    state: str
    jobs: tuple[int, ...]
    engines: tuple[str, ...] = ENGINES
    error: str | None = None

    def has(self, device: str, engine: str) -> bool:
        """Return whether it can train a job that wants the device and the engine."""
        return device in self.devices and engine in (ANY, *self.engines)


@dataclass(frozen=True)
class CheckpointRow:
    """A stored checkpoint without its data. `size` in bytes, `sha256` of the data, hex."""

    job_id: int
    step: int
    attempt: int
    created_at: datetime
    size: int
    sha256: str


@dataclass(frozen=True)
class StoredCheckpoint(CheckpointRow):
    """A stored checkpoint with its data."""

    data: bytes


@dataclass(frozen=True)
class Plot:
    """A rendered plot of the state at a step."""

    job_id: int
    kind: str
    step: int
    png: bytes


@dataclass(frozen=True)
class NamedDataset:
    """A data set without its curves. `jobs` counts those that use it; `size` in bytes, `hash` of the content."""

    name: str
    hash: str
    rows: int
    points: int
    mean: float
    scale: float
    size: int
    created_at: datetime
    jobs: int


@dataclass(frozen=True)
class Event:
    """One line of a job's history; `worker` is the label of the worker that it concerns."""

    id: int
    job_id: int
    at: datetime
    attempt: int
    worker: str | None
    kind: str
    detail: str | None


@dataclass(frozen=True)
class JobDetails:
    """What explains where a job stands, read at one moment `at` by the database's clock.

    `ahead` counts the queued jobs that workers for its device take before it (0 unless it is queued), `workers` are
    all that the store knows, `engine` is the one that it needs, `recorded_at` is when its worker last stored anything
    of the present attempt.
    """

    job: Job
    at: datetime
    ahead: int
    workers: tuple[Worker, ...]
    last_event: Event
    lease_expires_at: datetime | None
    recorded_at: datetime | None
    cancel_reason: str | None
    engine: str = ANY
