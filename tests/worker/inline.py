"""A worker without a process: the real run of a claim, recorder and lease included, in the test's own process."""

import threading
from collections.abc import Callable

from curvegan_db.store import Store
from curvegan_worker.lease import Lease
from curvegan_worker.options import HANG_S
from curvegan_worker.outage import Outage
from curvegan_worker.run import Run
from curvegan_worker.stop_flag import StopFlag

from ..db.trainings import DEVICES, a_worker


def _nothing() -> None:
    pass


def train_next(store: Store, draining: StopFlag | None = None, on_advance: Callable[[], None] = _nothing) -> bool:
    """Claim and train one pack to its ends; False when nothing is queued."""
    worker = a_worker(store)
    claim = store.claim(worker, DEVICES, 16)
    if claim is not None:
        with Lease(store, claim, Outage("database"), HANG_S, on_advance) as lease:
            Run(store, claim, lease, "cpu", draining or StopFlag()).train()
    store.unregister_worker(worker)
    return claim is not None


def train_all(store: Store) -> None:
    """Train until nothing is queued."""
    while train_next(store):
        pass


def train_some(store: Store, advances: int) -> None:
    """Train for so many advances (as many steps each as suit the engine, and not past a stop), and drain there."""
    draining, training = StopFlag(), threading.current_thread()
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += threading.current_thread() is training  # the recorder gets on too
        if calls > advances + 1:  # the lease begins with one, and the first advance trains nothing
            draining.set()

    train_next(store, draining, count)
