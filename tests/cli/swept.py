"""A sweep whose jobs have ended with made-up results that a test can work out."""

import numpy as np

from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.store import Store
from curvegan_db.values import Job

from ..db.one_job import begin, finish, record
from .client import Client

GRID = ("--grid", "lr=1e-4,1e-3,1e-2", "--grid", "loss=ns,rpgan", "--seeds", "3")
RECORDS = 20


def rmse(job: Job) -> float:
    """Smallest for ns at 1e-4, and larger for each larger rate, other loss and later seed."""
    return job.config.lr_g * 1000 * (1 if job.config.loss == "ns" else 2) + job.config.seed / 100


def ended_sweep(client: Client, *words: str) -> int:
    """The id of a sweep of 18 jobs, or of those that the words ask for, all succeeded."""
    grid = words or GRID
    sweep = int(client.done("sweep", "--no-worker", "-q", "--name", "rates", "--steps", "200", *grid))
    with client.store() as store:
        worker = store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0")
        while claim := store.claim(worker, ("auto", "cpu"), 1000):
            for job in claim.jobs:
                _end(store, claim.token, store.job(job.id))
    return sweep


def _end(store: Store, token: str, job: Job) -> None:
    value = rmse(job)
    steps = np.arange(0, 200, 200 // RECORDS)
    zeros = np.zeros(len(steps), np.float32)
    fall = (value + 1 - steps / 200).astype(np.float32)
    begin(store, token, job.id, 0, "cpu", "torch", "1")
    snapshot = Snapshot(200, np.full((32, job.config.points), value, np.float32))
    record(store, token, job.id, 200, LossCurve(steps, zeros, zeros, zeros, zeros, fall), [snapshot])
    metrics = {"rmse": value, "spread": 0.5, "hq": 1 - min(value, 1.0)}
    verdict = "converged" if value < 1 else "oscillating"
    finish(store, token, job.id, JobState.SUCCEEDED, metrics=metrics, verdict=verdict)
