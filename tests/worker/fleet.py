"""Real worker processes for tests, as a user starts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from curvegan_worker.settings import Settings

CURVEGAN = str(Path(sys.executable).parent / "curvegan")


@dataclass
class Fleet:
    """A supervisor with its worker processes, in a process group of their own."""

    process: subprocess.Popen[bytes]
    log_file: Path

    def pids(self) -> list[int]:
        """Worker processes that are alive, without the supervisor."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def signal_group(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)

    def log(self) -> str:
        return self.log_file.read_text()


@contextmanager
def run_fleet(
    settings: Settings,
    *arguments: str,
    log_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Fleet]:
    """`curvegan worker ARGUMENTS`, typed in a folder; whatever is left of it at the end is killed."""
    settings.home.mkdir(parents=True, exist_ok=True)
    log_file = log_file or settings.home / f"fleet-{time.monotonic_ns()}.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [CURVEGAN, "worker", *arguments],
            env=os.environ | settings.environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield Fleet(process, log_file)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(25)
    finally:
        for pid in psutil.pids():
            try:
                if os.getsid(pid) == process.pid:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


def wait_until(condition: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> float:
    """Poll until the condition is true, and tell how long it took; fail with `what` after so many seconds."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"after {seconds} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.1)
    return time.monotonic() - started
