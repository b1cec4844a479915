"""Fixtures for every test: real servers, a fresh database for each test, a store on it.

Every test that asks for `store` or `database_url` runs on SQLite and on PostgreSQL.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import LiteralString, TypeVar

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from curvegan_db import migrate
from curvegan_db.database import make_engine
from curvegan_db.store import Store

from .servers import PostgresServer, RedisServer, Server, ServerUnavailableError


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server with a superuser: CURVEGAN_TEST_DATABASE_URL, else one of our own."""
    if given := os.environ.get("CURVEGAN_TEST_DATABASE_URL"):
        yield given
        return
    with _started(PostgresServer) as server:
        yield server.url()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server: CURVEGAN_TEST_BROKER_URL, else one of our own. Tests share it: use queue names of your own."""
    if given := os.environ.get("CURVEGAN_TEST_BROKER_URL"):
        yield given
        return
    with _started(RedisServer) as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database to copy: that is faster than to migrate one for each test."""
    with _new_database(postgres_url) as url:
        _migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "curvegan.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "curvegan.db")
        yield f"sqlite:///{tmp_path}/curvegan.db"
        return
    template = request.getfixturevalue("postgres_template")
    with _new_database(request.getfixturevalue("postgres_url"), template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table; the SQLite file is not even there."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/curvegan.db"
        return
    with _new_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on a fresh database."""
    with Store(make_engine(database_url)) as store:
        yield store


_S = TypeVar("_S", bound=Server)


@contextmanager
def _started(kind: Callable[[], _S]) -> Iterator[_S]:
    """The server, or a skipped test where none can be had; in CI that is a failure."""
    with ExitStack() as stack:
        try:
            server = kind()
            stack.enter_context(server)
        except ServerUnavailableError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        yield server


@contextmanager
def _new_database(server_url: str, template: str = "template0") -> Iterator[str]:
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


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
