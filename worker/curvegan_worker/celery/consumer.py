"""How messages are taken from the broker: a nudge wakes the worker, all else costs a line in its log. Knows no job.

Celery has tasks of its own that call others, takes orders for later, and ends the process on a message that it cannot
take apart, and a lease with it. So who can write to the broker could do a lot; here he can only wake workers.
"""

import logging
import warnings
from collections.abc import Callable
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer import Consumer

from curvegan_worker.celery.app import TRAIN

_MOST_BYTES = 10_000
_log = logging.getLogger("curvegan.consumer")


class WaryConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer, for nudges only; it goes on after whatever it found in the queue."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.loop: Callable[..., None] = self._unharmed(self.loop)

    def create_task_handler(self, *args: Any) -> Callable[[Any], None]:
        """Return Celery's handler, but throw a message away that is no nudge."""
        take = super().create_task_handler(*args)

        def received(message: Any) -> None:
            try:
                check(message)
            except Exception as error:  # noqa: BLE001  a message can be wrong in more ways than anybody has names for
                _refuse(error)
                message.reject_log_error(_log, self.connection_errors)
            else:
                take(message)

        return received

    def on_decode_error(self, message: Any, error: Exception) -> None:
        """Refuse the message in a line; Celery's logs the whole body."""
        _refuse(error)
        message.reject_log_error(_log, self.connection_errors)

    def on_connection_error_after_connected(self, error: Exception) -> None:
        """Do what Celery does, without its advice on a setting that is set."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(error)

    def _unharmed(self, loop: Callable[..., None]) -> Callable[..., None]:
        """Return the loop over what comes from the broker; what is not even a message makes Celery connect anew."""

        def run(*args: Any) -> None:
            try:
                loop(*args)
            except self.connection_errors:
                raise
            except Exception as error:
                _refuse(error)
                raise ConnectionResetError("there was no message in the queue") from error

        return run


def check(message: Any) -> None:
    """Raise unless the message is a nudge as `curvegan_worker.celery.nudges` sends it, to be taken now."""
    if message.headers.get("task") != TRAIN or message.headers.get("eta"):
        raise ValueError("it is no nudge")
    if len(message.body) > _MOST_BYTES:
        raise ValueError(f"it has {len(message.body)} bytes")
    job_ids, options, embedded = message.payload
    if options or any(embedded.values()) or not all(type(job_id) is int for job_id in job_ids) or len(job_ids) > 1:
        raise ValueError("it asks for more than a nudge does")


def _refuse(error: Exception) -> None:
    _log.error("a message is refused: %s: %.200s", type(error).__name__, error)
