"""Damaged checkpoints: each is refused by name, the newest that can be read is used, and the events say so."""

import json
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select, update

from curvegan.checkpoint import FORMAT, Checkpoint
from curvegan_db import models
from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ..cli.client import PlayedWorker
from ..worker.jobs import SLOW, submit, wait_for_state
from ..worker.undisturbed import assert_ended_once, assert_undisturbed
from .faulty import attempts, faulty_fleet

CONFIG = SLOW.model_copy(update={"steps": 200})


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
    workers = [PlayedWorker(store), PlayedWorker(store)]
    for worker in workers:
        worker.claim()
        worker.train(until=120)
    for worker in workers:
        store.release(worker.token, worker.job.id, "drained")
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


def damage(store: Store, job: int, step: int, spoil: Callable[[bytes], bytes]) -> None:
    """Spoil a stored checkpoint, behind the store's back."""
    row = (models.Checkpoint.job_id == job, models.Checkpoint.step == step)
    with store.engine.begin() as connection:
        data = connection.execute(select(models.Checkpoint.data).where(*row)).scalar_one()
        connection.execute(update(models.Checkpoint).where(*row).values(data=spoil(data)))
