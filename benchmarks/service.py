"""What the service costs around the training: CPU milliseconds a default job by part, and the wall of 100 jobs.

    python -m benchmarks.service [parts] [wall] [growth] [memory] [--rounds 3]

The servers are real: PostgreSQL (without syncs, as in the tests) and Redis on this machine, which share its cores with
the workers. A default job has 10,001 steps, 1,001 records, 12 snapshots and 11 checkpoints.

parts    A worker's claims in this process, without Celery and supervisor. A part's time is that of the threads while
         they are in it; what is in no part is "the rest". Compiling, imports and the first claim are not counted.
wall     From the submit of 100 jobs to the last one's end in the database, with `curvegan worker --concurrency 2`,
         which has trained before; against two processes that train 50 jobs each with the fused engine and keep nothing:
         noise, records, snapshots with their metrics and checkpoints' bytes are made, as in `benchmarks.engines`. They
         take turns. CPU seconds are those of all processes: workers, supervisor, PostgreSQL and Redis.
growth   CPU seconds a job of worker processes, supervisor, PostgreSQL and Redis together, in sweeps of 10, 100 and
         1,000 jobs.
memory   A worker process's resident memory after 50 and after 500 jobs.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import psutil

from benchmarks.engines import STEPS, train
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.fused.engine import FusedEngine
from curvegan_core.metrics.evaluation import Evaluation
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_db.store import Store, open_store
from curvegan_db.values import JobRequest
from curvegan_worker import recorder
from curvegan_worker.celery.nudges import nudge
from curvegan_worker.host.machine_code import prepare
from curvegan_worker.lease import Lease
from curvegan_worker.options import HANG_S
from curvegan_worker.outage import Outage
from curvegan_worker.run import Run
from curvegan_worker.settings import Settings
from curvegan_worker.stop_flag import StopFlag
from tests.databases import migrate
from tests.servers import PostgresServer, RedisServer
from tests.worker.fleet import run_fleet

DEVICES = ("auto", "cpu")
WORKERS, JOBS = 2, 100
PARTS: dict[str, list[tuple[Any, str]]] = {
    "training": [(FusedEngine, "run")],
    "snapshots with metrics": [(Evaluation, "snapshot"), (Evaluation, "final")],
    "checkpoints to bytes": [(Checkpoint, "to_bytes")],
    "claim and reap": [(Store, "claim"), (Store, "reap"), (Store, "queued")],
    "begin": [(Store, "checkpoints"), (Store, "begin")],
    "record": [(Store, "record")],
    "read back and judge": [(Store, "losses"), (Store, "snapshots"), (recorder, "judge")],
    "plots": [(recorder, "render")],
    "heartbeat": [(Store, "heartbeat")],
}


def parts(jobs: int = 48) -> dict[str, float]:
    """Return CPU milliseconds a job by part, of this process, and those of PostgreSQL."""
    prepare()
    with PostgresServer() as server:
        migrate(server.url())
        with open_store(server.url()) as store:
            submit(store, 2)
            work(store)
            submit(store, jobs)
            seconds: dict[str, float] = defaultdict(float)
            database, started = cpu_of(postgres()), time.process_time()
            with timed(seconds):
                work(store)
            seconds["the rest"] = time.process_time() - started - sum(seconds.values())
            seconds["PostgreSQL"] = cpu_of(postgres()) - database
    return {name: 1e3 * each / jobs for name, each in seconds.items()}


def submit(store: Store, jobs: int) -> list[int]:
    """Queue default jobs with seeds of their own."""
    return store.submit([JobRequest(TrainConfig(seed=seed)) for seed in range(jobs)])


def work(store: Store) -> None:
    """Claim and train until nothing is queued, as a worker process does."""
    worker = store.register_worker("benchmark", 1, DEVICES, "0")
    while store.reap() is not None and (claim := store.claim(worker, DEVICES, 16)) is not None:
        with Lease(store, claim, Outage("the database"), HANG_S, lambda: None) as lease:
            Run(store, claim, lease, "cpu", StopFlag()).train()
    store.unregister_worker(worker)


@contextmanager
def timed(seconds: dict[str, float]) -> Iterator[None]:
    """Add up, for as long as the block runs, what each thread spends in each part."""
    with ExitStack() as stack:
        for part, functions in PARTS.items():
            for owner, name in functions:
                original = getattr(owner, name)
                setattr(owner, name, _timed(original, part, seconds))
                stack.callback(setattr, owner, name, original)
        yield


_inside = threading.local()


def _timed(function: Callable[..., Any], part: str, seconds: dict[str, float]) -> Callable[..., Any]:
    @wraps(function)
    def timed_call(*args: Any, **options: Any) -> Any:
        if getattr(_inside, "part", None):  # one part calls another: the first one counts
            return function(*args, **options)
        _inside.part, started = part, time.thread_time()
        try:
            return function(*args, **options)
        finally:
            seconds[part] += time.thread_time() - started
            _inside.part = None

    return timed_call


def wall(rounds: int = 3, jobs: int = JOBS) -> dict[str, float]:
    """Return medians for so many jobs through the service and bare, which take turns: seconds, CPU seconds, ratios."""
    through, bare = [], []
    with service() as (settings, store), multiprocessing.get_context("spawn").Pool(WORKERS, prepare) as pool:
        finish(settings, store, 4 * WORKERS)
        train_bare(pool, 4 * WORKERS)
        for _ in range(rounds):
            bare.append(spent(partial(train_bare, pool, jobs)))
            through.append(spent(partial(finish, settings, store, jobs)))
    found = {}
    for place, what in enumerate(("seconds", "CPU seconds")):
        pairs = [(a[place], b[place]) for a, b in zip(through, bare, strict=True)]
        found[f"{what} through the service"] = statistics.median(a for a, _ in pairs)
        found[f"{what} bare"] = statistics.median(b for _, b in pairs)
        found[f"ratio of {what}"] = statistics.median(a / b for a, b in pairs)
    return found


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that something takes, and the CPU seconds of this process's children in them."""
    cpu, started = cpu_of(children()), time.monotonic()
    work()
    return time.monotonic() - started, cpu_of(children()) - cpu


@contextmanager
def service() -> Iterator[tuple[Settings, Store]]:
    """PostgreSQL, Redis and two worker processes."""
    with tempfile.TemporaryDirectory() as home, PostgresServer() as server, RedisServer() as broker:
        migrate(server.url())
        settings = Settings.resolve(home, server.url(), broker.url)
        with (
            open_store(server.url()) as store,
            run_fleet(settings, "--concurrency", str(WORKERS), "--device", "cpu", log_file=Path(home) / "log"),
        ):
            yield settings, store


def finish(settings: Settings, store: Store, jobs: int) -> None:
    """Submit jobs, and wait until all of them have succeeded."""
    ids = submit(store, jobs)
    nudge(settings, store.queued_among(ids[:WORKERS]))
    while store.jobs(ids, states=("queued", "running", "lost"), limit=1):
        time.sleep(0.05)
    assert len(store.jobs(ids, states=("succeeded",))) == jobs


def train_bare(pool: Pool, jobs: int) -> None:
    """Train jobs in the pool's processes."""
    pool.starmap(train, [(FusedEngine, 1, STEPS)] * jobs, chunksize=1)


def growth(sizes: tuple[int, ...] = (10, 100, 1000)) -> dict[int, float]:
    """Return CPU seconds a job, all processes together, for sweeps of these sizes."""
    found = {}
    with service() as (settings, store):
        finish(settings, store, 2 * WORKERS)
        for size in sizes:
            found[size] = spent(partial(finish, settings, store, size))[1] / size
    return found


def memory(looks: tuple[int, ...] = (50, 500)) -> dict[int, float]:
    """Return megabytes of resident memory of the larger worker process, after so many jobs of both."""
    found, done = {}, 0
    with service() as (settings, store):
        for look in looks:
            finish(settings, store, look - done)
            done = look
            processes = (p for p in children() if "celery" in p.cmdline())
            found[look] = max(process.memory_info().rss for process in processes) / 1e6
    return found


def children() -> list[psutil.Process]:
    """Return all processes that this one started."""
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    return found


def postgres() -> list[psutil.Process]:
    """Return the processes of the PostgreSQL server that this process started."""
    return [process for process in children() if process.name() == "postgres"]


def cpu_of(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU seconds of processes, and of their children that have ended."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def main() -> None:
    """Measure what is asked for, and print it as Markdown."""
    parser = argparse.ArgumentParser(description="What the service costs around the training")
    parser.add_argument("what", nargs="*", default=["parts", "wall", "growth", "memory"])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if "parts" in asked.what:
        print_table("CPU ms a default job", parts())
    if "wall" in asked.what:
        print_table(f"{JOBS} jobs on {WORKERS} processes", wall(asked.rounds))
    if "growth" in asked.what:
        print_table("CPU s a job", {f"{size} jobs": seconds for size, seconds in growth().items()})
    if "memory" in asked.what:
        print_table("MB of a worker process", {f"after {jobs} jobs": size for jobs, size in memory().items()})


def print_table(unit: str, figures: Mapping[str, float]) -> None:
    """Write figures as Markdown."""
    print(f"| | {unit} |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value:.4g} |")
    print()


if __name__ == "__main__":
    main()
