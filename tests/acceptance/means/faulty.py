"""Fleets with short leases and slow trainings, so that faults can strike in the middle and the tests be quick."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Row, select

from curvegan_db.store import Store
from curvegan_db.tables.models import Attempt, Base
from curvegan_worker.settings import Settings

from ...worker.fleet import CURVEGAN, Fleet, run_fleet, wait_until

LEASE_S = 3.0
FAULTS = str(Path(__file__).with_name("in_the_worker"))


@contextmanager
def faulty_fleet(
    settings: Settings, *arguments: str, lease: float = LEASE_S, log_file: Path | None = None, **faults: object
) -> Iterator[Fleet]:
    """A fleet with a short lease and faults inside: `slow=0.1` is FAULT_SLOW, see faults/sitecustomize.py."""
    path = os.pathsep.join(filter(None, [FAULTS, os.environ.get("PYTHONPATH")]))
    environment = {"PYTHONPATH": path, "CURVEGAN_LEASE_SECONDS": str(lease)}
    environment |= {f"FAULT_{name.upper()}": str(value) for name, value in faults.items()}
    with run_fleet(settings, "--device", "cpu", *arguments, log_file=log_file, environment=environment) as fleet:
        yield fleet


def holder(store: Store, job: int, fleets: Sequence[Fleet]) -> tuple[Fleet, int]:
    """The fleet that trains the job, and the process of it."""
    pid = int((store.job(job).worker or ":0").rpartition(":")[2])
    return next(fleet for fleet in fleets if fleet.process.poll() is None and pid in fleet.pids()), pid


def wait_for_workers(store: Store, count: int, seconds: float = 60) -> None:
    """Wait until so many live workers are registered, so that they share what is submitted next."""
    wait_until(
        lambda: sum(worker.state in ("idle", "training") for worker in store.workers()) >= count, seconds, "few workers"
    )


def wait_for_attempt(store: Store, job: int, attempt: int, seconds: float = 60) -> float:
    """Wait until an attempt has begun to train; how long that took."""
    return wait_until(
        lambda: (attempts(store, job)[-1].attempt, attempts(store, job)[-1].began_at is not None) >= (attempt, True),
        seconds,
        lambda: str(attempts(store, job)),
    )


def attempts(store: Store, job: int) -> Sequence[Row[tuple[object, ...]]]:
    """The rows of a job's attempts, in order."""
    table = Attempt.__table__
    with store.engine.connect() as connection:
        return connection.execute(select(table).where(table.c.job_id == job).order_by(table.c.attempt)).all()


def every_row(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All there is of all jobs: every table that a worker writes, but for the list of workers itself."""
    tables = [table for name, table in Base.metadata.tables.items() if name != "workers"]
    with store.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in tables
        }


def signal_all(fleet: Fleet, number: signal.Signals) -> None:
    """Signal the worker processes of a fleet, but not their supervisor."""
    for pid in fleet.pids():
        os.kill(pid, number)


@contextmanager
def watching(settings: Settings, screen: Path) -> Iterator[None]:
    """`curvegan status --watch` on a terminal of its own, until the block ends; what it showed goes into a file."""
    ours, theirs = os.openpty()
    command = [CURVEGAN, "status", "--watch", "--no-worker"]
    with screen.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | settings.environment(), stdout=theirs, stderr=theirs)
        os.close(theirs)
        reader = threading.Thread(target=_copy, args=(ours, file))
        reader.start()
        try:
            yield
            assert process.poll() is None, screen.read_text()
        finally:
            process.terminate()
            process.wait(20)
            reader.join()


def _copy(terminal: int, file: IO[bytes]) -> None:
    """Until nobody writes to the terminal any more, which reads as an error."""
    with os.fdopen(terminal, "rb", buffering=0) as source, suppress(OSError):
        while data := source.read(4096):
            file.write(data)
            file.flush()
