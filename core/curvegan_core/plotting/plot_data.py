"""What a job's plots are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import Numbers, family, points_x, real_curves, target
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.description import NOTHING_SAID
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.noise import Stream
from curvegan_core.records.loss_curve import LossCurve, Snapshot


@dataclass(frozen=True)
class PlotData:
    """What a plot is drawn from. `title` names the job; `metrics` and the verdict's text are there once it has ended.

    `dataset` is what the family `data` was trained on; without it no real curves are drawn beside its generated ones.
    """

    title: str
    config: TrainConfig
    losses: LossCurve
    snapshots: Sequence[Snapshot]
    metrics: Metrics | None = None
    verdict: str | None = None
    dataset: Dataset | None = None

    @cached_property
    def real(self) -> Numbers:
        """Curves of the family, (n, points) in units of y: the one curve if there is but one, else as many as shown."""
        if isinstance(self.config.curve, Data) and self.dataset is None:
            return np.zeros((0, self.config.points), np.float32)
        members = family(self.config, self.dataset)
        if members.FIXED:
            return target(self.config)[None]
        count = len(self.snapshots[-1].curves) if self.snapshots else 1
        return members.restored(real_curves(self.config, members, Stream.EVALUATION, count))

    @property
    def x(self) -> NDArray[np.float64]:
        """Abscissas of the points, (points,)."""
        return points_x(self.config, self.dataset)

    @property
    def titles(self) -> tuple[str, str]:
        """What the axes are called: as the data set says, else x and y; of numbers the share below each."""
        described = self.dataset.description if self.dataset else NOTHING_SAID
        if self.numbers:
            return described.title_y or "x", "share of x below"
        return described.x_label or "x", described.title_y or "y"

    @property
    def dots(self) -> bool:
        """Whether samples are points of the plane."""
        return self.config.curve.is_point and self.config.points == 2

    @property
    def numbers(self) -> bool:
        """Whether samples are single numbers."""
        return self.config.points == 1
