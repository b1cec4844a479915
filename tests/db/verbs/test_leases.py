"""Leases: expiry, renewal, the reaper, and what a worker whose lease is gone can still do (nothing)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text

from curvegan_db.columns import JobState
from curvegan_db.errors import LeaseLost
from curvegan_db.sql import transactions
from curvegan_db.store import Store
from curvegan_db.tables.models import Base
from curvegan_db.values import Claim, Plot
from curvegan_db.verbs.progress import Ending

from ..one_job import add_plots, begin, finish, record, release
from ..trainings import a_worker, begun, claim, losses, request, short, snapshot

Verb = Callable[[Store, str, int], Any]
VERBS: dict[str, Verb] = {
    "begin": lambda s, t, j: begin(s, t, j, 0, "cpu", "torch", "2"),
    "record losses": lambda s, t, j: record(s, t, j, 60, losses(50)),
    "record snapshots": lambda s, t, j: record(s, t, j, 50, losses(), [snapshot(50)]),
    "record a checkpoint": lambda s, t, j: record(s, t, j, 50, losses(), [], (50, b"late")),
    "add_plots": lambda s, t, j: add_plots(s, t, j, [Plot(j, "curve", 50, b"late")]),
    "note": lambda s, t, j: s.note(j, t, "checkpoint_refused", "late"),
    "finish succeeded": lambda s, t, j: finish(s, t, j, "succeeded", metrics={"rmse": 1.0}),
    "finish failed": lambda s, t, j: finish(s, t, j, "failed", error="late"),
    "finish cancelled": lambda s, t, j: finish(s, t, j, "cancelled"),
    "release": lambda s, t, j: release(s, t, j, "drain"),
}


def every_row(store: Store) -> dict[str, Sequence[Row[*tuple[Any, ...]]]]:
    """All tables, row for row."""
    with store.engine.connect() as connection:
        return {
            t.name: connection.execute(t.select().order_by(*t.primary_key)).all() for t in Base.metadata.sorted_tables
        }


def taken_over(store: Store) -> tuple[Claim, int]:
    """A claim with results whose lease ran out, and whose job another worker now trains."""
    [job_id] = store.submit([request()])
    frozen = claim(short(store))
    begin(store, frozen.token, job_id, 0, "cpu", "torch", "2")
    record(store, frozen.token, job_id, 50, losses(0, 10, 20, 30, 40), [snapshot(0)], (50, b"good"))
    add_plots(store, frozen.token, job_id, [Plot(job_id, "curve", 50, b"good")])
    assert store.reap() == [job_id]
    other = claim(store, a_worker(store, 2))
    assert other.jobs[0].id == job_id
    return frozen, job_id


@pytest.mark.parametrize("verb", VERBS)
def test_a_worker_that_lost_its_lease_writes_nothing(store: Store, verb: str) -> None:
    frozen, job_id = taken_over(store)
    before = every_row(store)
    assert all(before[t] for t in ("loss_chunks", "snapshots", "checkpoints", "plots", "events", "attempts", "workers"))
    with pytest.raises(LeaseLost, match=f"the lease on job {job_id} is lost"):
        VERBS[verb](store, frozen.token, job_id)
    assert every_row(store) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_worker_of_an_ended_job_writes_nothing(store: Store, verb: str) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(short(store))
    store.cancel(job_id)
    before = every_row(store)
    with pytest.raises(LeaseLost):
        VERBS[verb](store, claimed.token, job_id)
    assert every_row(store) == before


@pytest.mark.parametrize("verb", VERBS)
def test_the_holder_of_the_lease_can_write(store: Store, verb: str) -> None:
    [job_id] = store.submit([request()])
    token = claim(store).token
    before = every_row(store)
    VERBS[verb](store, token, job_id)
    assert every_row(store) != before


def test_a_heartbeat_after_a_takeover_renews_nothing(store: Store) -> None:
    frozen, _ = taken_over(store)
    before = every_row(store)
    assert store.heartbeat(frozen.token).held == frozenset()
    assert every_row(store) == before


def test_a_job_is_shown_as_lost_before_a_reaper_came(store: Store) -> None:
    [job_id] = store.submit([request()])
    claim(short(store))
    before = every_row(store)
    assert store.job(job_id).state == "lost"
    assert [job.id for job in store.jobs(states=["lost"])] == [job_id]
    assert store.jobs(states=["running", "queued"]) == []
    assert every_row(store) == before


def test_a_lost_job_goes_back_to_the_queue_with_what_it_has(store: Store) -> None:
    frozen, job_id = taken_over(store)
    job = store.job(job_id)
    assert (job.state, job.attempt, job.lost, job.worker) == ("queued", 2, 1, "host:2")
    assert store.details(job_id).lease_expires_at is not None
    assert store.checkpoint(job_id).data == b"good"
    events = [(event.kind, event.attempt, event.worker) for event in store.events(job_id)]
    assert events[2:] == [("began", 1, "host:1"), ("lost", 1, "host:1"), ("claimed", 2, "host:2")]
    assert frozen.jobs[0].step == 0


def test_the_third_loss_is_the_last(store: Store) -> None:
    [job_id] = store.submit([request()])
    for _ in range(3):
        claim(short(store))
        assert store.reap() == [job_id]
    job = store.job(job_id)
    assert (job.state, job.reason, job.lost, job.attempt) == ("failed", "lost", 3, 3)
    assert "lost 3 times" in (job.error or "")
    assert job.finished_at is not None
    assert [event.kind for event in store.events(job_id)][-3:] == ["claimed", "lost", "failed"]
    assert store.reap() == []
    store.retry(job_id)
    assert store.job(job_id).lost == 0


def test_a_job_that_gets_on_between_its_losses_is_never_given_up(store: Store) -> None:
    [job_id] = store.submit([request()])
    for attempt in range(1, 10):
        held = claim(short(store))
        if attempt % 3 == 1:
            record(store, held.token, job_id, attempt, losses(), checkpoint=(attempt, b"state"))
        store.reap()
        assert (store.job(job_id).state, store.job(job_id).lost) == ("queued", attempt)
    claim(short(store))
    store.reap()
    assert store.job(job_id).state == "failed"  # attempts 8, 9 and 10 got nowhere


def test_the_reaper_touches_neither_queued_nor_held_jobs(store: Store) -> None:
    store.submit([request()] * 2)
    claim(store)
    before = every_row(store)
    assert store.reap() == []
    assert every_row(store) == before


def test_a_late_heartbeat_keeps_a_job_that_nobody_took(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = begun(store, claim(short(store)))
    assert store.job(job_id).state == "lost"
    assert store.heartbeat(claimed.token).held == {job_id}
    assert store.job(job_id).state == "running"
    assert store.reap() == []


def test_one_heartbeat_renews_the_pack_and_the_worker(store: Store) -> None:
    a, b, c = store.submit([request()] * 3)
    worker = a_worker(store)
    claimed = begun(store, claim(short(store), worker, most=3))
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE workers SET beat_at = '2001-01-01 00:00:00'"))
    assert [(w.state, w.jobs) for w in store.workers()] == [("lost", (a, b, c))]
    finish(store, claimed.token, b, "succeeded")
    assert store.heartbeat(claimed.token).held == {a, c}
    assert [job.id for job in store.jobs(states=["running"], newest_first=False)] == [a, c]
    assert [(w.state, w.jobs) for w in store.workers()] == [("training", (a, c))]


def test_a_released_job_is_claimed_again_at_once(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(store)
    release(store, claimed.token, job_id, "drain")
    job = store.job(job_id)
    assert (job.state, job.lost, job.worker) == ("queued", 0, None)
    assert store.events(job_id)[-1].detail == "drain"
    assert claim(store).jobs[0].attempt == 2


@pytest.mark.parametrize("way", ["released", "lost"])
def test_a_job_to_be_cancelled_never_goes_back_to_the_queue(store: Store, way: str) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(store)
    store.cancel(job_id, "enough")
    if way == "released":
        release(store, claimed.token, job_id)
    else:
        expire(store)
        assert store.reap() == [job_id]
    job = store.job(job_id)
    assert (job.state, job.reason) == ("cancelled", "enough")
    assert [event.kind for event in store.events(job_id)][-3:] == ["cancel_requested", way, "cancelled"]


def test_finish_and_release_may_be_repeated_when_the_answer_was_lost(store: Store) -> None:
    a, b = store.submit([request()] * 2)
    claimed = claim(store, most=2)
    for _ in range(2):
        finish(store, claimed.token, a, "failed", error="diverged")
        release(store, claimed.token, b)
    assert [event.kind for event in store.events(a)] == ["submitted", "claimed", "failed"]
    assert [event.kind for event in store.events(b)] == ["submitted", "claimed", "released"]
    again = begun(store, claim(store))
    release(store, claimed.token, b)
    assert store.job(b).state == "running"
    finish(store, again.token, b, "succeeded")
    with pytest.raises(LeaseLost):
        finish(store, claimed.token, a, "succeeded")


def test_no_ending_leaves_a_job_running() -> None:
    with pytest.raises(ValueError, match="no end"):
        Ending(JobState.RUNNING)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_clock_is_the_databases(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a worker whose own clock is a year off neither loses jobs nor takes others'."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Wrong":
            return cls.fromtimestamp((datetime.now(UTC) + timedelta(days=365)).timestamp(), tz)

    monkeypatch.setattr(transactions, "datetime", Wrong)
    [job_id] = store.submit([request()])
    begun(store, claim(store))
    assert store.reap() == []
    assert store.job(job_id).state == "running"
    assert abs(store.job(job_id).created_at - datetime.now(UTC)) < timedelta(minutes=1)


def expire(store: Store) -> None:
    """Let every lease run out."""
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET lease_expires_at = '2001-01-01 00:00:00' WHERE state = 'running'"))
