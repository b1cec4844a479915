"""What a job's log holds, as plain frozen values. Knows no table."""

from dataclasses import dataclass
from datetime import datetime

SAID = "said"


@dataclass(frozen=True)
class LogLine:
    """One entry of a job's log: an event (`kind` is the event's), or what a worker said (`kind` is SAID).

    `text` has several lines where it is a traceback.
    """

    at: datetime
    attempt: int
    worker: str | None
    kind: str
    text: str


@dataclass(frozen=True)
class LogPosition:
    """How far a job's log has been read; without arguments its start."""

    event: int = 0
    attempt: int = 0
    number: int = -1
