"""Bring a database to the schema that this version of curvegan needs.

Alembic makes the changes; to look, it is not imported, because that takes longer than most commands do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection, Engine

from curvegan_db.errors import SchemaOutdated

if TYPE_CHECKING:
    from alembic.config import Config

# Any number of our own: two upgrades of one PostgreSQL database wait for each other.
_UPGRADE_LOCK = 7_216_853_301


@dataclass(frozen=True)
class SchemaStatus:
    """Where a database stands (None: empty) and what this curvegan needs."""

    current: str | None
    head: str

    @property
    def newer(self) -> bool:
        """Return whether a later curvegan made the schema: its revision is none of ours."""
        return self.current is not None and self.current not in _revisions()


def status(engine: Engine) -> SchemaStatus:
    """Return where the database stands. Changes nothing."""
    with engine.connect() as connection:
        return _status(connection)


def check(engine: Engine) -> None:
    """Raise SchemaOutdated unless the database is at this version's schema."""
    schema = status(engine)
    if schema.current != schema.head:
        raise SchemaOutdated(schema.current, schema.head, schema.newer)


def prepare(engine: Engine) -> None:
    """Make the store usable: upgrade an embedded (SQLite) one, check any other. Raises SchemaOutdated."""
    schema = status(engine)
    if engine.dialect.name == "sqlite" and schema.current != schema.head:
        upgrade(engine)
    else:
        check(engine)


def upgrade(engine: Engine) -> SchemaStatus:
    """Upgrade to this version's schema, alone; nothing to do is fine. Raises SchemaOutdated when it is newer."""
    from alembic import command  # noqa: PLC0415

    with _alone(engine) as connection:
        schema = _status(connection)
        if schema.newer:
            raise SchemaOutdated(schema.current, schema.head, newer=True)
        if schema.current != schema.head:
            command.upgrade(_config(connection), "head")
        return _status(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to a revision; "base" drops every table."""
    from alembic import command  # noqa: PLC0415

    with _alone(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that no other upgrade can overlap."""
    writing = engine.execution_options(begin="IMMEDIATE")
    with writing.connect() as connection, _unguarded(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        yield connection


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Switch SQLite's foreign keys off: Alembic alters a table by replacing it, and the drop would cascade."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()  # before BEGIN: inside a transaction the pragma does nothing
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.close()


def _status(connection: Connection) -> SchemaStatus:
    marked = inspect(connection).has_table("alembic_version")
    current = connection.scalar(text("SELECT version_num FROM alembic_version")) if marked else None
    return SchemaStatus(current, max(_revisions()))


def _revisions() -> set[str]:
    """Return the revisions: each migration's file begins with its own, and they count up."""
    names = (path.name for path in (files("curvegan_db") / "migrations" / "versions").iterdir())
    return {name.partition("_")[0] for name in names if name[0].isdigit()}


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "curvegan_db:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
