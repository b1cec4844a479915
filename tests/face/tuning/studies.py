"""Studies whose jobs end with made-up results: the best rate is 1e-3, and the later the worse for rpgan and seeds."""

import math
import random

from curvegan.tuning.study import Study
from curvegan_db.columns import JobState
from curvegan_db.store import Store
from curvegan_db.values import Job

from ...db.one_job import begin, finish


def rmse(job: Job) -> float:
    away = abs(math.log10(job.config.lr_g) + 3) + abs(math.log10(job.config.lr_d) + 3)
    return away + (0.5 if job.config.loss == "rpgan" else 0.0) + job.config.seed / 100


def metrics(job: Job) -> dict[str, float]:
    return {"rmse": rmse(job), "hq": 1 / job.config.lr_d}


def end_jobs(store: Store, seed: int = 0, most: int = 1000, failing: tuple[int, ...] = ()) -> int:
    """End queued jobs in an order by the seed, those with a failing config seed badly; how many there were."""
    worker, ended = store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0"), 0
    while ended < most and (claim := store.claim(worker, ("auto", "cpu"), 1000)):
        for claimed in random.Random(seed).sample(claim.jobs, len(claim.jobs)):
            job = store.job(claimed.id)
            begin(store, claim.token, job.id, 0, "cpu", "torch", "1")
            if job.config.seed in failing:
                finish(store, claim.token, job.id, JobState.FAILED, error="no", reason="error")
            else:
                finish(store, claim.token, job.id, JobState.SUCCEEDED, metrics=metrics(job), verdict="converged")
            ended += 1
    store.unregister_worker(worker)
    return ended


def searched(study: Study, store: Store) -> list[tuple[dict[str, object], float | None]]:
    """Points and values of a study that is led to its end."""
    while study.advance():
        end_jobs(store)
    return [(dict(trial.point), trial.value) for trial in study.look()]
