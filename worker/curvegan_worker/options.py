"""What the environment tells a process of the worker: its settings, and what its supervisor asks of it.

Knows no Celery. With `curvegan.lab` the only module that reads settings from the environment.
"""

import os
from dataclasses import dataclass

from curvegan_worker.settings import NAMES, Settings, duration, switch, variable

LEASE_S, HANG_S = 30.0, 60.0


@dataclass(frozen=True)
class ProcessOptions:
    """What a supervisor is told, and tells the worker processes it starts."""

    device: str
    exit_when_idle: float | None
    health_file: str | None
    supervisor_pid: int | None
    worker_id: str | None
    lease_s: float
    hang_s: float
    events: bool

    @classmethod
    def told(cls) -> "ProcessOptions":
        """Read them. Raises InvalidInput."""
        idle, supervisor = os.environ.get("CURVEGAN_WORKER_IDLE"), os.environ.get("CURVEGAN_WORKER_SUPERVISOR")
        return cls(
            device=os.environ.get("CURVEGAN_WORKER_DEVICE", "auto"),
            exit_when_idle=float(idle) if idle else None,
            health_file=os.environ.get("CURVEGAN_WORKER_HEALTH"),
            supervisor_pid=int(supervisor) if supervisor else None,
            worker_id=os.environ.get("CURVEGAN_WORKER_ID"),
            lease_s=_seconds("CURVEGAN_LEASE_SECONDS", LEASE_S),
            hang_s=_seconds("CURVEGAN_HANG_SECONDS", HANG_S),
            events=switch("CURVEGAN_CELERY_EVENTS", os.environ.get("CURVEGAN_CELERY_EVENTS", "0")),
        )


def _seconds(name: str, default: float) -> float:
    return duration(name, os.environ.get(name, str(default)))


settings = Settings.resolve(*(os.environ.get(variable(name)) for name in NAMES))
options = ProcessOptions.told()
