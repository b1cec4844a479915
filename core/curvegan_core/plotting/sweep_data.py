"""What the pictures of many jobs are drawn from, as numbers: read without anything that draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvegan_core.records.loss_curve import LossCurve

MOST_PANELS, MOST_CELLS = 12, 60
_MOST_POINTS = 400

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Numbers (rows, columns) over two keys; NaN where there is no job. The first row is the lowest."""

    key_x: str
    key_y: str
    columns: Sequence[str]
    rows: Sequence[str]
    cells: Values


@dataclass(frozen=True)
class Fan:
    """The loss curves of jobs that differ in their seed alone, and what they have in common."""

    name: str
    curves: Sequence[LossCurve]


def quartiles(curves: Sequence[LossCurve]) -> tuple[Values, Values]:
    """Return steps (n,) and the quartiles of the RMSE there, (3, n), over the curves that reach so far.

    Between two records of a curve its RMSE is interpolated. What is not finite is left out.
    """
    finite = [(curve.steps[known], curve.rmse[known]) for curve in curves if (known := np.isfinite(curve.rmse)).any()]
    if not finite:
        return np.zeros(0), np.zeros((3, 0))
    steps = np.unique(np.concatenate([x for x, _ in finite]))
    steps = steps[np.unique(np.linspace(0, len(steps) - 1, _MOST_POINTS).round().astype(int))]
    rmse = [np.interp(steps, x, y.astype(np.float64), left=np.nan, right=np.nan) for x, y in finite]
    return steps.astype(np.float64), np.nanpercentile(rmse, (25, 50, 75), axis=0)
