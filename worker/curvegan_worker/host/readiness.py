"""All that a job needs, found ready before a worker takes any: what is broken here is not found out at a job's cost.

`python -P -m curvegan_worker.host.readiness DEVICE [HEALTH_FILE]` is a rehearsal. It says in a line of JSON which
engines train here, gets ready, and ends: a worker for which no job waits has it done there, for engines and what draws
take more memory than all the rest of it.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from curvegan_core.errors import CurveganError
from curvegan_worker.host.log_setup import log_to_stderr
from curvegan_worker.host.machine_code import engines, prepare
from curvegan_worker.host.signs import leave
from curvegan_worker.turns import POLL_S

_LONGEST_S = 1800.0
_log = logging.getLogger("curvegan.worker")


class Replaced(CurveganError):
    """Another version was installed since this process started: half of it would be the old one."""

    def __init__(self, began: str) -> None:
        super().__init__(f"another version than {began} was installed meanwhile; a new process starts with it")


def get_ready(found: Sequence[str]) -> None:
    """Import what trains and draws, and have the engines' code loaded, or compiled once for all on this machine."""
    import curvegan_worker.run  # noqa: F401, PLC0415  with all that draws

    if "fused" in found:
        prepare()


@contextmanager
def beating(beat: Callable[[], None]) -> Iterator[None]:
    """Beat in a thread while the block runs, for the compiler may take longer than a lease; but not for ever."""
    ready = threading.Event()
    beats = threading.Thread(target=_beat_until, args=(ready, beat), name="start", daemon=True)
    beats.start()
    try:
        yield
    finally:
        ready.set()
        beats.join()


def _beat_until(ready: threading.Event, beat: Callable[[], None]) -> None:
    until = time.monotonic() + _LONGEST_S
    while not ready.wait(POLL_S) and time.monotonic() < until:
        beat()


class Rehearsal:
    """Another process that gets ready, to see that it can be done.

    Attributes:
        engines: what trains here.
    """

    def __init__(self, device: str, health_file: str | None) -> None:
        """Begin, and wait until the engines are known. Raises SystemExit, with its code, where it has failed."""
        command = [sys.executable, "-P", "-m", "curvegan_worker.host.readiness", device, health_file or ""]
        self._health_file = health_file
        # It ends when its stdin does, and so with this process, whatever ends that; a Ctrl-C is not for it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.finish()
        self.engines = tuple(json.loads(line))

    def finish(self) -> None:
        """Wait for the end. Raises SystemExit, with its code, where it has failed."""
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        if code < 0:
            leave(ChildProcessError(f"what loads the engines was killed by signal {-code}"), self._health_file)
        if code:
            raise SystemExit(max(code, 1))


def main() -> None:
    """Rehearse."""
    device, health_file = sys.argv[1:]
    for number in (signal.SIGTERM, signal.SIGHUP):  # meant for all of a service or a container
        signal.signal(number, signal.SIG_IGN)
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is none
    log_to_stderr()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        present = engines(device)
        print(json.dumps(present), file=answer, flush=True)
        get_ready(present)
    except CurveganError as error:
        _log.critical("%s", error)
        sys.exit(error.exit_code)
    except Exception as error:
        leave(error, health_file)
        raise


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
