"""The faults of the storm: the list of docs/reliability.md, as far as a service that runs on can be struck by it."""

import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime

import redis

from curvegan_core.errors import CheckpointRefused
from curvegan_db.errors import JobStateConflict
from curvegan_db.values import JobRequest

from ...worker.fleet import Fleet
from ...worker.jobs import SHORT
from ..faults.test_faults_damage import DAMAGES, damage
from ..means.disks import fill, make_room
from ..means.limits import execute, refuse_connections, refuse_writes
from .storm import POISON_SEED, REASON, Fault, Storm


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


def submit_poison(storm: Storm, fleet: Fleet) -> None:
    """First in the queue, and of a shape of its own: that packs are unharmed is a test of its own."""
    config = SHORT.model_copy(update={"seed": POISON_SEED, "hidden_g": 20})
    storm.poison += storm.store.submit([JobRequest(config, priority=1)])


def cancel(storm: Storm, fleet: Fleet) -> None:
    running = [job.id for job in storm.store.jobs(states=("running",)) if job.id not in storm.poison]
    for job in storm.dice.sample(running, min(2, len(running))):
        with suppress(JobStateConflict):  # it has just ended
            storm.store.cancel(job, REASON)
            storm.cancelled.setdefault(job, datetime.now(UTC))


def restart_postgres(storm: Storm, fleet: Fleet) -> None:
    storm.postgres.stop(signal.SIGQUIT)
    storm.postgres.start()


def take_postgres_away(storm: Storm, fleet: Fleet) -> None:
    storm.postgres.stop(signal.SIGQUIT)
    time.sleep(storm.some_leases())
    storm.postgres.start()


def cut_postgres_connections(storm: Storm, fleet: Fleet) -> None:
    execute(storm.postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def fill_the_servers_disk(storm: Storm, fleet: Fleet) -> None:
    """It refuses what needs room. Where its log needs it, the server dies: then it is started again."""
    fill(storm.postgres.folder)
    time.sleep(storm.some_leases())
    make_room(storm.postgres.folder)
    storm.postgres.revive()


def fill_the_workers_disk(storm: Storm, fleet: Fleet) -> None:
    """Which holds their health files: who starts ends at once, and is started again."""
    fill(storm.settings.home)
    storm.later(2 * storm.lease, lambda: make_room(storm.settings.home))


def empty_redis(storm: Storm, fleet: Fleet) -> None:
    storm.redis.stop(signal.SIGKILL)
    time.sleep(storm.dice.uniform(0, 5))
    storm.redis.start()


def cut_redis_connections(storm: Storm, fleet: Fleet) -> None:
    with suppress(redis.RedisError), redis.Redis.from_url(storm.redis.url, socket_timeout=2) as client:
        client.client_kill_filter(_type="normal", skipme=True)


def freeze_redis(storm: Storm, fleet: Fleet) -> None:
    storm.redis.send(signal.SIGSTOP)
    storm.later(storm.dice.uniform(1, 20), lambda: storm.redis.send(signal.SIGCONT))


def damage_a_checkpoint(storm: Storm, fleet: Fleet) -> None:
    """Of a job that trains there; it matters to whoever resumes, so its worker is killed, too."""
    jobs = storm.jobs_of(fleet)
    kill_worker(storm, fleet)
    for job in jobs[:1]:
        for row in storm.store.checkpoints(job)[:1]:
            with suppress(CheckpointRefused, AssertionError):  # it is damaged already
                damage(storm.store, job, row.step, storm.dice.choice(list(DAMAGES)))


FAULTS: dict[str, Fault] = {
    "worker, kill -9": kill_worker,
    "supervisor, kill -9": lambda _, fleet: fleet.process.kill(),
    "process group, kill -9": lambda _, fleet: fleet.signal_group(signal.SIGKILL),
    "process group, SIGTERM": lambda _, fleet: fleet.signal_group(signal.SIGTERM),
    "worker frozen for two leases": freeze_worker,
    "training hangs": hang,
    "job that kills its workers": submit_poison,
    "two jobs cancelled, then resumed": cancel,
    "PostgreSQL, immediate restart": restart_postgres,
    "PostgreSQL away, 0.5 to 1.5 leases": take_postgres_away,
    "PostgreSQL, connections cut": cut_postgres_connections,
    "PostgreSQL, connection limit, 0.5 to 1.5 leases": lambda s, _: refuse_connections(s.postgres, s.some_leases()),
    "PostgreSQL read-only, 0.5 to 1.5 leases": lambda s, _: refuse_writes(s.postgres, s.some_leases()),
    "PostgreSQL's disk full, 0.5 to 1.5 leases": fill_the_servers_disk,
    "workers' disk full, two leases": fill_the_workers_disk,
    "Redis killed, back empty": empty_redis,
    "Redis, CLIENT KILL": cut_redis_connections,
    "Redis frozen, 1 to 20 s": freeze_redis,
    "checkpoint damaged, worker killed": damage_a_checkpoint,
}
ON_SMALL_DISKS = (fill_the_servers_disk, fill_the_workers_disk)
