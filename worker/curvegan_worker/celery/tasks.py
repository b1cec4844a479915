"""The one Celery task, and what ties the Celery worker's life to ours. Imported by workers only."""

import os
import signal
import socket
import warnings
from typing import Any

from celery.bootsteps import StartStopStep
from celery.platforms import SecurityWarning
from celery.signals import celeryd_init, setup_logging, worker_shutdown, worker_shutting_down

from curvegan_worker.celery.app import TRAIN, app
from curvegan_worker.celery.control import answer_questions_only
from curvegan_worker.celery.queues import queues_for
from curvegan_worker.host.log_setup import log_to_stderr
from curvegan_worker.host.process import WorkerProcess
from curvegan_worker.options import options, settings

# Celery warns of root because a pickled message could run anything; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)
_HANGUP_IGNORED = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # as nohup has it, before Celery changes that
_process = WorkerProcess(settings, options)
answer_questions_only()


@app.task(name=TRAIN)
def train(job_id: int | None = None) -> list[int]:
    """Claim once, the job of the message if it can be, and train it with those that fit in its pack.

    Returns:
        The ids of the jobs of the claim, which Celery's events show as the task's result.
    """
    trained = _process.train(prefer=job_id)
    if trained:
        _process.send_next()
    return trained


@celeryd_init.connect
def _name(instance: Any, **_: Any) -> None:
    """Have Celery's tools name the worker as `curvegan workers` does."""
    instance.hostname = f"{socket.gethostname()}:{os.getpid()}"


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    log_to_stderr()


class Start(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Our start in Celery's order: its signal handlers are there; its consumer, which waits for the broker, is not."""

    def start(self, worker: Any) -> None:
        """Begin to poll, with or without a broker, and name the queues of the worker's devices."""
        # Celery's Ctrl-C is a cold shutdown, which can break into a commit; ours drains, as SIGTERM does.
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
        # At a terminal's end Celery would start itself anew.
        signal.signal(signal.SIGHUP, signal.SIG_IGN if _HANGUP_IGNORED else signal.getsignal(signal.SIGTERM))
        _process.start(worker.pool.wake if settings.has_broker else _wake_memory)
        queues = queues_for(settings, _process.devices, _process.engines)
        for queue in queues:
            app.amqp.queues.add(queue)
        app.amqp.queues.select([queue.name for queue in queues])


app.steps["worker"].add(Start)


def _wake_memory() -> None:
    for _ in range(2):  # without a broker the loop waits for messages twice, two seconds each
        app.send_task(TRAIN)


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    _process.drain()


@worker_shutdown.connect
def _stop(**_: Any) -> None:
    _process.stop()
