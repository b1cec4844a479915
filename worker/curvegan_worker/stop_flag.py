"""The wish to stop, which a signal handler may utter. Knows no signal."""

import time

_LOOK_S = 0.1


class StopFlag:
    """Like threading.Event, but without its lock.

    A handler runs between two steps of the main thread: where that is inside the event's own `wait` or `set` (a second
    SIGTERM, close to the first), the handler's `set` waits for a lock that its own thread holds, for ever.
    """

    def __init__(self) -> None:
        self._wanted = False

    def set(self) -> None:
        """Ask for the end; it cannot be taken back."""
        self._wanted = True

    def is_set(self) -> bool:
        """Return whether the end was asked for."""
        return self._wanted

    def wait(self, seconds: float) -> bool:
        """Wait for so long or until the end is asked for. Returns whether it is."""
        until = time.monotonic() + seconds
        while not self._wanted and (rest := until - time.monotonic()) > 0:
            time.sleep(min(_LOOK_S, rest))
        return self._wanted
