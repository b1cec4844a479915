"""Faults of the broker: connections killed, frozen, gone, back but empty. Jobs run all the same; submits are quick."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import redis

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ..databases import new_database
from ..servers import RedisServer
from ..worker.fleet import CURVEGAN, Fleet, wait_until
from ..worker.jobs import SLOW, wait_for_state, wait_for_step
from ..worker.jobs import submit as queue
from ..worker.undisturbed import assert_ended_once, assert_undisturbed
from .conftest import Recovered
from .faulty import faulty_fleet, wait_for_workers

MOST_SUBMIT_S, USUAL_SUBMIT_S = 3.0, 1.0
WARNING = "the broker cannot be reached"
SUBMIT = [CURVEGAN, "submit", "-q", "--steps", "100", "--batch-size", "16", "--set", "hidden_d", "24"]


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
    _, usual, _ = submit(replace(settings, broker_url=live_broker))
    job, seconds, errors = submit(settings)
    # A busy machine starts Python slowly, whatever the broker does.
    most = MOST_SUBMIT_S + max(0.0, usual - USUAL_SUBMIT_S)
    assert seconds < most, f"{fault}: submit took {seconds:.1f} s, with a live broker {usual:.1f} s"
    assert (WARNING in errors) == warned, errors
    recovered(f"{fault}: the submit", seconds)
    recovered(f"{fault}: from submit to the end of a small job", wait_for_state(store, job, "succeeded", fleet))
    assert store.job(job).attempt == 1


def submit(settings: Settings) -> tuple[int, float, str]:
    """`curvegan submit` as a person types it: the id, how long it took, and what it said on stderr."""
    environment = os.environ | settings.environment()
    started = time.monotonic()
    done = subprocess.run(SUBMIT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout), time.monotonic() - started, done.stderr


def waiting_nudges(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.llen("celery"))


def listeners(server: RedisServer) -> int:
    """How many clients wait for a message."""
    with redis.Redis.from_url(server.url) as client:
        return sum("BRPOP" in info["cmd"].upper() for info in client.client_list())


def everybody_works(store: Store) -> None:
    """No worker has gone deaf: of jobs that are queued together each worker takes its share."""
    jobs = queue(store, SLOW.model_copy(update={"steps": 100}), 2, first_seed=7)
    for job in jobs:
        wait_for_state(store, job, "succeeded")
    assert len({store.job(job).worker for job in jobs}) == 2
