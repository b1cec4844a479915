"""The soak: `make soak`. 200 jobs under a storm of faults, five minutes on one SQLite file, and the default lease.

    python -m tests.acceptance.soak [--seed N] [--jobs 200] [--lease 5] [--minutes 5]

Prints what happened as a table and ends with 1 when any job did not end exactly once, with the very numbers of an
undisturbed run.
"""

import argparse
import collections
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from curvegan.config import TrainConfig
from curvegan_db.records import Event, JobRequest
from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ..databases import migrate, new_database
from ..servers import PostgresServer, RedisServer
from ..worker.fleet import run_fleet, wait_until
from ..worker.jobs import SHORT, SLOW, submit, wait_for_step
from ..worker.undisturbed import assert_ended_once, assert_undisturbed
from .faulty import faulty_fleet, holder, wait_for_attempt, watching
from .storm import Storm, Strike

EVERY_S = 3.0
SAMPLED = 20
MOST_RECOVERY_S = 60.0
PATIENCE_S = 3600.0


@dataclass
class Report:
    """Rows of the table, and what broke a promise."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        self.rows.append((name, str(value)))
        print(f"{name:<58} {value}", flush=True)

    def check(self, promise: str, what: Iterable[object]) -> None:
        """A promise holds when nothing is listed against it."""
        found = list(what)
        self.violations += [f"{promise}: {each}" for each in found]
        self.add(promise, "yes" if not found else f"NO, {len(found)} violations")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--lease", type=float, default=5.0)
    parser.add_argument("--minutes", type=float, default=5.0, help="of the SQLite part")
    arguments = parser.parse_args()
    report = Report()
    report.add("seed", arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        weather_the_storm(Path(folder), arguments.seed, arguments.jobs, arguments.lease, report)
        share_one_file(Path(folder), arguments.minutes, report)
        keep_the_default_lease(Path(folder), report)
    print("\n".join(report.violations))
    return 1 if report.violations else 0


def weather_the_storm(folder: Path, seed: int, count: int, lease: float, report: Report) -> None:
    dice = random.Random(seed)
    with ExitStack() as stack:
        postgres, redis = stack.enter_context(PostgresServer()), stack.enter_context(RedisServer())
        url = stack.enter_context(new_database(postgres.url()))
        migrate(url)
        settings = Settings.resolve(str(folder / "storm"), url, redis.url)
        store = stack.enter_context(open_store(url))
        storm = Storm(settings, store, postgres, redis, dice, lease, stack)
        ids = store.submit([JobRequest(config) for config in configs(count, dice)])
        started = time.monotonic()
        rage(storm, ids)
        report.add("jobs, seconds", f"{count}, {time.monotonic() - started:.0f}")
        storm.calm()
        judge(store, ids, dice, report)
        tell(storm, ids, report)


def configs(count: int, dice: random.Random) -> Iterator[TrainConfig]:
    """Jobs of two shapes, each with its own seed and learning rate."""
    for seed in range(count):
        own = {"seed": seed, "hidden_g": dice.choice([16, 24]), "lr_g": dice.choice([1e-4, 1e-3]), "steps": 400}
        yield SLOW.model_copy(update=own)


def rage(storm: Storm, ids: list[int]) -> None:
    """A fault every three seconds for as long as jobs run."""
    deadline = time.monotonic() + PATIENCE_S
    storm.keep_four()
    wait_until(lambda: any(job.state == "running" for job in storm.store.jobs(ids)), 60, "nothing starts")
    while any(job.state in ("queued", "running", "lost") for job in storm.store.jobs(ids)):
        assert time.monotonic() < deadline, "the jobs do not end"
        time.sleep(EVERY_S)
        storm.keep_four()
        storm.strike()


def judge(store: Store, ids: list[int], dice: random.Random, report: Report) -> None:
    jobs = store.jobs(ids)
    report.check("every job succeeded", [(j.id, j.state, j.reason) for j in jobs if j.state != "succeeded"])
    report.check("each ended exactly once", failures(lambda job: assert_ended_once(store, job), ids))
    grid = {job.id: list(range(0, job.steps, job.config.record_every)) for job in jobs}
    report.check("no gap, no duplicate", [i for i in ids if store.losses(i).steps.tolist() != grid[i]])
    sampled = dice.sample(ids, min(SAMPLED, len(ids)))
    report.check(
        f"{len(sampled)} sampled jobs bit-identical", failures(lambda job: assert_undisturbed(store, job), sampled)
    )


def failures(check: Callable[[int], None], ids: Iterable[int]) -> Iterator[str]:
    for job in ids:
        try:
            check(job)
        except AssertionError as error:
            yield f"job {job}: {str(error)[:200]}"


def tell(storm: Storm, ids: list[int], report: Report) -> None:
    """Faults by kind, with how long the jobs that they struck were held by nobody; events of all jobs."""
    events = {job: storm.store.events(job) for job in ids}
    kinds = collections.Counter(event.kind for story in events.values() for event in story)
    for kind in ("claimed", "lost", "released", "checkpoint_refused"):
        report.add(f"events: {kind}", kinds[kind])
    report.add("most attempts of one job", max(job.attempt for job in storm.store.jobs(ids)))
    report.add("faults", len(storm.strikes))
    for kind in sorted({strike.kind for strike in storm.strikes}):
        struck = [strike for strike in storm.strikes if strike.kind == kind]
        report.add(f"  {kind}", f"{len(struck):3}{_times(list(_recoveries(struck, events)))}")


def _recoveries(strikes: Iterable[Strike], events: dict[int, list[Event]]) -> Iterator[float]:
    """Seconds from a fault until a job that lost its worker could be claimed again. When it is depends on the queue."""
    for strike in strikes:
        for job in strike.jobs:
            later = [event for event in events[job] if event.at > strike.at]
            if later and later[0].kind in ("lost", "released"):
                yield (later[0].at - strike.at).total_seconds()


def _times(seconds: list[float]) -> str:
    if not seconds:
        return ""
    return f", {len(seconds)} jobs free again after {statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s"


def share_one_file(folder: Path, minutes: float, report: Report) -> None:
    """Four workers and a watcher on one SQLite file."""
    settings = Settings.resolve(str(folder / "file"))
    screen = folder / "screen"
    with (
        open_store(settings.database_url) as store,
        run_fleet(settings, "--concurrency", "4", "--device", "cpu") as fleet,
        watching(settings, screen),
    ):
        ids: list[int] = []
        deadline = time.monotonic() + 60 * minutes
        while time.monotonic() < deadline:
            if sum(job.state == "queued" for job in store.jobs(ids)) < 16:
                ids += submit(store, SHORT, 16, first_seed=len(ids))
            time.sleep(0.5)
        wait_until(lambda: all(job.state == "succeeded" for job in store.jobs(ids)), 300, fleet.log)
        report.add("SQLite: minutes, jobs", f"{minutes:g}, {len(ids)}")
        said = fleet.log() + screen.read_text()
        report.check("SQLite: never locked, no error", [w for w in ("locked", "Error", "Traceback") if w in said])
        report.check("SQLite: each ended exactly once", failures(lambda job: assert_ended_once(store, job), ids))
        report.check("SQLite: one attempt each", [job.id for job in store.jobs(ids) if job.attempt != 1])


def keep_the_default_lease(folder: Path, report: Report) -> None:
    """With the lease of 30 s a killed worker's job trains again within a minute."""
    settings = Settings.resolve(str(folder / "lease"))
    with open_store(settings.database_url) as store, ExitStack() as stack:
        fleets = [stack.enter_context(faulty_fleet(settings, lease=30, slow=0.2)) for _ in range(2)]
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 100)
        victim, _ = holder(store, job, fleets)
        victim.signal_group(signal.SIGKILL)
        seconds = wait_for_attempt(store, job, 2, 120)
        report.add("default lease: seconds from kill -9 to training", f"{seconds:.1f}")
        report.check(f"default lease: recovered within {MOST_RECOVERY_S:g} s", [seconds] * (seconds > MOST_RECOVERY_S))


if __name__ == "__main__":
    sys.exit(main())
