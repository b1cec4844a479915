"""A running service and a storm over it: four fleets on PostgreSQL and Redis, struck by one fault after the other."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from curvegan_core.errors import ServiceUnavailable
from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...databases import migrate, new_database
from ...servers import PostgresServer, RedisServer
from ...worker.fleet import Fleet
from ..means.clocks import Clock, PostgresWithClock
from ..means.disks import NoSmallDisk, small_disk
from ..means.faulty import faulty_fleet
from ..means.limits import as_trainer

POISON_SEED = 666_666
REASON = "a storm"


@dataclass
class Strike:
    """A fault that happened, and the jobs that trained where it struck."""

    kind: str
    at: datetime
    jobs: tuple[int, ...]


@dataclass
class Storm:
    """The service, and what has happened to it.

    Attributes:
        poison: jobs that kill whoever trains them, submitted by the storm.
        cancelled: jobs whose cancel was requested and that are to be resumed, with the time of the request.
        obeyed: seconds from each such request to the job's end.
        clocks: by which the workers go and, where libfaketime is, the server.
    """

    settings: Settings
    store: Store
    postgres: PostgresServer
    redis: RedisServer
    dice: random.Random
    lease: float
    small_disks: bool
    clocks: Mapping[str, Clock]
    logs: Path
    stack: ExitStack
    fleets: list[Fleet] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
    timers: list[threading.Timer] = field(default_factory=list)
    poison: list[int] = field(default_factory=list)
    cancelled: dict[int, datetime] = field(default_factory=dict)
    obeyed: list[float] = field(default_factory=list)

    @property
    def mark(self) -> Path:
        """Whoever finds this file gone hangs, and puts it there again: one hang for each time it is taken away."""
        return self.logs / "hangs"

    def keep_four(self) -> None:
        """Start a fleet for each one that ended, as an operator's service manager would."""
        if not self.fleets:
            self.mark.touch()
        self.fleets = [fleet for fleet in self.fleets if fleet.process.poll() is None]
        while len(self.fleets) < 4:
            log = self.logs / f"fleet-{len(list(self.logs.iterdir()))}.log"
            self.fleets.append(self.stack.enter_context(self._fleet(log)))

    def _fleet(self, log: Path) -> AbstractContextManager[Fleet]:
        patience = ("--hang-after", "4")
        faults = {"hang": self.mark, "poison": POISON_SEED, "clock": self.clocks["workers"].file}
        return faulty_fleet(self.settings, *patience, lease=self.lease, log_file=log, slow=0.25, **faults)

    def resume_cancelled(self) -> None:
        """Let cancelled jobs go on, as a user would who thought better of it."""
        for job in self.store.jobs(ids=self.cancelled):
            if job.state == "cancelled":
                assert job.reason == REASON
                assert job.finished_at is not None
                self.obeyed.append((job.finished_at - self.cancelled.pop(job.id)).total_seconds())
                self.store.resume(job.id)
            elif job.state in ("succeeded", "failed"):
                del self.cancelled[job.id]  # it ended before it could be cancelled

    def strike(self, faults: Mapping[str, "Fault"]) -> None:
        """One fault, any."""
        kind = self.dice.choice(list(faults))
        fleet = self.dice.choice(self.fleets)
        # A killed supervisor has no process to ask; a fleet that starts has no worker yet.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            strike = Strike(kind, datetime.now(UTC), self.jobs_of(fleet))
            faults[kind](self, fleet)
            self.strikes.append(strike)

    def calm(self) -> None:
        """Wait until the last of what was frozen is thawed."""
        for timer in self.timers:
            timer.join()

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        self.timers.append(threading.Timer(seconds, action))
        self.timers[-1].start()

    def some_leases(self) -> float:
        """Seconds, for less or for more than a lease."""
        return self.dice.uniform(0.5, 1.5) * self.lease

    def jobs_of(self, fleet: Fleet) -> tuple[int, ...]:
        """The jobs that this fleet trains."""
        pids = fleet.pids()
        try:
            running = self.store.jobs(states=("running",))
        except ServiceUnavailable:
            return ()
        return tuple(job.id for job in running if int((job.worker or ":0").rpartition(":")[2]) in pids)


Fault = Callable[[Storm, Fleet], object]


@contextmanager
def a_service(folder: Path, dice: random.Random, lease: float) -> Iterator[Storm]:
    """PostgreSQL and the workers' home on disks of their own where this user may mount, so that these can be full."""
    for path in (folder, folder.parent):
        path.chmod(0o755)  # PostgreSQL runs as another user, who must get to its disk
    (folder / "logs").mkdir()
    with ExitStack() as stack:
        mounted = _mount(stack, folder / "server", "size=512m")
        mounted = _mount(stack, folder / "home", "size=1m", "nr_inodes=200") and mounted
        clocks = {whose: Clock(folder / f"{whose}-clock") for whose in ("workers", "server")}
        postgres = stack.enter_context(PostgresWithClock(clocks["server"], folder / "server"))
        redis = stack.enter_context(RedisServer())
        url = stack.enter_context(new_database(postgres.url()))
        migrate(url)
        settings = Settings.resolve(str(folder / "home"), as_trainer(postgres, url), redis.url)
        store = stack.enter_context(open_store(url))
        yield Storm(settings, store, postgres, redis, dice, lease, mounted, clocks, folder / "logs", stack)


def _mount(stack: ExitStack, folder: Path, *options: str) -> bool:
    """Whether the folder is a small disk of its own; else it is a plain folder."""
    try:
        stack.enter_context(small_disk(folder, *options))
    except NoSmallDisk:
        return False
    return True
