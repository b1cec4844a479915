"""A store that goes back to an earlier state: a file put back, a standby that takes over and had not heard it all."""

import json
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from sqlalchemy import text

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...cli.client import Client
from ...conftest import started
from ...databases import migrate, new_database
from ...servers import PostgresServer, StandbyServer
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.faulty import attempts, faulty_fleet, wait_for_attempt


def test_a_file_that_is_put_back_is_trained_on_from_what_it_has(tmp_path: Path, recovered: Recovered) -> None:
    """With `cp` and SQLite's own backup, under a worker: the first trains in mid-history, the other had ended."""
    file, copy = tmp_path / "curvegan.db", tmp_path / "copy.db"
    settings = Settings.resolve(str(tmp_path), f"sqlite:///{file}")
    with open_store(settings.database_url) as store, faulty_fleet(settings, slow=0.1) as fleet:
        running, ended = *submit(store, SLOW), *submit(store, SHORT, priority=-1)
        wait_for_step(store, running, 100, fleet)
        put(file, copy)
        wait_for_step(store, running, 600, fleet)
        put(copy, file)
        assert store.job(running).step < 600
        recovered("a SQLite file put back under its worker", wait_for_attempt(store, running, 2))
        for job in (running, ended):
            wait_for_state(store, job, "succeeded", fleet)
    first, second = attempts(store, running)
    assert (first.outcome, second.outcome) == ("store_went_back", "succeeded")
    assert 100 <= second.began_step < 600
    for job in (running, ended):
        assert_ended_once(store, job)
        assert_undisturbed(store, job)


def test_a_standby_that_takes_over_is_trained_on_from_what_it_had_heard(
    own_postgres: PostgresServer, tmp_path: Path, recovered: Recovered
) -> None:
    """It had heard of the first job in mid-history, and had not heard that the other ended: both are trained again."""
    with ExitStack() as stack:
        url = stack.enter_context(new_database(own_postgres.url()))
        migrate(url)
        settings = Settings.resolve(str(tmp_path), url)
        standby = stack.enter_context(started(lambda: StandbyServer(own_postgres)))
        store = stack.enter_context(open_store(url))
        running, ended = *submit(store, SLOW), *submit(store, SHORT, priority=-1)
        # A lease that lasts until the standby is up: who had lost it would not see that the store went back.
        fleet = stack.enter_context(faulty_fleet(settings, "--concurrency", "2", slow=0.1, lease=15))
        wait_for_step(store, running, 100, fleet)
        standby.stop()
        wait_for_step(store, running, 600, fleet)
        wait_for_state(store, ended, "succeeded", fleet)
        own_postgres.stop(signal.SIGQUIT)
        standby.take_over()
        recovered("a standby took over", wait_for_attempt(store, running, 2))
        for job in (running, ended):
            wait_for_state(store, job, "succeeded", fleet)
            assert_ended_once(store, job)
            assert_undisturbed(store, job)
        first, second = attempts(store, running)
        assert (first.outcome, second.outcome) == ("store_went_back", "succeeded")
        assert 100 <= second.began_step < 600
        assert store.generation() == 2
        standby.stop()
        own_postgres.start()


def test_a_backup_is_restored_under_workers(store: Store, settings: Settings, tmp_path: Path) -> None:
    """By the commands, on either database: what was running is trained on, and numbers are not given twice."""
    client, file = Client(settings.home, settings.database_url), tmp_path / "backup.db"
    with faulty_fleet(settings, slow=0.1) as fleet:
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 100, fleet)
        assert "1 job " in client.done("db", "backup", str(file))
        assert "is there already" in client.refused("db", "backup", str(file))
        (later,) = submit(store, SHORT)
        wait_for_step(store, job, 300, fleet)
        client.done("db", "restore", str(file), "--yes")
        assert store.generation() == 2
        (again,) = submit(store, SHORT)
        assert again > later
        for each in (job, again):
            wait_for_state(store, each, "succeeded", fleet)
            assert_undisturbed(store, each)
    assert attempts(store, job)[0].outcome == "store_went_back"
    with store.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_jobs_sweep"))
    found = json.loads(client("doctor", "-o", "json").stdout)
    (schema,) = [finding for finding in found if finding["check"] == "schema"]
    assert "without ix_jobs_sweep" in schema["text"]
    (tmp_path / "none.db").write_text("none")
    assert "no whole store" in client.refused("db", "restore", str(tmp_path / "none.db"), "--yes")


def put(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
