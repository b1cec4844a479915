"""curvegan db, and what the commands do about a database that cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from curvegan_core.records.loss_curve import LossCurve
from curvegan_db.sql import migrate
from curvegan_db.sql.database import make_engine

from ...db.one_job import record
from ..client import Client


def test_upgrade_and_status(empty_database_url: str, client: Client) -> None:
    client.database_url = empty_database_url
    result = client("db", "status", "-o", "json")
    assert result.exit_code == 3
    assert '"schema": null' in result.stdout
    assert "curvegan db upgrade" in result.stderr
    assert "The database is at" in client.done("db", "upgrade")
    assert "The database is at" in client.done("db", "upgrade")
    found = client.json("db", "status")
    assert found["schema"] == found["needed"]
    assert client.json("status") == []


def test_an_outdated_schema_names_the_command_and_stores_nothing(postgres_url: str, client: Client) -> None:
    client.database_url = postgres_url  # the server's own database: nobody has upgraded it
    assert "curvegan db upgrade" in client.refused("submit", exit_code=3)


def test_a_newer_schema_is_refused(any_client: Client) -> None:
    assert any_client.database_url
    engine = make_engine(any_client.database_url)
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("UPDATE curvegan_version SET version_num = '9999'"))
    assert "newer" in any_client.refused("status", exit_code=3)
    assert migrate.status(engine).current == "9999"
    engine.dispose()


@pytest.mark.parametrize("command", ["submit", "status", "db upgrade", "db status", "workers"])
def test_an_unreachable_database_is_one_line_without_the_password(client: Client, command: str) -> None:
    client.database_url = "postgresql+psycopg://me:secret@localhost:1/curvegan"
    line = client.refused(*command.split(), exit_code=3)
    assert "postgresql+psycopg://me:***@localhost:1/curvegan" in line
    assert "--database-url" in line
    assert "secret" not in line


@pytest.mark.parametrize("url", ["mysql://x:secret@y/z", "secret", "sqlite://", "postgresql+psycopg2://x:secret@y/z"])
def test_a_url_that_names_no_database_is_wrong_input(client: Client, url: str) -> None:
    line = client.refused("--database-url", url, "status")
    assert "--database-url" in line
    assert "secret" not in line


def test_a_file_that_is_no_database_is_left_alone(client: Client) -> None:
    Path("letter.txt").write_text("Dear all, " * 1000)
    client.refused("--database-url", f"sqlite:///{Path('letter.txt').absolute()}", "submit", exit_code=3)
    assert Path("letter.txt").read_text() == "Dear all, " * 1000


def test_a_home_that_cannot_be_made(client: Client) -> None:
    Path("file").touch()
    client.refused("--home", "file/home", "submit", exit_code=3)


def test_a_list_of_jobs_waits_for_no_import_that_it_does_not_need(client: Client) -> None:
    job_id = client.submit()
    with client.store() as store:
        claim = store.claim(store.register_worker("host", 1, ["auto"], "0"), ["auto"], 1)
        assert claim is not None
        store.begin(claim.token, {job_id: 0}, "cpu", "fused", "1")
        record(store, claim.token, job_id, 10, LossCurve(np.array([0]), *np.full((5, 1), 0.25, np.float32)))
    code = "import sys\nfrom curvegan_cli.main import main\nmain(standalone_mode=False)\n"
    done = client.alone("status", code=f"{code}print(*sys.modules, file=sys.stderr)")
    assert " running " in done.stdout
    assert " 0.25 " in done.stdout
    needless = {"alembic", "celery", "kombu", "matplotlib", "numpy", "psycopg", "torch"}
    assert needless & {*done.stderr.splitlines()[-1].split()} == set()
