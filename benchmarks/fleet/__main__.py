"""What a fleet asks of one database: real stores, claims, beats, records and polls; only the training is left out.

    python -m benchmarks.fleet [--database postgresql] [--workers 10 100 1000] [--rates 10 30 116] [--seconds 60]

A simulated worker is a thread that does what a worker process does, with a store of its own, and sleeps where that one
trains: workers / rate seconds a job, a quarter more or less. Its jobs are default ones of a sweep, and it writes what
they leave: losses, twelve snapshots, a checkpoint with each record. So many threads share few processes and their
connections, as behind a pooler; their Python takes more of this machine than the database does, and is told apart.
The claims that count are those of a worker by itself in a process of its own, which claims twice a second.

Not before the first jobs have ended is anything counted. Figures: jobs that ended a second, milliseconds that a claim
took at most in 50 and in 99 of 100 cases, the most statements that waited for a lock of somebody else's at any of the
looks, four a second, CPU milliseconds of the database and of the workers a job, transactions a second, kB of WAL a job.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from benchmarks.fleet.counting import count, figures, look
from benchmarks.fleet.simulated import PACK, TOGETHER, merged, processes
from benchmarks.store import DurablePostgres
from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store, open_store
from curvegan_db.values import JobRequest
from tests.databases import migrate


def measure(url: str, workers: int, rate: float, seconds: float) -> dict[str, float]:
    """Run a fleet on an empty store, and return what is counted once jobs end."""
    job_s = workers / rate
    with open_store(url) as store:
        queue(store, int(rate * (seconds + TOGETHER * job_s + 60)) + PACK * workers)
        with processes(url, workers, job_s) as running:
            time.sleep(20 + workers / 50 + 1.5 * TOGETHER * job_s)
            began, before = time.monotonic(), look(store, running)
            waits, connections = [], []
            while time.monotonic() < began + seconds:
                time.sleep(0.25)
                waits.append(count(store, "wait_event_type = 'Lock'"))
                connections.append(count(store, "backend_type = 'client backend'"))
            after, ended = look(store, running), time.monotonic()
            for _, pipe in running:
                pipe.send("over")
            *notes, probe = [pipe.recv() for _, pipe in running]
    return figures(merged(notes), probe, (began, ended), before, after) | {
        "workers": workers,
        "asked, jobs/s": rate,
        "waiting for locks, most": max(waits),
        "connections": statistics.median(connections),
        "load": os.getloadavg()[0],
    }


def queue(store: Store, jobs: int) -> None:
    """Queue default jobs of one sweep, and have the tables looked at as autovacuum does by and by."""
    store.submit_sweep(
        [JobRequest(TrainConfig(seed=s, keep_checkpoints="final")) for s in range(jobs)], {"seed": [0]}, "many"
    )
    if store.engine.dialect.name == "postgresql":
        with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database of its own."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="curvegan-bench-") as folder:
            yield f"sqlite:///{folder}/curvegan.db"
        return
    with DurablePostgres() as server:
        migrate(server.url())
        yield server.url()


def main() -> None:
    """Measure and print, run by run; the last line is all of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rates", type=float, nargs="+", default=[10, 30, 116])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--output", type=Path, help="where the figures go as JSON, a line a run")
    asked = parser.parse_args()
    for workers in asked.workers:
        for rate in asked.rates:
            with database(asked.database) as url:
                found = {"database": asked.database, **measure(url, workers, rate, asked.seconds)}
            print(
                " | ".join(
                    f"{name} {value:.4g}" if name != "database" else str(value) for name, value in found.items()
                ),
                flush=True,
            )
            if asked.output:
                with asked.output.open("a") as file:
                    file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
