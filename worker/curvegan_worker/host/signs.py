"""What a worker process tells its supervisor in files: that it lives, that it was ready, why it died.

Life and readiness are the times and the mode of a file that is there already: a full disk has room for no more.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

_MOST = 500
# Between two looks of a supervisor that is awake.
_LONGEST_LOOK_S = 1.0


def leave(error: BaseException, health_file: str | None) -> None:
    """Write it down for the supervisor, if there is one. Of several the first says what went wrong."""
    if health_file:
        with suppress(OSError), _died(health_file).open("x") as file:
            file.write(" ".join(f"{type(error).__name__}: {error}".split())[:_MOST])


def show_health(health_file: str | None, slack_s: float = 0.0, ahead_s: float = 0.0) -> None:
    """Touch the health file, if there is one.

    Args:
        slack_s: how much longer than others the process may be silent from here on.
        ahead_s: how far in the future the file is dated: who is starting must not be taken for ready, and may be
            silent for so long too.
    """
    if health_file:
        moment = time.time() + ahead_s
        _touch(Path(health_file), (moment + ahead_s + slack_s, moment))


class Watch:
    """How long a process has been silent, as its supervisor sees it, whose own time awake is what counts.

    A clock that jumps says nothing, nor does the time for which a machine, or this very process, was suspended: whoever
    is watched slept as well. So the file's times are compared with those of before, and with nobody's clock.
    """

    def __init__(self, health_file: Path) -> None:
        self._file = health_file
        self._times: tuple[float, float] | None = None
        self._silent_s, self._looked = 0.0, time.monotonic()

    def silent_for(self) -> float:
        """Return for how many seconds the process has been silent, less its slack; 0 where the file is gone."""
        now = time.monotonic()
        self._silent_s += min(now - self._looked, _LONGEST_LOOK_S)
        self._looked = now
        try:
            status = self._file.stat()
        except FileNotFoundError:
            show_health(str(self._file))
            status = self._file.stat()
        times = status.st_atime, status.st_mtime
        if times != self._times:
            self._times, self._silent_s = times, 0.0
        return self._silent_s - (times[0] - times[1])


def _touch(path: Path, times: tuple[float, float]) -> None:
    """Set the file's times, also where somebody deleted it, or the folder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    os.utime(path, times)


def say_ready(health_file: str | None) -> None:
    """Note that the process has got so far that it takes jobs."""
    if health_file:
        with suppress(FileNotFoundError):
            Path(health_file).chmod(0o700)


def was_ready(health_file: Path) -> bool:
    """Return whether the process got so far; the next one has to say so anew."""
    try:
        ready = bool(health_file.stat().st_mode & 0o100)
        health_file.chmod(0o600)
    except FileNotFoundError:
        return True  # somebody deleted it: that says nothing against the process
    return ready


def take(health_file: Path, code: int) -> str:
    """Return what the process left that ended with the code, or what the code says; a new process starts with none."""
    path = _died(health_file)
    try:
        words = path.read_text()
        path.unlink()
    except OSError:
        words = ""
    return words or (f"killed by signal {-code}" if code < 0 else f"it ended with {code}")


def _died(health_file: str | Path) -> Path:
    return Path(f"{health_file}.died")
