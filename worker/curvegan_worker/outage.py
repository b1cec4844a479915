"""A service that is away, told in two lines: one when it goes, one when it is back. Knows no service."""

import logging
import threading
import time

from curvegan_core.errors import ServiceUnavailable

_log = logging.getLogger("curvegan.outage")


class DatabaseSilent(ServiceUnavailable):
    """The database holds a connection, and says nothing: frozen, or a table is locked."""

    def __init__(self) -> None:
        super().__init__("the database does not answer: it is frozen, or waits for a lock")


class Outage:
    """What the threads of a process know of one service together. It is back when whoever failed has got through."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._failing: set[str] = set()
        self._since = 0.0
        self._lock = threading.Lock()

    def failed(self, error: Exception) -> None:
        """Note that a call of this thread failed, and will be tried again."""
        with self._lock:
            if not self._failing:
                self._since = time.monotonic()
                _log.warning("%s; trying again", error)
            self._failing.add(threading.current_thread().name)

    def passed(self) -> None:
        """Note that a call of this thread that may have failed before went through."""
        name = threading.current_thread().name
        with self._lock:
            if name not in self._failing:
                return
            self._failing.discard(name)
            if not self._failing:
                _log.warning("%s is back after %.0f s", self._service, time.monotonic() - self._since)
