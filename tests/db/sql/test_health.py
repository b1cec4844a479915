"""What lies beneath the store: WAL by writing, and clocks that differ."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from curvegan_db.sql.health import clock_skew, network_file_system, try_wal
from curvegan_db.store import Store


def test_wal_works_on_a_local_disk_and_nothing_is_left(tmp_path: Path) -> None:
    assert try_wal(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/nonexistent", "/proc"])
def test_where_nothing_can_be_written_the_reason_is_told(folder: str) -> None:
    problem = try_wal(Path(folder))
    assert problem is not None
    assert problem.startswith(f"{folder}: ")
    assert "\n" not in problem


def test_a_local_disk_is_no_network() -> None:
    assert network_file_system(Path(tempfile.gettempdir())) is None
    assert network_file_system(Path("/nonexistent/deep")) is None


@pytest.mark.parametrize("seconds", [0, 5, -3600])
def test_the_skew_is_that_of_the_clocks(store: Store, seconds: int) -> None:
    skew = clock_skew(store.engine, lambda: datetime.now(UTC) - timedelta(seconds=seconds))
    assert abs(skew - timedelta(seconds=seconds)) < timedelta(seconds=1.5)
