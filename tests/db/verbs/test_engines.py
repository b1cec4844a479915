"""Which engine a job needs, and which workers may claim it."""

import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store
from curvegan_db.values import QueuedJob

from ..one_job import begin, finish, record, release
from ..trainings import DEVICES, losses, request


def worker_with(store: Store, *engines: str) -> str:
    return store.register_worker("host", 1, DEVICES, "0.1", engines)


def claimed(store: Store, worker: str) -> list[int]:
    claim = store.claim(worker, DEVICES, 16)
    return [job.id for job in claim.jobs] if claim else []


@pytest.mark.parametrize(
    ("config", "engine"),
    [
        ({}, "any"),
        ({"engine": "fused"}, "fused"),
        ({"engine": "torch"}, "torch"),
        ({"device": "cuda"}, "torch"),
        ({"device": "cuda:1"}, "torch"),
        ({"device": "cpu"}, "any"),
    ],
)
def test_what_a_config_needs(config: dict[str, object], engine: str) -> None:
    assert TrainConfig.parse(config).wanted_engine == engine


def test_what_fused_cannot_train_needs_torch() -> None:
    assert TrainConfig(norm_g="layer").wanted_engine == "torch"


def test_a_worker_claims_only_what_its_engines_train(store: Store) -> None:
    torch, either = store.submit([request(engine="torch"), request()])
    fused_only, torch_only, both = (worker_with(store, *names) for names in (["fused"], ["torch"], ["fused", "torch"]))
    assert store.queued(DEVICES, ["fused"]) == QueuedJob(either, "auto", "any")
    assert store.queued(DEVICES, ["torch"]) == QueuedJob(torch, "auto", "torch")
    assert claimed(store, fused_only) == [either]
    assert claimed(store, fused_only) == []
    assert store.claim(fused_only, DEVICES, 1, prefer=torch) is None
    assert claimed(store, torch_only) == [torch]
    (fused,) = store.submit([request(engine="fused")])
    assert claimed(store, torch_only) == []
    assert claimed(store, both) == [fused]


def test_a_job_goes_on_with_the_engine_that_made_its_checkpoint(store: Store) -> None:
    (job,) = store.submit([request()])
    torch_only, fused_only = worker_with(store, "torch"), worker_with(store, "fused")
    claim = store.claim(torch_only, DEVICES, 1)
    assert claim is not None
    begin(store, claim.token, job, 0, "cpu", "torch", "2")
    record(store, claim.token, job, 50, losses(0), (), (50, b"state"))
    release(store, claim.token, job)
    assert store.details(job).engine == "torch"
    assert claimed(store, fused_only) == []
    assert claimed(store, torch_only) == [job]


def test_a_retry_forgets_the_engine_of_the_checkpoint(store: Store) -> None:
    (job,) = store.submit([request()])
    claim = store.claim(worker_with(store, "torch"), DEVICES, 1)
    assert claim is not None
    begin(store, claim.token, job, 0, "cpu", "torch", "2")
    record(store, claim.token, job, 50, losses(0), (), (50, b"state"))
    finish(store, claim.token, job, "failed", error="no")
    store.retry(job)
    assert claimed(store, worker_with(store, "fused")) == [job]


def test_hosts_whose_workers_die_are_known_until_one_is_ready(store: Store) -> None:
    for error in ("first", "last"):
        store.worker_failing("host", 7, error)
    store.worker_failing("other", 7, "x" * 2000)
    assert [(worker.host, worker.state) for worker in store.workers()] == [("host", "failing"), ("other", "failing")]
    assert store.workers()[0].error == "last"
    ready = store.register_worker("host", 8, DEVICES, "0.1", state="starting")
    assert [worker.state for worker in store.workers()] == ["failing", "failing", "starting"]
    store.worker_ready(ready)
    assert [(worker.host, worker.state) for worker in store.workers()] == [("other", "failing"), ("host", "idle")]
