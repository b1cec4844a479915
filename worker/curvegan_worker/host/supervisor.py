"""Keeps N worker processes alive on one machine. Each trains one claim at a time, and a kill -9 takes exactly one."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from curvegan_core.errors import ServiceUnavailable
from curvegan_worker.host import signs
from curvegan_worker.host.background import presence
from curvegan_worker.host.ending import UNRELEASED
from curvegan_worker.host.environment import worker_environment
from curvegan_worker.host.errands import is_work_queued, tell_dead, tell_failing
from curvegan_worker.host.log_setup import log_to_stderr
from curvegan_worker.options import ProcessOptions
from curvegan_worker.settings import Settings
from curvegan_worker.stop_flag import StopFlag

DRAIN_S = 20.0
# And so much longer to have the store take back what was not released.
_LAST_WORDS_S = 4.0
# How much later than its lease's keeper the supervisor sees a hang, and what a process may take until it is ready.
_GRACE_S, _START_S = 5.0, 60.0
_POLL_S = 0.1
_FINAL_CODES = (0, 2, 3)
# A process that dies of these has not come so far as to handle them, and so holds no job.
_HANDLED = tuple(-number for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
# How long a place stays empty when its process died young: twice as long each time.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _YOUNG_S = 1.0, 60.0, 10.0
_OLD_S = 86_400.0
_log = logging.getLogger("curvegan.supervisor")


class HomeUnusable(ServiceUnavailable):
    """The folder of the health files cannot be written to."""

    def __init__(self, home: Path, error: OSError) -> None:
        what = f"{error.filename or home}: {error.strerror}"
        super().__init__(f"cannot keep the workers' health files: {what}; check CURVEGAN_HOME (--home)")


@dataclass
class _Slot:
    """One place for a worker process, and the process in it."""

    number: int
    health_file: Path
    watch: signs.Watch
    process: subprocess.Popen[bytes] | None = None
    worker_id: str = ""
    start_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    crashed: bool = False
    done: bool = False
    code: int = 0


def _slot(number: int, health_file: Path) -> _Slot:
    return _Slot(number, health_file, signs.Watch(health_file))


def supervise(settings: Settings, options: ProcessOptions) -> int:
    """Run `settings.workers` processes until a signal, or until all have idled out. Returns the exit code.

    A process whose training does not get on for `options.hang_s` seconds is killed and replaced. Imports nothing but
    the standard library: what only waits shall take no memory.

    Raises:
        HomeUnusable: the workers' files cannot be kept.
    """
    log_to_stderr()
    stopping = StopFlag()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, lambda *_: stopping.set())
    while True:
        try:
            with presence(settings):
                code = _Supervisor(settings, options, stopping).run()
        except OSError as error:
            raise HomeUnusable(settings.home, error) from error
        # Whoever submitted while we were still present relied on us: look once more, now that we are not.
        if stopping.is_set() or code or not is_work_queued():
            return code


def _clear(health: Path) -> None:
    """Delete what supervisors left that were killed: folders in which nothing has been touched for a day."""
    for folder in health.iterdir():
        with suppress(OSError):
            touched = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - touched > _OLD_S:
                shutil.rmtree(folder, ignore_errors=True)


class _Supervisor:
    def __init__(self, settings: Settings, options: ProcessOptions, stopping: StopFlag) -> None:
        self._options = options
        self._dead: list[str] = []
        self._health = settings.home / "health"
        self._stopping = stopping
        self._stale_s = options.hang_s + _GRACE_S
        self._concurrency = settings.workers
        threads = str(max(1, (os.cpu_count() or 1) // self._concurrency))
        self._environment = worker_environment(os.environ) | settings.environment()
        self._environment |= {"CURVEGAN_WORKER_SUPERVISOR": str(os.getpid())}
        self._environment |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}

    def run(self) -> int:
        for folder in (self._health.parent, self._health):
            folder.mkdir(exist_ok=True, parents=True, mode=0o700)
        _clear(self._health)
        # Of a name that nobody else has: in containers that share a home every supervisor may be process 1.
        self._folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self._health))
        self._slots = [_slot(n, self._folder / f"{n}") for n in range(1, self._concurrency + 1)]
        try:
            while not self._stopping.is_set() and not all(slot.done for slot in self._slots):
                for slot in self._slots:
                    self._tend(slot)
                self._bury()
                self._stopping.wait(_POLL_S)
            return self._drain()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _tend(self, slot: _Slot) -> None:
        if slot.done:
            return
        if slot.process is None:
            if time.monotonic() >= slot.start_at:
                self._start(slot)
        elif (code := slot.process.poll()) is not None:
            self._ended(slot, code)
        elif slot.watch.silent_for() > self._stale_s:
            _log.error("worker process %d does not get on: killed", slot.process.pid)
            slot.process.kill()

    def _start(self, slot: _Slot) -> None:
        signs.show_health(str(slot.health_file), ahead_s=_START_S)
        slot.start_at = time.monotonic()
        # -P: else a file `queue.py` in the current folder would be taken for Python's own.
        command = [sys.executable, "-P", "-m", "curvegan_worker.host.child"]
        slot.worker_id = str(uuid.uuid4())
        environment = self._environment | {"CURVEGAN_WORKER_ID": slot.worker_id}
        environment["CURVEGAN_WORKER_HEALTH"] = str(slot.health_file)
        if slot.crashed and self._options.exit_when_idle is not None:
            # Not idle before the lease of the one that died has run out: its job is to be trained yet, be it taken
            # back at once or, where the store cannot be told, then.
            idle_s = max(self._options.exit_when_idle, 1.5 * self._options.lease_s + _GRACE_S)
            environment["CURVEGAN_WORKER_IDLE"] = str(idle_s)
        # In a folder of our own: matplotlib obeys a file `matplotlibrc` of the current one.
        slot.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, cwd=self._folder)

    def _ended(self, slot: _Slot, code: int) -> None:
        """Start another, unless it ended with 0, which was asked for, or 2 or 3, which will not mend by themselves."""
        slot.process = None
        if code in _FINAL_CODES:
            slot.done, slot.code = True, code
            if code:
                self._stopping.set()
            return
        slot.crashed = True
        self._dead.append(slot.worker_id)
        ready, why = signs.was_ready(slot.health_file), signs.take(slot.health_file, code)
        if ready and time.monotonic() - slot.start_at > _YOUNG_S:
            slot.pause_s = _FIRST_PAUSE_S
        if not ready and not self._stopping.is_set():
            tell_failing(why)
        _log.error("worker process %d: %s; another starts in %.0f s", slot.number, why, slot.pause_s)
        slot.start_at = time.monotonic() + slot.pause_s
        slot.pause_s = min(2 * slot.pause_s, _LONGEST_PAUSE_S)

    def _bury(self, most_s: float = 15.0) -> bool:
        """Tell the store of those that died, if any did; return whether it knows, after `most_s` at the latest."""
        dead, self._dead = self._dead, []
        return not dead or tell_dead(dead, most_s)

    def _drain(self) -> int:
        """Have the running jobs checkpointed and released; who does not manage in time is killed.

        Returns the exit code: not 0 where a job may not have been released, and goes on from its last checkpoint.
        """
        code = max(slot.code for slot in self._slots)
        running = [(slot.worker_id, slot.process) for slot in self._slots if slot.process]
        for _, process in running:
            process.terminate()
        deadline = time.monotonic() + DRAIN_S
        for worker_id, process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.error("worker process %d does not drain within its time: killed", process.pid)
                process.kill()
                process.wait()
            if process.returncode not in (0, *_HANDLED):
                self._dead.append(worker_id)
                code = code or UNRELEASED
        if not self._bury(_LAST_WORDS_S):
            _log.error("what a worker process trained may not be released; it comes back when its lease has run out")
        return code
