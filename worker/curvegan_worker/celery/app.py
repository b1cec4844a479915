"""The Celery application. Who submits imports this module, never the tasks, and so needs no torch."""

from curvegan_worker.celery.isolation import IsolatedCelery
from curvegan_worker.celery.queues import queue_for, transport_options
from curvegan_worker.options import options, settings

TRAIN = "curvegan.train"

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
