"""Jobs through real worker processes: embedded on SQLite, and on PostgreSQL with a real broker."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from curvegan.checkpoint import Checkpoint
from curvegan.config import TrainConfig
from curvegan.training import PackTraining
from curvegan_db.records import JobRequest
from curvegan_db.store import Store
from curvegan_worker.app import nudge
from curvegan_worker.settings import Settings

from .fleet import Fleet, run_fleet, wait_until

SHORT = TrainConfig.parse({"steps": 120, "snapshot_every": 50, "checkpoint_every": 40, "hidden_g": 16, "hidden_d": 16})
LONG = TrainConfig.parse(
    {"steps": 200_000, "record_every": 100, "checkpoint_every": 1000, "hidden_g": 16, "hidden_d": 16}
)


@pytest.fixture
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """Embedded on SQLite; with a real broker on PostgreSQL."""
    distributed = database_url.startswith("postgresql")
    broker = request.getfixturevalue("redis_url") if distributed else None
    return Settings.resolve(str(tmp_path / "home"), database_url, broker)


def request_jobs(config: TrainConfig, count: int) -> list[JobRequest]:
    return [JobRequest(config.model_copy(update={"seed": seed}), None, ()) for seed in range(count)]


def wait_for_state(store: Store, job: int, state: str, seconds: float = 60) -> None:
    wait_until(lambda: store.job(job).state == state, seconds, f"job {job} is not {state}")


def wait_for_step(store: Store, job: int, step: int, fleet: Fleet) -> None:
    wait_until(lambda: store.job(job).step >= step, 60, f"job {job} is not at step {step}\n{fleet.log()}")


def test_every_job_is_trained_exactly_once(store: Store, settings: Settings) -> None:
    ids = store.submit(request_jobs(SHORT, 40))
    assert nudge(settings, ids) is None
    with run_fleet(settings, "--concurrency", "3", "--device", "cpu") as fleet:
        wait_until(lambda: len(store.jobs(states=("succeeded",))) == 40, 120, fleet.log())
        workers = {worker.id for worker in store.workers()}
    for job in store.jobs(ids):
        assert (job.attempt, job.step, job.error) == (1, 120, None)
        assert [event.kind for event in store.events(job.id)].count("claimed") == 1
        assert store.losses(job.id).steps.tolist() == list(range(0, 120, 10))
        assert [snapshot.step for snapshot in store.snapshots(job.id)] == [0, 50, 100, 120]
        assert all(store.plot(job.id, kind) for kind in ("curve", "losses", "evolution"))
    assert len(workers) == 3


def test_a_drained_job_goes_on_to_the_same_numbers(store: Store, settings: Settings) -> None:
    config = LONG.model_copy(update={"steps": 3000, "checkpoint_every": 3000})
    (job,) = store.submit([JobRequest(config, None, ())])
    with run_fleet(settings, "--device", "cpu") as fleet:
        wait_for_step(store, job, 500, fleet)
        fleet.process.terminate()
        assert fleet.process.wait(10) == 0
    drained = store.job(job)
    assert drained.state == "queued"
    assert 500 <= drained.step < 3000
    assert store.checkpoints(job)[0].step == drained.step
    with run_fleet(settings, "--device", "cpu") as fleet:
        wait_for_state(store, job, "succeeded")
    assert (store.job(job).attempt, store.job(job).lost) == (2, 0)
    assert_undisturbed(store, job)


def assert_undisturbed(store: Store, job: int) -> None:
    """Losses and final weights are the very numbers of a training that nothing happened to."""
    training = PackTraining({0: (store.job(job).config, None)}, "cpu")
    parts = []
    while training.jobs:
        parts += training.advance()
    curve = store.losses(job)
    assert curve.steps.tolist() == [step for part in parts for step in part.losses.steps.tolist()]
    for column in ("g_loss", "d_loss", "d_real", "d_fake", "rmse"):
        expected = np.concatenate([getattr(part.losses, column) for part in parts])
        np.testing.assert_array_equal(getattr(curve, column), expected)
    final, expected_final = Checkpoint.from_bytes(store.checkpoint(job).data), parts[-1].checkpoint
    assert expected_final is not None
    assert final.step == expected_final.step
    for name, weights in expected_final.weights.items():
        np.testing.assert_array_equal(final.weights[name], weights)


def test_cancel_keeps_what_there_is(store: Store, settings: Settings) -> None:
    (job,) = store.submit([JobRequest(LONG, None, ())])
    with run_fleet(settings, "--device", "cpu") as fleet:
        wait_for_step(store, job, 500, fleet)
        assert store.cancel(job, "seen enough") == "requested"
        wait_for_state(store, job, "cancelled", 12)
    cancelled = store.job(job)
    assert cancelled.reason == "seen enough"
    assert store.checkpoint(job).step == cancelled.step
    assert store.plot(job, "losses") is not None


def test_a_killed_process_is_replaced_by_its_supervisor(store: Store, settings: Settings) -> None:
    with run_fleet(settings, "--device", "cpu") as fleet:
        wait_until(lambda: [w for w in store.workers() if w.state == "idle"], 30, "no worker registered")
        (killed,) = fleet.pids()
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: set(fleet.pids()) - {killed}, 10, "no new process")
        (job,) = store.submit(request_jobs(SHORT, 1))
        wait_for_state(store, job, "succeeded")


def test_a_diverging_job_fails_loudly_and_alone(store: Store, settings: Settings) -> None:
    wild = SHORT.model_copy(
        update={"lr_g": 1.0, "lr_d": 1.0, "steps": 3000, "curve": SHORT.curve.model_copy(update={"a": 1e6})}
    )
    ids = store.submit([JobRequest(wild, None, ()), *request_jobs(SHORT, 2)])
    with run_fleet(settings, "--device", "cpu"):
        for job in ids[1:]:
            wait_for_state(store, job, "succeeded")
        wait_until(lambda: store.job(ids[0]).state in ("failed", "succeeded"), 60, "the wild job has not ended")
    job = store.job(ids[0])
    if job.state == "failed":
        assert "not finite at step" in (job.error or "")
    else:
        assert job.metrics is not None
        assert np.isfinite(job.metrics["rmse"])


def test_a_fleet_exits_when_idle(store: Store, settings: Settings) -> None:
    with run_fleet(settings, "--device", "cpu", "--exit-when-idle", "1") as fleet:
        assert fleet.process.wait(30) == 0
    assert {worker.state for worker in store.workers()} == {"stopped"}


def test_a_broker_that_is_not_there_costs_a_warning(tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path), None, "redis://:secret@127.0.0.1:1/0")
    warning = nudge(settings, [1])
    assert warning is not None
    assert "cannot be reached" in warning
    assert "secret" not in warning
