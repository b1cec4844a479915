"""Jobs as users see them, on both databases."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from curvegan_db.columns import MOST_ERROR, MOST_REASON
from curvegan_db.errors import JobNotFound, JobStateConflict, ResultNotFound
from curvegan_db.store import Store
from curvegan_db.values import Plot

from ..one_job import add_plots, begin, finish, record
from ..trainings import DEVICES, a_worker, begun, claim, losses, request, short, snapshot


def test_a_job_from_submit_to_its_end(store: Store) -> None:
    [job_id] = store.submit([request("first", priority=3, tags=("b", "a"), seed=2**64 - 1)])
    queued = store.job(job_id)
    assert (queued.state, queued.name, queued.tags, queued.priority) == ("queued", "first", ("a", "b"), 3)
    assert queued.config == request(seed=2**64 - 1).config

    worker = a_worker(store)
    claimed = claim(store, worker)
    assert [(j.id, j.config, j.attempt, j.step) for j in claimed.jobs] == [(job_id, queued.config, 1, 0)]
    begin(store, claimed.token, job_id, 0, "cpu", "torch", "2.13.0")
    record(store, claimed.token, job_id, 50, losses(0, 10, 20, 30, 40), [snapshot(0)], (50, b"state at 50"))
    running = store.job(job_id)
    assert (running.state, running.step, running.worker, running.device) == ("running", 50, "host:1", "cpu")
    assert running.steps_per_second is not None
    assert running.steps_per_second > 0

    record(store, claimed.token, job_id, 100, losses(50, 60, 70, 80, 90), [snapshot(50), snapshot(100)], (100, b"end"))
    finish(store, claimed.token, job_id, "succeeded", metrics={"rmse": 0.09, "spread": float("nan")})
    done = store.job(job_id)
    assert (done.state, done.step, done.metrics, done.error) == ("succeeded", 100, {"rmse": 0.09}, None)
    assert store.losses(job_id) == losses(*range(0, 100, 10))
    assert [s.step for s in store.snapshots(job_id)] == [0, 50, 100]
    assert store.checkpoint(job_id).data == b"end"
    assert [event.kind for event in store.events(job_id)] == ["submitted", "claimed", "began", "succeeded"]
    assert done.created_at <= done.started_at <= done.finished_at  # type: ignore[operator]
    assert store.workers()[0].jobs == ()


def test_a_batch_is_stored_in_order_or_not_at_all(store: Store) -> None:
    ids = store.submit([request(f"job {n}") for n in range(500)])
    assert ids == sorted(ids)
    assert [store.job(ids[n]).name for n in (0, 250, 499)] == ["job 0", "job 250", "job 499"]
    assert store.submit([]) == []
    bad = request()
    object.__setattr__(bad, "priority", None)  # past the door, so that the last row fails in the database
    with pytest.raises(IntegrityError):
        store.submit([request(tags=("t",)), request(), bad])
    assert store.last_id() == ids[-1]


def test_ids_are_never_given_twice(store: Store) -> None:
    ids = store.submit([request(), request()])
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM jobs"))
    assert store.last_id() is None
    assert min(store.submit([request()])) > max(ids)


def test_jobs_are_filtered_by_id_state_and_tags(store: Store) -> None:
    a, b, c = store.submit([request(tags=("x",)), request(tags=("x", "y"), priority=1), request()])
    assert [job.id for job in store.jobs()] == [c, b, a]
    assert [job.id for job in store.jobs(limit=2)] == [c, b]
    assert [job.id for job in store.jobs(newest_first=False, limit=2)] == [a, b]
    assert [job.id for job in store.jobs(tags=["x"])] == [b, a]
    assert [job.id for job in store.jobs(tags=["x", "y"])] == [b]
    assert begun(store, claim(store)).jobs[0].id == b
    assert [job.id for job in store.jobs(states=["queued"])] == [c, a]
    assert [job.id for job in store.jobs(states=["running", "failed"])] == [b]
    assert [job.id for job in store.jobs(ids=[a, b, 999], states=["running"])] == [b]
    assert store.jobs(ids=[]) == []


def test_many_ids_fit_into_statements(store: Store) -> None:
    ids = store.submit([request(tags=("t",))] * 3)
    many = range(-5, 70_000)
    assert store.existing(many) == set(ids)
    assert [job.tags for job in store.jobs(ids=many, limit=2)] == [("t",), ("t",)]


@pytest.mark.parametrize("unknown", [0, -1, 7, 2**31, 2**80])
def test_an_unknown_job_is_an_error_everywhere(store: Store, unknown: int) -> None:
    for read in (store.job, store.losses, store.snapshots, store.checkpoint, store.checkpoints, store.events):
        with pytest.raises(JobNotFound, match=f"no job {unknown};"):
            read(unknown)
    for change in (store.cancel, store.retry):
        with pytest.raises(JobNotFound):
            change(unknown)
    with pytest.raises(JobNotFound):
        store.plot(unknown, "curve")
    assert store.existing([unknown]) == set()


def test_results_that_are_not_there_yet(store: Store) -> None:
    [job_id] = store.submit([request()])
    assert len(store.losses(job_id)) == 0
    assert store.snapshots(job_id) == store.checkpoints(job_id) == []
    assert store.plot(job_id, "curve") is None
    for step, message in ((None, "no checkpoint yet"), (7, "no checkpoint at step 7")):
        with pytest.raises(ResultNotFound, match=message):
            store.checkpoint(job_id, step)


def test_a_queued_job_is_cancelled_at_once(store: Store) -> None:
    [job_id] = store.submit([request()])
    assert store.cancel(job_id, "typo") == "cancelled"
    job = store.job(job_id)
    assert (job.state, job.reason) == ("cancelled", "typo")
    assert job.finished_at is not None
    assert store.claim(a_worker(store), DEVICES, 1) is None
    with pytest.raises(JobStateConflict, match=f"job {job_id} cannot be cancelled: it is cancelled"):
        store.cancel(job_id)


def test_a_running_job_is_asked_to_stop(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(store)
    assert store.cancel(job_id, "enough") == "requested"
    assert store.cancel(job_id) == "requested"
    assert store.job(job_id).cancel_requested
    assert store.heartbeat(claimed.token).cancelled == {job_id: "enough"}
    finish(store, claimed.token, job_id, "cancelled")
    assert (store.job(job_id).state, store.job(job_id).reason) == ("cancelled", "enough")
    assert [e.kind for e in store.events(job_id)] == ["submitted", "claimed", "cancel_requested", "cancelled"]


def test_a_lost_job_is_cancelled_without_its_worker(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(short(store))
    assert store.cancel(job_id) == "cancelled"
    assert store.job(job_id).state == "cancelled"
    assert store.heartbeat(claimed.token).held == frozenset()


def test_retry_runs_an_ended_job_afresh(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(store)
    begin(store, claimed.token, job_id, 0, "cpu", "torch", "2")
    record(store, claimed.token, job_id, 50, losses(0, 10), [snapshot(0)], (50, b"x"))
    add_plots(store, claimed.token, job_id, [Plot(job_id, "curve", 50, b"png")])
    with pytest.raises(JobStateConflict, match="it is running"):
        store.retry(job_id)
    finish(store, claimed.token, job_id, "failed", error="diverged", metrics={"rmse": 1.0})
    store.retry(job_id)
    fresh = store.job(job_id)
    assert (fresh.state, fresh.step, fresh.attempt, fresh.error, fresh.metrics) == ("queued", 0, 1, None, None)
    assert (fresh.started_at, fresh.finished_at, fresh.worker, fresh.device) == (None, None, None, None)
    assert (len(store.losses(job_id)), store.snapshots(job_id), store.checkpoints(job_id)) == (0, [], [])
    assert store.plot(job_id, "curve") is None
    with pytest.raises(JobStateConflict, match="it is queued"):
        store.retry(job_id)
    assert claim(store).jobs[0].attempt == 2


def test_a_long_error_is_cut_and_odd_characters_are_replaced(store: Store) -> None:
    [job_id] = store.submit([request()])
    claimed = claim(store)
    finish(store, claimed.token, job_id, "failed", error="x" * 20_000 + "a\x00b\ud800", reason="r" * 900)
    job = store.job(job_id)
    assert job.error is not None
    assert job.error.startswith("…xxx")
    assert job.error.endswith("xa?b?"), "the end of a traceback says what happened"
    assert (len(job.error), len(job.reason or "")) == (MOST_ERROR, MOST_REASON)
    assert store.events(job_id)[-1].detail == job.reason
