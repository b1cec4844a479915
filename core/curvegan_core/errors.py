"""Errors that curvegan raises on purpose. Their text is for the user: what is wrong, why, what to type next.

CurveganError                      exit code 1
├── InvalidInput                   exit code 2: the user's to mend
│   ├── InvalidConfig
│   ├── DatasetRefused
│   ├── DeviceUnavailable
│   ├── EngineUnavailable
│   ├── JobNotFound                curvegan_db
│   ├── ResultNotFound             curvegan_db
│   ├── SweepNotFound              curvegan_db
│   ├── DatasetNotFound            curvegan_db
│   ├── DatasetConflict            curvegan_db
│   └── JobStateConflict           curvegan_db
├── ServiceUnavailable             exit code 3: a service's, not the job's
│   ├── BrokerUnreachable          curvegan_worker
│   ├── DatabaseUnreachable        curvegan_db
│   │   └── DatabaseRefuses        curvegan_db
│   ├── DatabaseTaken              curvegan_db
│   ├── SchemaOutdated             curvegan_db
│   └── ConfigUnreadable           curvegan_db
├── TrainingDiverged
├── CheckpointRefused
├── ResultDamaged                  curvegan_db
└── LeaseLost                      curvegan_db
"""

from collections.abc import Sequence


class CurveganError(Exception):
    """Base of every error that curvegan raises on purpose."""

    exit_code = 1


class InvalidInput(CurveganError):
    """What the user typed cannot be done as typed."""

    exit_code = 2


class InvalidConfig(InvalidInput):
    """A config has an unknown key or a value out of range.

    `problems` has the sentences one by one, each behind its key; that is empty where keys do not agree.
    """

    def __init__(self, text: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.problems = problems or [("", text)]


class DatasetRefused(InvalidInput):
    """A file holds no curves that can be trained on; the text names the row."""


class ServiceUnavailable(CurveganError):
    """A service cannot be used at the moment."""

    exit_code = 3


class TrainingDiverged(CurveganError):
    """A loss is no longer a finite number."""

    def __init__(self, step: int) -> None:
        super().__init__(f"training diverged: a loss is not finite at step {step}; try a smaller learning rate")
        self.step = step


class CheckpointRefused(CurveganError):
    """A checkpoint is damaged, of another config or of a format that this version cannot read."""


class DeviceUnavailable(InvalidInput):
    """This machine has no such device."""


class EngineUnavailable(InvalidInput):
    """This machine does not have the engine that a job wants, or not the version that made its checkpoint."""
