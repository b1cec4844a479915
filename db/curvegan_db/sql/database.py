"""How a database is opened: drivers, pragmas, transactions, and failures in one line. Knows no table.

SQLite: WAL, so that readers and the one writer never wait for each other; the driver's own transactions are off and
every transaction begins in the open: BEGIN to read, BEGIN IMMEDIATE to write (by the execution option `begin`), which
waits for the write lock at the start instead of failing half-way. synchronous=FULL: a submit that was answered is still
there after a power cut; a job commits every few seconds, so that the sync is cheap.

PostgreSQL: however the database or the role is set, a connection is set as the store needs it: read committed, UTF-8,
dates in ISO form, floats in full. A pooler like PgBouncer may give each transaction another server connection. Nothing
can be set at connect there, nor prepared; each transaction sets for itself what it needs.
"""

import errno
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from curvegan_core.errors import InvalidInput
from curvegan_db.errors import DatabaseRefuses, DatabaseTaken, DatabaseUnreachable

CONNECT_TIMEOUT_S = 5
BUSY_TIMEOUT_S = 30
# A server that vanished without a word (a pulled plug) is noticed while a lease still runs: seconds, and milliseconds.
_NOTICE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 15_000}
# A worker that freezes in mid-transaction (a suspended machine) would keep its job locked for as long as it sleeps.
MOST_IDLE_S = 15
_SETTINGS = {
    "idle_in_transaction_session_timeout": f"{MOST_IDLE_S}s",
    "DateStyle": "ISO",
    "TimeZone": "UTC",
    "extra_float_digits": "1",  # each float as exact as it is stored
}
# A table that somebody holds for long (VACUUM FULL, a restore) is said, and asked for again, well within a lease.
MOST_LOCKED_S = 10.0
POOLED, _FILE = "curvegan_pooled", "curvegan_file"
# What SQLAlchemy's other users write at the end of a URL, `?timeout=5`: there are none for a file.
_OPTIONS = re.compile(r"\?\w+=[^/]*$")
_creating = threading.Lock()
_POSTGRES = {"postgresql", "postgres", "postgresql+psycopg"}


def make_engine(url: str, most_locked_s: float = MOST_LOCKED_S, kept: int = 5) -> Engine:
    """Make an engine that connects on first use. Raises InvalidInput for a URL that names no database we know.

    Args:
        most_locked_s: for how long a statement waits for a lock on PostgreSQL, where it does not answer otherwise.
        kept: how many connections to PostgreSQL stay open between transactions; others are opened as they are needed.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed) if parsed.drivername == "sqlite" else _postgresql(parsed, most_locked_s, kept)
    event.listen(engine, "handle_error", _one_line)
    return engine


def shown_url(engine: Engine) -> str:
    """Return the engine's URL for people: without the password, and without the query, which may hold one.

    A file's path stands as it is, as `_file_url` reads it, so that what is shown can be given again.
    """
    if engine.url.drivername == "sqlite":
        return f"sqlite:///{engine.url.database}"
    return engine.url.set(query={}).render_as_string(hide_password=True)


def _parse(url: str) -> URL:
    try:
        parsed = _file_url(url) or make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    # The URL itself is not shown: it may hold a password in a place where nobody looks for one.
    if parsed is None or not _is_ours(parsed):
        raise InvalidInput(
            "the database URL must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME; in a password "
            "write @ as %40; see CURVEGAN_DATABASE_URL or --database-url"
        )
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername in _POSTGRES else parsed


def _file_url(url: str) -> URL | None:
    """Return the URL of a SQLite file: its path as it stands, for a name may have a `?` or a `%` in it."""
    path = url.removeprefix("sqlite:///")
    return None if path == url or _OPTIONS.search(path) else URL.create("sqlite", database=path)


def _is_ours(url: URL) -> bool:
    """Return whether it names one of our databases; a host with an @ is the rest of a password that has one."""
    if not url.database or "\0" in str(url) or "@" in (url.host or ""):
        return False
    if url.drivername == "sqlite":
        return not url.query and not url.host and not url.database.endswith(":memory:")
    return url.drivername in _POSTGRES


def _postgresql(url: URL, most_locked_s: float, kept: int) -> Engine:
    connect_args = {"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8", **_NOTICE}
    # Claims lock what they read; serialisable, which a database may have for its default, would fail them instead.
    pool = {"pool_pre_ping": True, "pool_size": kept, "max_overflow": max(0, 15 - kept)}
    engine = create_engine(url, isolation_level="READ COMMITTED", connect_args=connect_args, **pool)
    settings = _SETTINGS | {"lock_timeout": f"{int(1000 * most_locked_s)}ms"}
    event.listen(engine, "connect", partial(_set_session, settings))
    event.listen(engine, "begin", partial(_set_transaction, settings))
    return engine


def _set_session(settings: Mapping[str, str], driver: Any, record: Any) -> None:
    """Set the connection up, unless its server process is not the one that it says: then it is a pooler's."""
    driver.autocommit = True
    with driver.cursor() as cursor:
        cursor.execute(f"SELECT {_set(settings, local=False)} WHERE pg_backend_pid() = %s", (driver.info.backend_pid,))
        record.info[POOLED] = cursor.fetchone() is None
    driver.autocommit = False
    if record.info[POOLED]:
        driver.prepare_threshold = None


def _set_transaction(settings: Mapping[str, str], connection: Connection) -> None:
    if connection.connection.info[POOLED]:
        connection.exec_driver_sql(f"SELECT {_set(settings, local=True)}")


def _set(settings: Mapping[str, str], local: bool) -> str:
    return ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in settings.items())


def _sqlite(url: URL) -> Engine:
    path, was_open = Path(url.database or "").absolute(), threading.Event()

    def connect() -> sqlite3.Connection:
        try:
            connection = _open_file(path, was_open.is_set())
        except OSError as error:
            raise sqlite3.OperationalError(f"{error.filename}: {error.strerror}") from error
        was_open.set()
        return connection

    engine = create_engine(url, creator=connect, json_deserializer=_read_json)
    event.listen(engine, "connect", partial(_note_file, path))
    event.listen(engine, "checkout", partial(_check_file, path))
    event.listen(engine, "begin", _begin)
    return engine


def _note_file(path: Path, driver: Any, record: Any) -> None:
    record.info[_FILE] = _identity(path)


def _check_file(path: Path, driver: Any, record: Any, fairy: Any) -> None:
    """Have the connection opened again if its file was deleted or replaced: it would write where nobody reads."""
    if record.info[_FILE] != _identity(path):
        raise DisconnectionError(f"{path} is another file now")


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def _read_json(text: str | bytes) -> Any:
    """Read a JSON column; None where somebody wrote something else there, for it is one row's and not the query's."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _open_file(path: Path, must_exist: bool = False) -> sqlite3.Connection:
    if must_exist and not path.exists():
        raise FileNotFoundError(errno.ENOENT, "the file is gone, though it was there", str(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    _create(path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file, or the disk that it is on, is read-only", str(path))
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _set_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Create the file here and not by SQLite, so that it, and with it its -wal and -shm, is the user's alone.

    A file that is there is not touched: to close it would drop the locks of all connections of this process to it
    (POSIX), and another process that believed to be the last one would take the log away from under them.
    """
    with _creating, suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _set_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for the busy time-out when several connections switch a new file to WAL at once.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def _one_line(context: ExceptionContext) -> None:
    """Turn every failure of the service, not of a statement, into an error of one line."""
    error = context.original_exception
    if context.engine is None or context.is_pre_ping:
        return
    if kind := _fault(context, error):
        raise kind(shown_url(context.engine), " ".join(str(error).split())[:300]) from error


def _fault(context: ExceptionContext, error: BaseException) -> type[DatabaseUnreachable] | type[DatabaseTaken] | None:
    if context.dialect.name == "sqlite":
        if "already exists" in str(error):
            return DatabaseTaken
        # It says DatabaseError itself, no subclass, for a file that is damaged or no database.
        unusable = isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
        return DatabaseUnreachable if unusable else None
    import psycopg  # noqa: PLC0415 - a tenth of the time of a command on SQLite, which does without

    kinds = psycopg.errors
    if isinstance(error, kinds.ReadOnlySqlTransaction | kinds.InsufficientPrivilege):
        return DatabaseRefuses
    if isinstance(error, kinds.DuplicateTable):
        return DatabaseTaken
    # Tables that are gone; no schema to make them in; an encoding that lacks a character, or counts bytes.
    setup = (
        *(kinds.UndefinedTable, kinds.InvalidSchemaName),
        *(kinds.UntranslatableCharacter, kinds.StringDataRightTruncation),
    )
    # A transaction in which this process, suspended or starved, said nothing for too long.
    away = (psycopg.OperationalError, psycopg.InterfaceError, kinds.IdleInTransactionSessionTimeout)
    if isinstance(error, (*away, *setup)):
        return DatabaseUnreachable
    # Before a statement there is only the URL to be wrong: an option that the driver does not know, for instance.
    return DatabaseUnreachable if context.connection is None and isinstance(error, psycopg.Error) else None
