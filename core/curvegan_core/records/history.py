"""Whether what was recorded of a training is all that there was to record."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.records.loss_curve import LossCurve, Snapshot


def missing(
    config: TrainConfig, losses: LossCurve, snapshots: Sequence[Snapshot], steps: int | None = None
) -> str | None:
    """Say in words what is not there of a training that ended after `steps`, else `config.steps`; None if it is whole.

    Records lie at multiples of `record_every` below the end; snapshots at multiples of `snapshot_every` and the end.
    """
    steps = config.steps if steps is None else steps
    grids = {
        "losses": (np.arange(0, steps, config.record_every), losses.steps),
        "snapshots": (np.union1d(np.arange(0, steps, config.snapshot_every), [steps]), _steps(snapshots)),
    }
    gaps = {what: grid[~np.isin(grid, there)] for what, (grid, there) in grids.items()}
    return "; ".join(_words(what, gap) for what, gap in gaps.items() if len(gap)) or None


def _steps(snapshots: Sequence[Snapshot]) -> NDArray[np.int64]:
    return np.array([snapshot.step for snapshot in snapshots], dtype=np.int64)


def _words(what: str, gap: NDArray[np.int64]) -> str:
    return f"{len(gap)} of its {what} are missing, the first at step {gap[0]}, the last at step {gap[-1]}"
