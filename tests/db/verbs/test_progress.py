"""What a worker writes: replaced when it is sent again, cut where an attempt resumes, all of a call or nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.log_lines import SAID
from curvegan_db.store import Store
from curvegan_db.values import Plot
from curvegan_db.verbs.progress import Ending, Record

from ..one_job import add_plots, begin, finish, record, release
from ..trainings import claim, losses, request, snapshot


def test_the_same_record_again_changes_nothing(store: Store) -> None:
    job_id, token = running(store)
    for _ in range(2):
        record(store, token, job_id, 50, losses(0, 10, 20, 30, 40), [snapshot(0), snapshot(50)], (50, b"state"))
        add_plots(store, token, job_id, [Plot(job_id, "curve", 50, b"png")])
    assert store.losses(job_id) == losses(0, 10, 20, 30, 40)
    assert store.snapshots(job_id) == [snapshot(0), snapshot(50)]
    assert [row.step for row in store.checkpoints(job_id)] == [50]
    assert store.job(job_id).step == 50


def test_the_same_record_and_more_replaces_it(store: Store) -> None:
    """A worker that did not hear the answer goes on training and sends the old records with the new ones."""
    job_id, token = running(store)
    record(store, token, job_id, 20, losses(0, 10))
    record(store, token, job_id, 40, losses(20, 30))
    record(store, token, job_id, 60, losses(20, 30, 40, 50))
    record(store, token, job_id, 20, losses(0, 10))
    assert store.losses(job_id) == losses(0, 10, 20, 30, 40, 50)


def test_a_call_that_fails_half_way_leaves_nothing(store: Store) -> None:
    job_id, token = running(store)
    broken = Snapshot(50, np.zeros(3, np.float32))  # one axis: its bytes cannot be written, after the losses were
    with pytest.raises(Exception, match="expected 2, got 1"):
        record(store, token, job_id, 50, losses(0, 10), [broken], (50, b"state"))
    assert len(store.losses(job_id)) == 0
    assert store.job(job_id).step == 0


def test_results_come_back_as_they_went_in(store: Store) -> None:
    job_id, token = running(store)
    blob = bytes(range(256)) * 400
    odd = LossCurve(np.array([7]), *(np.array([v], np.float32) for v in (np.inf, np.nan, 0.1, -0.0, 3e38)))
    record(store, token, job_id, 50, odd, [], (50, blob))
    add_plots(store, token, job_id, [Plot(job_id, "curve", 50, blob), Plot(job_id, "losses", 50, b"\x89PNG")])
    assert store.losses(job_id).to_bytes() == odd.to_bytes()
    stored = store.checkpoint(job_id, 50)
    assert (stored.data, stored.size, stored.attempt, stored.step) == (blob, len(blob), 1, 50)
    assert store.checkpoints(job_id)[0].sha256 == stored.sha256
    assert store.plot(job_id, "losses") == Plot(job_id, "losses", 50, b"\x89PNG")


def test_an_attempt_that_resumes_forgets_what_came_after(store: Store) -> None:
    job_id, token = running(store)
    record(store, token, job_id, 50, losses(0, 10, 20, 30, 40), [snapshot(0), snapshot(50)], (50, b"at 50"))
    record(store, token, job_id, 100, losses(50, 60, 70, 80, 90), [snapshot(100)], (100, b"at 100"))
    add_plots(store, token, job_id, [Plot(job_id, "curve", 100, b"png")])
    release(store, token, job_id)
    again = claim(store)
    assert again.jobs[0].step == 100
    for _ in range(2):
        begin(store, again.token, job_id, 50, "cuda:0", "torch", "2.13.0")
    job = store.job(job_id)
    assert (job.step, job.device, job.engine, job.engine_version) == (50, "cuda:0", "torch", "2.13.0")
    assert job.steps_per_second is None
    assert store.losses(job_id) == losses(0, 10, 20, 30, 40)
    assert [s.step for s in store.snapshots(job_id)] == [0, 50]
    assert [row.step for row in store.checkpoints(job_id)] == [50]
    assert store.plot(job_id, "curve") is None
    began = [event.detail for event in store.events(job_id) if event.kind == "began"]
    assert began == ["at step 0 on cpu with torch 2", "at step 50 on cuda:0 with torch 2.13.0"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 300))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_losses_are_cut_at_any_step_however_they_came(store: Store, sizes: list[int], resume: int) -> None:
    job_id, token = running(store)
    steps = [10 * n for n in range(sum(sizes))]
    start = 0
    for size in sizes:
        record(store, token, job_id, steps[start + size - 1] + 1, losses(*steps[start : start + size]))
        start += size
    resume = min(resume, steps[-1] + 1)  # there can be no checkpoint beyond what is recorded
    begin(store, token, job_id, resume, "cpu", "torch", "2")
    assert store.losses(job_id) == losses(*(s for s in steps if s < resume))
    finish(store, token, job_id, "succeeded")


def test_an_unanswered_commit_can_be_repeated(store: Store, broken_commit: Callable[[], None]) -> None:
    """The connection breaks after the database has committed, before the worker hears of it."""
    job_id, token = running(store)
    broken_commit()
    with pytest.raises(ConnectionError):
        record(store, token, job_id, 20, losses(0, 10), [snapshot(0)], (20, b"state"))
    record(store, token, job_id, 20, losses(0, 10), [snapshot(0)], (20, b"state"))
    assert store.losses(job_id) == losses(0, 10)
    broken_commit()
    with pytest.raises(ConnectionError):
        finish(store, token, job_id, "succeeded", metrics={"rmse": 0.1})
    finish(store, token, job_id, "succeeded", metrics={"rmse": 0.1})
    assert [event.kind for event in store.events(job_id)] == ["submitted", "claimed", "began", "succeeded"]


def test_what_came_of_a_pack_is_stored_together(store: Store) -> None:
    jobs, token = pack(store, 3)
    lost = store.record(token, [a_record(job, 60) for job in jobs])
    assert lost == frozenset()
    for job in jobs:
        assert store.losses(job) == losses(job, job + 10)
        assert store.snapshots(job) == [snapshot(0), snapshot(50)]
        assert [(row.step, row.size) for row in store.checkpoints(job)] == [(60, 2), (50, 3)]
        assert store.plot(job, "curve") == Plot(job, "curve", 60, b"png")
        assert said(store, job) == [f"of job {job}"]
        assert store.job(job).step == 60


def test_a_lost_job_does_not_stop_the_others_of_its_pack(store: Store) -> None:
    (first, gone, last), token = pack(store, 3)
    release(store, token, gone)
    other = claim(store).token
    record(store, other, gone, 10, losses(0))
    ending = Ending(JobState.SUCCEEDED, metrics={"rmse": 0.1}, verdict="converged")
    records = [a_record(first, 60), a_record(gone, 60), replace(a_record(last, 60), ending=ending)]
    assert store.record(token, records) == {gone}
    assert (store.job(gone).step, store.losses(gone), store.checkpoints(gone)) == (10, losses(0), [])
    assert said(store, gone) == []
    assert store.plot(gone, "curve") is None
    assert store.losses(first) == losses(first, first + 10)
    assert store.losses(last) == losses(last, last + 10)
    ended = store.job(last)
    assert (ended.state, ended.metrics, ended.verdict) == ("succeeded", {"rmse": 0.1}, "converged")
    assert store.record(token, [a_record(gone, 60)]) == {gone}


def test_the_same_records_again_change_nothing_and_end_once(store: Store, broken_commit: Callable[[], None]) -> None:
    """The answer was lost on the way: the ended and the released job are no longer held, and not lost either."""
    (ended, released, on), token = pack(store, 3)
    endings = [Ending(JobState.FAILED, "diverged", "at step 60"), Ending(JobState.QUEUED, "drained"), None]
    records = [replace(a_record(job, 60), ending=e) for job, e in zip((ended, released, on), endings, strict=True)]
    broken_commit()
    with pytest.raises(ConnectionError):
        store.record(token, records)
    assert store.record(token, records) == frozenset()
    assert [event.kind for event in store.events(ended)][-2:] == ["began", "failed"]
    assert [event.kind for event in store.events(released)][-2:] == ["began", "released"]
    assert [row.step for row in store.checkpoints(on)] == [60, 50]
    assert store.record(token, [a_record(ended, 70), replace(records[1], ending=endings[0])]) == {ended, released}


def test_who_renews_a_lease_and_who_records_under_it_do_not_wait_for_each_other_in_turn(store: Store) -> None:
    jobs, token = pack(store, 8)
    with ThreadPoolExecutor(2) as threads:
        beats = threads.submit(lambda: [store.heartbeat(token).held for _ in range(40)])
        for step in range(40):
            assert not store.record(token, [a_record(job, 60 + step) for job in reversed(jobs)])
        assert set(beats.result(60)) == {frozenset(jobs)}


def test_the_newest_rmse_of_many_jobs_is_that_of_their_last_records(store: Store) -> None:
    (far, near, none, damaged), token = pack(store, 4)
    for job, end in ((far, 60), (near, 20), (damaged, 20)):
        for first in range(0, end, 20):
            record(store, token, job, first + 20, losses(first, first + 10))
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE loss_chunks SET data = :data WHERE job_id = :id"), {"data": b"x", "id": damaged}
        )
    assert store.newest_rmse([far, near, none, damaged, 99]) == {
        far: float(losses(50).rmse[0]),
        near: float(losses(10).rmse[0]),
    }
    assert store.newest_rmse([]) == {}


def pack(store: Store, count: int) -> tuple[list[int], str]:
    """Jobs under one lease, begun at step 0: their ids and the token."""
    jobs = store.submit([request(seed=seed) for seed in range(count)])
    token = claim(store, most=count).token
    for job in jobs:
        begin(store, token, job, 0, "cpu", "torch", "2")
    return jobs, token


def a_record(job: int, step: int) -> Record:
    """Something of each kind: two checkpoints, of which the last is off the grid."""
    checkpoints = [(50, b"old"), (step, b"at")]
    plots = [Plot(job, "curve", step, b"png")]
    lines = {0: (f"of job {job}", time.monotonic())}
    return Record(job, step, losses(job, job + 10), [snapshot(0), snapshot(50)], checkpoints, lines, plots)


def said(store: Store, job: int) -> list[str]:
    return [line.text for line in store.log(job)[0] if line.kind == SAID]


@pytest.fixture
def broken_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and the next commit happens but its answer is lost."""
    dialect, commit = store.engine.dialect, store.engine.dialect.do_commit

    def unanswered(connection: object) -> None:
        commit(connection)  # type: ignore[arg-type]
        monkeypatch.setattr(dialect, "do_commit", commit)
        raise ConnectionError("the answer was lost")

    return lambda: monkeypatch.setattr(dialect, "do_commit", unanswered)


def running(store: Store) -> tuple[int, str]:
    """A job under a lease, begun at step 0: its id and the token."""
    [job_id] = store.submit([request()])
    token = claim(store).token
    begin(store, token, job_id, 0, "cpu", "torch", "2")
    return job_id, token
