"""A sweep that is queued, and a worker that ends its jobs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from curvegan_db.columns import JobState

from ...db.one_job import begin, finish
from ..client import Client

GRID = ("--grid", "lr=1e-4,1e-3", "--grid", "loss=ns,rpgan", "--seeds", "3")


def swept(client: Client, *words: str) -> int:
    """The id of a new sweep that no background worker will take."""
    return int(client.done("sweep", "--no-worker", "-q", *(words or GRID)))


def end(client: Client, *states: str, steps: bool = False) -> None:
    """Let a worker end so many queued jobs, the oldest first, each in its state."""
    with client.store() as store:
        worker = store.register_worker("host", 1, ("auto", "cpu"), "0")
        for state in states:
            claim = store.claim(worker, ("auto", "cpu"), 1)
            assert claim is not None
            job_id = claim.jobs[0].id
            begin(store, claim.token, job_id, 0, "cpu", "torch", "2")
            finish(store, claim.token, job_id, JobState(state), error="no" if state == "failed" else None)
        store.unregister_worker(worker)


@contextmanager
def soon(client: Client, *states: str) -> Iterator[None]:
    """Meanwhile a worker ends the queued jobs."""
    thread = threading.Timer(0.3, end, (client, *states))
    thread.start()
    yield
    thread.join()


def states_of(client: Client, sweep_id: int) -> dict[str, int]:
    [sweep] = client.json("sweeps", str(sweep_id))
    return {state: count for state, count in sweep["states"].items() if count}
