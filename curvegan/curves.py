"""The curves that a generator learns, and how far a generated curve is from them. Knows nothing of networks."""

import numpy as np
from numpy.typing import NDArray

from curvegan.config import TrainConfig


def points_x(config: TrainConfig) -> NDArray[np.float64]:
    """Return the abscissas of a curve's points, (points,), evenly spaced with both ends."""
    return np.linspace(config.x_min, config.x_max, config.points)


def target(config: TrainConfig) -> NDArray[np.float32]:
    """Return the ordinates of the curve to learn, (points,): y = a x^2 + c."""
    values = config.curve.a * points_x(config) ** 2 + config.curve.c
    return values.astype(np.float32)


def distances(config: TrainConfig, curves: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each curve's root mean square distance to the target, (N,) for curves (N, points), in units of y."""
    errors = curves.astype(np.float64) - target(config)
    root: NDArray[np.float64] = np.sqrt(np.mean(errors**2, axis=1))
    return root


def rmse(config: TrainConfig, curves: NDArray[np.float32]) -> float:
    """Return the root of the mean square error of all points of all curves (N, points), in units of y."""
    return float(np.sqrt(np.mean(distances(config, curves) ** 2)))


def spread(curves: NDArray[np.float32]) -> float:
    """Return the standard deviation over curves (N, points), averaged over x: how much the curves differ."""
    return float(np.mean(np.std(curves.astype(np.float64), axis=0)))
