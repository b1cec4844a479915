"""Faults that pull no plug: neighbours that answer wrongly or block, time that moves, a store that goes back."""

import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import redis
from sqlalchemy.engine import make_url

from curvegan_db.sql.database import make_engine
from curvegan_db.verbs.upkeep.backups import back_up, restore

from ...worker.fleet import Fleet
from ..faults import test_broker_errors as broker_errors
from ..faults.test_faults_locked import locked
from .storm import Fault, Storm

HOUR_S = 3600


def have_redis_answer_with_errors(storm: Storm, fleet: Fleet) -> None:
    """One of the errors that docs/reliability.md lists, until it is mended, which empties it."""
    storm.redis.send(signal.SIGCONT)
    fault = storm.dice.choice(list(broker_errors.FAULTS))
    with suppress(redis.RedisError), redis.Redis.from_url(storm.redis.url, socket_timeout=2) as client:
        fault(client)
        time.sleep(storm.some_leases())
        broker_errors.mended(client)


def lock_the_jobs(storm: Storm, fleet: Fleet) -> None:
    with locked(storm.settings):
        time.sleep(storm.some_leases())


def freeze_postgres(storm: Storm, fleet: Fleet) -> None:
    storm.postgres.freeze()
    time.sleep(storm.some_leases())
    storm.postgres.thaw()


def put_the_store_back(storm: Storm, fleet: Fleet) -> None:
    """To a backup of some seconds ago, under the workers."""
    database = make_url(storm.settings.database_url).database
    engine = make_engine(storm.postgres.url(str(database)))
    with tempfile.TemporaryDirectory() as folder:
        back_up(engine, Path(folder, "backup.db"))
        time.sleep(storm.some_leases())
        restore(engine, Path(folder, "backup.db"))
    engine.dispose()


def suspend_a_machine(storm: Storm, fleet: Fleet) -> None:
    """A fleet with its supervisor, as by a laptop's lid."""
    fleet.signal_group(signal.SIGSTOP)
    storm.later(2 * storm.lease, lambda: _wake(fleet))


def _wake(fleet: Fleet) -> None:
    with suppress(ProcessLookupError):
        fleet.signal_group(signal.SIGCONT)


def move_the_workers_clocks(storm: Storm, fleet: Fleet) -> None:
    storm.clocks["workers"].set(storm.dice.choice([-HOUR_S, 0, HOUR_S]))


def move_the_servers_clock(storm: Storm, fleet: Fleet) -> None:
    """There and back, so that times that are told of other faults are few that it spoils."""
    storm.clocks["server"].set(storm.dice.choice([-HOUR_S, HOUR_S]))
    time.sleep(storm.some_leases())
    storm.clocks["server"].set(0)


def delete_the_health_files(storm: Storm, fleet: Fleet) -> None:
    shutil.rmtree(storm.settings.home / "health", ignore_errors=True)


WRONG: dict[str, Fault] = {
    "Redis answers with errors, 0.5 to 1.5 leases": have_redis_answer_with_errors,
    "table of jobs locked, 0.5 to 1.5 leases": lock_the_jobs,
    "PostgreSQL frozen, 0.5 to 1.5 leases": freeze_postgres,
    "store restored to a backup of 0.5 to 1.5 leases ago": put_the_store_back,
    "supervisor and worker suspended for two leases": suspend_a_machine,
    "workers' clocks jump by an hour": move_the_workers_clocks,
    "PostgreSQL's clock jumps by an hour, and back": move_the_servers_clock,
    "health files deleted": delete_the_health_files,
    "supervisor, SIGHUP": lambda _, fleet: fleet.process.send_signal(signal.SIGHUP),
}
