"""The whole store in one SQLite file, whichever database it lies in, and back. Each way is one transaction.

A restore fences workers out: nobody can write until it is done, and afterwards no lease is left. It begins a new
generation, and numbers jobs on from the highest number ever given.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, insert, select, text, update
from sqlalchemy.orm import Session

from curvegan_core.errors import InvalidInput
from curvegan_db.columns import JobState
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.sql import migrate
from curvegan_db.sql.database import MOST_IDLE_S, make_engine
from curvegan_db.sql.health import missing_parts
from curvegan_db.sql.transactions import now
from curvegan_db.tables import models
from curvegan_db.tables.generations import Generation, begin_generation
from curvegan_db.tables.transitions import WENT_BACK, release

_ROWS = 500
_TABLES = models.Base.metadata.sorted_tables


def back_up(engine: Engine, path: Path) -> dict[str, int]:
    """Write every row into a new SQLite file, as of one moment, and see that it is whole. Workers go on.

    Returns:
        How many rows of each table there are.

    Raises:
        InvalidInput: the file is there already.
    """
    if path.exists():
        raise InvalidInput(f"{path} is there already; give another name")
    with tempfile.TemporaryDirectory(prefix=".curvegan-backup-", dir=path.parent) as folder:
        copy = Path(folder) / "store.db"
        with _opened(copy) as target:
            migrate.upgrade(target)
            with _reading(engine) as source, target.begin() as connection:
                _clear(connection)
                rows = _copy(source, connection)
            with target.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        copy.replace(path)
    return rows


def restore(engine: Engine, path: Path) -> dict[str, int]:
    """Put the store back to what the file has, all of it or nothing; the file is left as it is.

    What is running there goes back to the queue, to go on from its last checkpoint.

    Returns:
        How many rows of each table there are.

    Raises:
        InvalidInput: there is no such file, or it is no whole store, or the database lacks keys or indexes.
    """
    migrate.prepare(engine)
    with _readable_copy(path) as source_engine, _reading(source_engine) as source:
        writing = engine.execution_options(begin="IMMEDIATE")
        with writing.begin() as connection:
            generation = connection.scalar(select(func.max(Generation.generation))) or 0
            numbers = _numbers(connection)
            _clear(connection)
            rows = _copy(source, connection)
            _number_on(connection, numbers)
            _fence(connection, generation)
            _verify(connection)
    return rows


def _verify(connection: Connection) -> None:
    """Raise InvalidInput, and with that leave all as it was, unless keys and numbers are as the models say."""
    if lacking := missing_parts(connection, models.Base.metadata):
        raise InvalidInput(f"nothing was restored: the database lacks {', '.join(lacking)}; restore into a new one")
    if connection.dialect.name == "sqlite":
        return
    for table in _numbered():
        key = table.autoincrement_column
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))  # type: ignore[union-attr]
        given = connection.scalar(text(f"SELECT last_value FROM {sequence}")) or 0
        if given < (connection.scalar(select(func.max(key))) or 0):
            raise RuntimeError(f"{sequence} would give numbers of {table.name} twice")


@contextmanager
def _opened(path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{path}")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """Read all tables as of one moment."""
    isolated = engine
    if engine.dialect.name == "postgresql":
        isolated = engine.execution_options(isolation_level="REPEATABLE READ")
    with isolated.connect() as connection, connection.begin():
        yield connection


@contextmanager
def _readable_copy(path: Path) -> Iterator[Engine]:
    """Open a copy of the file, brought to this version's schema."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}; `curvegan db backup FILE` makes one")
    with tempfile.TemporaryDirectory(prefix="curvegan-restore-") as folder:
        copy = Path(folder) / "store.db"
        shutil.copyfile(path, copy)
        with _opened(copy) as engine:
            try:
                with engine.connect() as connection:
                    sound = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
                ours = sound == "ok" and migrate.status(engine).current is not None
            except DatabaseUnreachable:
                ours = False
            if not ours:
                raise InvalidInput(f"{path} is no whole store; `curvegan db backup FILE` makes one")
            migrate.upgrade(engine)
            with engine.connect() as connection:
                lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if lost:
                raise InvalidInput(f"nothing was restored: {path} has {len(lost)} rows of jobs that it lacks")
            yield engine


def _clear(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Who froze in mid-transaction keeps a lock until the server ends that; from here on nobody else gets in.
        connection.execute(text(f"SET LOCAL lock_timeout = '{4 * MOST_IDLE_S}s'"))
        connection.execute(text(f"TRUNCATE {', '.join(table.name for table in _TABLES)}"))
        return
    for table in reversed(_TABLES):
        connection.execute(table.delete())


def _copy(source: Connection, target: Connection) -> dict[str, int]:
    rows = {}
    for table in _TABLES:
        result = source.execution_options(yield_per=_ROWS).execute(select(table))
        rows[table.name] = 0
        for part in result.mappings().partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in part])
            rows[table.name] += len(part)
        if target.scalar(select(func.count()).select_from(table)) != rows[table.name]:
            raise RuntimeError(f"not all of {table.name} was copied")
    return rows


def _numbered() -> list[Table]:
    return [table for table in _TABLES if table.autoincrement_column is not None]


def _numbers(connection: Connection) -> dict[str, int]:
    """Return the highest number that each table gave."""
    numbers = {}
    for table in _numbered():
        key = table.autoincrement_column
        numbers[table.name] = connection.scalar(select(func.max(key))) or 0
        if connection.dialect.name == "postgresql":
            sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))  # type: ignore[union-attr]
            given = connection.scalar(text(f"SELECT last_value FROM {sequence}")) or 0
            numbers[table.name] = max(numbers[table.name], given)
    return numbers


def _number_on(connection: Connection, numbers: dict[str, int]) -> None:
    """Have PostgreSQL go on above all numbers that were ever given; SQLite remembers them by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in _numbered():
        key = table.autoincrement_column
        last = max(connection.scalar(select(func.max(key))) or 0, numbers[table.name], 1)
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, key.name), last)))  # type: ignore[union-attr]


def _fence(connection: Connection, generation: int) -> None:
    """Begin a generation above both, and take every lease away."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        moment = now(session)
        highest = max(generation, session.scalars(select(Generation.generation)).one())
        session.execute(update(Generation).values(generation=highest, server=None))
        begin_generation(session, moment)
        running = select(models.Job).where(models.in_state(JobState.RUNNING)).order_by(models.Job.id)
        for job in session.scalars(running):
            release(session, job, moment, WENT_BACK, "the store was restored from a backup")
        session.commit()
