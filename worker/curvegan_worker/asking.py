"""Who waits for a database that does not answer, and for nothing else, does not hang: a new process is no cure."""

import time
from collections.abc import Callable
from types import TracebackType

from curvegan_worker.outage import DatabaseSilent, Outage
from curvegan_worker.stop_flag import StopFlag
from curvegan_worker.turns import POLL_S


class Asking:
    """Entered by the thread that asks, for as long as it waits for the answer; watched by another."""

    def __init__(self, outage: Outage, patience_s: float, touch: Callable[[], None]) -> None:
        """Ask nothing yet.

        Args:
            outage: what to tell of a database that is silent.
            patience_s: when it is.
            touch: shows health.
        """
        self._outage = outage
        self._patience_s = patience_s
        self._touch = touch
        self._asked_at: float | None = None

    def __enter__(self) -> None:
        self._asked_at = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._asked_at = None

    def vouch(self, draining: StopFlag) -> None:
        """Show health for who waits, until the process drains."""
        while not draining.wait(POLL_S):
            asked_at = self._asked_at
            if asked_at is None:
                self._outage.passed()
            elif time.monotonic() - asked_at > self._patience_s:
                self._outage.failed(DatabaseSilent())
                self._touch()
