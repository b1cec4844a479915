"""What a worker process tells its supervisor in files: that it lives, that it was ready, why it died."""

import os
import time
from contextlib import suppress
from pathlib import Path

_MOST = 500


def leave(error: BaseException, health_file: str | None) -> None:
    """Write it down for the supervisor, if there is one. Of several the first says what went wrong."""
    if health_file:
        with suppress(OSError), _died(health_file).open("x") as file:
            file.write(" ".join(f"{type(error).__name__}: {error}".split())[:_MOST])


def show_health(health_file: str | None, slack_s: float = 0.0, ahead_s: float = 0.0) -> None:
    """Touch the health file, if there is one.

    Args:
        slack_s: how much longer than others the process may be silent from here on.
        ahead_s: how far in the future the file is dated: who is starting must not be taken for ready.
    """
    if health_file:
        Path(health_file).write_text(f"{slack_s:.0f}")
        if ahead_s:
            moment = time.time() + ahead_s
            os.utime(health_file, (moment, moment))


def slack_of(health_file: Path) -> float:
    """Return the slack that the process has written there."""
    return float(health_file.read_text() or 0)


def say_ready(health_file: str | None) -> None:
    """Note that the process has got so far that it takes jobs."""
    if health_file:
        _ready(health_file).touch(mode=0o600)


def was_ready(health_file: Path) -> bool:
    """Return whether the process got so far; the next one has to say so anew."""
    try:
        _ready(health_file).unlink()
    except FileNotFoundError:
        return False
    return True


def take(health_file: Path, code: int) -> str:
    """Return what the process left that ended with the code, or what the code says; a new process starts with none."""
    path = _died(health_file)
    try:
        words = path.read_text()
        path.unlink()
    except OSError:
        words = ""
    return words or (f"killed by signal {-code}" if code < 0 else f"it ended with {code}")


def _ready(health_file: str | Path) -> Path:
    return Path(f"{health_file}.ready")


def _died(health_file: str | Path) -> Path:
    return Path(f"{health_file}.died")
