"""A database that blocks without being gone: a table that is locked, a server that is frozen."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...databases import migrate, new_database
from ...servers import PostgresServer
from ...worker.fleet import wait_until
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..means.faulty import faulty_fleet

LEASE_S, HANG_S = 3, 1  # the supervisor's patience is 5 s more
LOCKED_S = 8


@pytest.fixture
def settings(own_postgres: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    with new_database(own_postgres.url()) as url:
        migrate(url)
        yield Settings.resolve(str(tmp_path / "home"), url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the table of the jobs as VACUUM FULL does."""
    url = settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        yield


def test_workers_outlive_a_locked_table_and_say_whether_they_gave_back(store: Store, settings: Settings) -> None:
    with faulty_fleet(settings, "--hang-after", str(HANG_S), lease=LEASE_S, slow=0.2) as fleet:
        wait_until(lambda: store.workers() and store.workers()[0].state == "idle", 60, fleet.log)
        (pid,) = fleet.pids()
        with locked(settings):
            time.sleep(LOCKED_S)
        (short,) = submit(store, SHORT)
        wait_for_state(store, short, "succeeded", fleet)
        assert fleet.pids() == [pid]
        assert "lock timeout" in fleet.log()

        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 40, fleet)
        with locked(settings):
            time.sleep(LEASE_S / 2)
        wait_for_step(store, job, store.job(job).step + 20, fleet)
        assert (store.job(job).attempt, fleet.pids()) == (1, [pid])

        with locked(settings):
            began = time.monotonic()
            fleet.process.send_signal(signal.SIGTERM)
            assert fleet.process.wait(30) == 1
            assert time.monotonic() - began < 25
        assert "may not be released" in fleet.log()
    with faulty_fleet(settings, lease=LEASE_S) as fleet:
        wait_for_state(store, job, "succeeded", fleet)
        wait_until(lambda: store.job(job).state == "succeeded", 60, fleet.log)
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def test_an_idle_worker_outlives_a_frozen_server(
    store: Store, settings: Settings, own_postgres: PostgresServer
) -> None:
    with faulty_fleet(settings, "--hang-after", str(HANG_S), lease=LEASE_S) as fleet:
        wait_until(lambda: store.workers() and store.workers()[0].state == "idle", 60, fleet.log)
        (pid,) = fleet.pids()
        own_postgres.freeze()
        time.sleep(LOCKED_S)
        own_postgres.thaw()
        (job,) = submit(store, SHORT)
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == [pid]
        assert "the database does not answer" in fleet.log()
