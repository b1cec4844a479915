"""A message of our own through the broker and back, on a server that answers, freezes and goes away."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from curvegan_db.values import QueuedJob
from curvegan_worker.celery.broker import BrokerUnreachable, round_trip, shown_broker
from curvegan_worker.celery.nudges import MOST_NUDGES, publish
from curvegan_worker.settings import Settings

from ..servers import RedisServer


@pytest.fixture
def server(redis_url: str) -> Iterator[RedisServer]:
    """A server that a test may stop; asked for after the shared one, so that a machine without any skips."""
    with RedisServer() as server:
        yield server


def test_a_message_comes_back_and_only_the_names_of_our_queues_stay(server: RedisServer, tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path), None, server.url)
    assert 0 < round_trip(settings) < 2
    with redis.Redis.from_url(server.url) as client:
        assert {b"curvegan:_kombu.binding.curvegan", b"curvegan:_kombu.binding_permanent.curvegan"} >= {*client.keys()}


def test_a_broker_that_is_frozen_or_gone_is_told_in_seconds(server: RedisServer, tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path), None, server.url)
    server.send(signal.SIGSTOP)
    refused(settings, "Timeout reading")
    server.stop(signal.SIGKILL)
    refused(settings, "refused")


def refused(settings: Settings, why: str) -> None:
    started = time.monotonic()
    with pytest.raises(BrokerUnreachable, match=f"cannot use the broker redis://.*{why}") as error:
        round_trip(settings)
    assert time.monotonic() - started < 4
    assert error.value.exit_code == 3


def test_embedded_workers_need_none(tmp_path: Path) -> None:
    assert round_trip(Settings.resolve(str(tmp_path))) < 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:opensesame@h:6379/0", "redis://h:6379/0"),
        ("rediss://ann:open%40sesame@h/1?ssl_cert_reqs=none", "rediss://ann@h/1"),
        ("redis://h", "redis://h"),
        ("memory://localhost", "memory://localhost"),
    ],
)
def test_a_broker_is_shown_without_its_password(url: str, shown: str) -> None:
    assert shown_broker(url) == shown


def test_no_more_messages_wait_than_a_fleet_can_need(server: RedisServer, tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path), None, server.url)
    jobs = [QueuedJob(job, "cuda" if job % 2 else "auto") for job in range(1, 301)]
    assert publish(settings, jobs, MOST_NUDGES) == 2 * MOST_NUDGES
    assert publish(settings, jobs, MOST_NUDGES) == 0
    assert publish(settings, jobs[:1], most_waiting=1) == 0
    with redis.Redis.from_url(server.url) as client:
        assert [client.llen(f"curvegan:curvegan.{device}") for device in ("cpu", "cuda")] == [MOST_NUDGES] * 2
        assert all(key.startswith(b"curvegan:") for key in client.scan_iter())
