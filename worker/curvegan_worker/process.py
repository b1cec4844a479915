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

from curvegan.errors import CurveganError, ServiceUnavailable
from curvegan_db.errors import DatabaseUnreachable, WorkerForgotten
from curvegan_db.store import Store, open_store
from curvegan_worker.app import TRAIN, ProcessOptions, app
from curvegan_worker.devices import accepted, most_jobs, resolve
from curvegan_worker.settings import Settings

POLL_S = 1.0
BEAT_S = 5.0
_log = logging.getLogger("curvegan.worker")


class WorkerProcess:
    """The process that Celery's solo pool runs in."""

    def __init__(self, settings: Settings, options: ProcessOptions) -> None:
        self._settings = settings
        self._options = options
        self._draining = threading.Event()
        self._training = threading.Lock()
        self._poller = threading.Thread(target=self._poll, name="poll", daemon=True)
        self._idle_since = self._beaten = time.monotonic()

    def start(self) -> None:
        """Open the store, register and begin to poll. Exits with the error's code where that cannot be."""
        try:
            self._device = resolve(self._options.device)
            self._store = self._open_store()
            self._register()
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
                _log.warning("%s", error)

    def drain(self) -> None:
        """Ask for the end: the running claim is checkpointed and released at its next chunk."""
        self._draining.set()

    def stop(self) -> None:
        """Wait until the running claim is released, and sign off."""
        self.drain()
        if not self._poller.is_alive() and not hasattr(self, "_id"):
            return
        self._poller.join()
        try:
            self._store.unregister_worker(self._id)
        except ServiceUnavailable as error:
            _log.warning("%s", error)
        self._store.close()

    def _open_store(self) -> Store:
        """Wait for a database that is away; an outdated schema will not mend by itself and is raised."""
        while True:
            try:
                return open_store(self._settings.database_url)
            except DatabaseUnreachable as error:
                _log.warning("%s", error)
                if self._draining.wait(BEAT_S):
                    raise

    def _train_next(self) -> bool:
        self._store.reap()
        claim = self._store.claim(self._id, accepted(self._device), most_jobs(self._device))
        if claim is None:
            return False
        from curvegan_worker.run import Run  # noqa: PLC0415  torch comes with the first job: an idle worker is light

        Run(self._store, claim, self._device, self._draining, self._touch).train()
        return True

    def _poll(self) -> None:
        while not self._draining.wait(POLL_S):
            if self._orphaned():
                self._leave()
            elif not self._training.locked():  # while it trains, the heartbeat of its claim beats for the worker
                self._look_for_work()
        self._wake_celery()

    def _wake_celery(self) -> None:
        """Spare a memory:// worker the two times two seconds that Celery's loop waits for messages before it stops."""
        if self._settings.broker_url.startswith("memory:"):
            for _ in range(2):
                app.send_task(TRAIN)

    def _look_for_work(self) -> None:
        try:
            self._idle()
        except WorkerForgotten:
            self._register()
        except ServiceUnavailable as error:
            _log.warning("%s", error)
            self._draining.wait(BEAT_S)

    def _idle(self) -> None:
        self._touch()
        if time.monotonic() - self._beaten > BEAT_S:
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

    def _register(self) -> None:
        devices = accepted(self._device)
        self._id = self._store.register_worker(socket.gethostname(), os.getpid(), devices, version("curvegan"))

    def _orphaned(self) -> bool:
        """A supervisor that was killed would leave processes that nobody knows of."""
        return self._options.supervisor_pid is not None and os.getppid() != self._options.supervisor_pid

    def _idled_out(self) -> bool:
        limit = self._options.exit_when_idle
        return limit is not None and time.monotonic() - self._idle_since > limit

    def _touch(self) -> None:
        if self._options.health_file:
            Path(self._options.health_file).touch()
