"""What store tests need: configs, results of the right shape, and a registered worker. Made up, but well formed."""

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.store import Store
from curvegan_db.values import Claim, JobRequest

DEVICES = ("auto", "cpu")


def request(name: str | None = None, priority: int = 0, tags: tuple[str, ...] = (), **config: object) -> JobRequest:
    """A small job."""
    values = {"steps": 100, "record_every": 10, "snapshot_every": 50, "checkpoint_every": 50} | config
    return JobRequest(TrainConfig.parse(values), name, tags, priority)


def losses(*steps: int) -> LossCurve:
    """Records at these steps, different numbers in each."""
    at = np.array(steps, np.int64)
    return LossCurve(at, *((at + k / 8).astype(np.float32) for k in range(5)))


def snapshot(step: int) -> Snapshot:
    """A snapshot of 15 points."""
    return Snapshot(step, np.full((32, 15), step, np.float32))


def a_worker(store: Store, pid: int = 1, devices: tuple[str, ...] = DEVICES) -> str:
    """The id of a registered worker."""
    return store.register_worker("host", pid, devices, "0.1")


def claim(store: Store, worker: str | None = None, most: int = 1) -> Claim:
    """A claim that must succeed."""
    claimed = store.claim(worker or a_worker(store), DEVICES, most)
    assert claimed is not None
    return claimed


def begun(store: Store, claimed: Claim) -> Claim:
    """The claim, all of whose jobs train."""
    steps = {job.id: job.step for job in claimed.jobs}
    assert not store.begin(claimed.token, steps, "cpu", "fused", "1")
    return claimed


def short(store: Store) -> Store:
    """The same database, seen by who gives leases that run out at once: no test has to sleep."""
    return Store(store.engine, lease_s=0)
