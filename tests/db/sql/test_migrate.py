"""The schema: models and migrations agree, upgrades are safe and atomic, another version's schema is left alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from curvegan_db.errors import SchemaOutdated
from curvegan_db.sql import migrate
from curvegan_db.sql.database import make_engine
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
    indexes = {index["name"] for index in inspect(engine).get_indexes("jobs")}
    assert indexes == {index.name for index in sa_table("jobs").indexes}


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
        with operations.batch_alter_table("jobs", recreate="auto") as jobs:
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
