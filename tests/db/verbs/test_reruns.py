"""retry, resume, extend in the store: what stays, what goes, and in which state they are refused."""

from collections.abc import Callable
from typing import Any

import pytest

from curvegan_core.errors import InvalidConfig
from curvegan_db.errors import JobNotFound, JobStateConflict
from curvegan_db.store import Store
from curvegan_db.values import Plot

from ..one_job import add_plots, begin, finish, record
from ..trainings import begun, claim, losses, request, snapshot


def ended(store: Store, state: str, **config: object) -> int:
    """A job of 70 steps that a worker trained to step 70, with intervals of 20, and ended."""
    values: dict[str, Any] = {"steps": 70, "record_every": 10, "snapshot_every": 20, "checkpoint_every": 20}
    [job_id] = store.submit([request(**(values | config))])
    token = claim(store).token
    begin(store, token, job_id, 0, "cpu", "torch", "2")
    for step in (20, 40, 60):
        curve = losses(*range(step - 20, step, 10))
        record(store, token, job_id, step, curve, [snapshot(step)], (step, f"at {step}".encode()))
    record(store, token, job_id, 70, losses(60), [snapshot(70)], (70, b"at 70"))
    add_plots(store, token, job_id, [Plot(job_id, "curve", 70, b"png")])
    store.cancel(job_id, "enough") if state == "cancelled" else None
    finish(store, token, job_id, state, error="no" if state == "failed" else None, metrics={"rmse": 0.5})
    return job_id


def kept(store: Store, job_id: int) -> tuple[list[int], list[int], int]:
    """Steps of the snapshots and checkpoints, and the number of records."""
    snapshots = [each.step for each in store.snapshots(job_id)]
    return snapshots, [row.step for row in store.checkpoints(job_id)], len(store.losses(job_id))


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_resume_keeps_the_results_and_forgets_the_end(store: Store, state: str) -> None:
    job_id = ended(store, state)
    store.resume(job_id)
    job = store.job(job_id)
    assert (job.state, job.step, job.attempt, job.lost, job.cancel_requested) == ("queued", 70, 1, 0, False)
    assert (job.error, job.reason, job.metrics, job.finished_at, job.worker) == (None,) * 5
    assert job.started_at is not None
    assert kept(store, job_id) == ([20, 40, 60, 70], [70, 60, 40, 20], 7)
    assert store.plot(job_id, "curve") is None  # of the end that is forgotten
    assert store.events(job_id)[-1].kind == "resumed"
    again = claim(store)
    assert (again.jobs[0].attempt, again.jobs[0].step) == (2, 70)
    assert store.heartbeat(again.token).cancelled == {}


def test_extend_keeps_the_results_but_no_snapshot_off_the_grid(store: Store) -> None:
    job_id = ended(store, "succeeded")
    before = store.job(job_id)
    store.extend(job_id, 100)
    job = store.job(job_id)
    assert (job.state, job.step, job.steps, job.config.steps, job.metrics) == ("queued", 70, 100, 100, None)
    assert job.config.model_copy(update={"steps": 70}) == before.config
    assert job.config.hash == before.config.hash
    assert kept(store, job_id) == ([20, 40, 60], [70, 60, 40, 20], 7)
    assert store.plot(job_id, "curve") is None
    event = store.events(job_id)[-1]
    assert (event.kind, event.detail) == ("extended", "from 70 to 100 steps")
    token = claim(store).token
    begin(store, token, job_id, 70, "cpu", "torch", "2")
    record(store, token, job_id, 80, losses(70), [snapshot(80)], (80, b"at 80"))
    assert kept(store, job_id) == ([20, 40, 60, 80], [80, 60, 20], 8)


def test_an_end_on_the_grid_stays_when_the_job_is_extended(store: Store) -> None:
    job_id = ended(store, "succeeded", snapshot_every=35, checkpoint_every=35)
    store.extend(job_id, 100)
    assert 70 in kept(store, job_id)[0]
    token = claim(store).token
    record(store, token, job_id, 100, losses(90), [], (100, b"at 100"))
    assert 70 in kept(store, job_id)[1]


def test_retry_deletes_the_results(store: Store) -> None:
    for state in ("succeeded", "failed", "cancelled"):
        job_id = ended(store, state)
        store.retry(job_id)
        job = store.job(job_id)
        assert (job.state, job.step, job.started_at, job.steps) == ("queued", 0, None, 70)
        assert kept(store, job_id) == ([], [], 0)
        store.cancel(job_id)


@pytest.mark.parametrize(
    ("verb", "state", "said"),
    [
        ("resume", "succeeded", "it has succeeded; `curvegan extend 1 --steps N`"),
        ("extend", "failed", "it is failed; `curvegan resume 1`"),
        ("extend", "cancelled", "it is cancelled; `curvegan resume 1`"),
    ],
)
def test_a_verb_for_another_end_names_the_right_one(store: Store, verb: str, state: str, said: str) -> None:
    job_id = ended(store, state)
    before = store.job(job_id), kept(store, job_id), len(store.events(job_id))
    with pytest.raises(JobStateConflict, match=said.replace("1", str(job_id))):
        verbs(store)[verb](job_id)
    assert (store.job(job_id), kept(store, job_id), len(store.events(job_id))) == before


@pytest.mark.parametrize("verb", ["retry", "resume", "extend"])
def test_a_job_that_has_not_ended_is_refused_with_what_to_type(store: Store, verb: str) -> None:
    act = verbs(store)[verb]
    [job_id] = store.submit([request()])
    with pytest.raises(JobStateConflict, match=rf"it is queued; `curvegan explain {job_id}`"):
        act(job_id)
    token = begun(store, claim(store)).token
    with pytest.raises(JobStateConflict, match=rf"it is running; `curvegan wait {job_id}`"):
        act(job_id)
    assert store.heartbeat(token).held == {job_id}
    with pytest.raises(JobNotFound):
        act(job_id + 1)


@pytest.mark.parametrize("steps", [-1, 0, 69, 70])
def test_a_job_is_only_extended_beyond_what_it_has(store: Store, steps: int) -> None:
    job_id = ended(store, "succeeded")
    with pytest.raises(JobStateConflict, match=f"job {job_id} has 70 steps already"):
        store.extend(job_id, steps)
    assert store.job(job_id).state == "succeeded"


@pytest.mark.parametrize(("steps", "said"), [(20_001, "snapshot_every must be at least 21"), (10**9, "steps")])
def test_a_job_is_not_extended_beyond_the_bounds_of_a_config(store: Store, steps: int, said: str) -> None:
    job_id = ended(store, "succeeded")
    with pytest.raises(InvalidConfig, match=said):
        store.extend(job_id, steps)
    assert (store.job(job_id).state, store.job(job_id).steps) == ("succeeded", 70)


def test_a_checkpoint_of_a_drain_gives_way_to_the_next(store: Store) -> None:
    job_id = ended(store, "failed", steps=80)
    store.resume(job_id)
    token = claim(store).token
    record(store, token, job_id, 75, losses(70), [], (75, b"at 75"))
    assert kept(store, job_id)[1] == [75, 60, 40, 20]
    record(store, token, job_id, 80, losses(), [], (80, b"at 80"))
    assert kept(store, job_id)[1] == [80, 60, 20]


def verbs(store: Store) -> dict[str, Callable[[int], None]]:
    """The verbs by name; extend to 100 steps."""
    return {"retry": store.retry, "resume": store.resume, "extend": lambda job_id: store.extend(job_id, 100)}
