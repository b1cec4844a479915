"""A look at everything, taken again only where something changed, and so seldom that it costs little."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

# Of a core. What a follower does besides, however few jobs there are, takes as much again.
MOST_SHARE = 0.004
# What a look may take without a rest after it.
_FREE_S = 0.01
# So old a look may become where nothing that the pulse tells of has changed: an age, a note, a tag. Of what has to rest
# a part of the share is for that.
MOST_AGE_S, AGEING = 10.0, 0.25
T = TypeVar("T")


class Sparing(Generic[T]):
    """Remembers what a look saw.

    `pulse` is a cheap question whose answer changes whenever what the look would see does. What the look takes of this
    process decides how soon it is taken again: at once where that is little, as with few jobs.
    """

    def __init__(self, look: Callable[[], T], pulse: Callable[[], object], rests: bool = True) -> None:
        """Take what costs the more the more there is; where it does not, no rest is needed where much changes."""
        self._look, self._pulse, self._rests = look, pulse, rests
        self._seen: tuple[T, object] | None = None
        self._taken_at, self._cost_s = 0.0, 0.0

    def __call__(self, at_once: bool = False) -> T:
        """Return what the last look saw, or a new one; `at_once` wants a new one whatever it costs."""
        waited = time.monotonic() - self._taken_at
        rest = (self._cost_s - _FREE_S) / MOST_SHARE if self._rests else 0.0
        if self._seen is not None and not at_once and (waited < rest or self._is_same(waited, rest)):
            return self._seen[0]
        pulse, began = self._pulse(), time.thread_time()  # first the pulse: what comes later is seen by the next look
        self._seen = self._look(), pulse
        self._taken_at, self._cost_s = time.monotonic(), time.thread_time() - began
        return self._seen[0]

    def _is_same(self, waited: float, rest: float) -> bool:
        old = waited >= max(MOST_AGE_S, rest / AGEING)
        return not old and self._seen is not None and self._pulse() == self._seen[1]
