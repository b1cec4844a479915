"""The measure of every fault: a job ended exactly once, with the very numbers of an undisturbed training."""

from functools import cache

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import COLUMNS, LossCurve
from curvegan_core.training import PackTraining
from curvegan_db.store import Store

END_STATES = ("succeeded", "failed", "cancelled")


@cache
def undisturbed(config: TrainConfig) -> tuple[LossCurve, Checkpoint]:
    """Losses and final state of a config that is trained alone, in one go, in this process."""
    training = PackTraining({0: (config, None)}, "cpu")
    parts = []
    while training.jobs:
        parts += training.advance()
    final = parts[-1].checkpoint
    assert final is not None
    return LossCurve.concatenate([part.losses for part in parts]), final


def assert_undisturbed(store: Store, job: int) -> None:
    """Losses have no gap and no duplicate; they and the final weights are bit-identical to the undisturbed run."""
    losses, final = undisturbed(store.job(job).config)
    curve, stored = store.losses(job), Checkpoint.from_bytes(store.checkpoint(job).data)
    for column in COLUMNS:
        name = "steps" if column == "step" else column
        np.testing.assert_array_equal(getattr(curve, name), getattr(losses, name))
    assert stored.step == final.step
    for name, weights in final.weights.items():
        np.testing.assert_array_equal(stored.weights[name], weights)


def assert_ended_once(store: Store, job: int, state: str = "succeeded") -> None:
    """One end, nothing after it, and every attempt before it was closed."""
    kinds = [event.kind for event in store.events(job)]
    assert store.job(job).state == state
    assert [kind for kind in kinds if kind in END_STATES] == [state], kinds
    assert kinds[-1] == state
    assert kinds.count("claimed") == store.job(job).attempt
