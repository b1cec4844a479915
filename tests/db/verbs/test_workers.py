"""Workers as the store knows them: idle, training, stopped, lost, forgotten."""

from datetime import timedelta

from sqlalchemy import select, update

from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.verbs.workers import FORGET_AFTER

from ..one_job import begin, finish
from ..trainings import DEVICES, a_worker, claim, request, short


def age(store: Store, worker_id: str, by: timedelta) -> None:
    """Let the worker be silent for a while."""
    with store.engine.begin() as connection:
        this = models.Worker.id == worker_id
        at = connection.execute(select(models.Worker.beat_at).where(this)).scalar_one() - by
        connection.execute(update(models.Worker).where(this).values(beat_at=at))


def test_a_worker_from_its_start_to_its_end(store: Store) -> None:
    worker_id = a_worker(store, 42)
    [worker] = store.workers()
    assert (worker.id, worker.label, worker.host, worker.pid) == (worker_id, "host:42", "host", 42)
    assert (worker.devices, worker.version, worker.state, worker.jobs) == (DEVICES, "0.1", "idle", ())
    ids = store.submit([request()] * 2)
    token = claim(store, worker_id, most=2).token
    assert [(w.state, w.jobs) for w in store.workers()] == [("starting", tuple(ids))]  # it may have to compile first
    begin(store, token, ids[0], 0, "cpu", "fused", "1")
    assert [(w.state, w.jobs) for w in store.workers()] == [("training", tuple(ids))]
    for job_id in ids:
        finish(store, token, job_id, "succeeded")
    store.beat(worker_id, "idle")
    assert [(w.state, w.jobs) for w in store.workers()] == [("idle", ())]
    store.unregister_worker(worker_id)
    assert [w.state for w in store.workers()] == ["stopped"]
    assert [w.state for w in short(store).workers()] == ["stopped"]


def test_a_worker_that_does_not_beat_is_lost_until_it_beats(store: Store) -> None:
    worker_id = a_worker(store)
    age(store, worker_id, store.lease + timedelta(seconds=1))
    assert [w.state for w in store.workers()] == ["lost"]
    store.beat(worker_id, "idle")
    assert [w.state for w in store.workers()] == ["idle"]


def test_the_dead_lose_their_jobs_at_once_and_nobody_else_does(store: Store) -> None:
    ids = store.submit([request()] * 3)
    dead, stopped, live = (a_worker(store, pid) for pid in (1, 2, 3))
    tokens = [claim(store, worker, most=1).token for worker in (dead, stopped, live)]
    store.unregister_worker(stopped)
    assert store.bury([dead, stopped, "nobody"]) == ids[:2]
    assert [(w.state, w.jobs) for w in store.workers()] == [("lost", ()), ("stopped", ()), ("starting", (ids[2],))]
    assert [store.job(job_id).lost for job_id in ids] == [1, 1, 0]
    assert [store.heartbeat(token).held for token in tokens] == [set(), set(), {ids[2]}]


def test_a_worker_that_registers_again_under_its_id_is_the_same(store: Store) -> None:
    """As when the answer was lost on the way, or the store went back to an earlier state."""
    worker_id = "00000000-0000-4000-8000-000000000001"
    for state in ("starting", "idle"):
        assert store.register_worker("host", 1, DEVICES, "0.1", state=state, worker_id=worker_id) == worker_id
        assert [(w.id, w.state) for w in store.workers()] == [(worker_id, state)]


def test_a_worker_that_was_silent_for_long_is_forgotten_when_it_holds_no_job(store: Store) -> None:
    """A laptop that slept for a week wakes up: its job is still its own as long as nobody took it."""
    [job_id] = store.submit([request()])
    old = a_worker(store, 1)
    token = claim(store, old).token
    age(store, old, FORGET_AFTER + timedelta(minutes=1))
    a_worker(store, 2)
    assert old in {w.id for w in store.workers()}
    assert store.heartbeat(token).held == {job_id}
    finish(store, token, job_id, "succeeded")
    age(store, old, FORGET_AFTER + timedelta(minutes=1))
    a_worker(store, 3)
    assert [w.pid for w in store.workers()] == [2, 3]
    assert store.job(job_id).worker == "host:1"
    assert store.events(job_id)[-1].worker == "host:1"
