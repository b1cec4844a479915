"""Simulated workers, in processes of their own: real stores and verbs, and sleep in place of training."""

import math
import multiprocessing
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import numpy as np

from benchmarks.fleet.counting import Notes
from benchmarks.store import DEVICES
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.store import Store, open_store
from curvegan_db.values import IDLE, Claim
from curvegan_db.verbs.progress import Ending, Record
from curvegan_worker.lease import BEATS_A_LEASE
from curvegan_worker.recorder import FLUSH_S, WRITES_A_S

PACK, TOGETHER, STEPS = 16, 4, 10_001
BEAT_S = 30 / BEATS_A_LEASE
PROCESSES = 2
T = TypeVar("T")


class Simulated:
    """One worker. Threads of one process share connections, and nothing else."""

    def __init__(self, store: Store, number: int, job_s: float, over: threading.Event) -> None:
        self.store = Store(store.engine)
        self.number, self.job_s, self.over = number, job_s, over
        self.took: Notes = defaultdict(list)
        self.id = self.store.register_worker(f"host{number // 16}", number, DEVICES, "0")
        random_numbers = np.random.default_rng(number)
        self.snapshot = random_numbers.standard_normal((32, 15)).astype(np.float32)
        self.checkpoint = random_numbers.bytes(75_000)
        self.losses = random_numbers.standard_normal((5, STEPS // 10 + 1)).astype(np.float32)

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
                if now - flushed > max(FLUSH_S, self.store.peers / WRITES_A_S):
                    stored, flushed = self.record(claim, part, stored, int(STEPS * (now - started) / lasts)), now
                self.over.wait(min(1.0, started + lasts - now))
            if not self.over.is_set():
                self.record(claim, part, stored, STEPS, Ending(JobState.SUCCEEDED, metrics={"rmse": 0.1}))
            held = held[TOGETHER:]

    def record(self, claim: Claim, jobs: Sequence[int], since: int, step: int, ending: Ending | None = None) -> int:
        """Store what came of some jobs since they were stored last; the end of one looks at all that was stored."""
        for job in jobs if ending and since else ():
            self.timed("read", lambda job=job: (self.store.losses(job), self.store.snapshots(job)))  # type: ignore[misc]
        snapshots = [Snapshot(s, self.snapshot) for s in range(since - since % -909, step, 909)]
        records = [
            Record(
                job,
                step,
                self.curve(since, step),
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

    def curve(self, since: int, step: int) -> LossCurve:
        """A loss every ten steps; no two are alike, as of real ones."""
        steps = np.arange(since - since % -10, step, 10)
        return LossCurve(steps, *self.losses[:, steps // 10])

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


def run_probe(url: str, pause_s: float, pipe: Connection) -> None:
    """A worker by itself, whose jobs take no time: its claims are a worker's as it sees them."""
    with patiently_opened(url, kept=1) as store:
        worker = Simulated(store, 10**6, 0.0, threading.Event())
        while not pipe.poll(pause_s * random.uniform(0.5, 1.5)):
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
def processes(tasks: Sequence[tuple[Any, tuple[Any, ...]]]) -> Iterator[list[tuple[Any, Connection]]]:
    """Processes that each run a function with some arguments and a pipe."""
    context = multiprocessing.get_context("spawn")
    started = []
    for task, arguments in tasks:
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
