"""How messages are taken from the broker: a nudge wakes the worker, all else costs a line in its log. Knows no job.

Celery has tasks of its own that call others, takes orders for later, and ends the process on a message that it cannot
take apart, and a lease with it. So who can write to the broker could do a lot; here he can only wake workers.

A broker that answers with errors, a read-only replica or one that denies us a key, would end the process, too, which
trains without it. Here it is asked again, with growing pauses.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer import Consumer

from curvegan_worker.celery.app import TRAIN

_MOST_BYTES = 10_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0
# A broker that was well for so long and errs again is told of again.
_WELL_S = 30.0
_celerys_log = logging.getLogger("celery.worker.consumer.consumer")
_log = logging.getLogger("curvegan.consumer")


class _BrokerErred(ConnectionResetError):
    """The broker answered with an error: what Celery does when a connection breaks is right here, too."""


class WaryConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer, for nudges only; it goes on after whatever the broker says and whatever is in the queue."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.blueprint.start = self._unharmed(self.blueprint.start)
        self._pause_s = _FIRST_PAUSE_S
        self._told = ""

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

    def on_connection_error_before_connected(self, error: Exception) -> None:
        """Do what Celery does, but say nothing of what is told already."""
        with _quiet(error):
            super().on_connection_error_before_connected(error)

    def on_connection_error_after_connected(self, error: Exception) -> None:
        """Do what Celery does, without its advice on a setting that is set, and once for an error that stays."""
        with warnings.catch_warnings(), _quiet(error):
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(error)

    def _unharmed(self, start: Callable[..., None]) -> Callable[..., None]:
        """Return what starts the consumer and runs its loop, for all that comes from the broker.

        Errors that it answers with, and what is not even a message, make Celery connect anew.
        """

        def run(*args: Any) -> None:
            began = time.monotonic()
            try:
                start(*args)
            except self.connection_errors:
                raise
            except self.channel_errors as error:
                if time.monotonic() - began > _WELL_S:
                    self._pause_s, self._told = _FIRST_PAUSE_S, ""
                self._wait_for_the_broker(f"{type(error).__name__}: {error}"[:300])
                raise _BrokerErred from error
            except Exception as error:
                _refuse(error)
                raise ConnectionResetError("there was no message in the queue") from error

        return run

    def _wait_for_the_broker(self, fault: str) -> None:
        if fault != self._told:
            _log.warning("the broker answers with an error, jobs are found without it: %s", fault)
            self._told = fault
        time.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


@contextmanager
def _quiet(error: Exception) -> Iterator[None]:
    """Keep Celery's log shut over an error of the broker's, which comes again with every attempt."""
    _celerys_log.disabled = isinstance(error, _BrokerErred)
    try:
        yield
    finally:
        _celerys_log.disabled = False


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
