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
import math
import multiprocessing
import os
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import text

from benchmarks.fleet.counting import Notes, count, figures, look
from benchmarks.store import DEVICES, DurablePostgres, losses
from curvegan_core.config.train import TrainConfig
from curvegan_core.records.loss_curve import Snapshot
from curvegan_db.columns import JobState
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.store import Store, open_store
from curvegan_db.values import IDLE, Claim, JobRequest
from curvegan_db.verbs.progress import Ending, Record
from curvegan_worker.lease import BEATS_A_LEASE
from tests.databases import migrate

PACK, TOGETHER, STEPS = 16, 4, 10_001
BEAT_S = 30 / BEATS_A_LEASE
PROCESSES = 2
PROBE_S = 0.5
T = TypeVar("T")


class Simulated:
    """One worker. Threads of one process share connections, and nothing else."""

    def __init__(self, store: Store, number: int, job_s: float, over: threading.Event) -> None:
        self.store = Store(store.engine)
        self.job_s, self.over = job_s, over
        self.took: Notes = defaultdict(list)
        self.id = self.store.register_worker(f"host{number // 16}", number, DEVICES, "0")
        random_numbers = np.random.default_rng(number)
        self.snapshot = random_numbers.standard_normal((32, 15)).astype(np.float32)
        self.checkpoint = random_numbers.bytes(75_000)

    def work(self) -> None:
        """Claim, train and idle until it is over. Who starts with all others starts somewhere in a pack's time."""
        self.over.wait(random.uniform(0, min(self.job_s, 30)))
        beaten = reap_from = -math.inf
        while not self.over.is_set():
            if time.monotonic() > reap_from:
                self.timed("reap", self.store.reap)
                reap_from = time.monotonic() + self.store.peers / 10
            claim = self.timed("claim", lambda: self.store.claim(self.id, DEVICES, PACK))
            if claim is not None:
                self.train(claim)
                continue
            if time.monotonic() - beaten > BEAT_S:
                self.timed("beat", lambda: self.store.beat(self.id, IDLE))
                beaten = time.monotonic()
            while not self.timed("poll", lambda: self.store.queued(DEVICES)) and not self.over.is_set():
                self.over.wait(min(max(1.0, self.store.peers / 100), BEAT_S))

    def train(self, claim: Claim) -> None:
        """Train a claim in parts, as the fused engine does, with the heartbeats that it takes."""
        self.timed(
            "begin", lambda: self.store.begin(claim.token, {job.id: 0 for job in claim.jobs}, "cpu", "fused", "1")
        )
        held, beaten = [job.id for job in claim.jobs], time.monotonic()
        while held and not self.over.is_set():
            part, started = held[:TOGETHER], time.monotonic()
            lasts, stored, flushed = len(part) * self.job_s * random.uniform(0.75, 1.25), 0, started
            while (now := time.monotonic()) < started + lasts and not self.over.is_set():
                if now - beaten > BEAT_S:
                    self.timed("beat", partial(self.store.heartbeat, claim.token, held))
                    beaten = now
                if now - flushed > max(1.0, self.store.peers / 200):
                    stored, flushed = self.record(claim, part, stored, int(STEPS * (now - started) / lasts)), now
                self.over.wait(min(1.0, started + lasts - now))
            if not self.over.is_set():
                self.record(claim, part, stored, STEPS, Ending(JobState.SUCCEEDED, metrics={"rmse": 0.1}))
            held = held[TOGETHER:]

    def record(self, claim: Claim, jobs: Sequence[int], since: int, step: int, ending: Ending | None = None) -> int:
        """Store what came of some jobs since they were stored last."""
        snapshots = [Snapshot(s, self.snapshot) for s in range(since - since % -909, step, 909)]
        records = [
            Record(
                job,
                step,
                losses(since - since % -10, step),
                snapshots,
                [(step, self.checkpoint)],
                {step: ("a line", 0.0)},
                (),
                ending,
                since,
            )
            for job in jobs
        ]
        lost = self.timed("record", lambda: self.store.record(claim.token, records))
        assert not lost, "a simulated worker lost a lease"
        for _ in jobs if ending else ():
            self.took["job"].append((time.monotonic(), 0.0))
        return step

    def timed(self, what: str, work: Callable[[], T]) -> T:
        """Do it, and note when and how long it took."""
        started = time.monotonic()
        result = work()
        self.took[what].append((started, time.monotonic() - started))
        return result


def patiently_opened(url: str, kept: int) -> Store:
    """Open a store, on a machine that is too busy to answer at once."""
    for _ in range(10):
        with suppress(DatabaseUnreachable):
            return open_store(url, kept=kept)
    return open_store(url, kept=kept)


def run_workers(url: str, numbers: Sequence[int], job_s: float, pipe: Connection) -> None:
    """A process of simulated workers, until it is told that it is over; sends what they noted."""
    os.nice(5)
    random.seed(numbers[0])
    with patiently_opened(url, kept=12) as store:
        over = threading.Event()
        workers = [Simulated(store, number, job_s, over) for number in numbers]
        threads = [threading.Thread(target=worker.work) for worker in workers]
        for thread in threads:
            thread.start()
        pipe.recv()
        over.set()
        for thread in threads:
            thread.join()
        pipe.send(merged([worker.took for worker in workers]))


def run_probe(url: str, pipe: Connection) -> None:
    """A worker by itself, whose jobs take no time: its claims are a worker's as it sees them."""
    with patiently_opened(url, kept=1) as store:
        worker = Simulated(store, 10**6, 0.0, threading.Event())
        while not pipe.poll(PROBE_S * random.uniform(0.5, 1.5)):
            claim = worker.timed("claim", lambda: worker.store.claim(worker.id, DEVICES, PACK))
            if claim is not None:
                worker.train(claim)
        pipe.send(dict(worker.took))


def merged(notes: Sequence[Notes]) -> Notes:
    """All notes together."""
    return {
        what: [each for note in notes for each in note.get(what, ())] for what in {w for note in notes for w in note}
    }


@contextmanager
def processes(url: str, workers: int, job_s: float) -> Iterator[list[tuple[Any, Connection]]]:
    """Simulated workers in processes, and the probe, which is the last one."""
    context = multiprocessing.get_context("spawn")
    parts = [range(first, workers, PROCESSES) for first in range(min(PROCESSES, workers))]
    tasks: list[tuple[Any, tuple[Any, ...]]] = [(run_workers, (url, part, job_s)) for part in parts]
    started = []
    for task, arguments in [*tasks, (run_probe, (url,))]:
        ours, theirs = context.Pipe()
        process = context.Process(target=task, args=(*arguments, theirs))
        process.start()
        started.append((process, ours))
    try:
        yield started
    finally:
        for process, _ in started:
            process.join(60)
            process.kill()


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
