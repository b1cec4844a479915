"""Transactions of the store, and the database's clock. Knows no table."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

LEASE_S = 30.0


class Transactions:
    """What every part of the store stands on: one engine, and sessions that begin, commit and roll back as a whole."""

    def __init__(self, engine: Engine, lease_s: float = LEASE_S) -> None:
        self.engine = engine
        self.lease = timedelta(seconds=lease_s)
        self._readers = sessionmaker(engine)
        self._writers = sessionmaker(engine.execution_options(begin="IMMEDIATE"))

    def time(self) -> datetime:
        """Return the time by the database's clock."""
        with self._read() as session:
            return now(session)

    def _read(self) -> AbstractContextManager[Session]:
        return self._readers.begin()

    def _write(self) -> AbstractContextManager[Session]:
        return self._writers.begin()


def now(session: Session) -> datetime:
    """Return the database's time: leases of workers on many machines are measured by one clock."""
    if session.get_bind().dialect.name == "postgresql":
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


def upsert(session: Session, table: Any) -> Any:
    """Begin an INSERT of the database's own dialect, which alone knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - a command on SQLite does without

        return postgresql.insert(table)
    return sqlite.insert(table)
