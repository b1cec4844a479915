"""curvegan wait and submit --wait: progress, outcome, Ctrl-C."""

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .client import SMALL, Client, PlayedWorker
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
    process = subprocess.Popen(**client.command("wait", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert "job 1 queued" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    assert "`curvegan wait 1`" in stderr
    assert "Traceback" not in stderr
    assert client.json("show", "1")["state"] == "queued"


def test_wait_says_what_a_job_waits_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from curvegan_cli import waiting

    monkeypatch.setattr(waiting, "TEND_S", 0.2)
    client.submit("--device", "cuda", *SMALL)
    cancelling = threading.Timer(1.5, client, ["cancel", "1"])
    cancelling.start()
    result = client("wait", "1")
    cancelling.join()
    assert result.stderr.count("Job 1 waits for a worker with cuda; ") == 1
    assert result.stdout == "Job 1 cancelled at step 0 of 200\n"


def test_a_terminal_gets_a_bar(client: Client) -> None:
    client.submit(*SMALL)
    with working(client):
        code, shown = on_a_terminal(client, "wait", "1", seconds=60)
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
