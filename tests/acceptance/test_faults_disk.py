"""Faults of the disk below an embedded store: four workers on one file, a power cut, a full disk, a read-only one."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from curvegan_db.database import make_engine
from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ..worker.fleet import CURVEGAN, Fleet, wait_until
from ..worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ..worker.undisturbed import assert_ended_once, assert_undisturbed
from .conftest import Recovered
from .faulty import attempts, faulty_fleet, watching

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


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


def cut_power(store: Store, settings: Settings, fleet: Fleet, copy: Path) -> None:
    """Stop everybody in mid-write, copy the files, and see that the copy is whole and has all that was answered."""
    committed = {job.id: (job.state, job.attempt, job.step) for job in store.jobs()}
    ended = [job for job, (state, _, _) in committed.items() if state == "succeeded"]
    source = settings.home / "curvegan.db"
    fleet.signal_group(signal.SIGSTOP)
    # In a process of its own: to close a SQLite file drops the locks that this process has on it.
    for suffix in ("", "-wal"):
        subprocess.run(["cp", f"{source}{suffix}", f"{copy}{suffix}"], check=True)
    fleet.signal_group(signal.SIGCONT)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with Store(make_engine(f"sqlite:///{copy}")) as after:
        for job in after.jobs():
            assert (job.attempt, job.step) >= committed[job.id][1:]
        for job_id in ended:
            assert after.job(job_id).state == "succeeded"
            assert len(after.losses(job_id)) == 12


@as_root
def test_a_full_disk_is_told_once_and_the_job_goes_on_when_there_is_room(tmp_path: Path, recovered: Recovered) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk:
        settings = Settings.resolve(str(tmp_path / "home"), f"sqlite:///{disk}/curvegan.db")
        with open_store(settings.database_url) as store, faulty_fleet(settings, slow=0.1) as fleet:
            (job,) = submit(store, SLOW.model_copy(update={"checkpoint_every": 100}))
            wait_for_step(store, job, 100, fleet)
            (pid,) = fleet.pids()
            fill(disk / "ballast")
            wait_until(lambda: "disk is full" in fleet.log(), 20, fleet.log)
            time.sleep(6)  # two leases
            assert store.job(job).state in ("lost", "queued")
            (disk / "ballast").unlink()
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


@as_root
def test_a_read_only_store_is_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "3m") as disk:
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


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own with so much room."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this root may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return
