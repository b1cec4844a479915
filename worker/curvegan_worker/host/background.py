"""The background worker of the embedded store: `submit` starts one when this machine has none, and it ends when idle.

Who is present holds a shared lock on a file in the home folder, one for each database. A lock dies with its process,
so unlike a row in the store it says at once, and truly, that a killed worker is gone.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from curvegan_worker.host.environment import worker_environment
from curvegan_worker.settings import Settings

_IDLES = {"CURVEGAN_WORKER_IDLE": "60"}
_LOCK = "CURVEGAN_WORKER_LOCK"


@contextmanager
def presence(settings: Settings) -> Iterator[None]:
    """Be known as a worker of this database for as long as the block runs."""
    with _private(_lock_file(settings)) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        _let_go_of_starters_lock()
        yield


def _let_go_of_starters_lock() -> None:
    """Close the lock that `start_background` took for this process, so that it was present before it could say so."""
    descriptor = os.environ.pop(_LOCK, None)
    if descriptor is not None:
        os.close(int(descriptor))


def is_present(settings: Settings) -> bool:
    """Return whether a supervisor on this machine works for this database right now."""
    with _asking(settings):
        return _is_present(settings)


def _is_present(settings: Settings) -> bool:
    with _private(_lock_file(settings)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_alive(pid: int) -> bool:
    """Return whether a process of this id runs on this machine: one that has ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether it has ended, and nobody has asked how: for long, where process 1 of a container is no init.

    Systems without /proc always have an init.
    """
    try:
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2]
    except OSError:
        return False
    return after_name.split()[0] == b"Z"


def start_background(settings: Settings) -> int | None:
    """Start workers that outlive this command, unless some are present. Returns their supervisor's process id, or None.

    It is present from here on, not from when it has come up: who starts one next sees it.
    """
    with _asking(settings):
        return None if _is_present(settings) else _start(settings)


def _start(settings: Settings) -> int:
    with _private(settings.home / "worker.log") as log, _private(_lock_file(settings)) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "curvegan_worker"],
            env=worker_environment(os.environ) | settings.environment() | _IDLES | {_LOCK: str(lock.fileno())},
            pass_fds=[lock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            start_new_session=True,
        )
    # It outlives most who start it; who lives longer, as a notebook does, keeps no dead child.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


@contextmanager
def _asking(settings: Settings) -> Iterator[None]:
    """Let one ask at a time: who asks holds the very lock for a moment, and of several who see none all would start."""
    with _private(_lock_file(settings).with_suffix(".asking")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(settings: Settings) -> Path:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.home / f"worker-{hashlib.sha256(os.fsencode(settings.database_url)).hexdigest()[:12]}.lock"


def _private(path: Path) -> BinaryIO:
    """Open a file to append to that nobody else can read, whatever the umask."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")
