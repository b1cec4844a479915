"""A broker that answers, but with errors: jobs are trained all the same, submits warn, doctor and explain name it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...cli.client import Client
from ...databases import new_database
from ...servers import RedisServer
from ...worker.fleet import wait_until
from ...worker.jobs import SLOW, wait_for_state
from ...worker.jobs import submit as queue
from ..means.broker import QUEUE, WARNING, listeners
from ..means.faulty import faulty_fleet, wait_for_workers

BRIEF = SLOW.model_copy(update={"steps": 100})


def order(client: redis.Redis, *words: str) -> None:
    """Send a command as it is typed."""
    client.execute_command(*words)  # type: ignore[no-untyped-call]


def replica(client: redis.Redis) -> None:
    order(client, "REPLICAOF", "127.0.0.1", "1")


def too_few_replicas(client: redis.Redis) -> None:
    client.config_set("min-replicas-to-write", 1)


def out_of_memory(client: redis.Redis) -> None:
    client.config_set("maxmemory", "1")


def wrong_type(client: redis.Redis) -> None:
    client.delete(QUEUE)
    client.set(QUEUE, "a text, and no list")


def wrong_type_of_the_unacknowledged(client: redis.Redis) -> None:
    client.set("curvegan:unacked", "a text, and no hash")


def no_right_to_take(client: redis.Redis) -> None:
    order(client, "ACL", "SETUSER", "default", "-brpop")


def our_queues_only(client: redis.Redis) -> None:
    """Leave out what kombu keeps beside them."""
    order(client, "ACL", "SETUSER", "default", "resetkeys", "~curvegan:curvegan.*")


def no_unacknowledged(client: redis.Redis) -> None:
    keys = ("~curvegan:curvegan.*", "~curvegan:_kombu*")
    order(client, "ACL", "SETUSER", "default", "resetkeys", *keys)


def mended(client: redis.Redis) -> None:
    order(client, "ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")
    order(client, "REPLICAOF", "NO", "ONE")
    client.config_set("min-replicas-to-write", 0)
    client.config_set("maxmemory", "0")
    client.flushall()


FAULTS: dict[Callable[[redis.Redis], None], tuple[str, bool]] = {
    replica: ("read only replica", True),
    too_few_replicas: ("good replicas", True),
    out_of_memory: ("maxmemory", True),
    wrong_type: ("WRONGTYPE", True),
    our_queues_only: ("permissions", True),
    wrong_type_of_the_unacknowledged: ("WRONGTYPE", False),
    no_right_to_take: ("permissions", False),
    no_unacknowledged: ("permissions", False),
}
"""What is said of each fault, and whether a submit hits it: some strike only who takes a message."""


@pytest.fixture
def settings(postgres_url: str, postgres_template: str, own_redis: RedisServer, tmp_path: Path) -> Iterator[Settings]:
    with new_database(postgres_url, postgres_template) as url:
        yield Settings.resolve(str(tmp_path / "home"), url, own_redis.url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(settings.home, settings.database_url, {"CURVEGAN_BROKER_URL": settings.broker_url})


def test_whatever_the_broker_answers_jobs_are_trained(store: Store, settings: Settings, own_redis: RedisServer) -> None:
    """By the same process, which listens again as soon as the broker is mended."""
    with faulty_fleet(settings) as fleet, redis.Redis.from_url(own_redis.url) as broker:
        wait_for_workers(store, 1)
        pids = fleet.pids()
        for fault in FAULTS:
            fault(broker)
            (job,) = queue(store, BRIEF)
            wait_for_state(store, job, "succeeded", fleet)
            mended(broker)
            wait_until(lambda: listeners(own_redis) == 1, 30, fleet.log)
            assert fleet.pids() == pids, (fault, fleet.log())
        assert len(fleet.log().splitlines()) < 10 * len(FAULTS), fleet.log()


def test_workers_start_and_stop_while_the_broker_answers_with_errors(
    store: Store, settings: Settings, own_redis: RedisServer
) -> None:
    for fault in (replica, wrong_type, our_queues_only):
        with redis.Redis.from_url(own_redis.url) as broker:
            mended(broker)
            fault(broker)
            (job,) = queue(store, BRIEF)
            with faulty_fleet(settings) as fleet:
                wait_for_state(store, job, "succeeded", fleet)
                log = fleet.log()
                assert log.count("the broker answers with an error") == 1, log
                assert "Traceback" not in log
                fleet.process.terminate()
                assert fleet.process.wait(10) == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_who_submits_and_who_asks_is_told(
    own_redis: RedisServer, client: Client, fault: Callable[[redis.Redis], None]
) -> None:
    said, hits_a_submit = FAULTS[fault]
    with redis.Redis.from_url(own_redis.url) as broker:
        fault(broker)
        submitted = client("submit", "-q")
        warnings = [line for line in submitted.stderr.splitlines() if WARNING in line]
        assert submitted.exit_code == 0
        assert len(warnings) == hits_a_submit, submitted.stderr
        assert all(said in line for line in warnings), warnings
        assert said in client.json("explain", submitted.stdout.strip())["notes"]["broker_unreachable"]
        mended(broker)
        assert client.json("explain", submitted.stdout.strip())["notes"] == {}


def test_fifty_submits_at_once_do_not_warn_of_a_broker_that_is_well(own_redis: RedisServer, tmp_path: Path) -> None:
    client = Client(tmp_path / "home", environment={"CURVEGAN_BROKER_URL": own_redis.url})
    client.submit()
    command = client.command("submit", "--no-worker", "-q", "--steps", "10")
    started = [subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(50)]
    said = [process.communicate(timeout=300) for process in started]
    assert [error for _, error in said if WARNING in error] == []
    assert sorted(out for out, _ in said) == sorted(f"{job}\n" for job in range(2, 52)), said
