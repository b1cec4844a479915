"""Jobs for real workers, and waiting for them."""

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store
from curvegan_db.values import JobRequest

from .fleet import Fleet, wait_until

_SMALL = {"hidden_g": 16, "hidden_d": 16, "batch_size": 16}
SHORT = TrainConfig.parse({"steps": 120, "snapshot_every": 50, "checkpoint_every": 40, **_SMALL})
LONG = TrainConfig.parse(
    {"steps": 10_000_000, "record_every": 100, "snapshot_every": 100_000, "checkpoint_every": 100_000, **_SMALL}
)
# For workers that FAULT_SLOW slows down: 60 advances, so 6 s at a tenth of a second each, for a second of computing.
SLOW = TrainConfig.parse({"steps": 1200, "snapshot_every": 100, "checkpoint_every": 20, **_SMALL})


def submit(store: Store, config: TrainConfig, count: int = 1, first_seed: int = 0, priority: int = 0) -> list[int]:
    """Queue jobs that differ in their seed."""
    seeds = range(first_seed, first_seed + count)
    return store.submit([JobRequest(config.model_copy(update={"seed": s}), priority=priority) for s in seeds])


def wait_for_state(store: Store, job: int, state: str, fleet: Fleet | None = None, seconds: float = 60) -> float:
    """Wait until a job is in a state; how long that took."""
    return wait_until(lambda: store.job(job).state == state, seconds, lambda: _story(store, job, fleet))


def wait_for_step(store: Store, job: int, step: int, fleet: Fleet | None = None, attempt: int = 1) -> float:
    """Wait until a job is in an attempt and has got to a step; how long that took."""

    def there() -> bool:
        found = store.job(job)
        return found.attempt >= attempt and found.state == "running" and found.step >= step

    return wait_until(there, 60, lambda: _story(store, job, fleet))


def _story(store: Store, job: int, fleet: Fleet | None) -> str:
    events = [f"{e.at:%X} {e.kind} {e.attempt} {e.worker} {e.detail}" for e in store.events(job)]
    return "\n".join([str(store.job(job)), *events, fleet.log() if fleet else ""])
