"""Faults of the broker: connections killed, frozen, gone, back but empty. Jobs run all the same; submits are quick."""

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...databases import new_database
from ...servers import RedisServer
from ...worker.fleet import Fleet, wait_until
from ...worker.jobs import SLOW, wait_for_state, wait_for_step
from ...worker.jobs import submit as queue
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.broker import everybody_works, listeners, submit_quickly, waiting_nudges
from ..means.broker import warned as warns
from ..means.faulty import faulty_fleet, wait_for_workers


@pytest.fixture
def settings(postgres_url: str, postgres_template: str, own_redis: RedisServer, tmp_path: Path) -> Iterator[Settings]:
    with new_database(postgres_url, postgres_template) as url:
        yield Settings.resolve(str(tmp_path / "home"), url, own_redis.url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


def test_no_fault_of_the_broker_stops_a_job(
    store: Store, settings: Settings, own_redis: RedisServer, redis_url: str, recovered: Recovered
) -> None:
    (long,) = queue(store, SLOW)
    runs = partial(_runs, store, settings, redis_url, recovered)
    with faulty_fleet(settings, "--concurrency", "2", slow=0.3) as fleet:
        wait_for_workers(store, 2)
        wait_for_step(store, long, 40, fleet)
        with redis.Redis.from_url(own_redis.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        runs(fleet, "the broker's connections killed", warned=False)
        own_redis.send(signal.SIGSTOP)
        runs(fleet, "broker frozen", warned=True)
        own_redis.send(signal.SIGCONT)
        recovered("broker thawed: both workers listen", wait_until(lambda: listeners(own_redis) == 2, 20, fleet.log))
        own_redis.stop(signal.SIGKILL)
        runs(fleet, "broker gone", warned=True)
        own_redis.start()
        runs(fleet, "broker back, and empty", warned=False)
        wait_until(lambda: waiting_nudges(own_redis) == 0, 60, "nobody listens to the broker")
        wait_for_state(store, long, "succeeded", fleet)
        everybody_works(store)
        assert len(fleet.log().splitlines()) < 40, fleet.log()
    assert store.job(long).attempt == 1
    assert_ended_once(store, long)
    assert_undisturbed(store, long)


def test_workers_start_and_stop_without_a_broker(store: Store, settings: Settings, own_redis: RedisServer) -> None:
    own_redis.stop(signal.SIGKILL)
    with faulty_fleet(settings) as fleet:
        (job,) = queue(store, SLOW.model_copy(update={"steps": 100}))
        wait_for_state(store, job, "succeeded", fleet)
        own_redis.start()
        wait_until(lambda: listeners(own_redis), 60, fleet.log)
        own_redis.send(signal.SIGSTOP)
        fleet.process.terminate()
        assert fleet.process.wait(10) == 0
        assert "killed" not in fleet.log()


def _runs(
    store: Store, settings: Settings, live_broker: str, recovered: Recovered, fleet: Fleet, fault: str, *, warned: bool
) -> None:
    """A job that is submitted under the fault is stored in no time, and runs."""
    job, seconds = submit_quickly(settings, live_broker)
    assert warns(settings) == warned
    recovered(f"{fault}: the submit", seconds)
    recovered(f"{fault}: from submit to the end of a small job", wait_for_state(store, job, "succeeded", fleet))
    assert store.job(job).attempt == 1
