"""Nothing of anybody else: another application's settings do not count, and its messages are not taken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from curvegan_core.errors import InvalidInput
from curvegan_db.store import open_store
from curvegan_db.values import ENGINES
from curvegan_worker.celery.queues import queues_for
from curvegan_worker.devices import accepted
from curvegan_worker.settings import Settings, switch

from ..servers import RedisServer
from .fleet import run_fleet
from .jobs import SHORT, submit, wait_for_state

FOREIGN = "redis://foreign.example:6379/7"
STRANGERS = {
    **dict.fromkeys(("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "BROKER_URL"), FOREIGN),
    **dict.fromkeys(("CELERY_RESULT_BACKEND", "RESULT_BACKEND"), FOREIGN),
    **dict.fromkeys(("CELERY_CONFIG_MODULE", "CONFIG_MODULE", "DJANGO_SETTINGS_MODULE"), "strangers_settings"),
    "CELERY_LOADER": "default",
    "CELERY_WORKER_POOL": "gevent",
    "CELERY_WORKER_QUEUES": "celery",
}
SCRIPT = """
from curvegan_worker.celery.app import app
for connection in (app.connection_for_read(), app.connection_for_write(), app.connection(), app.pool.connection):
    print(connection.transport_cls, connection.hostname, connection.virtual_host)
print(type(app.backend).__name__, app.conf.task_always_eager, app.conf.task_default_queue)
"""


@pytest.mark.parametrize(("broker", "shown"), [("", "memory localhost /"), ("redis://ours:1/2", "redis ours 2")])
def test_what_the_environment_says_to_celery_does_not_count(broker: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "strangers_settings.py").write_text("task_always_eager = True\ntask_default_queue = 'celery'\n")
    environment = os.environ | STRANGERS | {"CURVEGAN_BROKER_URL": broker, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == [shown] * 4 + ["DisabledBackend False curvegan.cpu"]


def test_an_embedded_worker_touches_no_broker(tmp_path: Path) -> None:
    """Nor what lies in the current folder under the name of a module."""
    for name in ("queue.py", "celery.py", "strangers_settings.py"):
        (tmp_path / name).write_text("raise SystemExit('a stranger is executed')\n")
    settings = Settings.resolve(str(tmp_path))
    with RedisServer() as server, redis.Redis.from_url(server.url) as stranger:
        stranger.lpush("celery", "a message of another application")
        connections = stranger.info()["total_connections_received"]
        environment = {name: server.url if value == FOREIGN else value for name, value in STRANGERS.items()}
        with (
            open_store(settings.database_url) as store,
            run_fleet(settings, "--device", "cpu", environment=environment, folder=tmp_path) as fleet,
        ):
            (job,) = submit(store, SHORT)
            wait_for_state(store, job, "succeeded", fleet)
        assert stranger.info()["total_connections_received"] == connections
        assert stranger.lrange("celery", 0, -1) == [b"a message of another application"]


def test_a_worker_listens_to_the_queues_of_its_devices() -> None:
    settings = Settings(Path(), "", "", "lab")
    assert [queue.name for queue in queues_for(settings, accepted("cpu"), ("fused",))] == ["lab.cpu", "lab.cpu.fused"]
    both = {"lab.cpu", "lab.cpu.fused", "lab.cpu.torch"}
    assert {queue.name for queue in queues_for(settings, accepted("cpu"), ENGINES)} == both
    assert {queue.name for queue in queues_for(settings, accepted("cuda:1"), ENGINES)} == {
        *both,
        "lab.cuda",
        "lab.cuda:1",
    }


@pytest.mark.parametrize("prefix", ["a b", "a:b", "*", "-a", "a.b", "x" * 41, "é"])
def test_a_prefix_that_is_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidInput, match="CURVEGAN_QUEUE_PREFIX"):
        Settings.resolve(None, None, None, prefix)


def test_a_switch_is_0_or_1() -> None:
    assert [switch("X", "0"), switch("X", "1")] == [False, True]
    with pytest.raises(InvalidInput, match="X must be 0 or 1, got 'yes'"):
        switch("X", "yes")
