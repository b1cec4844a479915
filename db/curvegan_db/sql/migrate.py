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
from sqlalchemy.engine.reflection import Inspector

from curvegan_db.errors import SchemaOutdated

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "curvegan_version"
# Alembic's own name for it, which every application takes that says nothing; early stores have theirs there.
_SHARED_TABLE = "alembic_version"
# Any number of our own: two upgrades of one PostgreSQL database wait for each other.
_UPGRADE_LOCK = 7_216_853_301


@dataclass(frozen=True)
class SchemaStatus:
    """Where a database stands (None: empty), what this curvegan needs, and whether VERSION_TABLE says so."""

    current: str | None
    head: str
    named: bool = True

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
    if engine.dialect.name == "sqlite" and not (schema.current == schema.head and schema.named):
        upgrade(engine)
    else:
        check(engine)


def upgrade(engine: Engine) -> SchemaStatus:
    """Upgrade to this version's schema, alone; nothing to do is fine.

    Raises:
        SchemaOutdated: it is newer.
        DatabaseTaken: another application has tables of our names there.
    """
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
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # another upgrade may take long
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        _name_version_table(connection)
        yield connection


def _name_version_table(connection: Connection) -> None:
    """Move the version of an early store into a table of our own, so that the shared name is anybody's again."""
    from alembic import command  # noqa: PLC0415

    schema = _status(connection)
    if not schema.named:
        command.stamp(_config(connection), str(schema.current))
        connection.execute(text(f"DROP TABLE {_SHARED_TABLE}"))


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
    head, inspector = max(_revisions()), inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        return SchemaStatus(connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")), head)
    if inspector.has_table(_SHARED_TABLE) and _is_ours(inspector):
        return SchemaStatus(connection.scalar(text(f"SELECT version_num FROM {_SHARED_TABLE}")), head, named=False)
    return SchemaStatus(None, head)


def _is_ours(inspector: Inspector) -> bool:
    """Return whether the shared version is that of our tables: another application's may well be called 0001, too."""
    return inspector.has_table("jobs") and any(c["name"] == "lease_token" for c in inspector.get_columns("jobs"))


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
