"""A worker in a home whose name has all that names can have: it starts, trains, locks, logs and ends there."""

import os
import signal
from pathlib import Path

import psutil

from curvegan_worker.host.background import is_present
from curvegan_worker.settings import Settings

from ...cli.client import Client
from ...worker.fleet import run_fleet, wait_until
from ...worker.jobs import wait_for_state

NAME = '~ 100% %41 a?b=c&d #1 曲線 it\'s "so" $HOME;'


def test_a_worker_in_a_home_of_any_name(tmp_path: Path) -> None:
    client = Client(tmp_path / NAME.ljust(200 - len(NAME.encode()) + len(NAME), "x"))
    settings = Settings.resolve(str(client.home))
    job = client.submit("--steps", "200")
    with client.store() as store, run_fleet(settings, "--device", "cpu") as fleet:
        wait_for_state(store, job, "succeeded", fleet)
        assert is_present(settings)
        assert list(client.home.glob("health/*/*"))
    assert not is_present(settings)
    submitted = client.alone("submit", "--steps", "200", "--wait", "-q")  # a background worker of its own
    try:
        assert (submitted.returncode, submitted.stdout.strip()) == (0, str(job + 1)), submitted.stderr
        assert (client.home / "worker.log").exists()
        assert [path.name for path in tmp_path.iterdir()] == [client.home.name]
    finally:
        for process in psutil.process_iter(["pid", "environ"]):
            if (process.info["environ"] or {}).get("CURVEGAN_HOME") == str(client.home):
                os.kill(process.info["pid"], signal.SIGTERM)
        wait_until(lambda: not is_present(settings), 30, "the background worker stays")
