"""curvegan wait and submit --wait: progress, outcome, Ctrl-C."""

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from curvegan.showing import progress
from curvegan.watching import following

from ...databases import new_database
from ...servers import PostgresServer
from ..client import SMALL, Client, PlayedWorker
from .test_status import on_a_terminal


@contextmanager
def working(client: Client, error: str | None = None) -> Iterator[None]:
    """A worker in a thread that takes one job, as soon as there is one, and ends it."""

    def work() -> None:
        with client.store() as store:
            worker = PlayedWorker(store)
            while not store.queued(("auto", "cpu")):
                time.sleep(0.05)
            worker.claim()
            worker.train(until=100)
            if error:
                worker.fail(error)
            else:
                worker.train()

    client.done("db", "upgrade")
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_submit_and_wait_ends_with_the_jobs_numbers(any_client: Client) -> None:
    with working(any_client):
        result = any_client("submit", "--no-worker", "--wait", *SMALL)
    assert result.exit_code == 0
    assert result.stdout.startswith("Job 1 is queued.\nJob 1 succeeded: RMSE ")
    assert "curvegan fetch-plot 1" in result.stdout
    assert re.search(r"^job 1 succeeded, step 200 of 200 \(100 %\), RMSE \S+$", result.stderr, re.M)


def test_submit_and_wait_as_json_is_one_object(any_client: Client) -> None:
    with working(any_client):
        job = any_client.json("submit", "--no-worker", "--wait", *SMALL)
    assert (job["id"], job["state"], job["step"]) == (1, "succeeded", 200)
    assert job["metrics"]["rmse"] > 0


def test_a_job_that_fails_is_exit_1(any_client: Client) -> None:
    with working(any_client, error="Traceback\nValueError: no"):
        result = any_client("submit", "--no-worker", "--wait", "-q", *SMALL)
    assert (result.exit_code, result.stdout) == (1, "1\n")
    result = any_client("wait", "1")
    assert (result.exit_code, result.stdout) == (1, "Job 1 failed at step 100 of 200: ValueError: no\n")
    result = any_client("wait", "1", "-o", "json")
    assert result.exit_code == 1
    assert [job["state"] for job in json.loads(result.stdout)] == ["failed"]


def test_wait_for_jobs_that_have_ended(trained: Client) -> None:
    assert trained.done("wait", "1").startswith("Job 1 succeeded: RMSE ")
    assert trained.done("wait", "1", "-q") == "1\n"
    assert trained.done("wait", "1", "-o", "csv").count("\n") == 2
    assert trained.json("wait", "all") == []


def test_ctrl_c_detaches_and_says_how_to_go_on(client: Client) -> None:
    client.submit()
    process = subprocess.Popen(
        **client.command("wait", "1", "--no-worker"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert "job 1 queued" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    assert "`curvegan wait 1`" in stderr
    assert "Traceback" not in stderr
    assert client.json("show", "1")["state"] == "queued"


def test_wait_says_what_a_job_waits_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.2)
    client.submit("--device", "cuda", *SMALL)
    cancelling = threading.Timer(1.5, client, ["cancel", "1"])
    cancelling.start()
    result = client("wait", "1", "--no-worker")
    cancelling.join()
    assert result.stderr.count("Job 1 waits for a worker with cuda; ") == 1
    assert result.stdout == "Job 1 cancelled at step 0 of 200\n"


def test_a_line_is_said_again_where_something_changed_and_now_and_then(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Off a terminal, where each look would have its line."""
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    client.submit(*SMALL)
    with client.store() as store:

        def said(show: progress._JobLines) -> list[str]:
            show({1: store.job(1)})
            return capsys.readouterr().err.splitlines()

        show = progress._JobLines(store)
        assert [said(show) for _ in range(3)] == [["job 1 queued, step 0 of 200 (0 %)"], [], []]
        monkeypatch.setattr(progress, "REPEAT_LINE_S", 0.0)
        assert said(show) == ["job 1 queued, step 0 of 200 (0 %)"]
        monkeypatch.setattr(progress, "REPEAT_LINE_S", 60.0)
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
        assert [line[:22] for line in said(show)] == ["job 1 running, step 10"]
        assert said(show) == []
        worker.train()
        monkeypatch.setattr(progress, "REPEAT_LINE_S", 0.0)
        assert [len(said(show)) for _ in range(3)] == [1, 0, 0]  # an end is said once


def test_many_lines_that_are_the_same_are_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_S", 0.0)
    show = progress.together(lambda ended: (f"{ended} of 3", ended == 3))
    for ended in (0, 0, 1, 1, 1, 3):
        show(ended)
    assert capsys.readouterr().err.splitlines() == ["0 of 3", "1 of 3", "3 of 3"]


def test_a_terminal_gets_a_bar(client: Client) -> None:
    client.submit(*SMALL)
    with working(client):
        code, shown = on_a_terminal(client, "wait", "1", "--no-worker", seconds=60)
    assert code == 0
    assert "━" in shown
    assert "200/200" in shown
    assert "RMSE" in shown


def test_many_jobs_are_followed_as_one(client: Client) -> None:
    for _ in range(9):
        client.submit()
    client.done("cancel", "all")
    result = client("wait", "1-9")
    assert result.exit_code == 1
    assert result.stderr == "9 of 9 jobs have ended\n"
    assert len(result.stdout.splitlines()) == 9


@pytest.fixture
def served(own_postgres: PostgresServer, tmp_path: Path) -> Iterator[Client]:
    """A client of a server that the test may stop, with job 1 queued there."""
    with new_database(own_postgres.url()) as url:
        client = Client(tmp_path / "home", url)
        client.done("db", "upgrade")
        client.submit(*SMALL)
        yield client


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        (["wait", "1", "--no-worker"], "job 1 queued", "Job 1 cancelled at step 0 of 200"),
        (["logs", "1", "--follow"], "submitted", "cancelled"),
    ],
)
def test_following_survives_a_restart_of_the_database(
    served: Client, own_postgres: PostgresServer, words: list[str], first: str, last: str
) -> None:
    command = served.command(*words)
    with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1) as process:
        assert process.stdout is not None
        assert first in process.stdout.readline()
        own_postgres.stop(signal.SIGQUIT)
        said = iter(process.stdout.readline, "")
        assert next(line for line in said if "cannot use the database" in line).endswith("; trying again for 300 s.\n")
        own_postgres.start()
        assert next(said).startswith("The database is back after ")
        served.done("cancel", "1")
        assert list(said)[-1].strip().endswith(last)
    assert process.returncode == 1


def test_a_database_that_stays_away_ends_the_waiting(
    served: Client, own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PATIENCE_S", 1.5)
    stopping = threading.Timer(1.0, own_postgres.stop, [signal.SIGQUIT])
    stopping.start()
    result = served("wait", "1", "--no-worker")
    stopping.join()
    own_postgres.start()
    *_, warning, error = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (3, "")
    assert warning.startswith("Warning: cannot use the database")
    assert error.startswith("Error: cannot use the database")


@pytest.mark.parametrize("words", [["wait", "1", "--no-worker"], ["logs", "1", "--follow"]])
def test_following_a_job_that_is_deleted_ends_in_a_line(client: Client, words: list[str]) -> None:
    client.submit(*SMALL)

    def delete() -> None:
        with client.store() as store, store.engine.begin() as connection:
            for table in ("events", "jobs"):
                connection.execute(text(f"DELETE FROM {table}"))

    deleting = threading.Timer(1.0, delete)
    deleting.start()
    result = client(*words)
    deleting.join()
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: no job 1; `curvegan status` lists the jobs",
    )
