"""Clocks that jump by an hour, forwards and back: the workers', which is SQLite's too, and a PostgreSQL's."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...conftest import started
from ...databases import migrate, new_database
from ...worker.fleet import wait_until
from ...worker.jobs import SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.clocks import Clock, PostgresWithClock
from ..means.faulty import LEASE_S, attempts, faulty_fleet, holder, signal_all, wait_for_attempt, wait_for_workers

HOUR_S = 3600


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture(params=["the workers'", "the database's"])
def settings(
    request: pytest.FixtureRequest, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Workers and the SQLite file's store go by the clock, or the PostgreSQL server does."""
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)  # PostgreSQL runs as another user, who must see its clock
    with ExitStack() as stack:
        if request.param == "the workers'":
            monkeypatch.setenv("FAULT_CLOCK", str(clock.file))
            yield Settings.resolve(str(tmp_path / "home"))
        else:
            server = stack.enter_context(started(lambda: PostgresWithClock(clock)))
            url = stack.enter_context(new_database(server.url()))
            migrate(url)
            yield Settings.resolve(str(tmp_path / "home"), url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings.database_url) as store:
        yield store


def test_a_clock_that_jumps_takes_no_job_from_who_trains_it_and_keeps_none_for_the_dead(
    store: Store, settings: Settings, clock: Clock, recovered: Recovered
) -> None:
    with ExitStack() as stack:
        fleets = [stack.enter_context(faulty_fleet(settings, "--hang-after", "5", slow=0.15)) for _ in range(2)]
        wait_for_workers(store, 2)
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 100)
        pids = [fleet.pids() for fleet in fleets]
        for jump, step in ((HOUR_S, 400), (-HOUR_S, 700), (HOUR_S, 800)):
            clock.set(jump)
            gets_to(store, job, step)
        assert [fleet.pids() for fleet in fleets] == pids
        assert store.job(job).attempt == 1
        victim, _ = holder(store, job, fleets)
        victim.signal_group(signal.SIGKILL)
        clock.set(0)
        recovered("kill -9, and the clock an hour back", wait_for_attempt(store, job, 2))
        wait_for_state(store, job, "succeeded")
    assert attempts(store, job)[1].began_step >= 700
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def gets_to(store: Store, job: int, step: int) -> None:
    """Wait for a step; our own clock, which has not jumped, may show the job as lost meanwhile."""
    wait_until(lambda: store.job(job).step >= step, 60, lambda: str(store.job(job)))


def test_a_fleet_that_was_suspended_goes_on_where_it_was(tmp_path: Path) -> None:
    """As with Ctrl-Z and fg, a laptop's lid, a VM that is resumed: all of it slept past every lease."""
    settings = Settings.resolve(str(tmp_path))
    with open_store(settings.database_url) as store, ExitStack() as stack:
        fleet = stack.enter_context(faulty_fleet(settings, "--concurrency", "2", "--hang-after", "4", slow=0.1))
        wait_for_workers(store, 2)
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 200, fleet)
        pids = fleet.pids()
        fleet.signal_group(signal.SIGSTOP)
        signal_all(fleet, signal.SIGSTOP)
        time.sleep(3 * LEASE_S + 2)
        fleet.signal_group(signal.SIGCONT)
        wait_for_state(store, job, "succeeded", fleet)
        assert fleet.pids() == pids
        assert store.job(job).attempt == 1
        assert os.getpgid(pids[0]) == fleet.process.pid
        assert_undisturbed(store, job)


@pytest.mark.parametrize("settings", ["the workers'"], indirect=True)
def test_a_job_can_be_taken_from_a_worker_by_force(store: Store, settings: Settings) -> None:
    """Whatever a clock says of its lease. The worker, which did not hear, writes no more."""
    with faulty_fleet(settings, slow=0.1) as fleet:
        (job,) = submit(store, SLOW)
        wait_for_step(store, job, 100, fleet)
        signal_all(fleet, signal.SIGSTOP)
        assert store.cancel(job, force=True) == "cancelled"
        store.resume(job)
        signal_all(fleet, signal.SIGCONT)
        wait_for_step(store, job, 300, fleet, attempt=2)
        store.retry(job, force=True)
        wait_for_state(store, job, "succeeded", fleet)
    assert [row.outcome for row in attempts(store, job)] == ["cancelled", "cancelled", "succeeded"]
    assert_undisturbed(store, job)
