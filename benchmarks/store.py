"""What the store takes with many jobs, on SQLite and on PostgreSQL: seconds and milliseconds of wall time.

    python -m benchmarks.store [--jobs 100000] [--queued 1000]

The jobs are the default one with seeds of their own; all but the queued ones have ended, with metrics, an attempt and
the events of their lives. SQLite and PostgreSQL write through to the disk, as they do for users. A figure is the median
of several calls; `status` is the whole process, imports included.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from sqlalchemy import text

from curvegan_core.config.train import TrainConfig
from curvegan_core.records.loss_curve import LossCurve
from curvegan_db.store import Store, open_store
from curvegan_db.values import Claim, JobRequest
from curvegan_db.verbs.progress import Record
from tests.databases import migrate
from tests.servers import PostgresServer

DEVICES = ("auto", "cpu")
PACK = 16
PART = 10_000
# What each may take, by the figure's name: (SQLite, PostgreSQL). A name says its unit.
MUST = {
    "submit 10,000 jobs, s": (10, 10),
    "claim a job, ms": (20, 10),
    f"claim a pack of {PACK}, ms": (20, 10),
    "status, s": (0.5, 0.5),
    "status --state failed, s": (0.5, 0.5),
    "status --tag night, s": (0.5, 0.5),
}

_ENDED = """
UPDATE jobs SET attempt = 1, step = steps, started_at = created_at, finished_at = created_at, began_at = created_at,
    began_step = 0, recorded_at = created_at, worker = 'host:1', device = 'cpu', engine = 'fused', engine_version = '1',
    state = CASE WHEN id % 100 = 0 THEN 'failed' ELSE 'succeeded' END,
    metrics = '{"rmse": 0.0123456789, "spread": 0.0234, "g_loss": 0.69, "d_loss": 1.38, "d_real": 0.5, "d_fake": 0.5}'
WHERE id <= :last"""
_LIVES = (
    """INSERT INTO attempts (job_id, attempt, token, worker, claimed_at, ended_at, outcome)
    SELECT id, 1, 'token', worker, created_at, finished_at, state FROM jobs WHERE id <= :last""",
    *(
        f"""INSERT INTO events (job_id, at, attempt, worker, kind)
        SELECT id, created_at, 1, worker, '{kind}' FROM jobs WHERE id <= :last"""
        for kind in ("claimed", "began", "succeeded")
    ),
)


class DurablePostgres(PostgresServer):
    """The tests' server, made to write through to the disk as a user's does."""

    def command(self) -> list[str]:
        return [*super().command(), "-c", "fsync=on", "-c", "full_page_writes=on"]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The URL of an empty database of each kind."""
    with tempfile.TemporaryDirectory(prefix="curvegan-bench-") as folder, DurablePostgres() as server:
        migrate(server.url())
        yield {"SQLite": f"sqlite:///{folder}/curvegan.db", "PostgreSQL": server.url()}


def fill(store: Store, jobs: int, queued: int) -> float:
    """Submit jobs and end all but the queued ones; seconds that 10,000 jobs took to submit."""
    seconds = []
    for start in range(0, jobs, PART):
        seconds.append(seconds_of(lambda start=start: submit(store, start, min(PART, jobs - start))))  # type: ignore[misc]
    with store.engine.begin() as connection:
        for statement in (_ENDED, *_LIVES):
            connection.execute(text(statement), {"last": jobs - queued})
    if store.engine.dialect.name == "postgresql":  # its autovacuum does so a minute later
        with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return statistics.median(seconds)


def submit(store: Store, start: int, jobs: int) -> None:
    """Queue jobs as a sweep over the seed does; one in a thousand is tagged."""
    seeds = range(start, start + jobs)
    store.submit([JobRequest(TrainConfig(seed=s), tags=() if s % 1000 else ("night",)) for s in seeds])


def figures(url: str, jobs: int = 100_000, queued: int = 1_000) -> dict[str, float]:
    """All figures on one database, by the names of MUST and more."""
    store = open_store(url)
    found = {"submit 10,000 jobs, s": fill(store, jobs, queued)}
    worker = store.register_worker("host", 1, DEVICES, "0")
    with store:
        found["claim a job, ms"] = median_ms(lambda: claim(store, worker, 1), 20)
        found[f"claim a pack of {PACK}, ms"] = median_ms(lambda: claim(store, worker, PACK), 20)
        held = begun(store, worker)
        found["heartbeat of a pack, ms"] = median_ms(lambda: store.heartbeat(held.token), 20)
        found["record of a job, ms"] = median_ms(recorder(store, held), 20)
        found["reap, ms"] = median_ms(store.reap, 20)
        found["list 100 jobs, ms"] = median_ms(lambda: store.jobs(limit=100), 5)
    for words in ("status", "status --state failed", "status --tag night"):
        found[f"{words}, s"] = statistics.median(seconds_of(lambda words=words: command(url, words)) for _ in range(5))  # type: ignore[misc]
    return found


def claim(store: Store, worker: str, most: int) -> Claim:
    """Take what must be there."""
    claimed = store.claim(worker, DEVICES, most)
    assert claimed is not None
    return claimed


def begun(store: Store, worker: str) -> Claim:
    """A pack in the midst of its training."""
    held = claim(store, worker, PACK)
    store.begin(held.token, {job.id: 0 for job in held.jobs}, "cpu", "fused", "1")
    store.record(held.token, [Record(job.id, 5000, losses(0, 5000)) for job in held.jobs])
    return held


def recorder(store: Store, held: Claim) -> Callable[[], None]:
    """A call that stores a job's next 1,000 steps."""
    starts = iter(range(5000, 1_000_000, 1000))

    def record() -> None:
        start = next(starts)
        store.record(held.token, [Record(held.jobs[0].id, start + 1000, losses(start, start + 1000))])

    return record


def losses(start: int, end: int) -> LossCurve:
    """A record every 10 steps."""
    steps = np.arange(start, end, 10)
    return LossCurve(steps, *np.ones((5, len(steps)), np.float32))


def command(url: str, words: str) -> None:
    """Run `curvegan WORDS` as a process of its own."""
    run = "from curvegan_cli.main import main; main()"
    environment = os.environ | {"CURVEGAN_DATABASE_URL": url}
    subprocess.run([sys.executable, "-c", run, *words.split()], env=environment, check=True, capture_output=True)


def median_ms(work: Callable[[], object], times: int) -> float:
    """Milliseconds of a call, after one that warms up."""
    work()
    return 1000 * statistics.median(seconds_of(work) for _ in range(times))


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def table(found: dict[str, dict[str, float]]) -> str:
    """Write the figures of each database as Markdown."""
    lines = [f"| measure | must | {' | '.join(found)} |", "|---|---|" + "---|" * len(found)]
    for name in next(iter(found.values())):
        must = " / ".join(f"{bound:g}" for bound in dict.fromkeys(MUST.get(name, ()))) or "-"
        lines.append(f"| {name} | {must} | {' | '.join(f'{values[name]:.3g}' for values in found.values())} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what the store takes with many jobs")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--queued", type=int, default=1_000)
    given = parser.parse_args()
    with databases() as urls:
        found = {name: figures(url, given.jobs, given.queued) for name, url in urls.items()}
    print(f"{given.jobs} jobs, {given.queued} of them queued\n")
    print(table(found))


if __name__ == "__main__":
    main()
