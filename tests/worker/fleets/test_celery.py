"""What Celery shows of real workers is true: tasks, their durations and jobs, and answers while a pack trains."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import text

from curvegan_db.store import Store, open_store
from curvegan_worker.celery.control import QUESTIONS
from curvegan_worker.celery.nudges import MOST_NUDGES, nudge, publish
from curvegan_worker.settings import Settings

from ...databases import new_database
from ...servers import RedisServer
from ..fleet import Fleet, run_fleet, wait_until
from ..jobs import LONG, SHORT, submit, wait_for_state, wait_for_step
from ..tools import EVENTS, listening, tools


@pytest.fixture(scope="module")
def service(
    postgres_url: str, postgres_template: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with new_database(postgres_url, postgres_template) as url:
        yield Settings.resolve(str(tmp_path_factory.mktemp("home")), url, redis_url, f"test-{os.getpid()}")


@pytest.fixture(scope="module")
def store(service: Settings) -> Iterator[Store]:
    with open_store(service.database_url) as store:
        yield store


@pytest.fixture(scope="module")
def fleet(service: Settings, store: Store) -> Iterator[Fleet]:
    """Two workers that tell and answer."""
    with run_fleet(service, "--concurrency", "2", "--device", "cpu", environment=EVENTS) as fleet:
        wait_until(lambda: len(tools(service).control.ping(timeout=1) or ()) == 2, 60, fleet.log)
        yield fleet


def claims(store: Store, jobs: list[int]) -> dict[str, tuple[list[int], float]]:
    """Of each claim the jobs, and the seconds from its beginning to its last end."""
    query = text(
        "SELECT token, array_agg(job_id ORDER BY job_id), extract(epoch FROM max(ended_at) - min(claimed_at))"
        " FROM attempts WHERE job_id = ANY(:jobs) GROUP BY token"
    )
    with store.engine.connect() as connection:
        return {token: (ids, float(seconds)) for token, ids, seconds in connection.execute(query, {"jobs": jobs})}


@pytest.mark.parametrize("nudged", [True, False], ids=["nudged", "found by the poll"])
def test_a_task_is_a_claim(store: Store, service: Settings, fleet: Fleet, nudged: bool) -> None:
    with listening(service) as events:
        jobs = submit(store, SHORT, 40)
        if nudged:
            assert nudge(service, store.queued_among(jobs)) is None
        wait_until(lambda: len(store.jobs(jobs, states=("succeeded",))) == 40, 120, fleet.log)
        done: dict[str, dict[str, Any]] = {}

        def told() -> bool:
            done.update({e["uuid"]: e for e in events if e["type"] == "task-succeeded" and e["result"] != "[]"})
            return len(done) >= len(claims(store, jobs))

        wait_until(told, 20, lambda: str(events))
    by_jobs = {str(ids): seconds for ids, seconds in claims(store, jobs).values()}
    assert len(by_jobs) >= 3
    assert {event["result"] for event in done.values()} == set(by_jobs)
    for event in done.values():
        assert 0 <= event["runtime"] - by_jobs[event["result"]] < 3  # to claim, and to send the next message
    received = {event["uuid"]: event["args"] for event in events if event["type"] == "task-received"}
    if nudged:  # else one that was left of the jobs before may have woken the worker
        assert all(int(received[uuid].strip("(,)[]")) in jobs for uuid in done)
    assert {event["hostname"] for event in done.values()} <= {worker.label for worker in store.workers()}


def test_a_message_wakes_for_the_job_that_it_names(store: Store, service: Settings, fleet: Fleet) -> None:
    with listening(service) as events:
        jobs = [submit(store, SHORT.model_copy(update={"hidden_g": size}))[0] for size in (4, 5, 6)]
        publish(service, store.queued_among(jobs[2:]), MOST_NUDGES)
        for job in jobs:
            wait_for_state(store, job, "succeeded", fleet)
        wait_until(lambda: any(event.get("result") == f"[{jobs[2]}]" for event in events), 20, lambda: str(events))


def test_workers_answer_while_they_train(store: Store, service: Settings, fleet: Fleet) -> None:
    (job,) = submit(store, LONG)
    nudge(service, store.queued_among([job]))
    wait_for_step(store, job, 500, fleet)
    labels = {worker.label for worker in store.workers()}
    asked = time.monotonic()
    assert {name for answer in tools(service).control.ping(timeout=5, limit=2) for name in answer} == labels
    assert time.monotonic() - asked < 2
    inspect = tools(service).control.inspect(timeout=2)
    assert [task["args"] for tasks in inspect.active().values() for task in tasks] == [[job]]
    stats = inspect.stats()
    assert set(stats) == labels
    assert {pid for answer in stats.values() for pid in [answer["pid"]]} == set(fleet.pids())
    store.cancel(job)
    wait_for_state(store, job, "cancelled", fleet)


def test_workers_take_no_orders(store: Store, service: Settings, fleet: Fleet) -> None:
    control = tools(service).control
    before = fleet.pids()
    control.shutdown()
    control.add_consumer("celery")
    control.broadcast("pool_restart")
    control.broadcast("memdump")
    assert len(control.ping(timeout=2)) == 2
    assert fleet.pids() == before
    queues = {queue["name"] for answer in control.inspect(timeout=2).active_queues().values() for queue in answer}
    assert queues == {f"{service.queue_prefix}.cpu{engine}" for engine in ("", ".fused", ".torch")}
    (job,) = submit(store, SHORT)
    wait_for_state(store, job, "succeeded", fleet)


def test_no_answer_holds_a_password(own_redis: RedisServer, tmp_path: Path) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("requirepass", "opensesame")
    settings = Settings.resolve(str(tmp_path), None, own_redis.url.replace("//", "//:opensesame@"))
    with run_fleet(settings, "--device", "cpu", environment=EVENTS) as fleet:
        control = tools(settings).control
        wait_until(lambda: control.ping(timeout=1), 60, fleet.log)
        arguments: dict[str, Any] = {"query_task": {"ids": ["x"]}, "hello": {"from_node": "x"}}
        asked = {
            question: control.broadcast(question, reply=True, timeout=1, arguments=arguments.get(question, {}), limit=1)
            for question in sorted(QUESTIONS)
        }
    assert [question for question, answers in asked.items() if not answers] == []
    assert "opensesame" not in f"{asked}{fleet.log()}"


def test_by_default_a_worker_tells_nobody_anything(tmp_path: Path, redis_url: str) -> None:
    settings = Settings.resolve(str(tmp_path), None, redis_url, f"silent-{os.getpid()}")
    with open_store(settings.database_url) as store, listening(settings) as events:
        with run_fleet(settings, "--device", "cpu") as fleet:
            (job,) = submit(store, SHORT)
            wait_for_state(store, job, "succeeded", fleet)
            assert tools(settings).control.ping(timeout=2) == []
        assert events == []


def test_a_job_for_cuda_wakes_no_worker_on_a_cpu(store: Store, service: Settings, fleet: Fleet) -> None:
    cuda, cpu = (submit(store, SHORT.model_copy(update={"device": device}))[0] for device in ("cuda", "cpu"))
    nudge(service, store.queued_among([cuda, cpu]))
    wait_for_state(store, cpu, "succeeded", fleet)
    with redis.Redis.from_url(service.broker_url) as broker:
        assert broker.llen(f"{service.queue_prefix}:{service.queue_prefix}.cuda") == 1
    store.cancel(cuda)
