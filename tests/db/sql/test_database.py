"""How a database is opened: what goes wrong is one line without a password, and a SQLite file is its owner's alone."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from curvegan_core.errors import InvalidInput
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.sql import migrate
from curvegan_db.sql.database import make_engine, shown_url
from curvegan_db.store import Store, open_store

from ...servers import PostgresServer
from ..trainings import a_worker, request

OPENER = Path(__file__).with_name("opener.py")
OPEN_STORE = "import sys; from curvegan_db.store import open_store; s = open_store(sys.argv[1]); s.jobs(); s.close()"


def refused(url: str) -> str:
    """The one line with which a database is refused."""
    with pytest.raises(DatabaseUnreachable) as error:
        open_store(url)
    line = str(error.value)
    assert "\n" not in line
    assert error.value.exit_code == 3
    assert "CURVEGAN_DATABASE_URL" in line
    return line


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused(f"sqlite:///{tmp_path}/file/home/c.db")
    assert f"cannot use the database sqlite:///{tmp_path}/file/home/c.db: {tmp_path}/file/home: Not a directory" in line


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    assert "Is a directory" in refused(f"sqlite:///{tmp_path}")


def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_text("Dear diary, " * 1000)
    assert "file is not a database" in refused(f"sqlite:///{tmp_path}/c.db")
    assert (tmp_path / "c.db").read_text() == "Dear diary, " * 1000


def test_a_damaged_file(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/c.db") as store:
        store.submit([request()])
    content = bytearray((tmp_path / "c.db").read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    (tmp_path / "c.db").write_bytes(content)
    assert "malformed" in refused(f"sqlite:///{tmp_path}/c.db")


def test_a_server_that_does_not_answer() -> None:
    line = refused("postgresql+psycopg://ann:opensesame@127.0.0.1:1/c?password=opensesame")
    assert "refused" in line
    assert "opensesame" not in line
    assert "postgresql+psycopg://ann:***@127.0.0.1:1/c:" in line


def test_a_wrong_password_and_a_missing_database(postgres_url: str) -> None:
    url = make_url(postgres_url)
    wrong = url.set(password="opensesame").render_as_string(hide_password=False)
    if "password" in (line := refused(wrong)):  # a server given by the environment may trust everybody
        assert "opensesame" not in line
    assert "does not exist" in refused(url.set(database="nowhere").render_as_string(hide_password=False))


@pytest.mark.parametrize(
    "url", ["", "c.db", "mysql://ann:opensesame@h/c", "sqlite://", "sqlite:///", "postgresql://[", "x:y"]
)
def test_a_url_that_names_no_database_we_know(url: str) -> None:
    with pytest.raises(InvalidInput, match="the database URL must be sqlite:///PATH or postgresql") as error:
        make_engine(url)
    assert "opensesame" not in str(error.value)


def test_the_short_names_of_postgresql_are_fine() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert shown_url(make_engine(f"{scheme}://ann:opensesame@h/c")) == "postgresql+psycopg://ann:***@h/c"


@pytest.fixture
def own_postgres(postgres_url: str) -> Iterator[PostgresServer]:
    """A server that a test may stop; asked for after the shared one, so that a machine without any skips."""
    with PostgresServer() as server:
        yield server


def test_a_server_that_goes_and_comes_back(own_postgres: PostgresServer) -> None:
    with _on_new_server(own_postgres) as store:
        [job_id] = store.submit([request()])
        own_postgres.stop(own_postgres.at_once)
        for _ in range(2):
            with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1"):
                store.job(job_id)
        own_postgres.start()
        assert store.job(job_id).state == "queued"


def test_who_freezes_in_mid_transaction_does_not_keep_a_lock_for_ever(postgres_url: str) -> None:
    engine = make_engine(f"{postgres_url}?options=-c%20statement_timeout%3D7s")
    with engine.connect() as connection:
        for setting, seconds in (("idle_in_transaction_session_timeout", "15s"), ("statement_timeout", "7s")):
            assert connection.execute(text(f"SHOW {setting}")).scalar_one() == seconds
    engine.dispose()


def test_the_file_and_its_folder_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with open_store(f"sqlite:///{tmp_path}/new/home/c.db") as store:
            store.submit([request()])
            files = sorted((tmp_path / "new" / "home").iterdir())
    finally:
        os.umask(old)
    assert [file.name for file in files] == ["c.db", "c.db-shm", "c.db-wal"]
    with open_store(f"sqlite:///{tmp_path}/new/home/c.db") as store:
        assert store.jobs()
        assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new" / "home").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "new" / "home").stat().st_mode) == 0o700


def test_the_pragmas_hold_on_every_connection(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/c.db")
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            found = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]
            assert found == ["wal", 2, 1, 30_000]
    engine.dispose()


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/c.db") as store:
        [job_id] = store.submit([request()])
        with store._write() as session:
            session.execute(text("UPDATE jobs SET name = 'half-way'"))
            assert store.job(job_id).name is None
        assert store.job(job_id).name == "half-way"


def test_processes_that_open_an_empty_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/c.db"
    started = [subprocess.Popen([sys.executable, "-c", OPEN_STORE, url], stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ended == [(b"", 0)] * 4
    migrate.check(make_engine(url))


def test_deleting_a_job_deletes_all_that_belongs_to_it(database_url: str) -> None:
    with open_store(database_url) as store:
        store.submit([request(tags=("t",))])
        a_worker(store)
        with store.engine.begin() as connection:
            connection.execute(text("DELETE FROM jobs"))
            for table in ("job_tags", "events"):
                assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def _on_new_server(server: PostgresServer) -> Store:
    engine = make_engine(server.url())
    migrate.upgrade(engine)
    return Store(engine)


def test_processes_that_switch_new_files_to_wal_at_once(tmp_path: Path) -> None:
    """SQLite answers some of them "database is locked" at once, whatever the busy time-out says."""
    command = [sys.executable, str(OPENER), str(tmp_path), str(time.time() + 3)]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ended == [(b"", 0)] * 4


def test_a_second_connection_does_not_drop_the_locks_of_the_first(tmp_path: Path) -> None:
    """Else another process believes to be the last that closes the file, and takes the log away from under us."""
    url = f"sqlite:///{tmp_path}/c.db"
    with open_store(url) as store, open_store(url) as second:
        [first_id] = store.submit([request()])
        assert second.job(first_id).state == "queued"
        subprocess.run([sys.executable, "-c", OPEN_STORE, url], check=True)
        [later_id] = store.submit([request()])
        assert (tmp_path / "c.db-wal").exists()
    with open_store(url) as store:
        assert [job.id for job in store.jobs()] == [later_id, first_id]
        with store.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
