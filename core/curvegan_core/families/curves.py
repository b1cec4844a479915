"""The curves that a generator learns, and how far a generated curve is from them.

Generated curves may be in units of training or in those of y: these differ for the family `data` alone, whose values
training sees with mean 0 and standard deviation 1. All distances are in units of training.
"""

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config import curve as parameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.families import bundles, fixed, mixture, point_sets
from curvegan_core.families.data import Data
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.family import Family
from curvegan_core.families.front import Front
from curvegan_core.noise import Blocks, Stream, normals_of, uniforms_of

Numbers = NDArray[np.float32] | NDArray[np.float64]

FAMILIES: dict[str, type[Family]] = {
    "quadratic": fixed.Quadratic,
    "cubic": fixed.Cubic,
    "abs": fixed.Abs,
    "quadratic_family": bundles.QuadraticFamily,
    "updown": bundles.Updown,
    "sine": bundles.Sine,
    "sine_modes": bundles.SineModes,
    "ring8": point_sets.Ring8,
    "grid25": point_sets.Grid25,
    "spiral": point_sets.Spiral,
    "circle": point_sets.Circle,
    "mixture": mixture.Mixture,
    "swiss_roll": point_sets.SwissRoll,
    "two_moons": point_sets.TwoMoons,
    "line": point_sets.Line,
    "dirac": fixed.Dirac,
}
"""What each family draws, by its name; `data` is made from its data set."""


def family(config: TrainConfig, dataset: Dataset | None = None, front: Front | None = None) -> Family:
    """Return the config's family of curves; of your own ones with the front end of a training that goes on.

    Raises:
        InvalidConfig: the family is `data`, and the data set is missing, another one, or has other points.
    """
    if isinstance(config.curve, parameters.Data):
        return Data(config, dataset, front)
    return FAMILIES[config.curve.family](config)


def points_x(config: TrainConfig, dataset: Dataset | None = None) -> NDArray[np.float64]:
    """Return the abscissas of a curve's points, (points,): evenly spaced with both ends, or what the data set says."""
    if dataset is not None and dataset.description.x:
        return dataset.x
    return np.linspace(config.x_min, config.x_max, config.points)


def columns(config: TrainConfig, dataset: Dataset | None = None) -> tuple[str, ...]:
    """Name the numbers of a curve: as the data set does, by abscissas, or x and y of a point."""
    if dataset is not None and dataset.description.columns:
        return dataset.description.columns
    if config.curve.is_point:
        return ("x", "y")[: config.points]
    return tuple(f"{x:.6g}" for x in points_x(config, dataset))


def target(config: TrainConfig) -> NDArray[np.float32]:
    """Return the ordinates of the curve to learn, (points,). Raises ValueError when the family has more than one."""
    kind = FAMILIES.get(config.curve.family)
    if kind is None or not issubclass(kind, fixed.Fixed):
        raise ValueError(f"{config.curve.family} has more than one curve")
    return kind(config).target_p


def real_curves(config: TrainConfig, members: Family, stream: Stream, count: int) -> NDArray[np.float32]:
    """Draw real curves, (count, points), in units of training: always the same for a seed and a stream."""
    steps = np.array([1], np.uint64)
    uniform = uniforms_of(config.seed, stream, steps, count)[0]
    if not members.noise:
        return members.draw(uniform.astype(np.float64))
    normal = normals_of(config.seed, stream, steps + np.uint64(1), count * config.outputs)
    return members.draw(uniform.astype(np.float64), normal.reshape(count, config.outputs))


def minibatches(config: TrainConfig, members: Family) -> Blocks:
    """Return the job's minibatches of real curves, (batch_size, points), numbered as the discriminator's updates."""
    shape = (config.batch_size, config.seen)

    def draw(steps: NDArray[np.uint64]) -> NDArray[np.float32]:
        uniform = uniforms_of(config.seed, Stream.DATA, steps, shape[0]).astype(np.float64).ravel()
        if not members.noise:
            return members.draw(uniform).reshape(-1, *shape)
        normal = normals_of(config.seed, Stream.DATA_NOISE, steps, shape[0] * shape[1])
        return members.draw(uniform, normal.reshape(-1, shape[1])).reshape(-1, *shape)

    return Blocks(shape, draw)


def restored(config: TrainConfig, curves: NDArray[np.float32], front: Front | None = None, seed: int = 0) -> Numbers:
    """Return what a generator gives in the units of y; the same curves for every family but `data`.

    Those are float64: of 101325 +- 0.01 a float32 keeps two steps.
    """
    if not isinstance(config.curve, parameters.Data):
        return curves
    values = curves.astype(np.float64) if front is None else front.curves(curves) + front.rest(len(curves), seed)
    return values * config.curve.scale + config.curve.mean


def distances(config: TrainConfig, curves: Numbers) -> NDArray[np.float64]:
    """Return each curve's root mean square distance to the nearest of its family, (N,) for curves (N, points)."""
    return family(config).distances(curves)


def rmse(config: TrainConfig, curves: Numbers) -> float:
    """Return the root of the mean square error of all points of all curves (N, points), in units of y."""
    return float(np.sqrt(np.mean(distances(config, curves) ** 2)))


def spread(curves: Numbers) -> float:
    """Return the standard deviation over curves (N, points), averaged over x: how much the curves differ."""
    return float(np.mean(np.std(curves.astype(np.float64), axis=0)))
