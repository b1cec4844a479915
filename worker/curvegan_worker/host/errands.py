"""`python -P -m curvegan_worker.host.errands VERB`: what a supervisor asks the store, in a process that ends at once.

The supervisor itself needs no more than the standard library, for it only waits.
"""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence

from curvegan_core.errors import ServiceUnavailable
from curvegan_worker.options import settings

_QUEUED = 10
_MOST_S, _MOST_TELLING_S = 60.0, 15.0
_log = logging.getLogger("curvegan.supervisor")


def is_work_queued() -> bool:
    """Return whether a job waits for any worker of this machine; not where the store cannot tell."""
    return _run("queued") == _QUEUED


def tell_failing(why: str) -> None:
    """Have the store know that workers die here at their start; where it is away, the log has to do."""
    _run("failing", str(os.getpid()), told=why, most_s=_MOST_TELLING_S)  # a drain waits for it


def tell_dead(workers: Sequence[str], most_s: float) -> bool:
    """Have the store take back what workers held whose processes are gone; where it is away, their leases run out.

    Returns whether it has.
    """
    return _run("dead", *workers, most_s=most_s) == 0


def _run(*words: str, told: str = "", most_s: float = _MOST_S) -> int | None:
    """Run a verb, and say `told` where no list of processes shows it. Returns its code; None where it has none."""
    command = [sys.executable, "-P", "-m", "curvegan_worker.host.errands", *words]
    text = told.encode(errors="replace")
    try:  # in a session of its own: a Ctrl-C is for the supervisor
        return subprocess.run(command, input=text, timeout=most_s, check=False, start_new_session=True).returncode
    except (subprocess.TimeoutExpired, OSError) as error:
        _log.warning("%s", error)
        return None


def main() -> None:
    """Run the errand."""
    from curvegan_db.store import open_store  # noqa: PLC0415  the supervisor imports this module, too
    from curvegan_worker.host.log_setup import log_to_stderr  # noqa: PLC0415

    log_to_stderr()
    verb, *words = sys.argv[1:]
    try:
        with open_store(settings.database_url) as store:
            if verb == "dead":
                store.bury(words)
            elif verb == "failing":
                store.worker_failing(socket.gethostname(), int(words[0]), sys.stdin.buffer.read().decode())
            elif store.queued(("auto", "cpu")) is not None:
                sys.exit(_QUEUED)
    except ServiceUnavailable as error:
        _log.warning("%s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
