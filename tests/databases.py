"""Databases for tests, each of its own on a server that is there."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import make_url

from curvegan_db.sql.database import make_engine
from curvegan_db.sql.migrate import upgrade
from curvegan_db.store import Store


@contextmanager
def new_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """The URL of a new database on the server; dropped at the end, whoever is still connected."""
    name = f"curvegan_{uuid.uuid4().hex[:12]}"
    _execute(server_url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server_url, "DROP DATABASE {} WITH (FORCE)", name)


def _execute(server_url: str, statement: LiteralString, *names: str) -> None:
    url = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def migrate(url: str) -> None:
    """Bring a database to the present schema."""
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements that are sent to the database in the block."""
    sent: list[str] = []

    def keep(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", keep)
    yield sent
    event.remove(store.engine, "before_cursor_execute", keep)
