"""One worker process: it registers, claims and trains when Celery's task or its own poll says so, and signs off.

A message from the broker starts a task, and a task is one claim. The poll is the safety net, in a thread of its own:
where it sees queued work it has Celery told, and where Celery does not hear, or there is no broker, it trains itself.
One lock sees to it that only one claim is trained at a time. Knows no tensors.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version

from curvegan_core.errors import CurveganError, ServiceUnavailable
from curvegan_db.errors import WorkerForgotten
from curvegan_db.values import IDLE, STARTING
from curvegan_worker.asking import Asking
from curvegan_worker.celery.hearing import Hearing
from curvegan_worker.devices import accepted, most_jobs, resolve
from curvegan_worker.host.ending import UNRELEASED, crash
from curvegan_worker.host.machine_code import engines
from curvegan_worker.host.member import Member
from curvegan_worker.host.readiness import Rehearsal, Replaced, beating, get_ready
from curvegan_worker.host.signs import leave, say_ready, show_health
from curvegan_worker.lease import Lease
from curvegan_worker.options import ProcessOptions
from curvegan_worker.outage import Outage
from curvegan_worker.settings import Settings
from curvegan_worker.stop_flag import StopFlag
from curvegan_worker.turns import POLL_S, Turn

# However many workers there are, together they look at the queue so often a second, and for lost jobs.
_LOOKS_A_S, _REAPS_A_S = 100, 10
_LEAVE_S, _AHEAD_S = 4.0, 60.0
_log = logging.getLogger("curvegan.worker")


class WorkerProcess:
    """The process of one worker: Celery's loop in the main thread, a thread for its tasks, and a poll."""

    def __init__(self, settings: Settings, options: ProcessOptions) -> None:
        self._settings = settings
        self._options = options
        self._outage = Outage("the database")
        self._hearing = Hearing(settings)
        self._draining = StopFlag()
        self._member = Member(settings, options, self._outage, self._draining)
        self._training = threading.Lock()
        self._asking = Asking(self._outage, options.lease_s / 2, self._touch)
        self._unreleased = self._is_ready = False
        self._poller = threading.Thread(target=self._poll, name="poll", daemon=True)
        self._looks = Turn(_LOOKS_A_S, self._member.beat_s)
        self._reaps = Turn(_REAPS_A_S, options.lease_s)
        self._idle_since = time.monotonic()

    def work(self) -> None:
        """Work without Celery until a signal has this process drained."""
        try:
            self.start(lambda: None)
            self._poller.join()
        finally:
            self.stop()

    def start(self, wake_loop: Callable[[], None]) -> None:
        """Open the store, register and begin to poll. Exits with the error's code where that cannot be.

        Args:
            wake_loop: has Celery's loop look at once whether it shall end.
        """
        self._wake_loop = wake_loop
        threading.excepthook = crash
        try:
            self._start()
        except CurveganError as error:
            _log.critical("%s", error)
            raise SystemExit(error.exit_code) from None
        except Exception as error:
            leave(error, self._options.health_file)
            raise
        _log.info("worker %s is ready on %s", self._member.id[:8], self._device)
        self._poller.start()
        threading.Thread(target=self._asking.vouch, args=(self._draining,), name="vouch", daemon=True).start()

    def _start(self) -> None:
        """See whether whatever a job needs is here; where a job waits, or a message may wake for one, bring it here."""
        self._device = resolve(self._options.device)
        waits = self._member.patiently(lambda: self._member.open(self.devices), self._touch)
        self._store = self._member.store
        rehearsal = None if waits or self._settings.has_broker else Rehearsal(self._device, self._options.health_file)
        self._engines = rehearsal.engines if rehearsal else engines(self._device)
        if self._orphaned():  # killed while this process came up: nobody shall see an idle worker that is about to go
            raise SystemExit(0)
        self._member.patiently(self._register, self._touch)
        with beating(self._beat_meanwhile):
            if rehearsal:
                rehearsal.finish()
            else:
                self._get_ready()
        self._member.say_ready()
        say_ready(self._options.health_file)
        self._idle_since = time.monotonic()

    def _get_ready(self) -> None:
        """Bring here what trains and draws, once."""
        if not self._is_ready:
            get_ready(self._engines)
            self._is_ready = True

    def _beat_meanwhile(self) -> None:
        if self._draining.is_set() or self._orphaned():
            self._end()
        self._touch(ahead_s=_AHEAD_S)
        self._member.beat_if_due(self._state)

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the values of a config's `device` that this worker serves."""
        return accepted(self._device)

    @property
    def engines(self) -> tuple[str, ...]:
        """Return what trains here."""
        return self._engines

    def train(self, prefer: int | None = None) -> list[int]:
        """Claim once, that job if it can be, and train what is claimed.

        Returns:
            The ids of the claim's jobs. None where nothing is queued for this worker's devices, where the worker drains
            or the database is away, and where it trains a claim already.
        """
        if self._draining.is_set() or not self._training.acquire(blocking=False):
            return []
        try:
            return self._train(prefer)
        except WorkerForgotten:
            self._register()  # the next poll claims under the new name
        except ServiceUnavailable as error:
            self._outage.failed(error)
        finally:
            self._training.release()
        return []

    def send_next(self) -> None:
        """Send the next message where work is left for this worker's devices, unless one waits there already."""
        with suppress(ServiceUnavailable):  # the poll sees the same, and says who is away
            self._hearing.pass_on(self._store.queued(self.devices, self._engines))

    def drain(self) -> None:
        """Ask for the end: the running claim is checkpointed and released at its next chunk."""
        self._draining.set()

    def stop(self) -> None:
        """Wait until the running claim is released, and sign off."""
        self.drain()
        if not self._poller.is_alive() and not self._member.id:
            return
        if self._poller.is_alive():
            self._poller.join()
        self._member.sign_off()
        self._store.close()
        if self._unreleased:
            os._exit(UNRELEASED)

    def _train(self, prefer: int | None) -> list[int]:
        self._hearing.settle()
        self._get_ready_before_a_claim()
        passed_over = set(self._store.unreadable)
        with self._asking:
            self._reap()
            claim = self._store.claim(self._member.id, self.devices, most_jobs(self._device), prefer)
        for job in self._store.unreadable.keys() - passed_over:
            _log.warning("job %d stays queued for a newer version: %s", job, self._store.unreadable[job])
        if claim is None:
            return []
        self._outage.passed()
        from curvegan_worker.run import Run  # noqa: PLC0415  what draws came with the start

        self._lease = Lease(self._store, claim, self._outage, self._options.hang_s, self._advanced)
        with self._lease as lease:
            fault = Run(self._store, claim, lease, self._device, self._draining).train()
        self._unreleased = lease.unreleased
        if fault:
            self._give_up(fault)
        self._idle_since = time.monotonic()
        self._looks.come_at_once()
        return [job.id for job in claim.jobs]

    def _get_ready_before_a_claim(self) -> None:
        if self._is_ready:
            return
        try:
            if version("curvegan") != self._member.version:
                raise Replaced(self._member.version)
            with beating(self._beat_meanwhile):
                self._get_ready()
        except Exception as error:  # noqa: BLE001  what was fine at the start is not, and no job shall pay for it
            self._give_up(error)

    def _give_up(self, fault: Exception) -> None:
        """End the process where it could not begin a job: a new one may, and what it is shall be seen."""
        _log.critical("a job could not be begun, which is this worker's fault; the process ends", exc_info=fault)
        leave(fault, self._options.health_file)
        self._member.sign_off()
        os._exit(1)

    def _advanced(self) -> None:
        self._touch(self._lease.slack_s)
        if self._orphaned() and not self._draining.is_set():
            self._leave()

    def _poll(self) -> None:
        while not self._wait():
            if self._orphaned():
                self._leave()
            elif not self._training.locked():  # while it trains, the heartbeat of its claim beats for the worker
                self._look_for_work()
        with self._training:  # until the running claim is released
            self._wake_celery()

    def _wait(self) -> bool:
        """Wait for the next look. Who was suspended meanwhile takes no lease away before others could renew theirs."""
        asleep = time.monotonic()
        draining = self._draining.wait(POLL_S)
        if time.monotonic() - asleep - POLL_S > self._options.lease_s / 2:
            self._store.woke()
        return draining

    def _wake_celery(self) -> None:
        """Have Celery's loop see at once that it shall end, and not when it next wakes by itself.

        A broker that hangs would keep Celery waiting for ever: then the process ends without it.
        """
        self._wake_loop()
        if self._settings.has_broker:
            end = threading.Timer(_LEAVE_S, self._end)
            end.daemon = True
            end.start()

    def _end(self) -> None:
        self._member.sign_off()
        os._exit(UNRELEASED if self._unreleased else 0)

    def _look_for_work(self) -> None:
        try:
            self._idle()
        except WorkerForgotten:
            self._register()
        except ServiceUnavailable as error:
            self._outage.failed(error)
            self._draining.wait(self._member.beat_s)

    def _idle(self) -> None:
        self._touch()
        if not self._looks.has_come(self._store.peers):
            return
        with self._asking:
            if self._member.is_silent:
                self._beat()
            job = self._store.queued(self.devices, self._engines)
        if job is None:
            self._hearing.settle()
            limit = self._options.exit_when_idle
            if limit is not None and time.monotonic() - self._idle_since > limit:
                self._leave()
        elif self._hearing.is_deaf or not self._hearing.tell(job):
            while self.train() and self._hearing.is_deaf:
                pass

    def _leave(self) -> None:
        self._draining.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def _beat(self) -> None:
        self._member.beat(IDLE)
        self._reap()
        self._outage.passed()

    def _reap(self) -> None:
        if self._reaps.has_come(self._store.peers):
            self._store.reap()

    def _register(self) -> None:
        self._member.register(self.devices, self._engines, self._state)

    @property
    def _state(self) -> str:
        """Who was ready once is a worker that others share the queue with, also while it imports for its first job."""
        return IDLE if self._poller.is_alive() else STARTING

    def _orphaned(self) -> bool:
        """Return whether the supervisor is gone: one that was killed would leave processes that nobody knows of."""
        return self._options.supervisor_pid is not None and os.getppid() != self._options.supervisor_pid

    def _touch(self, slack_s: float = 0.0, ahead_s: float = 0.0) -> None:
        show_health(self._options.health_file, slack_s, ahead_s)
