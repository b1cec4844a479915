"""What tests ask of a broker's users: is a submit quick without it, does every worker listen to it again."""

import os
import subprocess
import time
from dataclasses import replace

import redis

from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ...servers import RedisServer
from ...worker.fleet import CURVEGAN
from ...worker.jobs import SLOW, wait_for_state
from ...worker.jobs import submit as queue

MOST_SUBMIT_S, USUAL_SUBMIT_S = 3.0, 1.0
QUEUE = "curvegan:curvegan.cpu"
"""Where a nudge lies in Redis: a prefix for all keys, and the queue's name."""
WARNING = "the broker cannot be used"
SUBMIT = [CURVEGAN, "submit", "-q", "--steps", "100", "--batch-size", "16", "--set", "hidden_d", "24"]


def submit_quickly(settings: Settings, live_broker: str) -> tuple[int, float]:
    """`curvegan submit`: the id, and how long it took. Fails where the broker held it up."""
    _, usual, _ = submit(replace(settings, broker_url=live_broker))
    job, seconds, _ = submit(settings)
    # A busy machine starts Python slowly, whatever the broker does.
    most = MOST_SUBMIT_S + max(0.0, usual - USUAL_SUBMIT_S)
    assert seconds < most, f"submit took {seconds:.1f} s, with a live broker {usual:.1f} s"
    return job, seconds


def warned(settings: Settings) -> bool:
    """Return whether a submit warns of the broker. Of a job for a device that nobody has: no poll may be faster."""
    return WARNING in submit(settings, "--device", "cuda")[2]


def submit(settings: Settings, *options: str) -> tuple[int, float, str]:
    """`curvegan submit` as a person types it."""
    environment = os.environ | settings.environment()
    started = time.monotonic()
    done = subprocess.run([*SUBMIT, *options], env=environment, capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout), time.monotonic() - started, done.stderr


def waiting_nudges(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.llen(QUEUE))


def listeners(server: RedisServer) -> int:
    """How many clients wait for a message."""
    with redis.Redis.from_url(server.url) as client:
        return sum("BRPOP" in info["cmd"].upper() for info in client.client_list())


def everybody_works(store: Store) -> None:
    """No worker has gone deaf: of jobs that are queued together each of the two workers takes its share.

    They are so long that on a busy machine the other one wakes before one has trained both.
    """
    jobs = queue(store, SLOW.model_copy(update={"steps": 300}), 2, first_seed=7)
    for job in jobs:
        wait_for_state(store, job, "succeeded")
    assert len({store.job(job).worker for job in jobs}) == 2
