"""What the fault tests share: fresh services, and the recovery times that they measured, printed at the end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curvegan_worker.settings import Settings

Recovered = Callable[[str, float], None]
_times: dict[str, list[float]] = {}


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """Embedded on SQLite; with a real broker on PostgreSQL."""
    distributed = database_url.startswith("postgresql")
    broker = request.getfixturevalue("redis_url") if distributed else None
    return Settings.resolve(str(tmp_path / "home"), database_url, broker)


@pytest.fixture
def recovered() -> Recovered:
    """Take down how many seconds a job needed to train again after a fault."""

    def record(fault: str, seconds: float) -> None:
        _times.setdefault(fault, []).append(seconds)

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the recovery times."""
    if _times:
        terminalreporter.section("seconds from fault to recovery")
    for fault, times in sorted(_times.items()):
        terminalreporter.line(f"{max(times):6.1f}  {fault}")
