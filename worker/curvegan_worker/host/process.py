"""One worker process: it registers, polls the store for queued jobs, and trains one claim at a time.

Work starts in two ways, from a nudge (Celery's thread) or from the poll (its own thread, so that a broker that is down
or deaf costs a second and no more). One lock sees to it that only one claim is trained at a time. Knows no tensors.
"""

import logging
import os
import signal
import socket
import threading
import time
from importlib.metadata import version
from pathlib import Path

from curvegan_core.errors import CurveganError, ServiceUnavailable
from curvegan_db.errors import DatabaseUnreachable, WorkerForgotten
from curvegan_db.store import open_store
from curvegan_worker.celery.app import TRAIN, ProcessOptions, app
from curvegan_worker.devices import accepted, most_jobs, resolve
from curvegan_worker.host.machine_code import prepare
from curvegan_worker.lease import BEATS_A_LEASE, Lease
from curvegan_worker.outage import Outage
from curvegan_worker.settings import Settings
from curvegan_worker.stop_flag import Stop

POLL_S = 1.0
_LEAVE_S = 4.0
_log = logging.getLogger("curvegan.worker")


class WorkerProcess:
    """The process that Celery's solo pool runs in."""

    def __init__(self, settings: Settings, options: ProcessOptions) -> None:
        self._settings = settings
        self._options = options
        self._beat_s = options.lease_s / BEATS_A_LEASE
        self._outage = Outage("the database")
        self._draining = Stop()
        self._training = threading.Lock()
        self._poller = threading.Thread(target=self._poll, name="poll", daemon=True)
        self._idle_since = self._beaten = time.monotonic()

    def start(self) -> None:
        """Open the store, register and begin to poll. Exits with the error's code where that cannot be."""
        threading.excepthook = _crash
        try:
            self._device = resolve(self._options.device)
            self._open()
            prepare()
        except CurveganError as error:
            _log.critical("%s", error)
            raise SystemExit(error.exit_code) from None
        _log.info("worker %s is ready on %s", self._id[:8], self._device)
        self._poller.start()

    def work(self) -> None:
        """Claim and train until nothing is queued for this worker's devices, or the worker drains."""
        with self._training:
            try:
                while not self._draining.is_set() and self._train_next():
                    self._idle_since = time.monotonic()
            except WorkerForgotten:
                self._register()  # the next poll claims under the new name
            except ServiceUnavailable as error:
                self._outage.failed(error)

    def drain(self) -> None:
        """Ask for the end: the running claim is checkpointed and released at its next chunk."""
        self._draining.set()

    def stop(self) -> None:
        """Wait until the running claim is released, and sign off."""
        self.drain()
        if not self._poller.is_alive() and not hasattr(self, "_id"):
            return
        self._poller.join()
        self._sign_off()
        self._store.close()

    def _sign_off(self) -> None:
        try:
            self._store.unregister_worker(self._id)
        except ServiceUnavailable as error:
            _log.warning("%s", error)

    def _open(self) -> None:
        """Open the store and register, once the database is there; an outdated schema will not mend by itself."""
        while True:
            try:
                self._store = open_store(self._settings.database_url, self._options.lease_s)
                self._register()
                return
            except DatabaseUnreachable as error:
                self._outage.failed(error)
                if self._draining.wait(self._beat_s):
                    raise
                self._touch()

    def _train_next(self) -> bool:
        self._store.reap()
        claim = self._store.claim(self._id, accepted(self._device), most_jobs(self._device))
        if claim is None:
            return False
        self._outage.passed()
        with Lease(self._store, claim, self._outage, self._options.hang_s, self._advanced) as lease:
            from curvegan_worker.run import Run  # noqa: PLC0415  what draws comes with the first job

            Run(self._store, claim, lease, self._device, self._draining).train()
        return True

    def _advanced(self) -> None:
        self._touch()
        if self._orphaned() and not self._draining.is_set():
            self._leave()

    def _poll(self) -> None:
        while not self._draining.wait(POLL_S):
            if self._orphaned():
                self._leave()
            elif not self._training.locked():  # while it trains, the heartbeat of its claim beats for the worker
                self._look_for_work()
        with self._training:  # until the running claim is released
            self._wake_celery()

    def _wake_celery(self) -> None:
        """Spare a memory:// worker the two times two seconds that Celery's loop waits for messages before it stops.

        A broker that hangs would keep Celery waiting for ever: then the process ends without it.
        """
        if self._settings.broker_url.startswith("memory:"):
            for _ in range(2):
                app.send_task(TRAIN)
        else:
            end = threading.Timer(_LEAVE_S, self._end)
            end.daemon = True
            end.start()

    def _end(self) -> None:
        self._sign_off()
        os._exit(0)

    def _look_for_work(self) -> None:
        try:
            self._idle()
        except WorkerForgotten:
            self._register()
        except ServiceUnavailable as error:
            self._outage.failed(error)
            self._draining.wait(self._beat_s)

    def _idle(self) -> None:
        self._touch()
        if time.monotonic() - self._beaten > self._beat_s:
            self._beat()
        if self._store.queued(accepted(self._device)):
            self.work()
        elif self._idled_out():
            self._leave()

    def _leave(self) -> None:
        self._draining.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def _beat(self) -> None:
        self._store.beat(self._id, "idle")
        self._store.reap()
        self._beaten = time.monotonic()
        self._outage.passed()

    def _register(self) -> None:
        devices = accepted(self._device)
        self._id = self._store.register_worker(socket.gethostname(), os.getpid(), devices, version("curvegan"))
        self._outage.passed()

    def _orphaned(self) -> bool:
        """A supervisor that was killed would leave processes that nobody knows of."""
        return self._options.supervisor_pid is not None and os.getppid() != self._options.supervisor_pid

    def _idled_out(self) -> bool:
        limit = self._options.exit_when_idle
        return limit is not None and time.monotonic() - self._idle_since > limit

    def _touch(self) -> None:
        if self._options.health_file:
            Path(self._options.health_file).touch()


def _crash(died: threading.ExceptHookArgs) -> None:
    """A thread died of what nobody foresaw: so does the process, and not half of it. Its leases bring the jobs back."""
    error = died.exc_value or died.exc_type()
    _log.critical("thread %s: the process ends", died.thread.name if died.thread else "?", exc_info=error)
    os._exit(1)
