"""Jobs of every sort, in every state, for what reads many of them. Made up, but as workers would leave them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import update

from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.values import LOST, JobRequest

NAMES = (None, "a", "b", "ab", "A b", "100%", "_", "it's", "ünïcode", "or")
TAGS = ("a", "b", "night run", "x%y")
SEEDS = (0, 1, 7, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1)
RATES = (1e-5, 1e-4, 3e-4, 0.0003, 0.1 + 0.2, 0.012345678901234567)
CURVES: tuple[Any, ...] = (
    *("quadratic", "updown", "ring8", "sine_modes"),
    {"a": 3.5},
    {"family": "sine_modes", "modes": 12},
    {"family": "updown", "noise": 0.1},
    {"family": "mixture", "layout": "line", "modes": 12, "box": True},
)
VERDICTS = (None, "converged", "collapsed 1/2", "collapsed 3/8", "collapsed", "diverged")
METRICS = (0.0, -1.5, 0.1, 0.1 + 0.2, 2.0, 1e-300, 1e300, 0.07712345678901234)
STATES = (*(state.value for state in JobState), LOST)


def populate(store: Store, count: int, seed: int = 0) -> list[int]:
    """Store jobs that differ in all that a filter can ask for; the ids."""
    random = Random(seed)
    ids = store.submit([_request(random) for _ in range(count)])
    for job_id in ids:
        change(store, job_id, **_outcome(random))
    return ids


def change(store: Store, job_id: int, state: str = "succeeded", **values: Any) -> None:
    """Put a job where no test wants to wait for it; `state` may be "lost"."""
    stored = JobState.RUNNING if state == LOST else JobState(state)
    if stored is JobState.RUNNING:
        hour = timedelta(hours=-1 if state == LOST else 1)
        values |= {"lease_token": "token", "lease_expires_at": datetime.now(UTC) + hour, "began_at": datetime.now(UTC)}
    with store.engine.begin() as connection:
        connection.execute(update(models.Job).where(models.Job.id == job_id).values(state=stored, **values))


def forget_keys(store: Store, job_id: int, *keys: str) -> None:
    """Leave keys out of a stored config, as a version did that did not know them yet."""
    config = store.job(job_id).config.model_dump(mode="json")
    change(store, job_id, config={key: value for key, value in config.items() if key not in keys})


def finished(store: Store, config: Mapping[str, Any], sweep: int | None = None, **values: Any) -> int:
    """A job that succeeded, with these metrics; of a sweep or of none."""
    [job_id] = store.submit([JobRequest(TrainConfig.parse(config))])
    verdict = values.pop("verdict", None)
    change(store, job_id, sweep=sweep, metrics=values, verdict=verdict)
    return job_id


def _request(random: Random) -> JobRequest:
    rate = random.choice(RATES)
    values = {
        "curve": random.choice(CURVES),
        "steps": random.choice((100, 10_001)),
        "lr_g": rate,
        "lr_d": rate if random.random() < 0.7 else random.choice(RATES),
        "loss": random.choice(("ns", "lsgan", "hinge", "rpgan")),
        "r1": random.choice((0.0, 1.0)),
        "spectral_norm": random.random() < 0.3,
        "seed": random.choice(SEEDS),
        "device": random.choice(("auto", "cpu")),
    }
    tags = tuple(tag for tag in TAGS if random.random() < 0.3)
    return JobRequest(TrainConfig.parse(values), random.choice(NAMES), tags, random.choice((-3, 0, 5)))


def _outcome(random: Random) -> dict[str, Any]:
    metrics = {name: random.choice(METRICS) for name in ("rmse", "hq", "modes", "ema_rmse") if random.random() < 0.7}
    return {
        "state": random.choice(STATES),
        "sweep": random.choice((None, 1, 2)),
        "metrics": metrics or None,
        "verdict": random.choice(VERDICTS),
        "device": random.choice((None, "cpu", "cuda:0")),
        "engine": random.choice((None, "torch", "fused")),
        "worker": random.choice((None, "host:1", "host:22")),
        "created_at": datetime.now(UTC) - timedelta(minutes=random.choice((1, 50, 3000))),
    }
