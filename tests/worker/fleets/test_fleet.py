"""Jobs through real worker processes: embedded on SQLite, and on PostgreSQL with a real broker.

One fleet serves all tests of a service, one after the other; what breaks a fleet is in tests/acceptance.
"""

import os
import signal
from pathlib import Path

import numpy as np

from curvegan_db.store import Store
from curvegan_db.values import JobRequest, QueuedJob
from curvegan_worker.celery.nudges import nudge
from curvegan_worker.recorder import STORED
from curvegan_worker.settings import Settings

from ..fleet import Fleet, wait_until
from ..jobs import LONG, SHORT, submit, wait_for_state, wait_for_step
from ..undisturbed import assert_ended_once


def test_every_job_is_trained_exactly_once(store: Store, service: Settings, fleet: Fleet) -> None:
    ids = submit(store, SHORT, 40)
    assert nudge(service, store.queued_among(ids)) is None
    wait_until(lambda: len(store.jobs(ids, states=("succeeded",))) == 40, 120, fleet.log)
    for job in store.jobs(ids):
        assert (job.attempt, job.step, job.error) == (1, 120, None)
        assert_ended_once(store, job.id)
        assert store.losses(job.id).steps.tolist() == list(range(0, 120, 10))
        assert [snapshot.step for snapshot in store.snapshots(job.id)] == [0, 50, 100, 120]
        assert all(store.plot(job.id, kind) for kind in STORED)
    assert len(store.workers()) == 3


def test_cancel_keeps_what_there_is(store: Store, fleet: Fleet) -> None:
    (job,) = submit(store, LONG)
    wait_for_step(store, job, 500, fleet)
    assert store.cancel(job, "seen enough") == "requested"
    wait_for_state(store, job, "cancelled", fleet, 12)
    cancelled = store.job(job)
    assert cancelled.reason == "seen enough"
    assert store.checkpoint(job).step == cancelled.step
    assert store.plot(job, "losses") is not None


def test_a_diverging_job_fails_loudly_and_alone(store: Store, fleet: Fleet) -> None:
    curve = SHORT.curve.model_copy(update={"a": 1e6})
    wild = SHORT.model_copy(update={"lr_g": 1.0, "lr_d": 1.0, "steps": 3000, "curve": curve})
    guilty, *others = store.submit([JobRequest(wild), *[JobRequest(SHORT)] * 2])
    for other in others:
        wait_for_state(store, other, "succeeded", fleet)
    wait_until(lambda: store.job(guilty).state in ("failed", "succeeded"), 60, fleet.log)
    job = store.job(guilty)
    if job.state == "failed":
        assert "not finite at step" in (job.error or "")
    else:
        assert job.metrics is not None
        assert np.isfinite(job.metrics["rmse"])


def test_a_killed_process_is_replaced_by_its_supervisor(store: Store, fleet: Fleet) -> None:
    (job,) = submit(store, LONG)
    wait_for_step(store, job, 100, fleet)
    before = set(fleet.pids())
    # One that trains: an idle one may be about to sign off.
    holder = store.job(job).worker
    [killed] = [worker.pid for worker in store.workers() if worker.label == holder]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: set(fleet.pids()) - before, 10, "no new process")
    store.cancel(job)
    wait_for_state(store, job, "cancelled", fleet)
    (job,) = submit(store, SHORT)
    wait_for_state(store, job, "succeeded", fleet)


def test_a_fleet_exits_when_idle(store: Store, fleet: Fleet) -> None:
    assert fleet.process.wait(60) == 0
    # All but the killed one, which could not sign off.
    assert [worker.state for worker in store.workers() if worker.state != "stopped"] == ["lost"]


def test_a_broker_that_is_not_there_costs_a_warning(tmp_path: Path) -> None:
    settings = Settings.resolve(str(tmp_path), None, "redis://:secret@127.0.0.1:1/0")
    warning = nudge(settings, [QueuedJob(1, "auto")])
    assert warning is not None
    assert "cannot be used" in warning
    assert "secret" not in warning
