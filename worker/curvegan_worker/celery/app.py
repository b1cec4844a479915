"""The Celery application. Who submits imports this module, never the tasks, and so needs no torch."""

import os
from dataclasses import dataclass

from curvegan_worker.celery.isolation import IsolatedCelery
from curvegan_worker.celery.queues import queue_for, transport_options
from curvegan_worker.settings import Settings, duration, switch

TRAIN = "curvegan.train"
LEASE_S, HANG_S = 30.0, 60.0
_SETTINGS = ("HOME", "DATABASE_URL", "BROKER_URL", "QUEUE_PREFIX", "WORKERS")


@dataclass(frozen=True)
class ProcessOptions:
    """What a supervisor tells the worker processes it starts."""

    device: str
    exit_when_idle: float | None
    health_file: str | None
    supervisor_pid: int | None
    lease_s: float
    hang_s: float
    events: bool


def _seconds(name: str, default: float) -> float:
    return duration(name, os.environ.get(name, str(default)))


settings = Settings.resolve(*(os.environ.get(f"CURVEGAN_{key}") for key in _SETTINGS))
options = ProcessOptions(
    device=os.environ.get("CURVEGAN_WORKER_DEVICE", "auto"),
    exit_when_idle=float(os.environ["CURVEGAN_WORKER_IDLE"]) if "CURVEGAN_WORKER_IDLE" in os.environ else None,
    health_file=os.environ.get("CURVEGAN_WORKER_HEALTH"),
    supervisor_pid=int(os.environ["CURVEGAN_WORKER_SUPERVISOR"])
    if "CURVEGAN_WORKER_SUPERVISOR" in os.environ
    else None,
    lease_s=_seconds("CURVEGAN_LEASE_SECONDS", LEASE_S),
    hang_s=_seconds("CURVEGAN_HANG_SECONDS", HANG_S),
    events=switch("CURVEGAN_CELERY_EVENTS", os.environ.get("CURVEGAN_CELERY_EVENTS", "0")),
)

app = IsolatedCelery("curvegan", include=["curvegan_worker.celery.tasks"])
app.conf.update(
    broker_url=settings.broker_url,
    # Early ack and no result: the lease in SQL brings a job back, and its state lives there too.
    task_acks_late=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue=queue_for(settings, "auto").name,
    worker_pool="curvegan_worker.celery.pool:TrainingPool",
    worker_consumer="curvegan_worker.celery.consumer:WaryConsumer",
    worker_concurrency=1,
    # A waiting message must go to a worker that is free, so none is taken ahead.
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=settings.has_broker,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_enable_prefetch_count_reduction=False,
    worker_enable_remote_control=options.events,
    worker_send_task_events=options.events,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=transport_options(settings),
)
