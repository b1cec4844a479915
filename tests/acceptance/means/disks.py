"""What can happen to disks: too small, full, cut off from power in mid-write; and what a store must hold then."""

import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ...worker.fleet import Fleet


class NoSmallDisk(Exception):
    """This user may not mount one."""


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[Path]:
    """A file system of its own, with the options of a tmpfs: `size=3m`. Raises NoSmallDisk."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoSmallDisk(f"no small disk can be mounted here: {getattr(error, 'stderr', error)}") from None
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing more fits, neither bytes nor names."""
    ballast = folder / "ballast"
    with suppress(OSError):
        ballast.mkdir(exist_ok=True)
        with (ballast / "bytes").open("ab", buffering=0) as file:
            while file.write(b"\0" * 4096):
                pass
    with suppress(OSError):
        for number in range(1000):
            (ballast / str(number)).touch()


def make_room(folder: Path) -> None:
    """Delete what `fill` wrote."""
    ballast = folder / "ballast"
    for path in ballast.iterdir() if ballast.exists() else ():
        path.unlink()


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
            assert (job.attempt, job.step) >= committed.get(job.id, ("queued", 0, 0))[1:]
        for job_id in ended:
            assert after.job(job_id).state == "succeeded"
            assert len(after.losses(job_id)) == 12
