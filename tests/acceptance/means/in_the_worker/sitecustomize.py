"""Faults inside a worker process, put there by PYTHONPATH: Python imports this module at its start.

What happens is told by the environment, and only in processes that Celery runs:

    FAULT_SLOW=SECONDS    every advance takes so much longer: a slow machine
    FAULT_HANG=PATH       the first advance past step 0 blocks for ever, once: PATH remembers that it happened
    FAULT_POISON=SEED     a pack that holds the job with this seed kills its process
    FAULT_DEAF=1          the heartbeat thread does nothing, ever
    FAULT_CLOCK=PATH      the wall clock is as many seconds ahead as PATH says, in the supervisor too
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def _spoil(training: Any, advance: Callable[..., Any], *args: Any) -> Any:
    started = training._started
    time.sleep(float(os.environ.get("FAULT_SLOW", "0")))
    if started and "FAULT_HANG" in os.environ and _first_time(Path(os.environ["FAULT_HANG"])):
        threading.Event().wait()
    if started and os.environ.get("FAULT_POISON") in {str(job.config.seed) for job in training._jobs.values()}:
        os.kill(os.getpid(), signal.SIGKILL)
    return advance(training, *args)


def _first_time(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _inject() -> None:
    """With the first claim, and not before: torch must come when it comes without faults."""
    from curvegan_core.training import PackTraining

    advance = PackTraining.advance
    PackTraining.advance = lambda self, *args: _spoil(self, advance, *args)  # type: ignore[method-assign]


def _lie_in_wait() -> None:
    from curvegan_worker.lease import Lease

    enter = Lease.__enter__
    inject = cache(_inject)
    Lease.__enter__ = lambda self: (enter(self), inject())[0]  # type: ignore[method-assign]
    if "FAULT_DEAF" in os.environ:
        Lease._keep = lambda self: None  # type: ignore[method-assign]


def _follow(file: Path) -> None:
    """Have the clock jump whenever the file says another number; time.monotonic goes on as ever."""
    import time_machine

    ahead, shifted = 0.0, None
    while True:
        wanted = float(file.read_text().strip("s\n"))
        if wanted != ahead:
            if shifted:
                shifted.stop()
            ahead, shifted = wanted, time_machine.travel(time.time() + wanted, tick=True)
            shifted.start()
        time.sleep(0.05)


if "FAULT_CLOCK" in os.environ:
    threading.Thread(target=_follow, args=(Path(os.environ["FAULT_CLOCK"]),), daemon=True).start()
if "curvegan_worker.host.child" in sys.orig_argv:
    _lie_in_wait()
