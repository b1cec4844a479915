"""Flower, as an operator starts it, shows our workers and tasks under our names."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from curvegan_db.store import Store
from curvegan_worker.celery.nudges import MOST_NUDGES, publish
from curvegan_worker.settings import Settings

from ...servers import free_port
from ...worker.fleet import run_fleet, wait_until
from ...worker.jobs import SHORT, submit, wait_for_state
from ...worker.tools import EVENTS


@contextmanager
def flower(settings: Settings, log_file: Path) -> Iterator[str]:
    """Flower's HTTP API, of the deployment."""
    port = free_port()
    command = [sys.executable, "-P", "-m", "celery", "-A", "curvegan_worker.celery.app", "flower"]
    environment = os.environ | settings.environment() | {"FLOWER_UNAUTHENTICATED_API": "true"}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--address=127.0.0.1", f"--port={port}"], env=environment, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.terminate()
        process.wait(20)


def asked(url: str) -> Any:
    """What the API answers; nothing while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_flower_shows_workers_and_jobs(store: Store, settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "flower.log"
    with (
        run_fleet(settings, "--concurrency", "2", "--device", "cpu", environment=EVENTS) as fleet,
        flower(settings, log) as api,
    ):
        wait_until(lambda: len(asked(f"{api}/workers?status=true")) == 2, 60, lambda: log.read_text() + fleet.log())
        assert set(asked(f"{api}/workers?status=true")) == {worker.label for worker in store.workers()}
        jobs = submit(store, SHORT, 8)
        publish(settings, store.queued_among(jobs), MOST_NUDGES)
        for job in jobs:
            wait_for_state(store, job, "succeeded", fleet)

        def shown() -> set[int]:
            tasks = [task for task in asked(f"{api}/tasks").values() if task["state"] == "SUCCESS"]
            assert all(task["name"] == "curvegan.train" for task in tasks)
            return {job for task in tasks for job in json.loads(task["result"])}

        wait_until(lambda: shown() == set(jobs), 30, lambda: f"{asked(f'{api}/tasks')} {log.read_text()}")
        named = {int(task["args"].strip("(,)[]")) for task in asked(f"{api}/tasks").values()}
        assert named <= set(jobs)
        workers = {task["worker"] for task in asked(f"{api}/tasks").values()}
        assert workers <= {worker.label for worker in store.workers()}
        assert "No such control command" not in fleet.log()
