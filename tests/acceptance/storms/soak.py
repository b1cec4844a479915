"""The soak: `make soak`. 200 jobs under a storm of faults, five minutes on one SQLite file, a minute with Redis frozen,
and the default lease. The storm fills disks of its own, which takes a user who may mount.

    python -m tests.acceptance.storms.soak [--seed N] [--jobs 200] [--lease 5] [--minutes 5] [--frozen 60]

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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store, open_store
from curvegan_db.values import Event, Job, JobRequest
from curvegan_worker.settings import Settings

from ...databases import migrate, new_database
from ...servers import PostgresServer, RedisServer
from ...worker.fleet import run_fleet, wait_until
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import END_STATES, assert_ended_once, assert_undisturbed
from ..means.broker import everybody_works, listeners, submit_quickly, waiting_nudges, warned
from ..means.disks import cut_power
from ..means.faulty import faulty_fleet, holder, wait_for_attempt, wait_for_workers, watching
from .storm import Fault, Storm, Strike, a_service
from .strikes import FAULTS, ON_SMALL_DISKS
from .wrong import HOUR_S, WRONG

EVERY_S = 3.0
POWER_CUT_S = 20.0
SAMPLED = 20
MOST_RECOVERY_S = 60.0
PATIENCE_S = 3600.0
LIVE = ("queued", "running", "lost")


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
    parser.add_argument("--frozen", type=float, default=60.0, help="seconds that Redis stands still")
    arguments = parser.parse_args()
    report = Report()
    report.add("seed", arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "storm").mkdir()
        weather_the_storm(Path(folder, "storm"), arguments.seed, arguments.jobs, arguments.lease, report)
        share_one_file(Path(folder), arguments.minutes, report)
        freeze_the_broker(Path(folder), arguments.frozen, report)
        keep_the_default_lease(Path(folder), report)
    print("\n".join(report.violations))
    return 1 if report.violations else 0


def weather_the_storm(folder: Path, seed: int, count: int, lease: float, report: Report) -> None:
    dice = random.Random(seed)
    with a_service(folder, dice, lease) as storm:
        ids = storm.store.submit([JobRequest(config) for config in configs(count, dice)])
        started = time.monotonic()
        pulled = {kind: fault for kind, fault in FAULTS.items() if storm.small_disks or fault not in ON_SMALL_DISKS}
        report.add("kinds of faults left out, for no disk can be mounted", len(FAULTS) - len(pulled))
        rage(storm, pulled | WRONG, ids)
        report.add("jobs, seconds", f"{count}, {time.monotonic() - started:.0f}")
        storm.calm()
        judge(storm.store, ids, dice, report)
        judge_the_rest(storm, report)
        tell(storm, ids, report)


def configs(count: int, dice: random.Random) -> Iterator[TrainConfig]:
    """Jobs of two shapes, each with its own seed and learning rate."""
    for seed in range(count):
        own = {"seed": seed, "hidden_g": dice.choice([16, 24]), "lr_g": dice.choice([1e-4, 1e-3]), "steps": 400}
        yield SLOW.model_copy(update=own)


def rage(storm: Storm, faults: Mapping[str, Fault], ids: list[int]) -> None:
    """A fault every three seconds for as long as jobs run; the next one waits for an outage to be over."""
    deadline = time.monotonic() + PATIENCE_S
    storm.keep_four()
    wait_until(lambda: any(job.state == "running" for job in storm.store.jobs(ids)), 300, "nothing starts")
    while storm.cancelled or any(job.state in LIVE for job in storm.store.jobs(ids + storm.poison)):
        assert time.monotonic() < deadline, "the jobs do not end"
        struck = time.monotonic()
        storm.keep_four()
        storm.resume_cancelled()
        storm.strike(faults)
        time.sleep(max(0.0, struck + EVERY_S - time.monotonic()))


def judge(store: Store, ids: list[int], dice: random.Random, report: Report) -> None:
    jobs = store.jobs(ids)
    report.check("every job succeeded", [_story(store, job) for job in jobs if job.state != "succeeded"])
    report.check("each ended exactly once", failures(lambda job: assert_ended_for_good_once(store, job), ids))
    grid = {job.id: list(range(0, job.steps, job.config.record_every)) for job in jobs}
    report.check("no gap, no duplicate", [i for i in ids if store.losses(i).steps.tolist() != grid[i]])
    sampled = dice.sample(ids, min(SAMPLED, len(ids)))
    report.check(
        f"{len(sampled)} sampled jobs bit-identical", failures(lambda job: assert_undisturbed(store, job), sampled)
    )


def _story(store: Store, job: Job) -> str:
    """What became of a job, and all that led to it."""
    events = (
        f"{event.at:%M:%S} {event.kind} {event.worker or ''} {event.detail or ''}" for event in store.events(job.id)
    )
    return f"{job.id} {job.state} {job.reason} at step {job.step}\n    " + "\n    ".join(events)


def assert_ended_for_good_once(store: Store, job: int) -> None:
    """One success, nothing after it; before it, every cancellation was followed by its resumption."""
    kinds = [event.kind for event in store.events(job)]
    ends = [kind for kind in kinds if kind in (*END_STATES, "resumed")]
    assert ends == ["cancelled", "resumed"] * kinds.count("resumed") + ["succeeded"], ends
    assert kinds[-1] == "succeeded"
    assert kinds.count("claimed") == store.job(job).attempt


def judge_the_rest(storm: Storm, report: Report) -> None:
    """Jobs that were poison, and how soon jobs were cancelled."""
    poison = storm.store.jobs(storm.poison)
    spared = [(job.id, job.state, job.reason) for job in poison if (job.state, job.reason) != ("failed", "lost")]
    report.check(f"{len(poison)} jobs that kill their workers failed, lost", spared)
    if storm.obeyed:
        median, most = statistics.median(storm.obeyed), max(storm.obeyed)
        report.add("jobs cancelled and resumed", f"{len(storm.obeyed)}, after {median:.1f} s, at most {most:.1f} s")


def failures(check: Callable[[int], None], ids: Iterable[int]) -> Iterator[str]:
    for job in ids:
        try:
            check(job)
        except AssertionError as error:
            yield f"job {job}: {str(error)[:200]}"


def tell(storm: Storm, ids: list[int], report: Report) -> None:
    """Faults by kind, with how long the jobs that they struck were held by nobody; events of all jobs."""
    events = {job: storm.store.events(job) for job in ids + storm.poison}
    kinds = collections.Counter(event.kind for story in events.values() for event in story)
    for kind in ("claimed", "lost", "released", "checkpoint_refused"):
        report.add(f"events: {kind}", kinds[kind])
    said = "".join(path.read_text() for path in storm.logs.glob("*.log"))
    report.add(
        "workers' logs: No space left on device, read-only", [said.count(w) for w in ("No space left", "read-only")]
    )
    report.add("most attempts of one job", max(job.attempt for job in storm.store.jobs(ids)))
    report.add("faults", f"{len(storm.strikes)}, of {len({strike.kind for strike in storm.strikes})} kinds")
    for kind in sorted({strike.kind for strike in storm.strikes}):
        struck = [strike for strike in storm.strikes if strike.kind == kind]
        report.add(f"  {kind}", f"{len(struck):3}{_times(list(_recoveries(struck, events)))}")


def _recoveries(strikes: Iterable[Strike], events: dict[int, list[Event]]) -> Iterator[float]:
    """Seconds from a fault until a job that lost its worker could be claimed again. When it is depends on the queue."""
    for strike in strikes:
        for job in strike.jobs:
            later = [event for event in events[job] if event.at > strike.at]
            seconds = (later[0].at - strike.at).total_seconds() if later else 0.0
            if later and later[0].kind in ("lost", "released") and seconds < HOUR_S / 2:  # by a clock that did not jump
                yield seconds


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
        started, cuts = time.monotonic(), 0
        while (now := time.monotonic() - started) < 60 * minutes:
            if sum(job.state == "queued" for job in store.jobs(ids)) < 16:
                ids += submit(store, SHORT, 16, first_seed=len(ids))
            if now > POWER_CUT_S * (cuts + 1):
                cut_power(store, settings, fleet, folder / f"cut-{cuts}.db")
                cuts += 1
            time.sleep(0.5)
        wait_until(lambda: all(job.state == "succeeded" for job in store.jobs(ids)), 300, fleet.log)
        report.add("SQLite: minutes, jobs, power cuts", f"{minutes:g}, {len(ids)}, {cuts}")
        said = fleet.log() + screen.read_text()
        report.check("SQLite: never locked, no error", [w for w in ("locked", "Error", "Traceback") if w in said])
        report.check("SQLite: each ended exactly once", failures(lambda job: assert_ended_once(store, job), ids))
        report.check("SQLite: one attempt each", [job.id for job in store.jobs(ids) if job.attempt != 1])


def freeze_the_broker(folder: Path, seconds: float, report: Report) -> None:
    """Redis stands still: submits are quick and say so, jobs run, and afterwards every worker listens again."""
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        redis, live = stack.enter_context(RedisServer()), stack.enter_context(RedisServer())
        url = stack.enter_context(new_database(postgres.url()))
        migrate(url)
        settings = Settings.resolve(str(folder / "frozen"), url, redis.url)
        store = stack.enter_context(open_store(url))
        fleet = stack.enter_context(faulty_fleet(settings, "--concurrency", "2", slow=0.1))
        wait_for_workers(store, 2, 300)
        everybody_works(store)
        redis.send(signal.SIGSTOP)
        took, ran = submits_under(store, settings, live.url, time.monotonic() + seconds, report)
        redis.send(signal.SIGCONT)
        listen = wait_until(lambda: (listeners(redis), waiting_nudges(redis)) == (2, 0), 60, fleet.log)
        everybody_works(store)
        report.add("Redis frozen: seconds, submits", f"{seconds:g}, {len(took)}")
        report.add("Redis frozen: a submit took", f"{min(took):.1f} to {max(took):.1f} s")
        report.add("Redis frozen: a small job ended after", f"{statistics.median(ran):.1f} s, at most {max(ran):.1f} s")
        report.add("Redis thawed: both workers listen after", f"{listen:.1f} s")


def submits_under(
    store: Store, settings: Settings, live_broker: str, until: float, report: Report
) -> tuple[list[float], list[float]]:
    """Submit and wait for the job, again and again: seconds of each submit, and from it to each job's end."""
    took, ran, silent = [], [], []
    while time.monotonic() < until:
        job, seconds = submit_quickly(settings, live_broker)
        took.append(seconds)
        wait_for_state(store, job, "succeeded")
        ended = store.job(job)
        assert ended.finished_at is not None
        ran.append((ended.finished_at - ended.created_at).total_seconds())
        silent += [job] * (not warned(settings))
    report.check("Redis frozen: every submit warned", silent)
    return took, ran


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
