"""Fixtures for every test: real servers, a fresh database for each test, a store on it.

Every test that asks for `store` or `database_url` runs on SQLite and on PostgreSQL.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.engine import make_url

from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store

from .databases import migrate, new_database
from .servers import PostgresServer, RedisServer, Server, ServerUnavailableError


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, for a quarter of the suite's time its tests wait for somebody else."""
    return 1 + (os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def fused_code(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The fused engine's code, of this process and of every worker that a test starts.

    It is kept from one run of the tests to the next, where they may keep anything: compiling it takes some seconds.
    """
    from curvegan_core.engines.fused.engine import keep_in

    cache = getattr(pytestconfig, "cache", None)
    folder = cache.mkdir("user-cache") if cache else tmp_path_factory.mktemp("user-cache")
    code = folder / "curvegan" / "fused"
    keep_in(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # each process would compile every module again
        yield code


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server with a superuser: CURVEGAN_TEST_DATABASE_URL, else one of our own."""
    if given := os.environ.get("CURVEGAN_TEST_DATABASE_URL"):
        yield given
        return
    with started(PostgresServer) as server:
        yield server.url()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server: CURVEGAN_TEST_BROKER_URL, else one of our own. Tests share it: use queue names of your own."""
    if given := os.environ.get("CURVEGAN_TEST_BROKER_URL"):
        yield given
        return
    with started(RedisServer) as server:
        yield server.url


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that the tests of a module may stop, break and start again."""
    with started(PostgresServer) as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis server that the test may stop, freeze and start again."""
    with started(RedisServer) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database to copy: that is faster than to migrate one for each test."""
    with new_database(postgres_url) as url:
        migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "curvegan.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "curvegan.db")
        yield f"sqlite:///{tmp_path}/curvegan.db"
        return
    template = request.getfixturevalue("postgres_template")
    with new_database(request.getfixturevalue("postgres_url"), template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table; the SQLite file is not even there."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/curvegan.db"
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on a fresh database. Its leases outlast the test on a slow machine; `trainings.short` has others."""
    with Store(make_engine(database_url), lease_s=600) as store:
        yield store


_S = TypeVar("_S", bound=Server)


@contextmanager
def started(kind: Callable[[], _S]) -> Iterator[_S]:
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
