"""curvegan logs: a job's own log, also of failed and cancelled jobs, and followed to the end."""

import json
import re
import signal
import subprocess
import threading

import pytest

from ...db.one_job import say
from ..client import SMALL, Client, PlayedWorker
from .test_waiting import working

STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  "


def test_a_failed_job_has_its_log_from_the_first_line(any_client: Client) -> None:
    any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        say(store, worker.token, 1, {0: "Traceback\n  at \x1b[2J here\nValueError: no"})
        worker.fail("Traceback\nValueError: no")
    text = any_client.done("logs", "1")
    assert re.search(STAMP + r" -  submitted$", text, re.M)
    assert re.search(STAMP + r" 1  claimed by host:4711$", text, re.M)
    assert re.search(STAMP + r" 1  began at step 0 on cpu with fused \S+$", text, re.M)
    assert re.search(STAMP + r" 1  Traceback\n      at \\x1b\[2J here\n    ValueError: no$", text, re.M)
    assert text.endswith("failed: error\n")
    assert "\x1b" not in text
    lines = any_client.json("logs", "last")
    assert [line["kind"] for line in lines] == ["submitted", "claimed", "began", "said", "failed"]
    assert lines[3] == lines[3] | {"attempt": 1, "worker": "host:4711"}
    assert lines[3]["text"].startswith("Traceback\n")


def test_a_cancelled_job_has_its_reason_in_the_log(any_client: Client) -> None:
    any_client.submit()
    any_client.done("cancel", "1", "--reason", "wrong curve")
    assert any_client.done("logs", "1").endswith("cancelled: wrong curve\n")


def test_a_log_is_followed_to_the_end_of_its_job(any_client: Client) -> None:
    any_client.submit(*SMALL)
    with working(any_client):
        result = any_client("logs", "1", "--follow")
    assert result.exit_code == 0
    kinds = [line.split()[2] for line in result.stdout.splitlines()]
    assert kinds == ["submitted", "claimed", "began", "succeeded"]
    assert result.stdout == any_client.done("logs", "1")


def test_following_a_job_that_ends_badly_is_exit_1(any_client: Client) -> None:
    any_client.submit(*SMALL)
    with working(any_client, error="ValueError: no"):
        result = any_client("logs", "1", "--follow", "-o", "json")
    assert result.exit_code == 1
    assert [line["kind"] for line in json.loads(result.stdout)][-1] == "failed"
    assert any_client("logs", "1").exit_code == 0


def test_a_followed_log_comes_line_by_line_and_ctrl_c_detaches(client: Client) -> None:
    client.submit()
    process = subprocess.Popen(
        **client.command("logs", "1", "--follow"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().endswith("submitted\n")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert stderr == "Detached; the work goes on. `curvegan logs 1 --follow` shows it again.\n"
    assert client.json("show", "1")["state"] == "queued"


def test_a_job_that_is_cancelled_while_it_is_followed_ends_the_log(client: Client) -> None:
    client.submit()
    cancelling = threading.Timer(1.0, client, ["cancel", "1"])
    cancelling.start()
    result = client("logs", "1", "--follow")
    cancelling.join()
    assert (result.exit_code, result.stdout.count("\n")) == (1, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1"], "no job 1"),
        (["all"], "more than one job"),
        (["x"], "no job is called 'x'"),
        (["last"], "there is no job yet"),
    ],
)
def test_a_log_that_is_not_there_is_one_line(client: Client, words: list[str], said: str) -> None:
    assert said in client.refused("logs", *words)
