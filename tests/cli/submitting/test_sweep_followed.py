"""Following a sweep: its counts, one bar on a terminal, Ctrl-C."""

import json
import signal
import subprocess

from click.testing import Result

from ..client import Client
from ..watching.test_status import on_a_terminal
from .queued_sweep import soon, states_of, swept


def ended(result: Result) -> tuple[int, str]:
    return result.exit_code, result.stderr.splitlines()[-1]


def test_wait_follows_a_sweep_by_its_counts(any_client: Client) -> None:
    swept(any_client)
    with soon(any_client, *["succeeded"] * 11, "failed"):
        result = any_client("wait", "--sweep", "1", "--no-worker")
    assert ended(result) == (1, "sweep 1: 12 of 12 jobs have ended: 11 succeeded, 1 failed")
    assert result.stdout == "Sweep 1: 12 jobs, 11 succeeded, 1 failed\n"
    result = any_client("wait", "--sweep", "1", "-o", "json")
    assert (result.exit_code, json.loads(result.stdout)["states"]["failed"]) == (1, 1)
    assert any_client("wait", "--sweep", "1", "-q").stdout == "1\n"
    assert any_client("wait", "--sweep", "1", "-o", "csv").stdout.count("\n") == 2


def test_sweep_and_wait(any_client: Client) -> None:
    any_client.done("db", "upgrade")
    with soon(any_client, *["succeeded"] * 3):
        result = any_client("sweep", "--no-worker", "--seeds", "3", "--wait", "-o", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["states"]["succeeded"] == 3


def test_ctrl_c_detaches_from_a_sweep(client: Client) -> None:
    swept(client)
    process = subprocess.Popen(
        **client.command("wait", "--sweep", "1", "--no-worker"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert "Job 1 and 11 more wait for a worker" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    assert "`curvegan wait --sweep 1` follows it" in stderr
    assert states_of(client, 1) == {"queued": 12}


def test_a_terminal_gets_one_bar(client: Client) -> None:
    swept(client)
    with soon(client, *["succeeded"] * 12):
        code, shown = on_a_terminal(client, "wait", "--sweep", "1", "--no-worker", seconds=60)
    assert code == 0
    assert "━" in shown
    assert "12/12" in shown
    assert "12 succeeded" in shown
