"""The services of one place, each opened on first use: settings, store, queue. Making Services opens none."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, reduce
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from curvegan_db.store import Store
    from curvegan_worker.settings import Settings

# The states of workers that take jobs.
WORKING = ("starting", "idle", "training")
# What a worker reads, and refuses. A command refuses it first, before it stores anything.
WORKER_VARIABLES = ("CURVEGAN_LEASE_SECONDS", "CURVEGAN_HANG_SECONDS", "CURVEGAN_CELERY_EVENTS")
NO_ENGINE = (
    "no engine is installed here; `pip install 'curvegan[worker]'` makes this machine able to train, "
    "`curvegan[torch]` also what needs torch"
)
# How long no other worker is started where one ended as soon as it was started: twice as long each time.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _SETTLED_S = 4.0, 60.0, 30.0


def engines_installed() -> tuple[str, ...]:
    """Return the engines that this machine has. Loads none."""
    from importlib.util import find_spec

    return tuple(engine for engine, needs in {"fused": "numba", "torch": "torch"}.items() if find_spec(needs))


class Services:
    """Where jobs are kept, and what wakes the workers. What is not said here comes from the TOML files."""

    def __init__(
        self,
        home: str | None = None,
        database_url: str | None = None,
        broker_url: str | None = None,
        queue_prefix: str | None = None,
        workers: str | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Make it; `variables` of the environment are those that a worker started here would read."""
        settings = {"home": home, "database_url": database_url, "broker_url": broker_url, "queue_prefix": queue_prefix}
        settings["workers"] = workers
        self._given = {key: value for key, value in settings.items() if value}
        self._variables = variables
        self._next_start, self._pause_s = -math.inf, 0.0

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """The `settings` and `config` tables of the project's and the user's TOML files, the project's on top."""
        from curvegan.toml import overlay

        return reduce(overlay, self._tables.values(), {"settings": {}, "config": {}})

    @cached_property
    def _tables(self) -> dict[Path, dict[str, Any]]:
        from curvegan.toml import personal_tables

        try:
            here = Path.cwd()
        except FileNotFoundError:  # somebody deleted the folder that this is typed in
            here = Path("/")
        return personal_tables(here)

    @property
    def given(self) -> frozenset[str]:
        """The names of the settings that were given here, and so come from no file."""
        return frozenset(self._given)

    def file_of(self, setting: str) -> Path | None:
        """Return the TOML file that a setting comes from; None where it was given here, or nowhere."""
        files = [path for path, tables in self._tables.items() if setting in tables.get("settings", {})]
        return files[-1] if files and setting not in self._given else None

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of the environment that a worker started here would read."""
        return self._variables

    @cached_property
    def settings(self) -> "Settings":
        """The settings, checked. Raises InvalidInput."""
        from curvegan_worker.settings import WORKER_VARIABLES as CHECKS
        from curvegan_worker.settings import Settings

        for name, text in self._variables.items():
            CHECKS[name](name, text)  # a worker that is started here would refuse it, with the job stored
        return Settings.resolve(**(self.files["settings"] | self._given))

    @cached_property
    def store(self) -> "Store":
        """The store at this version's schema: the embedded one is brought to it, another one is only checked."""
        from curvegan_db.store import open_store

        return open_store(self.settings.database_url)

    def reap(self) -> None:
        """Take back what lost its worker. A replica, or a role that may only read, shows what is lost all the same."""
        from curvegan_db.errors import DatabaseRefuses

        with suppress(DatabaseRefuses):
            self.store.reap()

    @contextmanager
    def engine(self) -> Iterator["Engine"]:
        """Open the bare database, whatever its schema: for who looks after it."""
        from curvegan_db.sql.database import make_engine

        engine = make_engine(self.settings.database_url)
        try:
            yield engine
        finally:
            engine.dispose()

    def nudge(self, ids: Sequence[int]) -> str | None:
        """Wake as many workers as there are; each goes on while work is left, and who starts later looks by himself.

        Returns a warning where the broker could not be told.
        """
        if not self.settings.has_broker:
            return None
        from curvegan_worker.celery.nudges import MOST_NUDGES, nudge

        live = sum(worker.state in WORKING for worker in self.store.workers())
        return nudge(self.settings, self.store.queued_among(ids[: min(max(1, live), MOST_NUDGES)]))

    def broker_problem(self) -> str | None:
        """Return why no message gets through the broker; None where it does, or where none is needed."""
        if not self.settings.has_broker:
            return None
        from curvegan_worker.celery.broker import BrokerUnreachable, round_trip

        try:
            round_trip(self.settings)
        except BrokerUnreachable as error:
            return str(error)
        return None

    def start_worker(self) -> str | None:
        """Have a background worker on this machine where the store is embedded. Return why there can be none.

        Whether there is one already is told by a lock, not by the store, where a killed worker seems alive for a while.
        One that ends again and again as soon as it is started is started less and less often.
        """
        if not self.settings.embedded:
            return None
        if not engines_installed():
            return f"No worker was started: {NO_ENGINE}."
        from curvegan_worker.host.background import is_present, start_background

        try:
            if is_present(self.settings) or (now := time.monotonic()) < self._next_start:
                return None
            settled = now - self._next_start > _SETTLED_S
            self._pause_s = _FIRST_PAUSE_S if settled else min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._next_start = now + self._pause_s
            self.bury_the_dead()
            start_background(self.settings)
        except OSError as error:
            return f"No worker was started: {error.filename or 'its process'}: {error.strerror}."
        log = self.settings.home / "worker.log"
        return None if settled else f"The worker that was started has ended, and another is tried; {log} says why."

    def bury_the_dead(self) -> None:
        """Take back what workers of this machine trained that were killed: their leases need not run out."""
        import socket

        from curvegan_worker.host.background import is_alive

        here = [worker for worker in self.store.workers() if worker.jobs and worker.host == socket.gethostname()]
        if dead := [worker.id for worker in here if not is_alive(worker.pid)]:
            self.store.bury(dead)

    def close(self) -> None:
        """Close the store's connections, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()
