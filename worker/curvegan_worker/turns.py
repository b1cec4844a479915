"""Turns of a fleet: what each worker asks for again and again, it asks for less often the more workers there are."""

import random
import time

POLL_S = 1.0


class Turn:
    """When this worker does something that all of them together do so many times a second."""

    def __init__(self, together: int, longest_s: float) -> None:
        """Wait for nothing at first.

        Args:
            together: how often a second all workers do it.
            longest_s: a turn is never further away: those who were counted may be gone.
        """
        self._together = together
        self._longest_s = longest_s
        self._from = time.monotonic()

    def come_at_once(self) -> None:
        """Have the next turn be now."""
        self._from = time.monotonic()

    def has_come(self, peers: int) -> bool:
        """Return whether it is there. If so it is taken, and with so many live workers the next one is later.

        By chance it comes a little earlier or later: who started together shall not ask together.
        """
        moment = time.monotonic()
        if moment < self._from:
            return False
        pause = min(peers / self._together * random.uniform(0.75, 1.25), self._longest_s)
        self._from = moment + (pause if pause > POLL_S else 0.0)
        return True
