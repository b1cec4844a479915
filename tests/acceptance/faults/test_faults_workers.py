"""Faults of workers: killed, drained, frozen, deaf, hanging, and killed by what they train. See docs/reliability.md."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ...worker.fleet import Fleet, wait_until
from ...worker.jobs import SHORT, SLOW, submit, wait_for_state, wait_for_step
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..conftest import Recovered
from ..means.faulty import (
    attempts,
    every_row,
    faulty_fleet,
    holder,
    signal_all,
    wait_for_attempt,
    wait_for_workers,
)

Blow = Callable[[Fleet, int], None]
BLOWS: dict[str, tuple[Blow, str]] = {
    "worker process, kill -9": (lambda _, pid: os.kill(pid, signal.SIGKILL), "lost"),
    "supervisor, kill -9": (lambda fleet, _: fleet.process.kill(), "released"),
    "process group, kill -9": (lambda fleet, _: fleet.signal_group(signal.SIGKILL), "lost"),
}
# Where the database makes no difference to the fault, one will do.
embedded = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
distributed = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
BRIEF = SLOW.model_copy(update={"steps": 400})


def test_a_job_survives_every_way_to_end_its_worker(store: Store, settings: Settings, recovered: Recovered) -> None:
    (job,) = submit(store, SLOW)
    with ExitStack() as stack:
        fleets = [stack.enter_context(faulty_fleet(settings, slow=0.1)) for _ in BLOWS]
        for attempt, (name, (blow, _)) in enumerate(BLOWS.items(), start=1):
            wait_for_step(store, job, 250 * attempt, fleets[0], attempt)
            blow(*holder(store, job, fleets))
            recovered(f"{name} (lease 3 s)", wait_for_attempt(store, job, attempt + 1))
        wait_for_state(store, job, "succeeded", fleets[0])
    assert [row.outcome for row in attempts(store, job)] == [outcome for _, outcome in BLOWS.values()] + ["succeeded"]
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def assert_goes_on_where_it_was_released(store: Store, settings: Settings, job: int) -> None:
    step = store.job(job).step
    with faulty_fleet(settings) as fleet:
        wait_for_state(store, job, "succeeded", fleet)
    first, second = attempts(store, job)
    assert (first.outcome, second.began_step) == ("released", step)
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


@distributed
def test_a_drain_loses_no_step(store: Store, settings: Settings) -> None:
    (job,) = submit(store, BRIEF)
    with faulty_fleet(settings, slow=0.1) as fleet:
        wait_for_step(store, job, 100, fleet)
        fleet.signal_group(signal.SIGTERM)
        assert fleet.process.wait(10) == 0
    drained = store.job(job)
    assert (drained.state, drained.lost) == ("queued", 0)
    assert store.checkpoints(job)[0].step == drained.step
    assert 100 <= drained.step < drained.steps
    assert_goes_on_where_it_was_released(store, settings, job)


@embedded
def test_a_terminal_that_is_closed_drains_its_worker(store: Store, settings: Settings, recovered: Recovered) -> None:
    """SIGHUP to all of it, as a terminal sends it."""
    (job,) = submit(store, BRIEF)
    with faulty_fleet(settings, slow=0.1) as fleet:
        wait_for_step(store, job, 100, fleet)
        fleet.signal_group(signal.SIGHUP)
        started = time.monotonic()
        assert fleet.process.wait(10) == 0
        recovered("SIGHUP, until worker and supervisor have ended", time.monotonic() - started)
    drained = store.job(job)
    assert (drained.state, drained.lost) == ("queued", 0)
    assert_goes_on_where_it_was_released(store, settings, job)


@embedded
def test_who_exits_when_idle_waits_for_the_lease_of_its_own_that_died(store: Store, settings: Settings) -> None:
    (job,) = submit(store, BRIEF)
    with faulty_fleet(settings, "--exit-when-idle", "0.1", slow=0.1) as fleet:
        wait_for_step(store, job, 100, fleet)
        os.kill(holder(store, job, [fleet])[1], signal.SIGKILL)
        assert fleet.process.wait(60) == 0
        assert "another starts" in fleet.log()
    assert [row.outcome for row in attempts(store, job)] == ["lost", "succeeded"]
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def test_a_frozen_worker_wakes_and_writes_nothing(store: Store, settings: Settings, recovered: Recovered) -> None:
    """One has a heartbeat, which tells it on waking that its lease is gone; the other is told by its first write."""
    with faulty_fleet(settings, slow=0.5) as frozen, faulty_fleet(settings, slow=0.5, deaf=1, lease=8) as deaf:
        wait_for_workers(store, 2)
        jobs = submit(store, BRIEF, 2)
        for job in jobs:
            wait_for_step(store, job, 20, frozen)
        freeze(deaf, store)
        freeze(frozen, store)
        frozen_at = time.monotonic()
        with faulty_fleet(settings) as other:
            wait_until(lambda: any(store.job(job).attempt == 2 for job in jobs), 60, other.log)
            recovered("worker frozen (lease 3 s)", time.monotonic() - frozen_at)
            for job in jobs:
                wait_for_state(store, job, "succeeded", other)
        before = every_row(store)
        signal_all(frozen, signal.SIGCONT)
        signal_all(deaf, signal.SIGCONT)
        for fleet in (frozen, deaf):
            wait_until(lambda fleet=fleet: "lease is lost" in fleet.log(), 20, fleet.log)  # type: ignore[misc]
        deaf.process.terminate()
        deaf.process.wait(20)
        assert every_row(store) == before
        (new,) = submit(store, SHORT)
        wait_for_state(store, new, "succeeded", frozen)
        assert holder(store, new, [frozen])
    for job in jobs:
        assert_ended_once(store, job)
        assert_undisturbed(store, job)
        assert store.job(job).attempt == 2


@embedded
def test_a_job_that_kills_its_workers_fails_alone(store: Store, settings: Settings) -> None:
    with faulty_fleet(settings, "--concurrency", "2", lease=2, poison=666) as fleet:
        wait_for_workers(store, 2)
        poison, *innocent = submit(store, SHORT, 6, first_seed=666)
        wait_for_state(store, poison, "failed", fleet)
        for job in innocent:
            wait_for_state(store, job, "succeeded", fleet)
        wait_until(lambda: len(fleet.pids()) == 2, 20, "the fleet is not complete again")
    failed = store.job(poison)
    assert (failed.reason, failed.attempt, failed.lost) == ("lost", 3, 3)
    assert "lost 3 times" in (failed.error or "")
    assert_ended_once(store, poison, "failed")
    assert max(store.job(job).lost for job in innocent) == 1, "none was in the poisoned pack"
    for job in innocent:
        assert_ended_once(store, job)
        assert_undisturbed(store, job)


@distributed
def test_a_training_that_hangs_goes_on_elsewhere(
    store: Store, settings: Settings, recovered: Recovered, tmp_path: Path
) -> None:
    mark = tmp_path / "hangs"
    (job,) = submit(store, BRIEF)
    arguments = ("--concurrency", "2", "--hang-after", "4")
    with faulty_fleet(settings, *arguments, lease=2, hang=mark, slow=0.05) as fleet:
        wait_until(mark.exists, 60, fleet.log)
        hanging = int((store.job(job).worker or "").rpartition(":")[2])
        recovered("training hangs (lease 2 s, hang after 4 s)", wait_for_attempt(store, job, 2))
        wait_for_state(store, job, "succeeded", fleet)
        wait_until(lambda: hanging not in fleet.pids() and len(fleet.pids()) == 2, 20, fleet.log)
        assert f"worker process {hanging} does not get on: killed" in fleet.log()
        assert fleet.log().count("the lease is left to run out") == 1
    first, second = attempts(store, job)
    assert (first.outcome, second.outcome) == ("lost", "succeeded")
    assert first.ended_at.timestamp() - mark.stat().st_mtime < 8.5, "not the heartbeat gave it up, but the supervisor"
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def freeze(fleet: Fleet, store: Store) -> None:
    """Stop the worker processes, but not in the middle of a transaction.

    A file's lock would sleep, too, and from a sleeper in a transaction PostgreSQL takes the connection.
    """
    signal_all(fleet, signal.SIGSTOP)
    in_transaction = is_locked if store.engine.dialect.name == "sqlite" else is_asked
    while in_transaction(store):
        signal_all(fleet, signal.SIGCONT)
        time.sleep(0.05)
        signal_all(fleet, signal.SIGSTOP)


def is_locked(store: Store) -> bool:
    with closing(sqlite3.connect(str(store.engine.url.database), timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE").execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
    return False


def is_asked(store: Store) -> bool:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with store.engine.connect() as connection:
        return connection.exec_driver_sql(f"{others} AND state <> 'idle'").scalar() != 0
