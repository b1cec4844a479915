"""A worker without a process: the real run of a claim, recorder and lease included, in the test's own process."""

import threading
from collections.abc import Callable

from curvegan_db.store import Store
from curvegan_worker.app import HANG_S
from curvegan_worker.lease import Lease
from curvegan_worker.outage import Outage
from curvegan_worker.run import Run

from ..db.trainings import DEVICES, a_worker


def _nothing() -> None:
    pass


def train_next(
    store: Store, draining: threading.Event | None = None, on_advance: Callable[[], None] = _nothing
) -> bool:
    """Claim and train one pack to its ends; False when nothing is queued."""
    worker = a_worker(store)
    claim = store.claim(worker, DEVICES, 16)
    if claim is not None:
        with Lease(store, claim, Outage("database"), HANG_S, on_advance) as lease:
            Run(store, claim, lease, "cpu", draining or threading.Event()).train()
    store.unregister_worker(worker)
    return claim is not None


def train_all(store: Store) -> None:
    """Train until nothing is queued."""
    while train_next(store):
        pass


def train_until(store: Store, job: int, step: int) -> None:
    """Train a job up to at least a step that may lie off every grid, and drain there."""
    draining = threading.Event()

    def look() -> None:
        if store.job(job).step >= step:
            draining.set()

    train_next(store, draining, look)
