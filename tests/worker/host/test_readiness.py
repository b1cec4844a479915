"""The rehearsal of a worker's start: signals for all of a service do not end it, and what does is told."""

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from curvegan_db.errors import DatabaseUnreachable
from curvegan_worker.host.readiness import Rehearsal


def test_a_rehearsal_is_not_ended_by_what_is_meant_for_its_parent(tmp_path: Path) -> None:
    rehearsal = Rehearsal("cpu", str(tmp_path / "1"))
    assert rehearsal.engines
    os.kill(rehearsal._process.pid, signal.SIGTERM)
    os.kill(rehearsal._process.pid, signal.SIGHUP)
    rehearsal.finish()
    assert not list(tmp_path.iterdir())


def test_what_ends_it_is_told(tmp_path: Path) -> None:
    rehearsal = Rehearsal("cpu", str(tmp_path / "1"))
    rehearsal._process.kill()
    with pytest.raises(SystemExit, match="1"):
        rehearsal.finish()
    assert "killed by signal 9" in (tmp_path / "1.died").read_text()


def test_a_file_that_is_only_locked_is_busy(tmp_path: Path) -> None:
    one, other = (sqlite3.connect(tmp_path / "file", timeout=0, isolation_level=None) for _ in range(2))
    one.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("BEGIN IMMEDIATE")
    error = DatabaseUnreachable("url", "locked")
    error.__cause__ = caught.value
    assert error.is_busy
    assert not DatabaseUnreachable("url", "gone").is_busy
    one.close()
    other.close()
