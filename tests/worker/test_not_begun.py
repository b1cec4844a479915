"""A job that cannot be begun is given back, for that is the worker's fault; three in a row that cannot end it."""

import pytest

from curvegan_core.errors import InvalidConfig
from curvegan_core.training import PackTraining
from curvegan_db.store import Store

from .inline import train_next
from .jobs import SHORT, submit


def broken(error: Exception) -> object:
    def advance(self: PackTraining, most_steps: int | None = None) -> object:
        raise error

    return advance


def test_a_job_that_no_worker_can_begin_fails_the_third_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = submit(store, SHORT)
    monkeypatch.setattr(PackTraining, "advance", broken(RuntimeError("no room on the card")))
    for attempt in (1, 2):
        train_next(store)
        found = store.job(job)
        assert (found.state, found.attempt, found.lost, found.error) == ("queued", attempt, 0, None)
        log, _ = store.log(job)
        assert "RuntimeError: no room on the card" in log[-2].text
        assert (log[-1].kind, log[-1].text) == ("not_begun", "not begun: RuntimeError: no room on the card")
    train_next(store)
    assert (store.job(job).state, store.job(job).reason) == ("failed", "error")
    assert "no room on the card" in (store.job(job).error or "")
    store.retry(job)
    train_next(store)
    assert store.job(job).state == "queued"
    monkeypatch.undo()
    train_next(store)
    assert store.job(job).state == "succeeded"


def test_what_a_job_itself_is_to_blame_for_ends_it_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = submit(store, SHORT)
    monkeypatch.setattr(PackTraining, "advance", broken(InvalidConfig("its data set has other points")))
    train_next(store)
    assert (store.job(job).state, store.job(job).reason) == ("failed", "error")
