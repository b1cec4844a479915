"""Names, tags, reasons, errors and hosts that would steer a terminal are shown spelled out by every command."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState
from curvegan_db.values import JobRequest

from ..client import Client, PlayedWorker

ESCAPES = "\x1b[2J\x1b]8;;http://x\x07\x1b]52;c;eA==\x07\x9b31m"
HOSTILE = f"[bold red]{ESCAPES}\u202egnp.exe\u2066\u200b\r\n\t\b\x7f[/] :bomb: {{x}} %s \U000e0041"
STEERING = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\b", "\x7f", "\r", "\U000e0041")
COMMANDS = [
    *("status", "show 1", "show 2", "show 3", "events 1", "events 2", "logs 1", "logs 2", "explain 1", "explain 3"),
    *("wait 1", "workers", "doctor", "cancel 1", "cancel 3 --reason x", "retry 2 --no-worker", "db status"),
    *(
        "compare 1 3",
        "summary --by name,worker",
        "summary --by name -o csv",
        "export",
        "status --where name~bomb",
    ),
]


@pytest.fixture
def hostile(client: Client) -> Client:
    """A store with a cancelled, a failed and a queued job, and a worker: all that a person may name is hostile."""
    with client.store() as store:
        request = JobRequest(TrainConfig.parse({"steps": 50}), HOSTILE, (HOSTILE,))
        store.submit([request] * 3)
        store.cancel(1, HOSTILE)
        worker = PlayedWorker(store)
        worker.id = store.register_worker(HOSTILE, 4711, ["auto", "cpu"], "0.1.0")
        worker.claim()
        worker.fail(f"Traceback\n{HOSTILE}")
        assert store.job(2).state == JobState.FAILED
    return client


@pytest.mark.parametrize("line", COMMANDS)
def test_what_people_read_is_inert(hostile: Client, line: str) -> None:
    result = hostile(*line.split())
    said = result.stdout + result.stderr
    assert said
    assert not [character for character in STEERING if character in said]
    assert all(each.isprintable() for each in said.splitlines())


@pytest.mark.parametrize("line", ["status", "show 2", "events 2", "workers", "logs 2"])
def test_on_a_terminal_the_only_escapes_are_our_own_colours(hostile: Client, line: str) -> None:
    screen, terminal = pty.openpty()
    command = hostile.command(*line.split())
    process = subprocess.Popen(**command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while chunk := read(screen):
        shown += chunk
    os.close(screen)
    assert process.wait(60) == 0
    text = shown.decode()
    assert not [character for character in STEERING if character in text and character not in "\x1b\r"]
    assert all(
        part[0] == "[" and part.partition("m")[0][1:].replace(";", "").isdigit() for part in text.split("\x1b")[1:]
    )


def read(screen: int) -> bytes:
    """What came next; nothing at the end, which Linux tells by an error."""
    try:
        return os.read(screen, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize("line", ["status", "show 1", "events 1", "workers", "logs 1", "explain 1"])
def test_json_carries_it_whole_and_in_ascii(hostile: Client, line: str) -> None:
    text = hostile.done(*line.split(), "-o", "json")
    assert text.isascii()
    assert all(each.isprintable() for each in text.splitlines())
    assert json.loads(text)
    if line == "show 1":
        assert json.loads(text)["name"] == json.loads(text)["reason"] == HOSTILE


@pytest.mark.parametrize("line", ["status -o csv", "events 1 -o csv", "workers -o csv"])
def test_csv_is_inert(hostile: Client, line: str) -> None:
    assert not [character for character in STEERING if character in hostile.done(*line.split())]


def test_a_workers_log_is_inert() -> None:
    """A line of a log is one line: nobody can write a second one by a reason with a line break."""
    code = (
        "import logging, sys\n"
        "from curvegan_worker.host.log_setup import log_to_stderr\n"
        "log_to_stderr()\n"
        f"logging.getLogger('curvegan.run').warning('job 1: %s', {HOSTILE!r})\n"
        "try:\n    raise ValueError(sys.argv[1])\nexcept ValueError:\n    logging.exception('failed')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, HOSTILE], capture_output=True, text=True, check=True)
    lines = done.stderr.split("\n")
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if " WARNING " in line]) == 1
    assert lines[0].endswith("\\U000e0041")


def test_a_hostile_path_is_shown_inert(hostile: Client) -> None:
    name = "a\x1b[2J\u202eb.toml"
    Path(name).write_text("steps = = 3")
    assert "a\\x1b[2J\\u202eb.toml is not TOML" in hostile.refused("submit", "--config", name)
