"""A pack in which one job's training raises: it alone fails, and the others' numbers do not show it."""

import pytest

from curvegan_core.training import PackTraining
from curvegan_db.store import Store
from curvegan_worker import recorder

from .inline import train_next
from .jobs import SHORT, submit
from .undisturbed import assert_undisturbed


def test_a_failure_half_way_fails_the_guilty_job_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # No checkpoint on the way: the others start again at 0, and what they recorded before comes once more.
    config = SHORT.model_copy(update={"checkpoint_every": 120, "snapshot_every": 120})
    guilty, *others = submit(store, config, 4)
    advance = PackTraining.advance
    calls = 0

    def broken(self: PackTraining, _: int = 64) -> object:
        nonlocal calls
        calls += 1
        if guilty in self.jobs and calls > 5:
            raise ValueError("out of memory")
        return advance(self, 15 if guilty in self.jobs else 25)

    monkeypatch.setattr(PackTraining, "advance", broken)
    monkeypatch.setattr(recorder, "FLUSH_S", 60)  # what the pack recorded is still on its way when it fails
    train_next(store)
    monkeypatch.undo()
    assert store.job(guilty).state == "failed"
    for job in others:
        assert store.job(job).state == "succeeded"
        assert_undisturbed(store, job)
