"""The servers that tests start do what fault tests need of them: stop, come back with their data, freeze."""

import signal
from collections.abc import Iterator

import pytest
import redis

from ...servers import RedisServer


@pytest.fixture
def own_redis(redis_url: str) -> Iterator[RedisServer]:
    """A server that a test may stop; asked for after the shared one, so that a machine without any skips."""
    with RedisServer(persistent=True) as server:
        yield server


def test_a_shared_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_a_redis_comes_back_with_what_it_had(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.set("key", "kept")
    own_redis.stop()
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(own_redis.url) as client:
        client.ping()
    own_redis.start()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.get("key") == b"kept"


def test_a_frozen_redis_does_not_answer_until_it_is_thawed(own_redis: RedisServer) -> None:
    own_redis.send(signal.SIGSTOP)
    client = redis.Redis.from_url(own_redis.url, socket_timeout=0.2, retry=None)
    with client, pytest.raises(redis.TimeoutError):
        client.ping()
    own_redis.send(signal.SIGCONT)
    own_redis.ping()
