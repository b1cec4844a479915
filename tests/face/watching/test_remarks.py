"""What keeps jobs from getting on, as who waits for them is told."""

import os
import socket
import subprocess
import sys

import pytest
from sqlalchemy import text

from curvegan import Lab
from curvegan.submitting.starting import call_workers
from curvegan.watching.remarks import Awaited
from curvegan_core.config.train import TrainConfig
from curvegan_db.values import JobRequest

ONE = JobRequest(TrainConfig(device="cuda"))


def test_of_many_jobs_that_wait_for_the_same_it_is_said_how_many(lab: Lab) -> None:
    lab.store.submit_sweep([ONE] * 3 + [JobRequest(TrainConfig(engine="torch"))] * 2, {"seed": []})
    lab.store.register_worker("host", 1, ("auto", "cpu"), "0", ["fused"])
    texts = [remark.text.partition(";")[0] for remark in Awaited(lab.store, sweep=1).remarks()]
    assert texts == [
        "Job 1 and 2 more wait for a worker with cuda",
        "Job 4 and 1 more wait for a worker with the torch engine",
    ]
    assert Awaited(lab.store, [5]).remarks()[0].text.startswith("Job 5 waits for a worker with the torch")
    assert call_workers(lab, [1, 2], start=False)[0].startswith("Job 1 and 1 more wait for a worker with cuda")


def test_a_worker_that_fell_silent_is_remarked(lab: Lab) -> None:
    [job] = lab.store.submit([JobRequest(TrainConfig())])
    worker = lab.store.register_worker("host", 1, ("auto", "cpu"), "0")
    claim = lab.store.claim(worker, ("auto", "cpu"), 1)
    assert claim is not None
    lab.store.begin(claim.token, {job: 0}, "cpu", "fused", "1")
    assert Awaited(lab.store, [job]).remarks() == []
    with lab.engine() as engine, engine.begin() as connection:
        connection.execute(text("UPDATE workers SET beat_at = datetime(beat_at, '-15 seconds')"))
    [remark] = Awaited(lab.store, [job]).remarks()
    assert (remark.kind, "host:1 is not heard of" in remark.text) == ("silent", True)


@pytest.mark.parametrize("reaped", [True, False])
def test_what_a_killed_worker_of_this_machine_held_is_taken_back_at_once(lab: Lab, reaped: bool) -> None:
    if not reaped and sys.platform != "linux":
        pytest.skip("every other system has an init that reaps")
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    if reaped:
        ended.wait()
    jobs = lab.store.submit([JobRequest(TrainConfig())] * 2)
    for pid in (ended.pid, os.getpid()):
        worker = lab.store.register_worker(socket.gethostname(), pid, ("auto", "cpu"), "0")
        assert lab.store.claim(worker, ("auto", "cpu"), 1)
    lab.bury_the_dead()
    assert [(worker.state, worker.jobs) for worker in lab.store.workers()] == [
        ("lost", ()),
        ("starting", (jobs[1],)),
    ]
    assert lab.store.events(jobs[0])[-1].kind == "lost"
    ended.wait()
