"""Faults of PostgreSQL: restarted, full, read-only, gone for less and for more than a lease."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...databases import migrate, new_database
from ...servers import PostgresServer
from ...worker.fleet import Fleet, wait_until
from ...worker.jobs import SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.faulty import attempts, faulty_fleet, wait_for_attempt
from ..means.limits import as_trainer, refuse_connections, refuse_writes

HANG_S = 4
GRACE_S = 5  # the supervisor's


@pytest.fixture
def settings(own_postgres: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    """A database that belongs to a plain user: a superuser passes every limit."""
    with new_database(own_postgres.url()) as url:
        migrate(url)
        yield Settings.resolve(str(tmp_path / "home"), as_trainer(own_postgres, url))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


def test_a_job_does_not_notice_a_database_that_is_back_within_the_lease(
    store: Store, settings: Settings, own_postgres: PostgresServer
) -> None:
    """Nor is its process taken for hanging: it trains on, though for longer than the supervisor's patience."""
    (job,) = submit(store, SLOW)
    with faulty_fleet(settings, "--hang-after", str(HANG_S), lease=16, slow=0.4) as fleet:
        wait_for_step(store, job, 40, fleet)
        (pid,) = fleet.pids()
        own_postgres.stop(signal.SIGQUIT)
        own_postgres.start()
        gets_on(store, job)
        refuse_connections(own_postgres, 2)
        gets_on(store, job)
        refuse_writes(own_postgres, 2)
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
