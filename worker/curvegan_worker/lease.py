"""The lease of a running claim, kept alive by a thread and a connection of its own.

The thread renews only while the training advances, so a job that hangs loses its lease and goes on elsewhere.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Self, TypeVar

from curvegan_core.errors import ServiceUnavailable
from curvegan_db.errors import LeaseLost
from curvegan_db.store import Store
from curvegan_db.values import Claim
from curvegan_worker.outage import DatabaseSilent, Outage

BEATS_A_LEASE = 6
PATIENCE = 5.0
"""So many times as long as it needed before, or should need on a slow core, may an advance take."""
_FIRST_RETRY_S = 0.25
_log = logging.getLogger("curvegan.lease")
T = TypeVar("T")


class Lease:
    """What this worker may still write. Read by the training and the recording thread, renewed by its own.

    Attributes:
        held: ids of the claim's jobs that are still ours.
        cancelled: jobs whose cancellation is requested, with the reason.
        unreleased: whether the store took no end of a job that was still ours, for it was away.
    """

    def __init__(
        self, store: Store, claim: Claim, outage: Outage, hang_s: float, on_advance: Callable[[], None]
    ) -> None:
        self._store = store
        self._outage = outage
        self._hang_s = self._patience_s = hang_s
        self._on_advance = on_advance
        self._lease_s = store.lease.total_seconds()
        self._beat_s = self._lease_s / BEATS_A_LEASE
        self.token = claim.token
        self.held = frozenset(job.id for job in claim.jobs)
        self.cancelled: dict[int, str | None] = {}
        self.unreleased = False
        self._ending: set[int] = set()
        self._given_up = False
        self._renewed = self._advanced = time.monotonic()
        self._asked_at: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self.advanced()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def advanced(self) -> None:
        """Note that the training or the recording got on: worth another heartbeat, and a sign of health."""
        self._advanced = time.monotonic()
        self._on_advance()
        asked_at = self._asked_at
        if asked_at is not None and self._advanced - asked_at > self._lease_s / 2:
            self._outage.failed(DatabaseSilent())
        else:
            self._outage.passed()

    def expect(self, seconds: float) -> None:
        """Note that the training may need so long until it gets on; it hangs after a multiple of that."""
        self._patience_s = max(self._patience_s, PATIENCE * seconds)

    @property
    def slack_s(self) -> float:
        """How much longer than the limit of a hang the training may take."""
        return self._patience_s - self._hang_s

    def end(self, job_id: int) -> None:
        """Note that the job is about to end or to be released: that its lease goes is no loss."""
        self._ending.add(job_id)

    def lose(self, job_id: int) -> None:
        """Note that a write was refused: the job is another worker's now."""
        self.held -= {job_id}

    def ended(self, job_id: int) -> None:
        """Note that the store has taken the job's end: should it come back as ours, we no longer train it."""
        self.held -= {job_id}

    def patiently(self, jobs: int | Collection[int], action: Callable[[], T]) -> T:
        """Do it for a job or several, and while the database is away do it again, with growing pauses.

        Raises LeaseLost when the lease on all of them is over, and ServiceUnavailable when this failed for as long as
        a lease lasts although the lease could be renewed: a disk that is full takes a heartbeat, but no checkpoint.
        """
        jobs = {jobs} if isinstance(jobs, int) else set(jobs)
        give_up, pause = time.monotonic() + self._lease_s, _FIRST_RETRY_S
        while True:
            try:
                result = action()
            except ServiceUnavailable as error:
                if not jobs & self.held:
                    raise LeaseLost(min(jobs)) from error
                if time.monotonic() > give_up:
                    raise
                self._outage.failed(error)
                self._over.wait(pause)
                pause = min(2 * pause, self._beat_s)
            else:
                self._outage.passed()
                return result

    def _keep(self) -> None:
        pause = self._beat_s
        while not self._wait(pause):
            pause = self._beat_s if self._hangs() or self._renew() else min(1.0, self._beat_s)

    def _wait(self, pause: float) -> bool:
        """Wait; that this process, or the machine, was suspended meanwhile is no hang, and others slept as well."""
        asleep = time.monotonic()
        over = self._over.wait(pause)
        if time.monotonic() - asleep - pause > self._lease_s / 2:
            self._store.woke()
            self._advanced = time.monotonic()
        return over

    def _hangs(self) -> bool:
        since = time.monotonic() - self._advanced
        hangs = since > self._patience_s
        if hangs and not self._given_up:
            _log.error("training has not advanced for %.0f s: the lease is left to run out", since)
        self._given_up = hangs
        return hangs

    def _renew(self) -> bool:
        self._asked_at = now = time.monotonic()
        try:
            reply = self._store.heartbeat(self.token, self.held)
        except ServiceUnavailable as error:
            self._outage.failed(error)
            if now - self._renewed > self._lease_s:
                self.held = frozenset()
            return False
        finally:
            self._asked_at = None
        self._outage.passed()
        self._renewed = now
        if lost := self.held - reply.held - self._ending:
            _log.warning("the lease is lost: %s", sorted(lost))
        self.held &= reply.held
        self.cancelled = dict(reply.cancelled)
        return True
