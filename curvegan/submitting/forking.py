"""Fork a job: its state at a step, found or replayed, becomes the start of a new job with some keys changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curvegan.replaying import replay
from curvegan.submitting.layers import layered

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.records.checkpoint import Checkpoint
    from curvegan_db.store import Store
    from curvegan_db.values import Job


def fork(
    store: "Store",
    job: "Job",
    step: int | None,
    changes: Mapping[str, Any],
    *,
    name: str | None = None,
    tags: Sequence[str] = (),
    priority: int = 0,
    state: "Checkpoint | None" = None,
) -> int:
    """Queue a fork of a job at a step, the last that it has done without one; return its id.

    `state` is that of the step where somebody has it already; else it is read or replayed.

    Raises:
        InvalidInput: a step that it has not done, or that it took over from its own parent.
        InvalidConfig: a key that a fork may not change, or a value out of range.
        EngineUnavailable: a replay is needed, and the engine of the job is not here.
    """
    from curvegan_core.forking import forked
    from curvegan_db.values import JobRequest
    from curvegan_db.verbs.forks import Start

    step = job.step if step is None else step
    config = checked_fork(job, step, changes)
    request = JobRequest(config, name, tuple(tags), priority)
    start = forked(state or replay(store, job, step).checkpoint, config)
    return store.fork(job.id, request, Start(step, start.to_bytes(), start.engine))


def checked_fork(job: "Job", step: int, changes: Mapping[str, Any]) -> "TrainConfig":
    """Return the config of a job's fork at a step. Raises InvalidInput, InvalidConfig; replays nothing."""
    _check_step(job, step)
    return fork_config(job.config, step, changes)


def fork_config(parent: "TrainConfig", step: int, changes: Mapping[str, Any]) -> "TrainConfig":
    """Return the config of a fork. Raises InvalidConfig for a key that it may not change, and as `layered` does."""
    from curvegan_core.errors import InvalidConfig
    from curvegan_core.forking import check_fork

    own = {"fork_of", "fork_step"} & changes.keys()
    if own:
        raise InvalidConfig(f"{min(own)} says what a fork went on from; it is not yours to set")
    config = layered([parent.model_dump(mode="json"), changes])
    check_fork(parent, config)
    if step >= config.steps:
        raise InvalidConfig(
            f"a fork at step {step} has nothing left of {config.steps} steps: give it more, as in --set "
            f"steps={2 * step}, or an earlier step, as in --at {step // 2}"
        )
    return layered([config.model_dump(mode="json"), {"fork_of": parent.hash, "fork_step": step}])


def _check_step(job: "Job", step: int) -> None:
    from curvegan_core.errors import InvalidInput

    first = job.parent_step or 1
    if job.parent_step is not None and 0 < step < first:
        raise InvalidInput(
            f"job {job.id} is itself a fork from step {first} on; `curvegan fork {job.parent} --at {step}` has the past"
        )
    if not first <= step <= job.step:
        done = f"it has done {job.step} steps; --at takes {first} to {job.step}"
        why = done if job.step >= first else f"it has done no step yet; `curvegan wait {job.id}` follows it"
        raise InvalidInput(f"job {job.id} cannot be forked at step {step}: {why}")
