"""The worker's verbs of the store for one job, as a test says them. Each raises LeaseLost where the job is lost."""

import time
from collections.abc import Mapping, Sequence

from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_db.columns import JobState
from curvegan_db.errors import LeaseLost
from curvegan_db.store import Store
from curvegan_db.values import Plot
from curvegan_db.verbs.progress import Ending, Record


def begin(store: Store, token: str, job_id: int, step: int, device: str, engine: str, engine_version: str) -> None:
    """Start an attempt at a step."""
    _require_held(job_id, store.begin(token, {job_id: step}, device, engine, engine_version))


def record(
    store: Store,
    token: str,
    job_id: int,
    step: int,
    losses: LossCurve,
    snapshots: Sequence[Snapshot] = (),
    checkpoint: tuple[int, bytes] | None = None,
    lines: Mapping[int, str] | None = None,
) -> None:
    """Store what came of the job up to a step; `checkpoint` is a step and bytes."""
    checkpoints = [checkpoint] if checkpoint else []
    _put(store, token, Record(job_id, step, losses, snapshots, checkpoints, _now(lines)))


def add_plots(
    store: Store, token: str, job_id: int, plots: Sequence[Plot], lines: Mapping[int, str] | None = None
) -> None:
    """Store rendered plots."""
    _put(store, token, Record(job_id, plots=plots, lines=_now(lines)))


def say(store: Store, token: str, job_id: int, lines: Mapping[int, str]) -> None:
    """Store lines of the log by their numbers."""
    _put(store, token, Record(job_id, lines=_now(lines)))


def finish(
    store: Store,
    token: str,
    job_id: int,
    state: str,
    error: str | None = None,
    reason: str | None = None,
    metrics: Mapping[str, float] | None = None,
    verdict: str | None = None,
) -> None:
    """End the job."""
    _put(store, token, Record(job_id, ending=Ending(JobState(state), reason, error, metrics, verdict)))


def release(store: Store, token: str, job_id: int, reason: str | None = None) -> None:
    """Give the job back to the queue."""
    finish(store, token, job_id, JobState.QUEUED, reason=reason)


def _now(lines: Mapping[int, str] | None) -> dict[int, tuple[str, float]]:
    return {number: (text, time.monotonic()) for number, text in (lines or {}).items()}


def _put(store: Store, token: str, job_record: Record) -> None:
    _require_held(job_record.job_id, store.record(token, [job_record]))


def _require_held(job_id: int, lost: frozenset[int]) -> None:
    if lost:
        raise LeaseLost(job_id)
