"""docker-compose.yml on a real engine: workers that are stopped or scaled down lose no step. Skipped without one."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...worker.fleet import wait_until
from ..conftest import Recovered

ROOT = Path(__file__).resolve().parents[3]
# A project of its own: the stack and the volumes of whoever runs the tests are not touched.
PROJECT = f"curvegan-test-{os.getpid()}"
GRACE_S = 30
# Shapes that no pack takes together, and checkpoints so far apart that only a drain can have stored what is resumed.
JOBS = (("--batch-size", "48"), ("--batch-size", "64"))
LONG = ("--steps", "40000", "--engine", "torch", "--set", "record_every", "1000", "--set", "checkpoint_every", "20000")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr[-3000:]}"
    return done.stdout


def compose(*arguments: str) -> str:
    return docker("compose", "--project-name", PROJECT, *arguments)


def curvegan(*arguments: str) -> str:
    return compose("run", "--rm", "-T", "cli", *arguments)


def show(job: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(curvegan("show", str(job), "-o", "json"))
    return found


def has_engine() -> bool:
    if shutil.which("docker") is None:
        return False
    commands = (["docker", "info"], ["docker", "compose", "version"])
    return all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in commands)


@pytest.fixture
def stack() -> Iterator[None]:
    """PostgreSQL, Redis and two workers."""
    if not has_engine():
        pytest.skip("no Docker engine with Compose answers")
    try:
        compose("up", "--detach", "--build", "--wait", "--scale", "worker=2")
        yield
    finally:
        compose("down", "--volumes", "--timeout", "5")


@pytest.mark.usefixtures("stack")
def test_workers_that_are_stopped_or_scaled_down_lose_no_step(recovered: Recovered) -> None:
    jobs = [int(curvegan("submit", "-q", *LONG, *own)) for own in JOBS]
    wait_until(lambda: all(show(job)["step"] > 0 for job in jobs), 120, "both train")
    recovered("compose up --scale worker=1", timed("up", "--detach", "--no-build", "--scale", "worker=1"))
    assert sum(is_drained(job) for job in jobs) == 1
    seconds = timed("stop", "worker")
    recovered("compose stop worker", seconds)
    assert seconds < GRACE_S, "it was killed in the end"
    for container in compose("ps", "--all", "--quiet", "worker").split():
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0"
    assert all(is_drained(job) for job in jobs)
    steps = {job: show(job)["step"] for job in jobs}
    compose("up", "--detach", "--no-build", "--wait", "--scale", "worker=1")
    for job in jobs:
        curvegan("wait", str(job), "-q")
        assert began_at(job) == [0, steps[job]]
        assert (show(job)["attempt"], show(job)["lost"], show(job)["state"]) == (2, 0, "succeeded")
        recorded = [row["step"] for row in json.loads(curvegan("losses", str(job), "-o", "json"))]
        assert recorded == list(range(0, 40_000, 1000))


def timed(*arguments: str) -> float:
    started = time.monotonic()
    compose(*arguments)
    return time.monotonic() - started


def is_drained(job: int) -> bool:
    """Given back where it stood: the checkpoint there is no regular one."""
    found = show(job)
    return (found["state"], found["lost"], max(found["checkpoints"], default=0)) == ("queued", 0, found["step"])


def began_at(job: int) -> list[int]:
    """The steps at which the job's attempts began."""
    events = json.loads(curvegan("events", str(job), "-o", "json"))
    return [int(event["detail"].split()[2]) for event in events if event["kind"] == "began"]
