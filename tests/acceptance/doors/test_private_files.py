"""What the embedded store leaves on the disk is its user's alone, whatever the umask."""

import os
import stat
import subprocess
from pathlib import Path

import psutil
import pytest

from curvegan_db.store import open_store

from ...worker.fleet import CURVEGAN, wait_until


def modes(folder: Path) -> dict[str, str]:
    paths = [folder, *folder.rglob("*")]
    return {path.relative_to(folder.parent).as_posix(): stat.filemode(path.lstat().st_mode) for path in paths}


def open_to_others(found: dict[str, str]) -> dict[str, str]:
    return {name: mode for name, mode in found.items() if not mode.endswith("------")}


def type_with_open_umask(home: Path, *words: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CURVEGAN_")}
    environment |= {"CURVEGAN_HOME": str(home), "MPLCONFIGDIR": str(home.parent / "matplotlib")}
    subprocess.run([CURVEGAN, *words], env=environment, check=True, capture_output=True, umask=0, timeout=120)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that is not there yet, nor the folder that it lies in."""
    return tmp_path / "data" / "curvegan"


def end_worker(home: Path) -> None:
    """Stop the background worker that a submit started, by the ids that the store knows."""
    with open_store(f"sqlite:///{home}/curvegan.db") as store:
        for worker in store.workers():
            if worker.state != "stopped":
                psutil.Process(worker.pid).parent().terminate()
        wait_until(lambda: all(worker.state == "stopped" for worker in store.workers()), 30, "the worker goes on")


def test_everything_below_the_home_is_private(home: Path) -> None:
    type_with_open_umask(home, "submit", "--steps", "1000000", "--set", "record_every", "1000")
    with open_store(f"sqlite:///{home}/curvegan.db") as store:
        wait_until(lambda: store.job(1).step > 0, 90, (home / "worker.log").read_text)
    found = modes(home)
    end_worker(home)
    names = {Path(name).name for name in found}
    assert names >= {"curvegan", "curvegan.db", "curvegan.db-wal", "curvegan.db-shm", "worker.log", "health"}
    assert any(name.endswith(".lock") for name in names)
    assert len([name for name in found if "/health/" in name]) == 2  # the supervisor's folder, its process's file
    assert open_to_others(found) == {}


def test_a_home_that_others_may_enter_still_holds_private_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    type_with_open_umask(home, "submit", "--no-worker")
    type_with_open_umask(home, "status")
    assert open_to_others(modes(home)).keys() == {"home"}
