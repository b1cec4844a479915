"""All that a job needs, found ready before a worker takes any: what is broken here is not found out at a job's cost.

`python -P -m curvegan_worker.host.readiness DEVICE [HEALTH_FILE]` is a rehearsal. It says in a line of JSON which
engines train here, gets ready, and ends: a worker for which no job waits has it done there, for engines and what draws
take more memory than all the rest of it.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from curvegan_core.errors import CurveganError
from curvegan_worker.host.log_setup import log_to_stderr
from curvegan_worker.host.machine_code import engines, prepare
from curvegan_worker.host.signs import leave

_log = logging.getLogger("curvegan.worker")


def get_ready(found: Sequence[str]) -> None:
    """Import what trains and draws, and have the engines' code loaded, or compiled once for all on this machine."""
    import curvegan_worker.run  # noqa: F401, PLC0415  with all that draws

    if "fused" in found:
        prepare()


class Rehearsal:
    """Another process that gets ready, to see that it can be done.

    Attributes:
        engines: what trains here.
    """

    def __init__(self, device: str, health_file: str | None) -> None:
        """Begin, and wait until the engines are known. Raises SystemExit, with its code, where it has failed."""
        command = [sys.executable, "-P", "-m", "curvegan_worker.host.readiness", device, health_file or ""]
        # It ends when its stdin does, and so with this process, whatever ends that.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.finish()
        self.engines = tuple(json.loads(line))

    def finish(self) -> None:
        """Wait for the end. Raises SystemExit, with its code, where it has failed."""
        if code := self._process.wait():
            raise SystemExit(max(code, 1))


def main() -> None:
    """Rehearse."""
    device, health_file = sys.argv[1:]
    log_to_stderr()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        found = engines(device)
        print(json.dumps(found), flush=True)
        get_ready(found)
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
