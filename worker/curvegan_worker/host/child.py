"""`python -P -m curvegan_worker.host.child`: a worker process as the supervisor starts it.

Celery runs it where there is a broker. Where there is none nobody can wake it, and it does without.
Whatever keeps it from starting, a module that cannot be imported included, is left for the supervisor to tell.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_worker.options import ProcessOptions
    from curvegan_worker.settings import Settings

_SIGNALS = [
    number
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    if signal.getsignal(number) is not signal.SIG_IGN  # as nohup has it
]


def main() -> None:
    """Work until a signal says to end."""
    for number in _SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))  # there is nothing to give back yet
    from curvegan_worker.host.signs import leave  # noqa: PLC0415  a signal is heard by now
    from curvegan_worker.options import options, settings  # noqa: PLC0415

    try:
        work = _with_celery(options) if settings.has_broker else _alone(settings, options)
    except Exception as error:
        leave(error, options.health_file)
        raise
    work()


def _with_celery(options: "ProcessOptions") -> Callable[[], object]:
    from celery.__main__ import main as celery  # noqa: PLC0415  who works alone does without

    import curvegan_worker.celery.tasks  # noqa: F401, PLC0415  Celery would say only that it cannot load it

    sys.argv = ["celery", "--quiet", "-A", "curvegan_worker.celery.app", "worker", "--loglevel", "WARNING"]
    sys.argv += ["--without-gossip", "--without-mingle", *([] if options.events else ["--without-heartbeat"])]
    return celery  # type: ignore[no-any-return]


def _alone(settings: "Settings", options: "ProcessOptions") -> Callable[[], object]:
    from curvegan_worker.host.log_setup import log_to_stderr  # noqa: PLC0415
    from curvegan_worker.host.process import WorkerProcess  # noqa: PLC0415  what it lacks is to be told

    process = WorkerProcess(settings, options)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: process.drain())
    log_to_stderr()
    return process.work


if __name__ == "__main__":
    main()
