"""curvegan db prune: what it refuses, says and asks. What goes is tested with the store."""

import json
import os
import pty
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from ..client import Client

SLOW = (
    "import time\n"
    "from curvegan_db.verbs.upkeep import pruning\n"
    "pruning._BATCH = 1\n"
    "pruning.time.sleep = lambda _: print('batch', flush=True) or time.monotonic() and __import__('signal').pause()\n"
    "from curvegan_cli.main import main\n"
    "main()"
)


@pytest.fixture
def old(any_client: Client) -> Client:
    """A client with three jobs that were cancelled 40 days ago, and a queued one."""
    for _ in range(4):
        any_client.submit()
    any_client.done("cancel", "1-3")
    with any_client.store() as store, store.engine.begin() as connection:
        ended = "UPDATE jobs SET finished_at = :at WHERE state = 'cancelled'"
        connection.execute(text(ended), {"at": datetime.now(UTC) - timedelta(days=40)})
    return any_client


def ids(client: Client) -> list[int]:
    return [job["id"] for job in client.json("status")]


def test_a_dry_run_counts_and_deletes_nothing(old: Client) -> None:
    found = old.json("db", "prune", "--older-than", "30d", "--dry-run")
    assert found == {"jobs": 3, "bytes": 0, "kept_best": 0, "deleted": 0, "dry_run": True}
    assert old.done("db", "prune", "--older-than", "30d", "--dry-run").splitlines()[0].split() == [
        *("jobs", "to", "delete", "3"),
    ]
    assert old.json("db", "prune", "--older-than", "41d", "--dry-run")["jobs"] == 0
    assert old.json("db", "prune", "--older-than", "30d", "--state", "failed", "--dry-run")["jobs"] == 0
    assert ids(old) == [4, 3, 2, 1]


def test_yes_deletes_and_tells_how_many(old: Client) -> None:
    assert old.json("db", "prune", "--older-than", "30d", "--keep-best", "10", "--yes")["deleted"] == 3
    assert ids(old) == [4]
    assert old.json("db", "prune", "--older-than", "30d", "--yes")["deleted"] == 0
    assert old.submit() == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "--older-than"),
        ("--older-than soon --yes", "'soon' is no time: write 90s, 5min, 12h or 30d"),
        ("--older-than -1d --yes", "no time"),
        ("--older-than 99999999d --yes", "no time"),
        ("--older-than 30d", "say --yes, or --dry-run"),
        ("--older-than 30d --state queued --yes", "'queued' is not one of"),
        ("--older-than 30d --keep-best -1 --yes", "--keep-best"),
        ("--older-than 30d --by rmsee --yes", "did you mean 'rmse'"),
        ("--older-than 30d --by equilibrium_gapp --yes", "no metric"),
        ("--older-than 30d --by modes_of --yes", "neither end of modes_of is the better one"),
    ],
)
def test_bad_input_is_one_line_and_deletes_nothing(old: Client, words: str, said: str) -> None:
    assert said in old.refused("db", "prune", *words.split())
    assert ids(old) == [4, 3, 2, 1]


def test_vacuum_is_for_sqlite(old: Client) -> None:
    words = ("db", "prune", "--older-than", "30d", "--yes", "--vacuum")
    if (old.database_url or "").startswith("sqlite"):
        assert "jobs deleted" in old.done(*words)
    else:
        assert "autovacuum" in old.refused(*words)
        assert ids(old) == [4, 3, 2, 1]


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", [4]), (b"n\n", [4, 3, 2, 1]), (b"\n", [4, 3, 2, 1])])
def test_on_a_terminal_it_asks(old: Client, answer: bytes, left: list[int]) -> None:
    ours, terminal = pty.openpty()
    os.write(ours, answer)
    command: dict[str, Any] = old.command("db", "prune", "--older-than", "30d", "-o", "json")
    done = subprocess.run(**command, stdin=terminal, capture_output=True, timeout=60, check=True)
    for end in (ours, terminal):
        os.close(end)
    assert "Delete 3 jobs with 0 bytes of results? [y/N]" in done.stderr
    assert json.loads(done.stdout)["deleted"] == 4 - len(left)
    assert ids(old) == left


def test_ctrl_c_keeps_what_is_done_and_says_so(old: Client) -> None:
    command = old.command("db", "prune", "--older-than", "30d", "--yes", code=SLOW)
    process = subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "batch\n"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (
        130,
        "Interrupted: 1 of 3 jobs are deleted, the others are as they were.\n",
    )
    assert ids(old) == [4, 3, 2]
