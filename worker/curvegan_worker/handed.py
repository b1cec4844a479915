"""What a training hands over to the recorder, in order: a job starts, gets on, is told of, and ends."""

import time
from dataclasses import dataclass, field

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_core.stopping import Stopped
from curvegan_db.columns import JobState


@dataclass(frozen=True)
class Part:
    """What one advance gave of one job."""

    job: int
    step: int
    losses: LossCurve
    snapshot: Snapshot | None = None
    checkpoint: Checkpoint | None = None
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Line:
    """Something to say in a job's log."""

    job: int
    text: str
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Start:
    """An attempt has begun: the store has the job up to this step."""

    job: int
    step: int


@dataclass(frozen=True)
class End:
    """A job leaves this worker: ended, or released to be resumed (`state` QUEUED).

    One that is released with an `error` could not be begun here; one that `stopped` ended before its steps were done.
    """

    job: int
    config: TrainConfig
    state: JobState
    metrics: Metrics | None = None
    error: str | None = None
    reason: str | None = None
    stopped: Stopped | None = None
    dataset: Dataset | None = None
    cpu_seconds: float | None = None
