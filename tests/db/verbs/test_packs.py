"""Inside a pack a job is running from the moment its own training begins; its times are its own."""

import time
from typing import Any

import pytest

from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.verbs.progress import Record

from ..one_job import begin
from ..trainings import claim, request


def states(store: Store) -> list[str]:
    return [job.state for job in store.jobs(newest_first=False)]


def test_of_a_claimed_pack_only_the_jobs_that_train_are_running(store: Store) -> None:
    sweep = store.submit_sweep([request(), request()], {}, None)
    assert sweep.id is not None
    first, second = sweep.jobs
    token = claim(store, most=2).token
    assert states(store) == ["queued", "queued"]
    begin(store, token, first, 0, "cpu", "fused", "1")
    assert states(store) == ["running", "queued"]
    assert store.job(second).started_at is None
    for state, job in (("running", first), ("queued", second)):
        assert [each.id for each in store.jobs(states=[state])] == [job]
        assert [each.id for each in store.jobs(where=Filter.parse(f"state={state}"))] == [job]
        assert store.sweep(sweep.id).states[state] == 1
    assert store.cancel(second) == "requested"


def test_a_line_of_the_log_has_the_time_at_which_it_was_true(store: Store) -> None:
    (job,) = store.submit([request()])
    token = claim(store).token
    begin(store, token, job, 0, "cpu", "fused", "1")
    store.record(token, [Record(job, lines={0: ("step 50", time.monotonic() - 30)})])
    began, said = (next(line.at for line in store.log(job)[0] if line.kind == kind) for kind in ("began", "said"))
    assert -31 < (said - began).total_seconds() < -28


def test_each_job_of_a_pack_starts_when_it_begins(store: Store) -> None:
    first, second = store.submit([request(), request()])
    token = claim(store, most=2).token
    begin(store, token, first, 0, "cpu", "fused", "1")
    time.sleep(0.05)
    begin(store, token, second, 0, "cpu", "fused", "1")
    started = [store.job(job).started_at for job in (first, second)]
    assert started[0] is not None
    assert started[1] is not None
    assert started[0] < started[1]


@pytest.mark.parametrize(("batch_size", "together"), [(1024, 1), (256, 5), (64, 16)])
def test_a_pack_has_no_more_work_a_step_than_one_job_may(store: Store, batch_size: int, together: int) -> None:
    wide: dict[str, Any] = {"layers_g": 4, "layers_d": 4, "hidden_g": 1024, "hidden_d": 1024, "engine": "torch"}
    store.submit([request(**wide, batch_size=batch_size) for _ in range(16)])
    assert len(claim(store, most=16).jobs) == together
