"""Databases that are set up otherwise than ours: each works, or is one line and exit 3."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import LiteralString

import pytest
from sqlalchemy.engine import make_url

from curvegan.lab import Lab
from curvegan.watching.checks import Finding, _database
from curvegan_db.sql import migrate as schema
from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store, open_store

from ...cli.client import SMALL, Client, PlayedWorker
from ...conftest import started
from ...databases import migrate, new_database
from ...servers import PgBouncerServer, PostgresServer, StandbyServer
from ...worker.jobs import SLOW, submit
from ...worker.undisturbed import assert_ended_once
from ..means.limits import execute

FOREIGN = "CREATE TABLE jobs (id INT PRIMARY KEY, title TEXT)"
ALEMBIC = "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"
THEIRS = "INSERT INTO alembic_version VALUES ('0001')"


@pytest.fixture(params=["session", "transaction"])
def bouncer(request: pytest.FixtureRequest, own_postgres: PostgresServer) -> Iterator[PgBouncerServer]:
    """A PgBouncer that keeps two connections for all who come."""
    with started(lambda: PgBouncerServer(own_postgres, request.param)) as server:
        yield server


@pytest.fixture
def empty(own_postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without a table."""
    with new_database(own_postgres.url()) as url:
        yield url


def name_of(url: str) -> str:
    return str(make_url(url).database)


def works(home: Path, url: str, fleet: bool = False) -> None:
    """Upgrade, submit, train, look and let the doctor look: all is well, on used connections, too."""
    client = Client(home, url)
    for _ in range(2):
        client.done("db", "upgrade")
        client.submit(*SMALL, "--name", "café")
    with open_store(url) as store:
        if fleet:
            trained_by_a_fleet(home, url)
        else:
            for _ in range(2):
                trained_here(store)
        for job in store.jobs():
            assert job.state == "succeeded", job
            assert_ended_once(store, job.id)
    jobs = client.json("status")
    assert [job["name"] for job in jobs[-2:]] == ["café"] * 2
    assert all(job["finished_at"].endswith("Z") for job in jobs)
    findings = {finding.check: finding.level for finding in database_findings(home, url)}
    assert (findings["database"], findings["schema"], findings["writing"]) == ("ok", "ok", "ok")


def trained_here(store: Store) -> None:
    """Play a worker for one job."""
    worker = PlayedWorker(store)
    worker.claim()
    worker.train()


def trained_by_a_fleet(home: Path, url: str) -> None:
    """`curvegan worker` with two processes, until they idle."""
    with open_store(url) as store:
        submit(store, SLOW.model_copy(update={"steps": 200}), 12)
    client = Client(home, url)
    ended = client.alone("worker", "--concurrency", "2", "--exit-when-idle", "2", "--device", "cpu")
    assert (ended.returncode, ended.stderr.count("cannot use")) == (0, 0), ended.stderr


def refused(home: Path, url: str, reason: str, *commands: str) -> None:
    """Each command ends with one line that says why, and 3."""
    for command in commands:
        assert reason in Client(home, url).refused(*command.split(), exit_code=3), command


def database_findings(home: Path, url: str) -> list[Finding]:
    """What `curvegan doctor` says of the database, without what it says of this machine."""
    with closing(Lab(str(home), url)) as lab:
        return list(_database(lab))


def problem(home: Path, url: str, check: str) -> str:
    """What the doctor says about a check that is a problem."""
    [text] = [row.text for row in database_findings(home, url) if (row.check, row.level) == (check, "problem")]
    return text


def test_pgbouncer(bouncer: PgBouncerServer, empty: str, tmp_path: Path) -> None:
    works(tmp_path, bouncer.url(name_of(empty)), fleet=True)


@pytest.mark.parametrize(
    "setting",
    [
        "datestyle = 'SQL, DMY'",
        "timezone = 'America/St_Johns'",
        "bytea_output = 'escape'",
        "extra_float_digits = 0",
    ],
)
def test_a_database_with_another_default(
    own_postgres: PostgresServer, empty: str, tmp_path: Path, setting: str
) -> None:
    statement: LiteralString = f'ALTER DATABASE "{name_of(empty)}" SET {setting}'
    execute(own_postgres, statement)
    works(tmp_path, empty)


def test_a_database_that_is_serialisable_by_default(own_postgres: PostgresServer, empty: str, tmp_path: Path) -> None:
    setting: LiteralString = "SET default_transaction_isolation = 'serializable'"
    execute(own_postgres, f'ALTER DATABASE "{name_of(empty)}" {setting}')
    works(tmp_path, empty, fleet=True)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding(own_postgres: PostgresServer, tmp_path: Path, encoding: str) -> None:
    name = f"curvegan_{encoding.lower()}"
    statement: LiteralString = f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    execute(own_postgres, statement)
    url = own_postgres.url(name)
    works(tmp_path, url)
    if encoding == "LATIN1":
        refused(tmp_path, url, "has no equivalent in encoding", "submit --name 曲線")
    else:
        Client(tmp_path, url).submit("--name", "曲線")
        refused(tmp_path, url, "too long", f"submit --name {'曲' * 200}")


def test_another_applications_version_is_left_alone(own_postgres: PostgresServer, empty: str, tmp_path: Path) -> None:
    execute(own_postgres, ALEMBIC, THEIRS, database=name_of(empty))
    works(tmp_path, empty)
    engine = make_engine(empty)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "0001"
    engine.dispose()


def test_another_applications_tables(own_postgres: PostgresServer, empty: str, tmp_path: Path) -> None:
    execute(own_postgres, FOREIGN, ALEMBIC, THEIRS, "CREATE SCHEMA ours", database=name_of(empty))
    refused(tmp_path, empty, "curvegan db upgrade", "submit", "status", "worker")
    refused(tmp_path, empty, "tables of another application", "db upgrade")
    assert "needs" in problem(tmp_path, empty, "schema")
    works(tmp_path, f"{empty}?options=-csearch_path%3Dours")


def test_another_applications_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in (FOREIGN, ALEMBIC, THEIRS):
            connection.exec_driver_sql(statement)
    refused(tmp_path, url, "tables of another application", "submit", "status", "worker", "db upgrade")
    assert "tables of another application" in problem(tmp_path, url, "tables")
    assert schema.status(engine).current is None
    engine.dispose()


def test_a_standby_can_be_looked_at(own_postgres: PostgresServer, empty: str, tmp_path: Path) -> None:
    migrate(empty)
    lose_a_job(empty)
    with started(lambda: StandbyServer(own_postgres)) as standby:
        url = standby.url(name_of(empty))
        only_to_look_at(tmp_path, url, "read-only transaction")


GRANTS: dict[str, tuple[LiteralString, str]] = {
    "may read": ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", "permission denied for table"),
    "has no sequence": ("GRANT ALL ON ALL TABLES IN SCHEMA public TO reader", "permission denied for"),
}


@pytest.mark.parametrize("rights", GRANTS)
def test_a_role_that_may_not_write(own_postgres: PostgresServer, empty: str, tmp_path: Path, rights: str) -> None:
    migrate(empty)
    lose_a_job(empty)
    grant, reason = GRANTS[rights]
    with role(own_postgres, empty, grant) as url:
        only_to_look_at(tmp_path, url, reason)


def test_a_role_that_may_not_create_or_look(own_postgres: PostgresServer, empty: str, tmp_path: Path) -> None:
    no_create: LiteralString = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    with role(own_postgres, empty, no_create) as url:
        refused(tmp_path, url, "permission denied for schema public", "db upgrade")
        migrate(empty)
        refused(tmp_path, url, "permission denied for table", "submit", "status", "worker", "db upgrade")
        assert "permission denied" in problem(tmp_path, url, "database")


def lose_a_job(url: str) -> None:
    """A job whose worker is gone: whoever may write takes it back by looking."""
    with open_store(url, lease_s=0.1) as store:
        submit(store, SLOW)
        assert store.claim(store.register_worker("host", 1, ("auto",), "1"), ("auto",), 1)
    time.sleep(0.2)


def only_to_look_at(home: Path, url: str, reason: str) -> None:
    """What only looks works; the rest is one line."""
    for command in ("status", "show last", "explain last", "workers", "db status", "sweeps"):
        Client(home, url).done(*command.split())
    refused(home, url, reason, "submit", "worker", "cancel last")
    assert reason in problem(home, url, "writing")


@contextmanager
def role(server: PostgresServer, url: str, *grants: LiteralString) -> Iterator[str]:
    """The URL of the database for a role that has no rights but these."""
    execute(server, "CREATE ROLE reader LOGIN PASSWORD 'secret'")
    with ExitStack() as stack:
        for statement in ("DROP ROLE reader", "DROP OWNED BY reader"):
            database = name_of(url) if "OWNED" in statement else "postgres"
            stack.callback(execute, server, statement, database=database)
        execute(server, *grants, database=name_of(url))
        yield make_url(url).set(username="reader").render_as_string(hide_password=False)
