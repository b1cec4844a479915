"""The Celery application. Who submits imports this module, never the tasks, and so needs no torch."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from celery import Celery

from curvegan_worker.settings import Settings, duration

TRAIN = "curvegan.train"
NUDGE_TIMEOUT_S = 1.0
LEASE_S, HANG_S = 30.0, 60.0
MOST_NUDGES = 64


@dataclass(frozen=True)
class ProcessOptions:
    """What a supervisor tells the worker processes it starts."""

    device: str
    exit_when_idle: float | None
    health_file: str | None
    supervisor_pid: int | None
    lease_s: float
    hang_s: float


def _seconds(name: str, default: float) -> float:
    return duration(name, os.environ.get(name, str(default)))


def _transport_options(settings: Settings) -> dict[str, float]:
    if settings.broker_url.startswith("memory:"):
        return {"polling_interval": 0.1}
    return {"socket_connect_timeout": 2, "socket_keepalive": True, "health_check_interval": 10}


settings = Settings.resolve(*(os.environ.get(f"CURVEGAN_{key}") for key in ("HOME", "DATABASE_URL", "BROKER_URL")))
options = ProcessOptions(
    device=os.environ.get("CURVEGAN_WORKER_DEVICE", "auto"),
    exit_when_idle=float(os.environ["CURVEGAN_WORKER_IDLE"]) if "CURVEGAN_WORKER_IDLE" in os.environ else None,
    health_file=os.environ.get("CURVEGAN_WORKER_HEALTH"),
    supervisor_pid=int(os.environ["CURVEGAN_WORKER_SUPERVISOR"])
    if "CURVEGAN_WORKER_SUPERVISOR" in os.environ
    else None,
    lease_s=_seconds("CURVEGAN_LEASE_SECONDS", LEASE_S),
    hang_s=_seconds("CURVEGAN_HANG_SECONDS", HANG_S),
)

app = Celery("curvegan", include=["curvegan_worker.celery.tasks"])
app.conf.update(
    broker_url=settings.broker_url,
    # Early ack and no result: the lease in SQL brings a job back, and its state lives there too.
    task_acks_late=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_pool="solo",
    worker_consumer="curvegan_worker.celery.consumer:WaryConsumer",
    worker_concurrency=1,
    # A waiting message must go to a worker that is free, so none is taken ahead.
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=not settings.broker_url.startswith("memory:"),
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=_transport_options(settings),
)


def nudge(settings: Settings, job_ids: Sequence[int]) -> str | None:
    """Wake workers for new jobs. A broker that is down or hangs costs at most a few seconds and never fails a submit.

    Returns:
        None when the broker took the nudges (or none is needed), else a warning for the user.
    """
    if settings.broker_url.startswith("memory:"):
        return None
    failure: list[str] = ["it does not answer"]
    thread = threading.Thread(target=_publish, args=(settings.broker_url, job_ids, failure), daemon=True)
    thread.start()
    thread.join(NUDGE_TIMEOUT_S)
    if not failure:
        return None
    return f"the broker cannot be reached ({failure[0]}); the jobs are stored, and workers find them by themselves"


def _publish(broker_url: str, job_ids: Sequence[int], failure: list[str]) -> None:
    """Publish a nudge a job, but no more than any fleet can need: a worker goes on while anything is queued."""
    try:
        with app.connection_for_write(broker_url, connect_timeout=NUDGE_TIMEOUT_S) as connection:
            for job_id in job_ids[:MOST_NUDGES]:
                app.send_task(TRAIN, args=[job_id], connection=connection, retry=False)
    except Exception as error:  # noqa: BLE001  whatever its client raises, of a broker the user needs to know no more
        failure[:] = [type(error).__name__]
    else:
        failure.clear()
