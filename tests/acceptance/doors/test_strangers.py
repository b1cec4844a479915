"""One Redis for several: two deployments with prefixes of their own, and another application's Celery at work."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from curvegan_db.store import open_store
from curvegan_worker.celery.nudges import MOST_NUDGES, publish
from curvegan_worker.settings import Settings

from ...servers import RedisServer
from ...worker.fleet import run_fleet, wait_until
from ...worker.jobs import SHORT, submit, wait_for_state
from ...worker.tools import EVENTS, tools

STRANGER = """
from pathlib import Path
from celery import Celery
app = Celery("stranger", broker="{url}")
app.conf.update(worker_pool="solo", broker_transport_options={{"visibility_timeout": 90_000}})

@app.task(name="stranger.write")
def write(path):
    Path(path).touch()
"""


@pytest.fixture
def stranger(own_redis: RedisServer, tmp_path: Path) -> Iterator[Celery]:
    """Another application's worker, with Celery's own names, on the same database of the same server."""
    (tmp_path / "stranger.py").write_text(STRANGER.format(url=own_redis.url))
    command = [sys.executable, "-m", "celery", "-A", "stranger", "worker", "-n", "stranger@%h"]
    with (tmp_path / "stranger.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    app = Celery("stranger", broker=own_redis.url, set_as_current=False)
    app.conf.task_ignore_result = True
    try:
        wait_until(lambda: app.control.ping(timeout=1), 60, (tmp_path / "stranger.log").read_text)
        yield app
    finally:
        process.terminate()
        process.wait(20)


def test_two_deployments_and_a_stranger_share_a_redis(stranger: Celery, own_redis: RedisServer, tmp_path: Path) -> None:
    ours, theirs = (
        Settings.resolve(str(tmp_path / name), None, own_redis.url, name) for name in ("curvegan", "second")
    )
    # What makes an embedded worker's Celery turn to another application's broker, if anything does.
    environment = EVENTS | {"CELERY_BROKER_URL": own_redis.url, "CELERY_RESULT_BACKEND": own_redis.url}
    with (
        redis.Redis.from_url(own_redis.url) as client,
        open_store(ours.database_url) as store,
        open_store(theirs.database_url) as second_store,
    ):
        # A message that the stranger took long ago and still works on, by its own patience of 25 hours.
        names = set(client.scan_iter())
        client.hset("unacked", "tag", '[{"body": "W10=", "headers": {}, "properties": {}}, "", "celery"]')
        client.zadd("unacked_index", {"tag": time.time() - 80_000})
        waiting = submit(second_store, SHORT, 3)
        assert publish(theirs, second_store.queued_among(waiting), MOST_NUDGES) == 3
        with run_fleet(ours, "--device", "cpu", environment=environment) as fleet:
            wait_until(lambda: tools(ours).control.ping(timeout=1), 60, fleet.log)
            client.lpush("another", "a message in a queue of another name")
            files = [tmp_path / str(number) for number in range(20)]
            for file in files:
                stranger.send_task("stranger.write", args=[str(file)])
            jobs = submit(store, SHORT, 40)
            publish(ours, store.queued_among(jobs), MOST_NUDGES)
            for job in jobs:
                wait_for_state(store, job, "succeeded", fleet)
            wait_until(lambda: all(file.exists() for file in files), 60, "the stranger's messages are gone")
            assert "refused" not in fleet.log()
            assert [set(answer) for answer in stranger.control.ping(timeout=2)] == [{f"stranger@{os.uname().nodename}"}]
            assert [set(answer) for answer in tools(ours).control.ping(timeout=2)] == [
                {worker.label for worker in store.workers()}
            ]
        assert (client.hlen("unacked"), client.zcard("unacked_index"), client.llen("another")) == (1, 1, 1)
        assert client.llen("second:second.cpu") == 3
        strangers = {b"unacked", b"unacked_index", b"unacked_mutex", b"another"}
        new = set(client.scan_iter()) - names - strangers
        assert {name.partition(b":")[0] for name in new} <= {b"curvegan", b"second"}
        with run_fleet(theirs, "--device", "cpu") as fleet:
            for job in waiting:
                wait_for_state(second_store, job, "succeeded", fleet)
            wait_until(lambda: client.llen("second:second.cpu") == 0, 20, fleet.log)
