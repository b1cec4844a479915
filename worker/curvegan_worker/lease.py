"""The lease of a running claim, kept alive by a thread and a connection of its own.

The thread renews only while the training advances, so a job that hangs loses its lease and goes on elsewhere.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Self, TypeVar

from curvegan.errors import ServiceUnavailable
from curvegan_db.errors import LeaseLost
from curvegan_db.records import Claim
from curvegan_db.store import Store

HEARTBEAT_S = 5.0
HANG_S = 60.0
_RETRY_S = 1.0
_log = logging.getLogger("curvegan.lease")
T = TypeVar("T")


class Lease:
    """What this worker may still write. Read by the training and the recording thread, renewed by its own.

    Attributes:
        held: ids of the claim's jobs that are still ours.
        cancelled: jobs whose cancellation is requested, with the reason.
    """

    def __init__(self, store: Store, claim: Claim, touch: Callable[[], None]) -> None:
        self._store = store
        self._touch = touch
        self.token = claim.token
        self.held = frozenset(job.id for job in claim.jobs)
        self.cancelled: dict[int, str | None] = {}
        self._renewed = self._advanced = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def advanced(self) -> None:
        """The training or the recording got on: worth another heartbeat."""
        self._advanced = time.monotonic()

    def lose(self, job_id: int) -> None:
        """A write was refused: the job is another worker's now."""
        self.held -= {job_id}

    def patiently(self, job_id: int, action: Callable[[], T]) -> T:
        """Do it, and again while the database is away and the lease still runs. Raises LeaseLost when it is over."""
        while True:
            try:
                return action()
            except ServiceUnavailable as error:
                if job_id not in self.held:
                    raise LeaseLost(job_id) from error
                _log.warning("%s; trying again", error)
                self._over.wait(_RETRY_S)

    def _keep(self) -> None:
        wait = HEARTBEAT_S
        while not self._over.wait(wait):
            wait = HEARTBEAT_S if self._renew() else _RETRY_S

    def _renew(self) -> bool:
        now = time.monotonic()
        if now - self._advanced > HANG_S:
            _log.error("training has not advanced for %.0f s: the lease is left to run out", now - self._advanced)
            return True
        try:
            reply = self._store.heartbeat(self.token)
        except ServiceUnavailable as error:
            _log.warning("%s", error)
            if now - self._renewed > self._store.lease.total_seconds():
                self.held = frozenset()
            return False
        self._renewed = now
        self.held &= reply.held
        self.cancelled = dict(reply.cancelled)
        self._touch()
        return True
