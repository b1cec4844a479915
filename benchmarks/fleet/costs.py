"""What each thing that a worker asks costs the database and the worker, in CPU milliseconds, and in statements.

    python -m benchmarks.fleet.costs [--workers 1000] [--queued 20000]

CPU time hardly depends on what else the machine does, so this is the base of the model in docs/scale.md.
"""

import argparse
import time
from collections.abc import Callable
from itertools import count

import numpy as np
from sqlalchemy import text

from benchmarks.service import cpu_of, postgres
from benchmarks.store import DEVICES, DurablePostgres, claim, losses, submit
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.store import Store, open_store
from curvegan_db.values import IDLE, Claim
from curvegan_db.verbs.progress import Ending, Record
from tests.databases import migrate, statements

PACK, TOGETHER, CALLS = 16, 4, 50


def whole(store: Store, worker: str) -> None:
    """A claim of 16 jobs whose trainings take no time: four of them end together."""
    held = begun(store, worker)
    numbers = np.random.default_rng(0)
    curve = LossCurve(np.arange(0, 10_001, 10), *numbers.standard_normal((5, 1001)).astype(np.float32))
    seen = [Snapshot(909 * n, numbers.standard_normal((32, 15)).astype(np.float32)) for n in range(12)]
    ending = Ending(JobState.SUCCEEDED, metrics={"rmse": 0.1})
    state = [(10_001, numbers.bytes(75_000))]
    records = [Record(job.id, 10_001, curve, seen, state, {0: ("a line", 0.0)}, (), ending) for job in held.jobs]
    for first in range(0, len(records), TOGETHER):
        assert not store.record(held.token, records[first : first + TOGETHER])


def begun(store: Store, worker: str) -> Claim:
    """A claim of 16 jobs that has begun."""
    held = claim(store, worker, PACK)
    assert not store.begin(held.token, {job.id: 0 for job in held.jobs}, "cpu", "fused", "1")
    return held


def recorder(store: Store, held: Claim) -> Callable[[], object]:
    """A call that stores the next 100 steps of four jobs, each with a checkpoint."""
    steps, state = count(100, 100), np.random.default_rng(1).bytes(75_000)
    jobs = [job.id for job in held.jobs[:TOGETHER]]

    def record() -> None:
        step = next(steps)
        records = [Record(job, step, losses(step - 100, step), (), [(step, state)]) for job in jobs]
        assert not store.record(held.token, records)

    return record


def cost(store: Store, work: Callable[[], object], calls: int = CALLS) -> tuple[int, float, float]:
    """Statements, and CPU milliseconds of the database and of this process, a call."""
    work()
    with statements(store) as sent:
        work()
    database, own = cpu_of(postgres()), time.process_time()
    for _ in range(calls):
        work()
    own, database = time.process_time() - own, cpu_of(postgres()) - database
    return len(sent), 1000 * database / calls, 1000 * own / calls


def main() -> None:
    """Measure and print as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--queued", type=int, default=20_000)
    asked = parser.parse_args()
    with DurablePostgres() as server:
        migrate(server.url())
        with open_store(server.url(), lease_s=3600) as store:
            submit(store, 0, asked.queued)
            with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                connection.execute(text("VACUUM ANALYZE"))
            worker, *_ = [store.register_worker("host", n, DEVICES, "0") for n in range(asked.workers)]
            held = begun(store, worker)
            asks: dict[str, Callable[[], object]] = {
                "poll": lambda: store.queued(DEVICES),
                "beat of an idle one": lambda: store.beat(worker, IDLE),
                "reap": store.reap,
                "heartbeat of a pack": lambda: store.heartbeat(held.token, [job.id for job in held.jobs]),
                "record of four jobs, with checkpoints": recorder(store, held),
                "claim of 1": lambda: store.claim(worker, DEVICES, 1),
                "claim of 16": lambda: store.claim(worker, DEVICES, PACK),
                "16 jobs from claim to end": lambda: whole(store, worker),
            }
            print("| | statements | database, ms | worker, ms |\n|---|---|---|---|")
            for name, work in asks.items():
                sent, database, own = cost(store, work)
                print(f"| {name} | {sent} | {database:.2f} | {own:.2f} |", flush=True)


if __name__ == "__main__":
    main()
