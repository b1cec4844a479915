"""The schema: models and migrations agree, upgrades are safe, and no other version's schema is touched."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, inspect

from curvegan_db import migrate
from curvegan_db.database import make_engine


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


def test_models_and_migrations_agree(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        command.check(migrate._config(connection))


def test_there_and_back(engine: Engine) -> None:
    migrate.upgrade(engine)
    tables = inspect(engine).get_table_names()
    migrate.downgrade(engine, "base")
    assert [t for t in inspect(engine).get_table_names() if t != "sqlite_sequence"] == ["alembic_version"]
    migrate.upgrade(engine)
    assert inspect(engine).get_table_names() == tables
