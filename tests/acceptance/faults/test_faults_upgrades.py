"""Races of starts, and files that vanish: submits at once, a file deleted or replaced, health files shared or gone."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from curvegan_db.store import open_store
from curvegan_worker.host.background import is_present
from curvegan_worker.settings import Settings

from ...cli.client import Client
from ...worker.fleet import CURVEGAN, wait_until
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..means.faulty import faulty_fleet

SUBMITS = 8


def test_submits_at_once_start_one_background_worker(tmp_path: Path) -> None:
    client = Client(tmp_path / "home")
    client.done("status")
    words = ("submit", "--steps", "200", "-q")
    processes = [subprocess.Popen(**client.command(*words), stdout=subprocess.PIPE) for _ in range(SUBMITS)]
    ids = sorted(int(process.communicate(timeout=120)[0]) for process in processes)
    assert ids == list(range(1, SUBMITS + 1))
    settings = Settings.resolve(str(client.home))
    try:
        assert len(supervisors(client.home)) == 1
        client.done("wait", *map(str, ids))
    finally:
        for pid in supervisors(client.home):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_present(settings), 30, "the background worker stays")


def supervisors(home: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        command, environment = process.info["cmdline"] or [], process.info["environ"] or {}
        if "curvegan_worker" in command and environment.get("CURVEGAN_HOME") == str(home):
            found.append(int(process.info["pid"]))
    return found


def test_a_file_that_is_deleted_or_replaced_is_noticed_at_once(tmp_path: Path) -> None:
    """A worker that wrote on would write where nobody reads. A new file at the old place is the store from then on."""
    file, aside = tmp_path / "curvegan.db", tmp_path / "aside.db"
    settings = Settings.resolve(str(tmp_path), f"sqlite:///{file}")
    with faulty_fleet(settings, slow=0.1) as fleet:
        with open_store(settings.database_url) as store:
            (first,) = submit(store, SLOW)
            wait_for_step(store, first, 100, fleet)
        for path in tmp_path.glob("curvegan.db*"):
            path.rename(aside.with_name(path.name.replace("curvegan", "aside")))
        wait_until(lambda: "the file is gone, though it was there" in fleet.log(), 10, fleet.log)
        with open_store(settings.database_url) as store:
            (second,) = submit(store, SHORT)
            wait_for_state(store, second, "succeeded", fleet)
            assert_undisturbed(store, second)
    with open_store(f"sqlite:///{aside}") as store:
        assert store.job(first).state in ("running", "lost")


def test_who_deletes_the_health_files_harms_nobody(tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path))
    with open_store(settings.database_url) as store, faulty_fleet(settings, "--hang-after", "4", slow=0.1) as fleet:
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 100, fleet)
        pids = fleet.pids()
        shutil.rmtree(tmp_path / "health")
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == pids
        assert list((tmp_path / "health").glob("*/*"))
        assert_ended_once(store, job)


def test_supervisors_of_one_number_in_a_shared_home_do_not_share_health_files(tmp_path: Path) -> None:
    """As in containers, where each is process 1 of its own. The health files of one say nothing of the other."""
    settings = Settings.resolve(str(tmp_path))
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", CURVEGAN, "worker", "--device", "cpu"]
    if subprocess.run([*command[:5], "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may make no namespace of processes")
    open_store(settings.database_url).close()
    environment = os.environ | settings.environment()
    workers = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        wait_until(lambda: len(list(tmp_path.glob("health/1-*/1"))) == 2, 30, "they share")
    finally:
        for worker in workers:
            worker.kill()  # and with it all that is in there
            worker.wait(30)
