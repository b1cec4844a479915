"""Ctrl-C while nothing is at stake yet: one quiet end, where Python would print what it was importing just then."""

import os
import signal
import sys

INTERRUPTED = 130


def end_quietly() -> None:
    """Have an interrupt end this process at once, with INTERRUPTED; where they are ignored, as behind `&`, stay so."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)
        sys.unraisablehook = _unraisable


class Interruptible:
    """Within the block an interrupt raises KeyboardInterrupt, in a process that else ends quietly.

    No contextlib: until this is imported, Python prints its tracebacks.
    """

    def __enter__(self) -> None:
        self._quiet = signal.getsignal(signal.SIGINT) is _end
        if self._quiet:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self._quiet:
            end_quietly()


def _unraisable(what: "sys.UnraisableHookArgs") -> None:
    """End on an interrupt that came into a callback of Python's own, which would print it and go on."""
    if what.exc_type is KeyboardInterrupt:
        _end()
    sys.__unraisablehook__(what)


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)
