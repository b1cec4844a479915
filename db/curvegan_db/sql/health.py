"""What can go wrong beneath the store: a file system without WAL, and clocks that differ. Writes no table of the store.

Why both matter: SQLite's write-ahead log needs memory that processes share, which network file systems do not have;
and leases are measured by the database's clock, which people compare with the one on their wall.
"""

import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, inspect
from sqlalchemy.engine import Engine

from curvegan_db.sql.database import make_engine
from curvegan_db.sql.transactions import Transactions

_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "lustre", "ceph", "glusterfs", "afs")


def try_wal(folder: Path) -> str | None:
    """Write a small database with a write-ahead log in the folder and read it beside its writer; it is deleted.

    Returns:
        What is wrong, in one line; None when all is well.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".curvegan-check-", dir=folder) as inside:
            return _try_wal(Path(inside) / "wal.db")
    except OSError as error:
        return f"{folder}: {error.strerror}"


def network_file_system(folder: Path) -> str | None:
    """Return the kind of network file system that the folder is on; None on a local one, or where it is not known."""
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return None
    mounted = {fields[1]: fields[2] for fields in map(str.split, mounts) if len(fields) > 2}
    mount = next((str(path) for path in (folder.resolve(), *folder.resolve().parents) if str(path) in mounted), "")
    kind = mounted.get(mount, "")
    return kind if kind.startswith(_NETWORK) else None


def clock_skew(engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> timedelta:
    """Measure how far the database's clock is ahead of this machine's, give or take half the time that asking takes."""
    store = Transactions(engine)
    store.time()  # connects
    before = clock()
    theirs = store.time()
    return theirs - before - (clock() - before) / 2


def missing_parts(engine: Engine | Connection, metadata: MetaData) -> list[str]:
    """Return the keys and indexes that the tables lack, as a restore that failed half-way leaves them."""
    inspector, missing = inspect(engine), []
    for table in metadata.sorted_tables:
        with reflecting():
            there = {index["name"] for index in inspector.get_indexes(table.name)}
        foreign = {tuple(key["constrained_columns"]) for key in inspector.get_foreign_keys(table.name)}
        keyed = inspector.get_pk_constraint(table.name)["constrained_columns"]
        missing += [str(index.name) for index in table.indexes if index.name not in there]
        missing += [str(key.name) for key in table.foreign_key_constraints if tuple(key.column_keys) not in foreign]
        missing += [] if set(keyed) == {*table.primary_key.columns.keys()} else [f"the primary key of {table.name}"]
    return sorted(missing)


@contextmanager
def reflecting() -> Iterator[None]:
    """Say nothing of the indexes on expressions, which SQLAlchemy does not see on SQLite: no table needs them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        yield


def _try_wal(path: Path) -> str | None:
    engine = make_engine(f"sqlite:///{path}")
    try:
        with closing(engine.raw_connection()) as writer, closing(sqlite3.connect(path)) as reader:
            return _write_and_read(writer.driver_connection, reader)
    except sqlite3.Error as error:
        return f"{path.parent.parent}: {error}"
    finally:
        engine.dispose()


def _write_and_read(writer: Any, reader: sqlite3.Connection) -> str | None:
    mode = writer.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        return f"SQLite falls back to the journal mode {mode!r} there"
    writer.execute("CREATE TABLE t (x)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES (1)")
    if reader.execute("SELECT count(*) FROM t").fetchone() != (0,):
        return "a reader sees what was not committed"
    writer.execute("COMMIT")
    if reader.execute("SELECT count(*) FROM t").fetchone() != (1,):
        return "a reader does not see what was committed"
    return None
