"""Where a job stands among the others: the queue before it, by priority, age and device."""

from datetime import timedelta

import pytest

from curvegan_db.errors import JobNotFound
from curvegan_db.store import Store

from ...one_job import begin
from ...trainings import DEVICES, a_worker, claim, request, short


def ahead(store: Store, *ids: int) -> list[int]:
    return [store.details(job_id).ahead for job_id in ids]


def test_jobs_ahead_are_the_better_and_the_older(store: Store) -> None:
    a, b, c, d = store.submit([request(), request(priority=5), request(), request(priority=-1)])
    assert ahead(store, a, b, c, d) == [1, 0, 2, 3]
    store.cancel(a)
    assert ahead(store, a, b, c, d) == [0, 0, 1, 2]
    assert claim(store).jobs[0].id == b
    assert ahead(store, b, c, d) == [0, 0, 1]


def test_jobs_for_another_device_are_ahead_where_one_worker_takes_both(store: Store) -> None:
    _, cuda, auto = store.submit([request(device="cpu"), request(device="cuda"), request()])
    assert ahead(store, cuda, auto) == [0, 0]
    a_worker(store)
    assert ahead(store, cuda, auto) == [0, 1]
    worker = a_worker(store, 2, (*DEVICES, "cuda", "cuda:0"))
    assert ahead(store, cuda, auto) == [1, 2]
    store.unregister_worker(worker)
    assert ahead(store, cuda, auto) == [0, 1]


def test_details_hold_what_happened_last(store: Store) -> None:
    [job_id] = store.submit([request()])
    found = store.details(job_id)
    assert (found.job, found.workers, found.lease_expires_at) == (store.job(job_id), (), None)
    assert (found.last_event.kind, found.last_event.job_id) == ("submitted", job_id)
    token = claim(store).token
    begin(store, token, job_id, 0, "cpu", "torch", "2")
    store.cancel(job_id, "enough")
    found = store.details(job_id)
    assert (found.job.state, found.cancel_reason, found.last_event.kind) == ("running", "enough", "cancel_requested")
    assert found.lease_expires_at is not None
    assert timedelta(0) < found.lease_expires_at - found.at <= store.lease
    assert [worker.jobs for worker in found.workers] == [(job_id,)]


def test_a_lost_job_is_seen_as_lost(store: Store) -> None:
    [job_id] = store.submit([request()])
    claim(short(store))
    assert store.details(job_id).job.state == "lost"


@pytest.mark.parametrize("unknown", [0, 7, 2**40])
def test_the_details_of_no_job(store: Store, unknown: int) -> None:
    with pytest.raises(JobNotFound):
        store.details(unknown)
