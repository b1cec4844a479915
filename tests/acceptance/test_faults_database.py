"""Faults of PostgreSQL: restarted, full, read-only, gone for less and for more than a lease."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ..databases import migrate, new_database
from ..servers import PostgresServer
from ..worker.fleet import Fleet, wait_until
from ..worker.jobs import SLOW, submit, wait_for_state, wait_for_step
from ..worker.undisturbed import assert_ended_once, assert_undisturbed
from .conftest import Recovered
from .faulty import attempts, faulty_fleet, wait_for_attempt

HANG_S = 4
GRACE_S = 5  # the supervisor's


@pytest.fixture
def settings(own_postgres: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """A database that belongs to a plain user: a superuser passes every limit."""
    execute(own_postgres, "DROP ROLE IF EXISTS trainer", "CREATE ROLE trainer LOGIN PASSWORD 'secret'")
    with new_database(own_postgres.url()) as url:
        migrate(url)
        for kind in ("TABLES", "SEQUENCES"):
            grant = f"GRANT ALL ON ALL {kind} IN SCHEMA public TO trainer"
            execute(own_postgres, grant, database=str(make_url(url).database))
        mine = make_url(url).set(username="trainer").render_as_string(hide_password=False)
        yield Settings.resolve(str(tmp_path / "home"), mine)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


def test_a_job_does_not_notice_a_database_that_is_back_within_the_lease(
    store: Store, settings: Settings, own_postgres: PostgresServer
) -> None:
    """Nor is its process taken for hanging: it trains on, though for longer than the supervisor's patience."""
    (job,) = submit(store, SLOW)
    database = make_url(settings.database_url).database
    with faulty_fleet(settings, "--hang-after", str(HANG_S), lease=16, slow=0.4) as fleet:
        wait_for_step(store, job, 40, fleet)
        (pid,) = fleet.pids()
        own_postgres.stop(signal.SIGQUIT)
        own_postgres.start()
        gets_on(store, job)
        limit(own_postgres, "ALTER ROLE trainer CONNECTION LIMIT 0")
        time.sleep(2)
        limit(own_postgres, "ALTER ROLE trainer CONNECTION LIMIT -1")
        gets_on(store, job)
        limit(own_postgres, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        time.sleep(2)
        limit(own_postgres, f"ALTER DATABASE {database} RESET default_transaction_read_only")
        gets_on(store, job)
        own_postgres.stop(signal.SIGQUIT)
        time.sleep(HANG_S + GRACE_S + 1)
        own_postgres.start()
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == [pid]
        told_in_two_lines(fleet, most=4)
    assert store.job(job).attempt == 1
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def test_a_job_is_resumed_when_the_database_was_away_for_longer_than_the_lease(
    store: Store, settings: Settings, own_postgres: PostgresServer, recovered: Recovered
) -> None:
    (job,) = submit(store, SLOW)
    with faulty_fleet(settings, slow=0.1) as fleet:
        wait_for_step(store, job, 200, fleet)
        (pid,) = fleet.pids()
        own_postgres.stop(signal.SIGQUIT)
        time.sleep(6)
        own_postgres.start()
        recovered("PostgreSQL away for two leases, from its return", wait_for_attempt(store, job, 2))
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == [pid]
        told_in_two_lines(fleet, most=1)
    first, second = attempts(store, job)
    assert (first.outcome, second.outcome) == ("lost", "succeeded")
    assert second.began_step >= 200
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def gets_on(store: Store, job: int) -> None:
    """Wait until more of the job is stored."""
    before = store.job(job).step
    wait_until(lambda: store.job(job).step > before, 20, "nothing more is stored")


def told_in_two_lines(fleet: Fleet, most: int) -> None:
    """The log has a line when the database goes and one when it is back, however often it was tried.

    An outage that is over before anybody wrote has none.
    """
    log = fleet.log()
    assert 1 <= log.count("cannot use the database") == log.count("the database is back after") <= most, log


def limit(server: PostgresServer, statement: str) -> None:
    """Change what the workers may do, and cut them off, so that they notice."""
    cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'trainer'"
    execute(server, statement, cut_off)


def execute(server: PostgresServer, *statements: str, database: str = "postgres") -> None:
    with psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
