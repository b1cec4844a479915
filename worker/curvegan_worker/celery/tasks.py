"""The one Celery task, and what ties the Celery worker's life to ours. Imported by workers only."""

import signal
import warnings
from typing import Any

from celery.bootsteps import StartStopStep
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_shutdown, worker_shutting_down

from curvegan_worker.celery.app import TRAIN, app, options, settings
from curvegan_worker.host.log_setup import log_to_stderr
from curvegan_worker.host.process import WorkerProcess

# Celery warns of root because a pickled message could run anything; ours are JSON.
warnings.filterwarnings("ignore", category=SecurityWarning)
_process = WorkerProcess(settings, options)


@app.task(name=TRAIN)
def train(job_id: int | None = None) -> None:
    """Claim and train until nothing is queued. The job id is a hint for who watches the broker; the claim decides."""
    _process.work()


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    log_to_stderr()


class Start(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Our start in Celery's order: its signal handlers are there; its consumer, which waits for the broker, is not."""

    def start(self, _worker: Any) -> None:
        """Begin to poll, with or without a broker."""
        # Celery's Ctrl-C is a cold shutdown, which can break into a commit; ours drains, as SIGTERM does.
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
        _process.start()


app.steps["worker"].add(Start)


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    _process.drain()


@worker_shutdown.connect
def _stop(**_: Any) -> None:
    _process.stop()
