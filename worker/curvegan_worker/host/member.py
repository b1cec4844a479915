"""A worker process as the store knows it: registered under an id, heard of, and signed off."""

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import TypeVar

from curvegan_core.errors import ServiceUnavailable
from curvegan_db.errors import DatabaseUnreachable, WorkerForgotten
from curvegan_db.store import open_store
from curvegan_worker.lease import BEATS_A_LEASE
from curvegan_worker.options import ProcessOptions
from curvegan_worker.outage import Outage
from curvegan_worker.settings import Settings
from curvegan_worker.stop_flag import StopFlag

_log = logging.getLogger("curvegan.worker")
T = TypeVar("T")


class Member:
    """This process in the store's list of workers.

    Attributes:
        store: once it is open.
        id: empty until it is registered; that which its supervisor chose, so that it can say of a dead one who it was.
        version: of what runs here, whatever is installed meanwhile.
        beat_s: how often it is to be heard of.
        beaten: when it was.
    """

    def __init__(self, settings: Settings, options: ProcessOptions, outage: Outage, draining: StopFlag) -> None:
        self._settings = settings
        self._lease_s = options.lease_s
        self._chosen = options.worker_id
        self._outage = outage
        self._draining = draining
        self.id = ""
        self.version = version("curvegan")
        self.beat_s = options.lease_s / BEATS_A_LEASE
        self.beaten = time.monotonic()

    def patiently(self, action: Callable[[], T], touch: Callable[[], None]) -> T:
        """Do it once the database is there; a file that cannot be used, or an old schema, will not mend by itself."""
        while True:
            try:
                return action()
            except DatabaseUnreachable as error:
                self._outage.failed(error)
                if (self._settings.embedded and not error.is_busy) or self._draining.wait(self.beat_s):
                    raise
                touch()

    def open(self, devices: Sequence[str]) -> bool:
        """Open the store. Returns whether any job waits there for the devices."""
        self.store = open_store(self._settings.database_url, self._lease_s, kept=1)
        return self.store.queued(devices) is not None

    def register(self, devices: Sequence[str], engines: Sequence[str], state: str) -> None:
        """Be known."""
        described = (socket.gethostname(), os.getpid(), devices, self.version)
        self.id = self.store.register_worker(*described, engines, state, self._chosen)
        self._outage.passed()

    @property
    def is_silent(self) -> bool:
        """Whether the next beat is due."""
        return time.monotonic() - self.beaten > self.beat_s

    def beat(self, state: str) -> None:
        """Be heard of. Raises WorkerForgotten."""
        if self.id:
            self.store.beat(self.id, state)
        self.beaten = time.monotonic()

    def beat_if_due(self, state: str) -> None:
        """Be heard of where that is due and can be."""
        if self.is_silent:
            self.beaten = time.monotonic()
            with suppress(ServiceUnavailable, WorkerForgotten):
                self.beat(state)

    def say_ready(self) -> None:
        """Be seen to wait for jobs, where that can be; the poll says the same later, and who is away."""
        with suppress(ServiceUnavailable, WorkerForgotten):
            if self.id:
                self.store.worker_ready(self.id)
        self.beaten = time.monotonic()

    def sign_off(self) -> None:
        """Be known to have stopped; where that cannot be, it shows by its silence."""
        try:
            if self.id:
                self.store.unregister_worker(self.id)
        except ServiceUnavailable as error:
            _log.warning("%s", error)
