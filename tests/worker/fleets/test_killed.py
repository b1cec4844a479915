"""A worker process that dies under its supervisor, which tells the store of it."""

import os
import signal

from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ..fleet import run_fleet
from ..jobs import LONG, submit, wait_for_step


def test_what_a_killed_process_trained_is_taken_back_before_its_lease_is_over(store: Store, service: Settings) -> None:
    (job,) = submit(store, LONG)
    with run_fleet(service, "--concurrency", "2", "--device", "cpu") as fleet:
        wait_for_step(store, job, 500, fleet)
        before = store.job(job).worker or ""
        os.kill(int(before.rpartition(":")[2]), signal.SIGKILL)
        wait_for_step(store, job, 500, fleet, attempt=2)
        [lost] = [event for event in store.events(job) if event.kind == "lost"]
        assert (lost.worker, lost.detail) == (before, "the process of its worker is gone (lost 1 times so far)")
        assert {worker.label: worker.state for worker in store.workers()}[before] == "lost"
