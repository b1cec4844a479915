"""The schema: models and migrations agree, upgrades are safe and atomic, another version's schema is left alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from curvegan_db.errors import DatabaseTaken, SchemaOutdated
from curvegan_db.sql import migrate
from curvegan_db.sql.database import make_engine
from curvegan_db.sql.health import reflecting
from curvegan_db.store import Store, open_store

from ..trainings import request


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    """An engine on a database without a table."""
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


def test_models_and_migrations_agree(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        command.check(migrate._config(connection))
    with reflecting():
        indexes = {str(index["name"]) for index in inspect(engine).get_indexes("jobs")}
    named = {name for name in indexes if not name.startswith(("ix_jobs_key", "ix_jobs_queued_in"))}
    assert named == {index.name for index in sa_table("jobs").indexes}


def test_files_are_named_for_their_revisions() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())
    assert {script.revision for script in scripts.walk_revisions()} == migrate._revisions()
    assert scripts.get_current_head() == max(migrate._revisions())


def test_there_and_back(engine: Engine) -> None:
    migrate.upgrade(engine)
    tables = inspect(engine).get_table_names()
    migrate.downgrade(engine, "base")
    assert [t for t in inspect(engine).get_table_names() if t != "sqlite_sequence"] == ["curvegan_version"]
    migrate.upgrade(engine)
    assert inspect(engine).get_table_names() == tables


def test_an_upgrade_that_has_nothing_to_do(engine: Engine) -> None:
    assert migrate.status(engine).current is None
    first = migrate.upgrade(engine)
    assert first.current == first.head == migrate.status(engine).current
    assert migrate.upgrade(engine) == first


def test_an_empty_database_is_refused_by_name(engine: Engine) -> None:
    with pytest.raises(SchemaOutdated, match=r"the database is empty, .* run `curvegan db upgrade`") as error:
        migrate.check(engine)
    assert error.value.exit_code == 3


def test_a_newer_schema_is_refused_and_left_alone(engine: Engine) -> None:
    head = migrate.upgrade(engine).head
    with engine.begin() as connection:
        connection.execute(text("UPDATE curvegan_version SET version_num = '9999'"))
    for use in (migrate.check, migrate.upgrade, migrate.prepare):
        with pytest.raises(SchemaOutdated, match=rf"at 9999, newer than this curvegan \({head}\)"):
            use(engine)
    assert migrate.status(engine).current == "9999"


def test_the_version_of_an_early_store_gets_a_table_of_its_own(engine: Engine) -> None:
    head = migrate.upgrade(engine).head
    as_in_an_early_store(engine, head)
    assert migrate.status(engine) == migrate.SchemaStatus(head, head, named=False)
    migrate.check(engine)  # a client or a worker that may not write goes on with it
    assert migrate.upgrade(engine) == migrate.SchemaStatus(head, head)
    assert "alembic_version" not in inspect(engine).get_table_names()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_early_store_that_is_behind_is_upgraded(engine: Engine, revision: str) -> None:
    migrate.upgrade(engine)
    migrate.downgrade(engine, revision)
    as_in_an_early_store(engine, revision)
    assert migrate.status(engine).current == revision
    assert migrate.upgrade(engine).current == migrate.status(engine).head
    assert "alembic_version" not in inspect(engine).get_table_names()


def test_a_config_that_is_no_json_spoils_no_upgrade(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'curvegan.db'}"
    with open_store(url) as store:
        store.submit([request(), request()])
        migrate.downgrade(store.engine, "0010")
        with store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE jobs SET config = '{half', metrics = '{half' WHERE id = 1")
        migrate.upgrade(store.engine)
        assert [bool(job.unreadable) for job in store.jobs(newest_first=False)] == [True, False]
        with store.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT config FROM jobs WHERE id = 1").scalar() == '"{half"'


def test_the_embedded_store_names_its_version_by_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    engine = make_engine(url)
    as_in_an_early_store(engine, migrate.upgrade(engine).head)
    with open_store(url):
        assert migrate.status(engine).named
    engine.dispose()


def test_another_applications_version_is_none_of_ours(engine: Engine) -> None:
    """Not even where it is called as one of ours, and has a table of jobs."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    assert migrate.status(engine).current is None
    head = migrate.upgrade(engine).head
    migrate.downgrade(engine, "base")
    assert migrate.upgrade(engine).current == head
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"


def test_tables_of_another_application_are_left_alone(engine: Engine) -> None:
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id INTEGER)"))
    with pytest.raises(DatabaseTaken, match=r"tables of another application: .*jobs.* already exists") as error:
        migrate.upgrade(engine)
    assert error.value.exit_code == 3
    assert inspect(engine).get_table_names() == ["jobs"]
    assert [column["name"] for column in inspect(engine).get_columns("jobs")] == ["id"]


def as_in_an_early_store(engine: Engine, revision: str) -> None:
    """Put the version where Alembic keeps it unless it is told otherwise."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("DROP TABLE curvegan_version"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


def test_only_the_embedded_store_upgrades_itself(empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite"):
        with open_store(empty_database_url) as store:
            assert store.jobs() == []
        return
    with pytest.raises(SchemaOutdated):
        open_store(empty_database_url)
    engine = make_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_upgrades_at_once_wait_for_each_other(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: migrate.upgrade(engine), range(4)))
    assert {status.current for status in found} == {found[0].head}


def test_an_upgrade_that_fails_leaves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def half_way(config: Any, revision: str) -> None:
        config.attributes["connection"].execute(text("CREATE TABLE half_way (id INTEGER)"))
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(command, "upgrade", half_way)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        migrate.upgrade(engine)
    assert inspect(engine).get_table_names() == []


def test_a_table_can_be_replaced_without_losing_what_refers_to_it(engine: Engine) -> None:
    """A later migration alters `jobs`: SQLite replaces the table, and the drop must not cascade."""
    migrate.upgrade(engine)
    store = Store(engine)
    [job_id] = store.submit([request(tags=("kept",))])
    with migrate._alone(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with reflecting(), operations.batch_alter_table("jobs", recreate="auto") as jobs:
            jobs.alter_column("name", type_=sa.String(300))
    assert store.job(job_id).tags == ("kept",)
    assert [event.kind for event in store.events(job_id)] == ["submitted"]
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def sa_table(name: str) -> sa.Table:
    """A table as the models have it."""
    from curvegan_db.tables.models import Base

    return Base.metadata.tables[name]
