"""The parts of the benchmark: a fleet that trains, one that idles, a sweep that is drained, a SQLite file."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from sqlalchemy import text

from benchmarks.fleet.clients import Looks, play, run_clients
from benchmarks.fleet.counting import Waits, figures, look
from benchmarks.fleet.recorded import Script, record, submit_pack
from benchmarks.fleet.simulated import PACK, STEPS, TOGETHER, Simulated, merged, processes, run_probe, run_workers
from benchmarks.service import cpu_of, postgres
from benchmarks.store import DEVICES
from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store, open_store
from curvegan_db.tables.models import Base
from curvegan_db.values import JobRequest
from curvegan_worker.recorder import FLUSH_S, WRITES_A_S

SQLITE_PROCESSES = 2
PROBED = 4
"""The probe, whose jobs take no time, ends one of so many jobs."""
Found = Mapping[str, object]


def flushes(workers: int, job_s: float) -> list[int]:
    """The steps, on the grid of the checkpoints, at which jobs that train together are stored before their end."""
    lasts, every = TOGETHER * job_s, max(FLUSH_S, workers / WRITES_A_S)
    steps = {int(STEPS * every * n / lasts) // 1000 * 1000 for n in range(1, int(lasts / every) + 1)}
    return sorted(step for step in steps if 0 < step < STEPS - 1)


def queue(store: Store, jobs: int) -> None:
    """Queue default jobs of one sweep, and have the tables looked at as autovacuum does by and by."""
    requests = [JobRequest(TrainConfig(seed=s, keep_checkpoints="final")) for s in range(jobs)]
    store.submit_sweep(requests, {"seed": [0]}, "many")
    if store.engine.dialect.name == "postgresql":
        with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


def recorded(store: Store, workers: int, job_s: float) -> Script:
    """What a worker of such a fleet sends."""
    worker = Simulated(store, 10**6, job_s, threading.Event())
    script = record(store, worker, flushes(workers, job_s))
    store.unregister_worker(worker.id)
    return script


def registered(store: Store, workers: int) -> list[tuple[str, str]]:
    """Register workers; their ids and labels."""
    return [(store.register_worker(f"host{n // 16}", n, DEVICES, "0"), f"host{n // 16}:{n}") for n in range(workers)]


def fleet(url: str, workers: int, rate: float, seconds: float) -> Found:
    """Run a fleet on an empty PostgreSQL database, and return what is counted once jobs end."""
    job_s = workers / (rate * (1 - 1 / PROBED))
    ramp = 20 + workers / 50 + 1.5 * TOGETHER * job_s
    with open_store(url) as store:
        script = recorded(store, workers, job_s)
        queue(store, int(rate * (seconds + 3 * ramp)) + PACK * workers)
        tasks = [
            (run_clients, (url, script, registered(store, workers), job_s, "polls")),
            (run_probe, (url, PACK * PROBED / rate)),
        ]
        with processes(tasks) as running:
            time.sleep(ramp)
            _settle(store, TOGETHER * workers, 2 * ramp)
            began, before, waits = time.monotonic(), look(store, running), Waits(store)
            while time.monotonic() < began + seconds:
                time.sleep(0.25)
                waits.look()
            after, ended = look(store, running), time.monotonic()
            for _, pipe in running:
                pipe.send("over")
            notes, probe = [pipe.recv() for _, pipe in running]
    return {"asked, jobs/s": rate, **figures(notes, probe, (began, ended), before, after), **waits.figures()}


def _settle(store: Store, jobs: int, most_s: float) -> None:
    """Wait until so many have ended, as on a busy machine the first of each worker take long."""
    until = time.monotonic() + most_s
    while _in_state(store, "succeeded") < jobs and time.monotonic() < until:
        time.sleep(1)


def looks(url: str, workers: int, how: Looks, seconds: float) -> Found:
    """Have workers idle, and then submit a job twice a second."""
    with open_store(url) as store:
        script = recorded(store, workers, 0.01)
        tasks = [(run_clients, (url, script, registered(store, workers), 0.01, how))]
        with processes(tasks) as running:
            time.sleep(10 + workers / 50)
            idle = _cores(seconds)
            jobs = threading.Thread(target=_submit_now_and_then, args=(store, seconds))
            jobs.start()
            busy = _cores(seconds)
            jobs.join()
            time.sleep(6)
            running[0][1].send("over")
            running[0][1].recv()
        with store.engine.connect() as connection:
            seen = "SELECT extract(epoch FROM a.began_at - j.created_at) FROM jobs j JOIN attempts a ON a.job_id = j.id"
            waited = [1000 * float(row[0]) for row in connection.execute(text(f"{seen} WHERE j.name = 'single'"))]
    p50, p99 = np.percentile(waited, [50, 99]).tolist()
    return {
        "cores of the database": idle,
        "database, CPU ms more a job": 1000 * (busy - idle) * seconds / len(waited),
        "until a job is begun p50, ms": p50,
        "p99, ms": p99,
        "jobs": len(waited),
    }


def _cores(seconds: float) -> float:
    began, before = time.monotonic(), cpu_of(postgres())
    time.sleep(seconds)
    return (cpu_of(postgres()) - before) / (time.monotonic() - began)


def _submit_now_and_then(store: Store, seconds: float) -> None:
    until = time.monotonic() + seconds - 1
    while time.monotonic() < until:
        store.submit([JobRequest(TrainConfig(seed=random.randrange(2**60)), name="single")])
        with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("NOTIFY queued"))
        time.sleep(random.uniform(0.3, 0.7))


def drain(url: str, jobs: int, workers: int = 50, most_s: float = 400.0) -> Iterator[Found]:
    """Have a sweep trained as fast as it is claimed and recorded; each fifth of it, or what there was time for."""
    with open_store(url) as store:
        script = recorded(store, workers, 0.01)
        queue(store, jobs)
        tasks = [
            (run_clients, (url, script, registered(store, workers), 0.01, "polls")),
            (run_probe, (url, 1.0)),
        ]
        with processes(tasks) as running:
            looks, left = [(time.monotonic(), jobs, look(store, running))], jobs
            while left and time.monotonic() < looks[0][0] + most_s:
                time.sleep(1)
                left = _in_state(store, "queued")
                if left <= jobs * (1 - len(looks) / 5):
                    looks.append((time.monotonic(), left, look(store, running)))
            for _, pipe in running:
                pipe.send("over")
            notes, probe = [pipe.recv() for _, pipe in running]
    for (began, _, before), (ended, left, after) in pairwise(looks):
        yield {"left": left, **figures(notes, probe, (began, ended), before, after)}


def _in_state(store: Store, state: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM jobs WHERE state = '{state}'")).scalar_one())


def sqlite(workers: int, rate: float, seconds: float) -> Found:
    """Run a fleet of threads on a SQLite file."""
    job_s = workers / (rate * (1 - 1 / PROBED))
    with tempfile.TemporaryDirectory(prefix="curvegan-bench-") as folder:
        url = f"sqlite:///{folder}/curvegan.db"
        with open_store(url) as store:
            queue(store, int(rate * (seconds + 60)) + PACK * workers)
            parts = [range(first, workers, SQLITE_PROCESSES) for first in range(SQLITE_PROCESSES)]
            tasks = [*((run_workers, (url, part, job_s)) for part in parts), (run_probe, (url, PACK * PROBED / rate))]
            with processes(tasks) as running:
                time.sleep(20 + 1.5 * TOGETHER * job_s)
                began, before = time.monotonic(), look(store, running)
                time.sleep(seconds)
                after, ended = look(store, running), time.monotonic()
                for _, pipe in running:
                    pipe.send("over")
                *notes, probe = [pipe.recv() for _, pipe in running]
    return {"asked, jobs/s": rate, **figures(merged(notes), probe, (began, ended), before, after)}


def alike(url: str) -> bool:
    """Whether a client leaves the rows that a real worker leaves of the same jobs."""
    with open_store(url) as store:
        script = recorded(store, 1000, 10.0)
        worker = registered(store, 1)[0]
        before = _rows(store)
        submit_pack(store, PACK)
        play(url, script, *worker)
        after = _rows(store)
        real = _jobs_of(before, [*_ids(before)][-PACK:])
        return real == _jobs_of(after, [i for i in _ids(after) if i not in _ids(before)])


def _rows(store: Store) -> dict[str, list[dict[str, object]]]:
    with store.engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(table.select().order_by(*table.primary_key)).mappings()]
            for name, table in Base.metadata.tables.items()
        }


def _ids(rows: Mapping[str, list[dict[str, object]]]) -> list[object]:
    return [job["id"] for job in rows["jobs"]]


def _jobs_of(rows: Mapping[str, list[dict[str, object]]], jobs: list[object]) -> list[tuple[object, ...]]:
    """All there is of jobs, but for ids, tokens, who and when."""
    found = []
    for name, table in rows.items():
        for row in table:
            job = row.get("id") if name == "jobs" else row.get("job_id")
            if job in jobs:
                kept = {k: v for k, v in row.items() if k not in _OWN and not hasattr(v, "tzinfo")}
                found.append((name, jobs.index(job), repr(kept)))
    return sorted(found)


_OWN = {"id", "job_id", "token", "worker", "sweep_id", "lease_token"}
