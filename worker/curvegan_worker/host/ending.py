"""How a worker process ends where it cannot go on."""

import logging
import os
import threading

from curvegan_worker.host.signs import leave
from curvegan_worker.options import options

UNRELEASED = 1
"""The exit code of a drain that could not give a job back."""
_log = logging.getLogger("curvegan.worker")


def crash(died: threading.ExceptHookArgs) -> None:
    """End the process where a thread died of what nobody foresaw: not half of it. Its leases bring the jobs back."""
    error = died.exc_value or died.exc_type()
    leave(error, options.health_file)
    _log.critical("thread %s: the process ends", died.thread.name if died.thread else "?", exc_info=error)
    os._exit(1)
