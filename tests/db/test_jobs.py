"""Jobs as users see them, on both databases."""

from curvegan_db.store import Store

from .trainings import a_worker, claim, losses, request, snapshot


def test_a_job_from_submit_to_its_end(store: Store) -> None:
    [job_id] = store.submit([request("first", priority=3, tags=("b", "a"), seed=2**64 - 1)])
    queued = store.job(job_id)
    assert (queued.state, queued.name, queued.tags, queued.priority) == ("queued", "first", ("a", "b"), 3)
    assert queued.config == request(seed=2**64 - 1).config

    worker = a_worker(store)
    claimed = claim(store, worker)
    assert [(j.id, j.config, j.attempt, j.step) for j in claimed.jobs] == [(job_id, queued.config, 1, 0)]
    store.begin(claimed.token, job_id, 0, "cpu", "torch", "2.13.0")
    store.record(claimed.token, job_id, 50, losses(0, 10, 20, 30, 40), [snapshot(0)], (50, b"state at 50"))
    running = store.job(job_id)
    assert (running.state, running.step, running.worker, running.device) == ("running", 50, "host:1", "cpu")
    assert running.steps_per_second is not None
    assert running.steps_per_second > 0

    store.record(claimed.token, job_id, 100, losses(50, 60, 70, 80, 90), [snapshot(50), snapshot(100)], (100, b"end"))
    store.finish(claimed.token, job_id, "succeeded", metrics={"rmse": 0.09, "spread": float("nan")})
    done = store.job(job_id)
    assert (done.state, done.step, done.metrics, done.error) == ("succeeded", 100, {"rmse": 0.09}, None)
    assert store.losses(job_id) == losses(*range(0, 100, 10))
    assert [s.step for s in store.snapshots(job_id)] == [0, 50, 100]
    assert store.checkpoint(job_id).data == b"end"
    assert [event.kind for event in store.events(job_id)] == ["submitted", "claimed", "began", "succeeded"]
    assert done.created_at <= done.started_at <= done.finished_at  # type: ignore[operator]
    assert store.workers()[0].jobs == ()
