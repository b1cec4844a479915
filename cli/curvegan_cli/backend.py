"""The services that a command may use, opened on first use. Importing this module, or asking for help, opens none."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from curvegan_db.store import Store
    from curvegan_worker.settings import Settings


class Backend:
    """Settings, store and queue. What the command line does not say comes from the TOML files."""

    def __init__(self, given: Mapping[str, str | None], variables: Mapping[str, str]) -> None:
        self._given = given
        self._variables = variables

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """The `settings` and `config` tables of the project's and the user's TOML files, the project's on top."""
        from curvegan.submitting.toml import personal_tables

        return personal_tables(Path.cwd())

    @cached_property
    def settings(self) -> "Settings":
        from curvegan_worker.settings import WORKER_VARIABLES, Settings

        for name, text in self._variables.items():
            WORKER_VARIABLES[name](name, text)  # a worker that this command starts would refuse it, with the job stored
        given = {key: value for key, value in self._given.items() if value}
        return Settings.resolve(**(self.files["settings"] | given))

    @cached_property
    def store(self) -> "Store":
        """The store at this version's schema: the embedded one is brought to it, another one is only checked."""
        from curvegan_db.store import open_store

        return open_store(self.settings.database_url)

    @contextmanager
    def engine(self) -> Iterator["Engine"]:
        """The bare database, whatever its schema: for the commands that look after it."""
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

        live = sum(worker.state in ("idle", "training") for worker in self.store.workers())
        return nudge(self.settings, self.store.queued_among(ids[: min(max(1, live), MOST_NUDGES)]))

    def broker_problem(self) -> str | None:
        """Why no message gets through the broker; None where it does, or where none is needed."""
        if not self.settings.has_broker:
            return None
        from curvegan_worker.celery.broker import BrokerUnreachable, round_trip

        try:
            round_trip(self.settings)
        except BrokerUnreachable as error:
            return str(error)
        return None

    def close(self) -> None:
        if "store" in self.__dict__:
            self.store.close()


pass_backend = click.make_pass_decorator(Backend)
