"""A fork has its parent's bits up to its step and its own config from there, whatever becomes of the parent."""

import dataclasses
from typing import Any, get_args, get_origin

import pytest

from curvegan import Job, Lab
from curvegan.submitting.forking import fork_config
from curvegan_core.config.keys import PAST, STATE
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig, InvalidInput
from curvegan_core.forking import layout
from curvegan_core.plotting.axes import PALE
from curvegan_core.plotting.job_plots import losses_picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.training import PackTraining
from curvegan_db.store import Store

from ..db.trainings import begun, claim, short
from ..worker.inline import train_all
from .conftest import SMALL


def bits(store: Store, job: int) -> tuple[bytes, bytes]:
    return store.checkpoint(job).data, store.losses(job).to_bytes()


def test_a_fork_that_changes_nothing_ends_with_the_bits_of_its_parent(one_lab: Lab) -> None:
    job, store = trained_job(one_lab, ema=0.9), one_lab.store
    fork = job.fork(step=73, worker=False)
    assert store.losses(fork.id) == store.losses(job.id).rows(0, 8)
    train_all(store)
    ours, theirs = (Checkpoint.from_bytes(store.checkpoint(of.id).data) for of in (fork, job))
    assert ours.config_hash == one_lab[fork.id].config.hash != theirs.config_hash
    assert dataclasses.replace(ours, config_hash=theirs.config_hash, keys=theirs.keys) == theirs
    assert store.losses(fork.id) == store.losses(job.id)
    assert [one.to_bytes() for one in store.snapshots(fork.id)] == [one.to_bytes() for one in store.snapshots(job.id)]
    assert one_lab[fork.id].metrics == one_lab[job.id].metrics


def trained_job(lab: Lab, **keys: Any) -> Job:
    job = lab.submit(worker=False, **SMALL, **keys)
    train_all(lab.store)
    return lab[job.id]


def test_a_fork_needs_neither_its_parent_nor_luck(lab: Lab) -> None:
    """Deleted parent, a worker lost before the first checkpoint, a retry: the same bits each time, on each database."""
    job, store = trained_job(lab), lab.store
    undisturbed, fork = (job.fork(step=60, lr=1e-3, worker=False) for _ in range(2))
    store.cancel(fork.id)
    train_all(store)
    job.delete()
    lab[fork.id].resume(worker=False)
    begun(short(store), claim(short(store)))
    assert store.reap() == [fork.id]
    train_all(store)
    record = lab[fork.id].record
    assert (record.state, record.parent, record.parent_step, record.lost) == ("succeeded", job.id, 60, 1)
    assert bits(store, fork.id) == bits(store, undisturbed.id)
    lab[fork.id].retry(worker=False)
    assert (store.job(fork.id).step, store.checkpoints(fork.id)[0].step, len(store.losses(fork.id))) == (60, 60, 6)
    train_all(store)
    assert bits(store, fork.id) == bits(store, undisturbed.id)
    assert lab.jobs(where=f"parent={job.id}").retry(["succeeded"], worker=False) == [undisturbed.id, fork.id]
    assert [row.step for row in store.checkpoints(undisturbed.id)] == [60]
    train_all(store)
    assert bits(store, undisturbed.id) == bits(store, fork.id)


def test_lineage_is_in_the_hash_and_in_the_picture(one_lab: Lab) -> None:
    job = trained_job(one_lab)
    fork = job.fork(step=50, worker=False)
    assert fork.config.fork_of == job.config.hash != fork.config.hash
    again = fork.fork(step=50, worker=False)
    assert len({job.config.hash, fork.config.hash, again.config.hash}) == 3
    assert one_lab.submit(start=fork, worker=False).config.hash == job.config.hash
    train_all(one_lab.store)
    losses, snapshots = one_lab.store.losses(fork.id), one_lab.store.snapshots(fork.id)
    marks = losses_picture(PlotData("", one_lab[fork.id].config, losses, snapshots)).axes[0].marks
    assert [(mark.colour == PALE, len(mark.x)) for mark in marks] == [(True, 5), (False, 5)] * 2
    with pytest.raises(InvalidInput, match=rf"`curvegan fork {job.id} --at 20` has the past"):
        fork.fork(step=20)
    with pytest.raises(InvalidConfig, match="what `curvegan fork` sets"):
        one_lab.submit(fork_of="0" * 64, fork_step=5)


@pytest.mark.parametrize(("step", "said"), [(0, "takes 1 to 100"), (101, "it has done 100 steps")])
def test_a_step_that_cannot_be_forked_is_refused(trained: Lab, step: int, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        trained[1].fork(step=step)
    assert len(trained.jobs()) == 5


def others(name: str) -> list[Any]:
    """Values of a key that are not its default."""
    field = TrainConfig.model_fields[name]
    special: dict[str, list[Any]] = {
        "curve": ["sine"],
        "device": ["cpu"],
        "ema": [0.9],
        "pack": [2],
        "threshold": [2.0],
        "fork_of": ["0" * 64],
    }
    if name in special:
        return special[name]
    if get_origin(field.annotation) is not None and get_args(field.annotation) and isinstance(field.default, str):
        return [word for word in get_args(field.annotation) if word not in (field.default, "same")]
    if isinstance(field.default, bool):
        return [True]
    return [field.default + 1] if isinstance(field.default, int) else [field.default + 0.01, 0.5]


@pytest.mark.parametrize("name", TrainConfig.model_fields)
def test_what_a_fork_may_change_is_said_of_each_key(name: str) -> None:
    """A key is fixed where it moves the state's tensors, or the past; a change of any other makes a fork."""
    parent, tried = TrainConfig(), 0
    for value in others(name):
        needed = {"gp": 1.0} if value == "wgan" else {}
        try:
            changed = parent.parse({**parent.model_dump(), **needed, name: value})
        except InvalidConfig:
            changed = None  # alone it makes no job at all
        moved, fixed = changed is not None and layout(changed) != layout(parent), TrainConfig.KEYS[name].fixed
        assert not moved or fixed is STATE
        if moved or fixed is PAST:
            with pytest.raises(InvalidConfig, match=rf"{name}|curve"):
                fork_config(parent, 3000, {name: value} | needed)
        elif changed is not None:
            assert getattr(fork_config(parent, 3000, {name: value} | needed), name) == value
            tried += 1
    assert tried or TrainConfig.KEYS[name].fixed or name in DEPENDENT


# Keys that say nothing without another one, and so make no job alone.
DEPENDENT = (
    "consensus",
    "stop_patience",
    "g_grad",
    "activation_g",
    "activation_d",
    "slope",
    "momentum",
    "rms_decay",
    "schedule_to",
    "schedule_steps",
)


def test_no_fork_starts_without_its_start() -> None:
    config = fork_config(TrainConfig(), 5, {})
    with pytest.raises(Exception, match="starts from its own checkpoint"):
        PackTraining({1: (config, None)}, "cpu")
