"""Sweeps in the store: all or none, counted without reading jobs, cancelled and run again in a few statements."""

import time
from collections import Counter

import pytest

from curvegan_core.errors import InvalidInput
from curvegan_db.columns import MOST_ID
from curvegan_db.errors import SweepNotFound
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.values import JobRequest
from curvegan_db.verbs.paces import Kind
from curvegan_db.verbs.sweeps import MOST_JOBS

from ...databases import statements
from ..one_job import begin, finish, record
from ..trainings import a_worker, begun, claim, losses, request, short, snapshot

AXES: dict[str, list[float]] = {"lr": [1e-4, 1e-3], "seed": [0, 1, 2]}


def requests() -> list[JobRequest]:
    """Six jobs that can be trained as one pack."""
    return [request(f"lr={lr}", tags=("grid",), lr=lr, seed=seed) for lr in AXES["lr"] for seed in AXES["seed"]]


def a_sweep(store: Store) -> tuple[int, list[int]]:
    """A sweep of six queued jobs."""
    submitted = store.submit_sweep(requests(), AXES, "night")
    assert submitted.id is not None
    return submitted.id, list(submitted.jobs)


def states(store: Store, sweep_id: int) -> dict[str, int]:
    return {state: count for state, count in store.sweep(sweep_id).states.items() if count}


def kinds(store: Store, job_id: int) -> list[str]:
    return [event.kind for event in store.events(job_id)]


def one_of_each(store: Store) -> tuple[int, list[int]]:
    """A sweep of which one job succeeded, one failed, one was cancelled, one runs, and two are queued."""
    sweep_id, jobs = a_sweep(store)
    token = claim(store, most=4).token
    for job_id, state in zip(jobs, ("succeeded", "failed", "cancelled"), strict=False):
        begin(store, token, job_id, 0, "cpu", "torch", "2")
        record(store, token, job_id, 50, losses(0), [snapshot(50)], (50, b"at 50"))
        finish(store, token, job_id, state, error="no" if state == "failed" else None, verdict="converged")
    begin(store, token, jobs[3], 0, "cpu", "torch", "2")
    return sweep_id, jobs


def test_a_sweep_is_its_jobs_and_its_axes(store: Store) -> None:
    other = store.submit([request()])
    sweep_id, jobs = a_sweep(store)
    sweep = store.sweep(sweep_id)
    assert (sweep.name, sweep.axes, sweep.jobs, sweep.ended) == ("night", AXES, 6, 0)
    assert states(store, sweep_id) == {"queued": 6}
    found = store.jobs(sweep=sweep_id, newest_first=False)
    assert [job.id for job in found] == jobs
    assert {(job.config.lr_g, job.config.seed) for job in found} == {(lr, s) for lr in AXES["lr"] for s in AXES["seed"]}
    assert {(job.sweep, job.tags) for job in found} == {(sweep_id, ("grid",))}
    assert kinds(store, jobs[-1]) == ["submitted"]
    assert store.job(other[0]).sweep is None
    assert [job.id for job in store.jobs(sweep=sweep_id, limit=2)] == jobs[:-3:-1]


def test_states_are_the_displayed_ones(store: Store) -> None:
    sweep_id, _ = one_of_each(store)
    assert states(store, sweep_id) == {"queued": 2, "running": 1, "succeeded": 1, "failed": 1, "cancelled": 1}
    assert store.sweep(sweep_id).ended == 3
    assert store.verdicts(sweep_id) == {"converged": 3}
    claim(short(store))
    assert states(store, sweep_id) == {
        **{"queued": 1, "running": 1, "lost": 1},
        **{"succeeded": 1, "failed": 1, "cancelled": 1},
    }


def test_sweeps_are_listed_newest_first(store: Store) -> None:
    assert store.sweeps(10) == []
    first, second, third = (a_sweep(store)[0] for _ in range(3))
    assert [sweep.id for sweep in store.sweeps(10)] == [third, second, first]
    assert store.sweeps(2) == [store.sweep(third), store.sweep(second)]


@pytest.mark.parametrize("sweep_id", [0, 1, -1, MOST_ID, 10**30])
def test_an_unknown_sweep_is_none(store: Store, sweep_id: int) -> None:
    for verb in (store.sweep, store.verdicts, store.steps_left):
        with pytest.raises(SweepNotFound, match=f"no sweep {sweep_id}; `curvegan sweeps`"):
            verb(sweep_id)
    for again in (store.retry_sweep, store.resume_sweep):
        with pytest.raises(SweepNotFound):
            again(sweep_id, ["failed"])
    assert store.jobs(sweep=sweep_id) == []


def test_too_many_jobs_or_a_bad_name_store_nothing(store: Store) -> None:
    with pytest.raises(InvalidInput, match="at most 100000 jobs, got 100001"):
        store.submit_sweep([request()] * (MOST_JOBS + 1), {})
    for name in ("", "x" * 201, "a\x00b", "\udc80"):
        with pytest.raises(InvalidInput, match="name"):
            store.submit_sweep(requests(), AXES, name)
    assert (store.sweeps(10), store.last_id()) == ([], None)


def test_needed_leaves_out_what_has_succeeded_with_the_same_steps(store: Store) -> None:
    _, jobs = one_of_each(store)
    again = requests()
    assert store.needed(again) == again[1:]
    other = [request(lr=1e-4, steps=200), request(lr=1e-4, record_every=5, device="cpu"), request(lr=1e-4, seed=9)]
    assert store.needed(other) == [other[0], other[2]]  # when it was recorded does not change what came out
    submitted = store.submit_sweep(again, AXES, needed=True)
    assert (submitted.skipped, len(submitted.jobs)) == (1, 5)
    assert submitted.jobs[0] > jobs[-1]


def test_what_would_be_judged_otherwise_is_needed(store: Store) -> None:
    mixture = request(curve="mixture", samples=2000)
    store.submit_sweep([request(lr=1e-4), mixture], AXES)
    for _ in range(2):
        held = claim(store)
        finish(store, held.token, held.jobs[0].id, "succeeded", verdict="converged")
    again = [request(lr=1e-4), request(lr=1e-4, samples=2000), request(lr=1e-4, threshold=4.0), mixture]
    boxed = request(curve={"family": "mixture", "box": True}, samples=2000)
    assert boxed.config.hash == again[-1].config.hash
    assert store.needed([*again, boxed]) == [again[1], again[2], boxed]


def test_a_sweep_with_nothing_to_do_is_not_stored(store: Store) -> None:
    one_of_each(store)
    submitted = store.submit_sweep(requests()[:1], AXES, needed=True)
    assert (submitted.id, submitted.jobs, submitted.skipped) == (None, [], 1)
    assert len(store.sweeps(10)) == 1


def test_cancel_takes_the_queued_and_asks_for_the_running(store: Store) -> None:
    sweep_id, jobs = one_of_each(store)
    [other] = store.submit([request()])
    assert store.cancel_jobs(Filter.of_sweep(sweep_id), "enough") == (jobs[4:], [jobs[3]], [])
    for job_id in jobs[4:]:
        job, last = store.job(job_id), store.events(job_id)[-1]
        assert (job.state, job.reason, job.error) == ("cancelled", "enough", None)
        assert (last.kind, last.detail, last.at) == ("cancelled", "enough", job.finished_at)
    asked, last = store.job(jobs[3]), store.events(jobs[3])[-1]
    assert (asked.state, last.kind, last.detail) == ("running", "cancel_requested", "enough")
    assert (last.attempt, last.worker) == (1, asked.worker)
    assert store.cancel_jobs(Filter.of_sweep(sweep_id)) == ([], [], [])
    assert [store.job(job_id).state for job_id in (*jobs[:2], other)] == ["succeeded", "failed", "queued"]
    assert store.cancel_jobs(Filter.of_sweep(sweep_id), force=True) == ([], [], [jobs[3]])


def test_a_bad_reason_cancels_nothing(store: Store) -> None:
    sweep_id, _ = a_sweep(store)
    with pytest.raises(InvalidInput, match="reason"):
        store.cancel_jobs(Filter.of_sweep(sweep_id), "x" * 501)
    assert states(store, sweep_id) == {"queued": 6}


def test_retry_deletes_results_and_resume_keeps_them(store: Store) -> None:
    sweep_id, jobs = one_of_each(store)
    before = store.job(jobs[0])
    assert store.retry_sweep(sweep_id, ["failed"]) == [jobs[1]]
    assert store.resume_sweep(sweep_id, ["failed", "cancelled", "succeeded", "running", "queued"]) == [jobs[2]]
    retried, resumed = store.job(jobs[1]), store.job(jobs[2])
    assert (retried.state, retried.step, retried.started_at, retried.attempt) == ("queued", 0, None, 1)
    assert (resumed.state, resumed.step, resumed.attempt) == ("queued", 50, 1)
    assert {(job.error, job.reason, job.verdict, job.finished_at, job.worker) for job in (retried, resumed)} == {
        (None,) * 5
    }
    assert [len(store.losses(job_id)) for job_id in jobs[:3]] == [1, 0, 1]
    assert [len(store.checkpoints(job_id)) for job_id in jobs[:3]] == [1, 0, 1]
    assert [kinds(store, job_id)[-1] for job_id in jobs[1:3]] == ["retried", "resumed"]
    assert store.job(jobs[0]) == before
    assert store.retry_sweep(sweep_id, ["failed", "cancelled"]) == []
    assert [(job.id, job.attempt, job.step) for job in claim(store, most=4).jobs] == [(jobs[1], 2, 0), (jobs[2], 2, 50)]


def test_what_is_left_and_how_fast_it_goes(store: Store) -> None:
    sweep_id, jobs = a_sweep(store)
    key, other = Kind.of(store.job(jobs[0]).config), Kind("other", "fused")
    assert store.steps_left(sweep_id) == {key: 600}
    assert store.paces([key]) == {}
    token = claim(store, most=2).token
    for job_id in jobs[:2]:
        begin(store, token, job_id, 0, "cpu", "torch", "2")
    time.sleep(1.0)
    record(store, token, jobs[0], 100, losses(0))
    finish(store, token, jobs[0], "succeeded")
    record(store, token, jobs[1], 40, losses(0))
    assert store.steps_left(sweep_id) == {key: 460}
    alone = store.paces([key, other])
    assert alone.keys() == {key}
    finish(store, token, jobs[1], "succeeded")
    [together] = store.paces([key]).values()
    assert 1.0 / 200 <= together < alone[key]  # a pack's seconds are shared by its jobs
    # Another shape goes like what its engine trained; for either engine that is what there is.
    assert store.paces([other]) == {}
    assert {*store.paces([Kind("other", "torch"), Kind("more", "any")]).values()} == {together}


def test_ten_thousand_jobs_at_once(store: Store) -> None:
    """Each verb in few statements, and an event for each job."""
    many = [request(seed=seed) for seed in range(10_000)]
    with statements(store) as sent:
        submitted = store.submit_sweep(many, {"seed": list(range(10_000))}, needed=True)
    assert submitted.id is not None
    # SQLite, which has no network between, takes the jobs one by one in its one transaction.
    by_itself = "INSERT INTO jobs" if store.engine.dialect.name == "sqlite" else "none"
    assert len([each for each in sent if not each.startswith(by_itself)]) < 100
    worker = a_worker(store)
    held = store.claim(worker, ("auto", "cpu"), 64)
    assert held is not None
    begun(store, held)
    for verb in (
        lambda: store.cancel_jobs(Filter.of_sweep(submitted.id or 0)),
        lambda: store.resume_sweep(submitted.id or 0, ["cancelled"]),
        lambda: store.cancel_jobs(Filter.of_sweep(submitted.id or 0)),
        lambda: store.retry_sweep(submitted.id or 0, ["cancelled"]),
    ):
        with statements(store) as sent:
            verb()
        assert len(sent) < 100
    assert states(store, submitted.id) == {"queued": 10_000 - 64, "running": 64}
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT kind FROM events").scalars().all()
    again = 2 * (10_000 - 64)
    assert Counter(rows) == {
        **{"submitted": 10_000, "claimed": 64, "began": 64, "cancelled": again, "cancel_requested": 64},
        **{"resumed": again // 2, "retried": again // 2},
    }
