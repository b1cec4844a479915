"""Random faults for a running service: the list of docs/reliability.md, one after the other. Knows no job's end."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import redis
from sqlalchemy import select, update

from curvegan.errors import ServiceUnavailable
from curvegan_db import models
from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ..servers import PostgresServer, RedisServer
from ..worker.fleet import Fleet
from .faulty import faulty_fleet


@dataclass
class Strike:
    """A fault that happened, and the jobs that trained where it struck."""

    kind: str
    at: datetime
    jobs: tuple[int, ...]


@dataclass
class Storm:
    """Four workers on PostgreSQL and Redis, and what can happen to them."""

    settings: Settings
    store: Store
    postgres: PostgresServer
    redis: RedisServer
    dice: random.Random
    lease: float
    stack: ExitStack
    fleets: list[Fleet] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
    timers: list[threading.Timer] = field(default_factory=list)

    @property
    def mark(self) -> Path:
        """Whoever finds this file gone hangs, and puts it there again: one hang for each time it is taken away."""
        return self.settings.home / "hangs"

    def keep_four(self) -> None:
        """Start a fleet for each one that ended, as an operator's service manager would."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        if not self.fleets:
            self.mark.touch()
        self.fleets = [fleet for fleet in self.fleets if fleet.process.poll() is None]
        while len(self.fleets) < 4:
            fleet = faulty_fleet(self.settings, "--hang-after", "4", lease=self.lease, slow=0.25, hang=self.mark)
            self.fleets.append(self.stack.enter_context(fleet))

    def strike(self) -> None:
        """One fault, any."""
        kind = self.dice.choice(list(FAULTS))
        fleet = self.dice.choice(self.fleets)
        # A killed supervisor has no process to ask; a fleet that starts has no worker yet.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            strike = Strike(kind, datetime.now(UTC), self._jobs_of(fleet.pids()))
            FAULTS[kind](self, fleet)
            self.strikes.append(strike)

    def calm(self) -> None:
        """Wait until the last of what was frozen is thawed."""
        for timer in self.timers:
            timer.join()

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        self.timers.append(threading.Timer(seconds, action))
        self.timers[-1].start()

    def _jobs_of(self, pids: list[int]) -> tuple[int, ...]:
        try:
            running = self.store.jobs(states=("running",))
        except ServiceUnavailable:
            return ()
        return tuple(job.id for job in running if int((job.worker or ":0").rpartition(":")[2]) in pids)


def kill_worker(storm: Storm, fleet: Fleet) -> None:
    for pid in fleet.pids():
        os.kill(pid, signal.SIGKILL)


def freeze_worker(storm: Storm, fleet: Fleet) -> None:
    for pid in fleet.pids():
        os.kill(pid, signal.SIGSTOP)
        storm.later(2 * storm.lease, lambda pid=pid: _thaw(pid))  # type: ignore[misc]


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def hang(storm: Storm, fleet: Fleet) -> None:
    storm.mark.unlink(missing_ok=True)


def restart_postgres(storm: Storm, fleet: Fleet) -> None:
    storm.postgres.stop(signal.SIGQUIT)
    storm.postgres.start()


def take_postgres_away(storm: Storm, fleet: Fleet) -> None:
    storm.postgres.stop(signal.SIGQUIT)
    time.sleep(storm.dice.uniform(0.5, 1.5) * storm.lease)
    storm.postgres.start()


def cut_postgres_connections(storm: Storm, fleet: Fleet) -> None:
    with psycopg.connect(storm.postgres.url().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def empty_redis(storm: Storm, fleet: Fleet) -> None:
    storm.redis.stop(signal.SIGKILL)
    time.sleep(storm.dice.uniform(0, 5))
    storm.redis.start()


def cut_redis_connections(storm: Storm, fleet: Fleet) -> None:
    with redis.Redis.from_url(storm.redis.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)


def freeze_redis(storm: Storm, fleet: Fleet) -> None:
    storm.redis.send(signal.SIGSTOP)
    time.sleep(storm.dice.uniform(1, 6))
    storm.redis.send(signal.SIGCONT)


def damage_a_checkpoint(storm: Storm, fleet: Fleet) -> None:
    """Of a job that trains there; it matters to whoever resumes, so its worker is killed, too."""
    jobs = storm._jobs_of(fleet.pids())
    kill_worker(storm, fleet)
    table = models.Checkpoint
    newest = select(table.job_id, table.step, table.data).order_by(table.step.desc()).limit(1)
    with storm.store.engine.begin() as connection:
        for row in (connection.execute(newest.where(table.job_id == job)).first() for job in jobs[:1]):
            if row is not None:
                where = (table.job_id == row.job_id, table.step == row.step)
                connection.execute(update(table).where(*where).values(data=row.data[:-9] + b"\x55" * 9))


FAULTS: dict[str, Callable[[Storm, Fleet], object]] = {
    "worker, kill -9": kill_worker,
    "supervisor, kill -9": lambda _, fleet: fleet.process.kill(),
    "process group, kill -9": lambda _, fleet: fleet.signal_group(signal.SIGKILL),
    "process group, SIGTERM": lambda _, fleet: fleet.signal_group(signal.SIGTERM),
    "worker frozen for two leases": freeze_worker,
    "training hangs": hang,
    "PostgreSQL, immediate restart": restart_postgres,
    "PostgreSQL away, 0.5 to 1.5 leases": take_postgres_away,
    "PostgreSQL, connections cut": cut_postgres_connections,
    "Redis killed, back empty": empty_redis,
    "Redis, CLIENT KILL": cut_redis_connections,
    "Redis frozen": freeze_redis,
    "checkpoint damaged, worker killed": damage_a_checkpoint,
}
