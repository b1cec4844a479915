"""Faults of the disk below an embedded store: four workers on one file, a power cut, a full disk, a read-only one."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from curvegan_db.store import open_store
from curvegan_worker.settings import Settings

from ...worker.fleet import CURVEGAN, wait_until
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.disks import NoSmallDisk, cut_power, fill, make_room, small_disk
from ..means.faulty import attempts, faulty_fleet, watching

BRIEF = SLOW.model_copy(update={"steps": 400})


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(small_disk(tmp_path / "disk", "size=3m", "nr_inodes=40"))
        except NoSmallDisk as error:
            pytest.skip(str(error))


def test_four_workers_and_a_watcher_share_one_file_and_a_power_cut_breaks_nothing(tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path / "home"))
    screen = tmp_path / "screen"
    with (
        open_store(settings.database_url) as store,
        faulty_fleet(settings, "--concurrency", "4", lease=10) as fleet,
        watching(settings, screen),
    ):
        jobs = submit(store, SHORT, 24)
        cuts = 0
        while any(job.state in ("queued", "running") for job in store.jobs(jobs)):
            cut_power(store, settings, fleet, tmp_path / f"cut-{cuts}.db")
            cuts += 1
            time.sleep(0.5)
        for job in jobs:
            assert_ended_once(store, job)
    assert cuts >= 5
    assert "running" in screen.read_text()
    for text in (fleet.log(), screen.read_text()):
        assert not [word for word in ("locked", "Error", "Traceback") if word in text], text


def test_a_full_disk_is_told_once_and_the_job_goes_on_when_there_is_room(
    disk: Path, tmp_path: Path, recovered: Recovered
) -> None:
    settings = Settings.resolve(str(tmp_path / "home"), f"sqlite:///{disk}/curvegan.db")
    with open_store(settings.database_url) as store, faulty_fleet(settings, slow=0.3) as fleet:
        (job,) = submit(store, SLOW.model_copy(update={"checkpoint_every": 50}))
        wait_for_step(store, job, 100, fleet)
        (pid,) = fleet.pids()
        fill(disk)
        wait_until(lambda: "disk is full" in fleet.log(), 20, fleet.log)
        time.sleep(6)  # two leases
        assert store.job(job).state in ("lost", "queued")
        make_room(disk)
        started = time.monotonic()
        wait_until(lambda: store.job(job).state == "running", 20, fleet.log)
        recovered("disk full for two leases, from when there was room", time.monotonic() - started)
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == [pid]
        assert fleet.log().count("disk is full") <= 2, fleet.log()
        assert "the database is back" in fleet.log()
        assert len(attempts(store, job)) == 2
        assert_ended_once(store, job)
        assert_undisturbed(store, job)


def test_a_read_only_store_is_one_line(disk: Path, tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path / "home"), f"sqlite:///{disk}/curvegan.db")
    open_store(settings.database_url).close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in (["worker"], ["submit", "--no-worker"]):
        done = subprocess.run(
            [CURVEGAN, *command],
            env=os.environ | settings.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
        assert "read-only" in done.stderr.lower()


def test_a_full_home_is_one_line_and_workers_that_run_do_not_need_it(disk: Path, tmp_path: Path) -> None:
    """Logs and health files lie there; where the jobs are kept there is room."""
    settings = Settings.resolve(str(disk / "home"), f"sqlite:///{tmp_path}/jobs.db")
    with open_store(settings.database_url) as store, faulty_fleet(settings, slow=0.05) as fleet:
        (job,) = submit(store, BRIEF)
        wait_for_step(store, job, 40, fleet)
        fill(disk)
        (pid,) = fleet.pids()
        os.kill(pid, signal.SIGKILL)
        command = [CURVEGAN, "--home", str(disk / "other"), "worker"]
        done = subprocess.run(
            command, env=os.environ | settings.environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
        assert "No space left on device; check CURVEGAN_HOME" in done.stderr
        wait_for_state(store, job, "succeeded", fleet)
    assert [row.outcome for row in attempts(store, job)] == ["lost", "succeeded"]
    assert_ended_once(store, job)
    assert_undisturbed(store, job)
