"""Damaged rows: a checkpoint is refused by name and the newest that can be read used; a loss curve fails its job."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import delete, select, update

from curvegan_core.records.checkpoint import FORMAT, Checkpoint
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_worker.settings import Settings

from ...cli.client import PlayedWorker
from ...db.one_job import release
from ...worker.fleet import Fleet, wait_until
from ...worker.jobs import SLOW, submit, wait_for_state
from ...worker.undisturbed import assert_ended_once, assert_undisturbed
from ..means.faulty import attempts, faulty_fleet, wait_for_attempt

CONFIG = SLOW.model_copy(update={"steps": 200, "keep_checkpoints": "all"})


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def truncated(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def of_a_newer_format(data: bytes) -> bytes:
    ours, newer = (json.dumps(f'"format": {number}')[1:-1].encode() for number in (FORMAT, FORMAT + 1))
    assert ours in data
    return data.replace(ours, newer)


def of_another_config(data: bytes) -> bytes:
    return replace(Checkpoint.from_bytes(data), config_hash="0" * 64).to_bytes()


DAMAGES: dict[Callable[[bytes], bytes], str] = {
    flipped: "checksum",
    truncated: "damaged",
    of_a_newer_format: f"format {FORMAT + 1}",
    of_another_config: "another config",
}


def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_used(store: Store, settings: Settings) -> None:
    some, all_of_them = submit(store, CONFIG, 2)
    train_half(store, 2)
    steps = [row.step for row in store.checkpoints(some)]
    assert steps == [120, 100, 80, 60, 40, 20]
    for step, spoil in zip(steps, DAMAGES, strict=False):
        damage(store, some, step, spoil)
    for step in steps:
        damage(store, all_of_them, step, flipped)
    with faulty_fleet(settings) as fleet:
        for job in (some, all_of_them):
            wait_for_state(store, job, "succeeded", fleet)
    refused = [event.detail or "" for event in store.events(some) if event.kind == "checkpoint_refused"]
    for step, detail, reason in zip(steps, refused, DAMAGES.values(), strict=False):
        assert detail.startswith(f"at step {step}: checkpoint refused")
        assert reason in detail
    assert len(refused) == len(DAMAGES)
    assert attempts(store, some)[-1].began_step == 40
    assert attempts(store, all_of_them)[-1].began_step == 0
    for job in (some, all_of_them):
        assert_ended_once(store, job)
        assert_undisturbed(store, job)


def test_what_lies_beyond_the_resume_point_is_gone_when_the_attempt_begins(store: Store, settings: Settings) -> None:
    """So whoever looks sees one history; and what was refused once is not there for the next worker to refuse."""
    (job,) = submit(store, CONFIG.model_copy(update={"snapshot_every": 20}))
    train_half(store, 1)
    assert (len(store.losses(job)), store.snapshots(job)[-1].step) == (12, 120)
    for step in (120, 100, 80, 60):
        damage(store, job, step, flipped)
    with faulty_fleet(settings, slow=0.7) as fleet:
        wait_for_attempt(store, job, 2)
        assert store.job(job).step == 40
        assert store.losses(job).steps.tolist() == [0, 10, 20, 30]
        assert [snapshot.step for snapshot in store.snapshots(job)] == [0, 20, 40]
        assert [row.step for row in store.checkpoints(job)] == [40, 20]
        kill(fleet)
        wait_for_state(store, job, "succeeded", fleet)
    assert [row.began_step for row in attempts(store, job)] == [0, 40, 40]
    assert [event.kind for event in store.events(job)].count("checkpoint_refused") == 4
    assert_ended_once(store, job)
    assert_undisturbed(store, job)


def test_a_damaged_loss_curve_fails_its_job_alone_in_one_line(store: Store, settings: Settings) -> None:
    """Whether it is found where the attempt begins, or at the end. Nothing is made up; a retry trains the job again."""
    begins, ends, innocent = submit(store, CONFIG, 3)
    train_half(store, 3)
    cut_losses(store, begins, 100, last_step=125)
    cut_losses(store, ends, 20)
    with faulty_fleet(settings) as fleet:
        for job, reason in ((begins, "error"), (ends, "plots")):
            wait_for_state(store, job, "failed", fleet)
            failed = store.job(job)
            assert (failed.reason, failed.attempt) == (reason, 2)
            why = f"the stored loss curve of job {job} is refused, for it is damaged: a loss curve is 28 bytes a record"
            last_line = (failed.error or "").splitlines()[-1]
            assert last_line.endswith(f"{why}, not 51 bytes; `curvegan retry {job}` trains the job again")
            assert_ended_once(store, job, "failed")
            store.retry(job)
        for job in (begins, ends, innocent):
            wait_for_state(store, job, "succeeded", fleet)
            assert_undisturbed(store, job)
        assert len(fleet.pids()) == 1
    assert_ended_once(store, innocent)


def test_a_job_whose_history_is_not_whole_does_not_succeed(store: Store, settings: Settings) -> None:
    """A chunk of losses that somebody deleted, of a job that is resumed behind it."""
    (job,) = submit(store, CONFIG)
    train_half(store, 1)
    with store.engine.begin() as connection:
        chunk = (models.LossChunk.job_id == job, models.LossChunk.first_step == 40)
        assert connection.execute(delete(models.LossChunk).where(*chunk)).rowcount == 1
    with faulty_fleet(settings) as fleet:
        wait_for_state(store, job, "failed", fleet)
        failed = store.job(job)
        assert failed.reason == "history"
        why = "its stored history is not whole: 2 of its losses are missing, the first at step 40"
        assert (failed.error or "").startswith(why)
        store.retry(job)
        wait_for_state(store, job, "succeeded", fleet)
    assert_undisturbed(store, job)


def train_half(store: Store, count: int) -> None:
    """Claim so many jobs, train each for 120 steps, and give it back."""
    workers = [PlayedWorker(store) for _ in range(count)]
    for worker in workers:
        worker.claim()
        worker.train(until=120)
    for worker in workers:
        release(store, worker.token, worker.job.id, "drained")


def kill(fleet: Fleet) -> None:
    (pid,) = fleet.pids()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: fleet.pids() not in ([], [pid]), 20, fleet.log)


def cut_losses(store: Store, job: int, first_step: int, last_step: int | None = None) -> None:
    """Cut a chunk of the loss curve in the middle of a record, and say that it goes further than it does."""
    row = (models.LossChunk.job_id == job, models.LossChunk.first_step == first_step)
    with store.engine.begin() as connection:
        data = connection.execute(select(models.LossChunk.data).where(*row)).scalar_one()
        values = {"data": data[:-5]} | ({"last_step": last_step} if last_step else {})
        connection.execute(update(models.LossChunk).where(*row).values(values))


def damage(store: Store, job: int, step: int, spoil: Callable[[bytes], bytes]) -> None:
    """Spoil a stored checkpoint, behind the store's back."""
    row = (models.Checkpoint.job_id == job, models.Checkpoint.step == step)
    with store.engine.begin() as connection:
        data = connection.execute(select(models.Checkpoint.data).where(*row)).scalar_one()
        connection.execute(update(models.Checkpoint).where(*row).values(data=spoil(data)))
