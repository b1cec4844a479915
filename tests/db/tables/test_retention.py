"""Which checkpoints stay: the rule by itself, and in the store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan_core.config.train import TrainConfig
from curvegan_db.errors import ResultNotFound
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.tables.retention import outdated

from ..one_job import begin, record
from ..trainings import claim, losses, request


@pytest.mark.parametrize(
    ("keep", "at", "kept"),
    [
        ("few", [10, 20], [10, 20]),
        ("few", [10, 20, 30], [10, 20, 30]),
        ("few", [10, 20, 30, 40], [10, 30, 40]),
        ("few", [10, 35, 40], [10, 40]),
        ("few", [10, 80, 90, 95], [10, 80, 90, 95]),
        ("few", [5], [5]),
        ("all", [10, 20, 30, 35, 40], [10, 20, 30, 40]),
        ("final", [10, 20, 30, 40], [10, 30, 40]),
        ("final", [10, 80, 90, 95], [95]),
        ("final", [10, 80, 90, 99], [99]),
    ],
)
def test_the_first_the_last_two_and_the_newest_stay(keep: str, at: list[int], kept: list[int]) -> None:
    config = {"checkpoint_every": 10, "keep_checkpoints": keep, "steps": 95}
    assert sorted({*at} - outdated(at, config)) == kept


@given(every=st.integers(1, 20), rest=st.integers(0, 19), drains=st.sets(st.integers(1, 400)))
def test_no_history_of_drains_leaves_more_than_four_or_fewer_than_two_to_resume(
    every: int, rest: int, drains: set[int]
) -> None:
    steps = 20 * every + rest % every
    config = {"checkpoint_every": every, "keep_checkpoints": "few", "steps": steps}
    stored: set[int] = set()
    for step in sorted({*range(every, steps + 1, every), *(d for d in drains if d < steps), steps}):
        stored |= {step}
        stored -= outdated(stored, config)
        assert max(stored) == step
        assert len(stored) <= 4
        assert {*range(every, step + 1, every)[-2:], *range(every, step + 1, every)[:1]} <= stored


@pytest.mark.parametrize(("keep", "kept"), [(None, [50, 40, 10]), ("few", [50, 40, 10]), ("all", [50, 40, 30, 20, 10])])
def test_the_store_drops_what_the_config_says(store: Store, keep: str | None, kept: list[int]) -> None:
    ids = store.submit([request(seed=seed, checkpoint_every=10, keep_checkpoints=keep or "few") for seed in range(2)])
    if keep is None:
        forget_the_key(store, ids[0])
    token = claim(store, most=2).token
    for job_id in ids:
        begin(store, token, job_id, 0, "cpu", "fused", "1")
        for step in range(10, 60, 10):
            record(store, token, job_id, step, losses(step - 10), [], (step, b"state"))
            record(store, token, job_id, step, losses(step - 10), [], (step, b"state"))
    assert [[row.step for row in store.checkpoints(job_id)] for job_id in ids] == [kept, kept]


def test_a_checkpoint_that_is_gone_is_an_error_that_names_those_that_stay(store: Store) -> None:
    [job_id] = store.submit([request(checkpoint_every=10)])
    token = claim(store).token
    with pytest.raises(ResultNotFound, match=f"^job {job_id} has no checkpoint at step 20; it has none yet"):
        store.checkpoint(job_id, 20)
    for step in range(10, 60, 10):
        record(store, token, job_id, step, losses(), [], (step, b"state"))
    with pytest.raises(ResultNotFound, match="no checkpoint at step 20; it has 10, 40, 50: its keep_checkpoints"):
        store.checkpoint(job_id, 20)


def test_what_is_kept_changes_no_number_and_splits_no_pack() -> None:
    configs = [TrainConfig.parse({"keep_checkpoints": keep}) for keep in ("few", "all", "final")]
    assert len({(config.hash, config.pack_key) for config in configs}) == 1


def forget_the_key(store: Store, job_id: int) -> None:
    """Make the job one that was stored before there was the key."""
    with store._write() as session:
        job = session.get_one(models.Job, job_id)
        job.config = {key: value for key, value in job.config.items() if key != "keep_checkpoints"}
