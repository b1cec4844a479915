"""Who gets which job: order, devices, packs and shares; and each job exactly once, however many claim at a time."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from curvegan_db.errors import WorkerForgotten
from curvegan_db.store import Store
from curvegan_db.values import Claim, QueuedJob

from ..trainings import DEVICES, a_worker, begun, claim, request, short

CLAIMER = Path(__file__).with_name("claimer.py")


def test_the_best_job_is_the_most_urgent_then_the_oldest(store: Store) -> None:
    ids = store.submit([request(priority=p) for p in (0, 5, -1, 5, 0)])
    worker = a_worker(store)
    order = [claim(store, worker).jobs[0].id for _ in ids]
    assert order == [ids[1], ids[3], ids[0], ids[4], ids[2]]
    assert store.claim(worker, DEVICES, 1) is None


def test_a_worker_takes_only_what_its_devices_can_run(store: Store) -> None:
    cuda, second, auto, cpu = store.submit([request(device=d) for d in ("cuda", "cuda:1", "auto", "cpu")])
    worker = a_worker(store)
    assert [claim(store, worker).jobs[0].id for _ in range(2)] == [auto, cpu]
    assert not store.queued(DEVICES)
    assert store.claim(worker, DEVICES, 9) is None
    assert store.queued(("cuda:1",))
    found = store.claim(worker, ("cuda:1",), 9)
    assert found is not None
    assert [job.id for job in found.jobs] == [second]
    begun(store, found)
    assert [job.id for job in store.jobs(states=["running"])] == [second]
    assert store.queued_among([cuda, second, auto, cpu]) == [QueuedJob(cuda, "cuda", "torch")]


def test_the_job_that_is_preferred_comes_first_among_equals(store: Store) -> None:
    """As the first of its pack; unless a job is more urgent, or it cannot be claimed."""
    old, wide, alike, urgent, cuda, cancelled = store.submit(
        [
            *(request(), request(hidden_g=64), request(hidden_g=64, seed=1), request(priority=1)),
            *(request(device="cuda"), request()),
        ]
    )
    store.cancel(cancelled)
    worker = a_worker(store)

    def claimed(prefer: int) -> list[int]:
        claim = store.claim(worker, DEVICES, 2, prefer=prefer)
        return [job.id for job in claim.jobs] if claim else []

    assert claimed(alike) == [urgent, old]
    assert claimed(alike) == [wide, alike]
    assert claimed(alike) == []
    for other in (cuda, cancelled, alike, urgent, 10**6):
        (job,) = store.submit([request()])
        assert claimed(other) == [job]
    first, second = store.submit([request(), request(hidden_g=64)])
    assert claimed(second) == [second]
    assert claimed(second) == [first]


def test_what_is_queued_is_told_with_its_device(store: Store) -> None:
    auto, cuda, urgent = store.submit([request(), request(device="cuda"), request(priority=3)])
    assert store.queued(DEVICES) == QueuedJob(urgent, "auto")
    assert store.queued(("cuda",)) == QueuedJob(cuda, "cuda", "torch")
    assert store.queued(("cuda:1",)) is None
    claim(store)
    assert store.queued_among([auto, cuda, urgent]) == [
        QueuedJob(auto, "auto"),
        QueuedJob(cuda, "cuda", "torch"),
    ]
    assert store.queued_among([urgent]) == []


def test_a_pack_holds_jobs_of_one_shape_best_first(store: Store) -> None:
    a, _wide, b, c, d = store.submit(
        [request(), request(hidden_g=64), request(lr=1e-3), request(priority=2), request(priority=1, seed=3)]
    )
    assert [job.id for job in claim(store, most=3).jobs] == [c, d, a]
    assert [job.id for job in claim(store, most=3).jobs] == [_wide]
    assert [job.id for job in claim(store, most=3).jobs] == [b]


def test_a_job_that_was_lost_takes_no_other_job_with_it(store: Store) -> None:
    ids = store.submit([request() for _ in range(4)])
    worker = a_worker(store)
    claim(short(store), worker, most=2)
    assert store.reap() == ids[:2]
    assert [[job.id for job in claim(store, worker, most=16).jobs] for _ in range(3)] == [ids[:1], ids[1:2], ids[2:]]


def test_many_jobs_that_were_lost_go_in_ever_smaller_packs(store: Store) -> None:
    store.submit([request() for _ in range(40)])
    sizes = []
    for _ in range(3):
        sizes.append(len(claim(short(store), a_worker(store), most=256).jobs))
        store.reap()
    assert sizes == [40, 16, 1]


def test_packs_spread_over_the_live_workers_that_can_run_them(store: Store) -> None:
    store.submit([request()] * 10)
    first, second = a_worker(store, 1), a_worker(store, 2)
    a_worker(store, 3, devices=("cuda",))
    store.unregister_worker(a_worker(store, 4))
    assert len(claim(store, first, most=16).jobs) == 5
    assert len(claim(store, second, most=16).jobs) == 3
    store.unregister_worker(second)
    assert len(claim(store, first, most=16).jobs) == 2


def test_a_silent_worker_has_no_share(store: Store) -> None:
    store.submit([request()] * 4)
    a_worker(store, 1)
    assert len(claim(short(store), a_worker(store, 2), most=16).jobs) == 4


def test_a_worker_that_is_not_registered_gets_nothing(store: Store) -> None:
    [job_id] = store.submit([request()])
    with pytest.raises(WorkerForgotten, match="worker nobody is not registered"):
        store.claim("nobody", DEVICES, 1)
    with pytest.raises(WorkerForgotten):
        store.beat("nobody", "idle")
    store.unregister_worker("nobody")
    assert store.job(job_id).state == "queued"


def test_threads_claim_each_job_exactly_once(store: Store) -> None:
    ids = store.submit([request(hidden_g=8 + n % 3, priority=n % 2) for n in range(90)])
    workers = [a_worker(store, pid) for pid in range(8)]
    with ThreadPoolExecutor(8) as pool:
        claims = [c for found in pool.map(lambda worker: _claim_all(store, worker), workers) for c in found]
    assert sorted(job.id for c in claims for job in c.jobs) == ids
    assert len({c.token for c in claims}) == len(claims)
    for c in claims:
        assert len({job.config.pack_key for job in c.jobs}) == 1
        assert {job.attempt for job in c.jobs} == {1}
    for c in claims:
        begun(store, c)
    assert all(job.state == "running" for job in store.jobs())


def test_processes_claim_each_job_exactly_once(store: Store, database_url: str) -> None:
    ids = store.submit([request(hidden_g=8 + n % 3) for n in range(60)])
    processes = [
        subprocess.Popen([sys.executable, CLAIMER, database_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [(process.returncode, error) for process, (_, error) in zip(processes, answers, strict=True)] == [
        (0, b"")
    ] * 4
    assert sorted(job_id for out, _ in answers for job_id in json.loads(out)) == ids
    assert all(job.state == "succeeded" and job.attempt == 1 for job in store.jobs())
    assert all(len(store.losses(job_id)) == 10 for job_id in ids)


def _claim_all(store: Store, worker: str) -> list[Claim]:
    claims = []
    while found := store.claim(worker, DEVICES, 4):
        claims.append(found)
    return claims
