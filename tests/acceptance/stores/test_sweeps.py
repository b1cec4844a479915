"""A sweep that is killed half-way and continued is complete: every job has its result, and has it once."""

import os
import signal
import subprocess

from sqlalchemy import func, select

from curvegan_db.store import Store
from curvegan_db.tables.models import Checkpoint, Event, Job
from curvegan_worker.settings import Settings

from ...worker.fleet import CURVEGAN, wait_until
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..means.faulty import faulty_fleet

GRID = ("--grid", "lr=1e-5,1e-4,1e-3", "--grid", "loss=ns,rpgan", "--seeds", "8")
SMALL = ("--steps", "400", "--batch-size", "16", "--set", "hidden_g", "16", "--set", "hidden_d", "16")
OFTEN = ("--set", "checkpoint_every", "50", "--set", "snapshot_every", "100")
JOBS = 48


def test_a_sweep_killed_half_way_and_continued_ends_with_every_result(store: Store, settings: Settings) -> None:
    sweep_id = int(curvegan(settings, "sweep", "--no-worker", "-q", *GRID, *SMALL, *OFTEN))
    assert store.sweep(sweep_id).jobs == JOBS
    with faulty_fleet(settings, slow=0.4) as fleet:
        wait_until(lambda: half_way(store, sweep_id), 120, fleet.log)
        fleet.signal_group(signal.SIGKILL)
    before = store.sweep(sweep_id)
    assert 0 < before.ended < JOBS
    with faulty_fleet(settings, "--concurrency", "2"):
        said = curvegan(settings, "wait", "--sweep", str(sweep_id))
    assert said.startswith(f"Sweep {sweep_id}: {JOBS} jobs, {JOBS} succeeded\n")
    jobs = store.jobs(sweep=sweep_id)
    assert max(job.attempt for job in jobs) == 2, "the kill struck no training"
    for job in jobs:
        assert_ended_once(store, job.id)
        assert job.metrics is not None
    for job in jobs[:: JOBS // 6]:
        assert_undisturbed(store, job.id)
    assert results(store) == JOBS


def half_way(store: Store, sweep_id: int) -> bool:
    """Some jobs have ended, and others are in the middle of theirs."""
    running = store.jobs(sweep=sweep_id, states=["running"])
    return store.sweep(sweep_id).ended >= JOBS // 4 and any(0 < job.step < job.steps for job in running)


def results(store: Store) -> int:
    """How many jobs have a checkpoint at their last step, and one end in their history."""
    ends = select(Event.job_id).where(Event.kind == "succeeded").group_by(Event.job_id).having(func.count() == 1)
    last = select(func.count()).select_from(Checkpoint).join(Job, Checkpoint.job_id == Job.id)
    with store.engine.connect() as connection:
        return connection.execute(last.where(Checkpoint.step == Job.steps, Job.id.in_(ends))).scalar_one()


def curvegan(settings: Settings, *words: str) -> str:
    """What a command prints that must succeed."""
    environment = os.environ | settings.environment()
    done = subprocess.run([CURVEGAN, *words], env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
