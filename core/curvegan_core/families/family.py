"""What a family of curves is, for training and for judging.

Legend of the shapes in names: n curves, p points of a curve, k modes.
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.family_parameters import FamilyParameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.matmul import product

Reals = NDArray[np.float64]
# Curves compared with all rows at once: as many as a minibatch may have, few enough for their table of distances.
_MOST_COMPARED = 4096


class Fitted(NamedTuple):
    """A parameter of each of n curves, what even draws of it would be (n,), and its period if it is an angle."""

    values_n: Reals
    truth_n: Reals
    period: float | None = None


class Family:
    """A distribution of curves: a member chosen by one uniform number, and normal noise at every point.

    A subclass gives `members` and `nearest`, or modes alone. `curve` are the family's parameters.
    """

    curve: FamilyParameters

    FIXED: ClassVar[bool] = False
    """Whether all real curves are the same one."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.curve = config.curve
        self.x_p: Reals = np.linspace(config.x_min, config.x_max, config.points)
        self.noise = float(getattr(self.curve, "noise", 0.0))
        self.modes_kp = self._modes()
        self._is_point = self.curve.is_point

    def _modes(self) -> Reals | None:
        """Return the curves around which a family of several modes draws, (k, points); None for any other family."""
        return None

    @property
    def weights_k(self) -> Reals:
        """The share of real curves that each mode has, (k,); here all the same."""
        count = len(self._known_modes())
        return np.full(count, 1 / count)

    def members(self, uniform_n: Reals) -> Reals:
        """Return the noiseless curves (n, points) that n numbers of [0, 1) choose; here one of the modes each."""
        modes_kp = self._known_modes()
        return modes_kp[(uniform_n * len(modes_kp)).astype(np.int64)]

    def nearest(self, curves_np: Reals) -> Reals:
        """Return for each curve the nearest noiseless curve of the family, (n, points); here the nearest mode."""
        return self._known_modes()[self.nearest_mode(curves_np)]

    def fitted(self, curves_np: Reals) -> Fitted | None:
        """Return the parameter of the member nearest to each curve; None where the family has no parameter."""
        return None

    def draw(self, uniform_n: Reals, normal_np: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Draw n real curves (n, points) from numbers of U[0, 1) and, where there is noise, of N(0, 1)."""
        curves_np = self.members(uniform_n)
        return (curves_np if normal_np is None else curves_np + self.noise * normal_np).astype(np.float32)

    def lengths(self, errors_np: Reals) -> Reals:
        """Measure differences of curves: root mean square over points; of points the Euclidean length."""
        square_n = np.sum(errors_np**2, axis=1) if self._is_point else np.mean(errors_np**2, axis=1)
        root_n: Reals = np.sqrt(square_n)
        return root_n

    def judged(self, outputs_nk: NDArray[np.floating]) -> Reals:
        """Return the curves that a network's numbers stand for, (n, points): the same, but through a front end."""
        return outputs_nk.astype(np.float64)

    def restored(self, outputs_nk: NDArray[np.float32]) -> NDArray[Any]:
        """Return the same in units of y; float32 where those are the units of training."""
        return outputs_nk

    def judging(self, drawn_nk: NDArray[np.floating]) -> Reals:
        """Return the real curves to judge by, (m, points), where these were drawn: the same; of your own, rows."""
        return self.judged(drawn_nk)

    @property
    def tensors(self) -> dict[str, Reals]:
        """What a checkpoint holds of it, by name: nothing, but where there is a front end."""
        return {}

    def distances(self, curves_np: NDArray[np.floating]) -> Reals:
        """Return the length of each generated curve's difference to the nearest member, (n,)."""
        reals_np = self.judged(curves_np)
        return self.lengths(reals_np - self.nearest(reals_np))

    def from_modes(self, curves_np: Reals) -> Reals:
        """Return how far each curve is from the nearest mode where its quality is judged, (n,); here its distance."""
        return self.distances(curves_np)

    def nearest_mode(self, curves_np: Reals) -> NDArray[np.int64]:
        """Return the number of the mode nearest to each curve, (n,)."""
        distance_kn = [self.lengths(curves_np - mode_p) for mode_p in self._known_modes()]
        mode_n: NDArray[np.int64] = np.argmin(distance_kn, axis=0)
        return mode_n

    def _known_modes(self) -> Reals:
        if self.modes_kp is None:
            raise ValueError(f"{self.config.curve.family} has no modes")
        return self.modes_kp


def even(count: int) -> Reals:
    """Return the middles of `count` equal parts of [0, 1]: what a perfectly even draw would be."""
    return (np.arange(count) + 0.5) / count


def directions(angle_n: Reals) -> Reals:
    """Return the points of the unit circle at these angles, (n, 2)."""
    return np.stack((np.cos(angle_n), np.sin(angle_n)), axis=1)


def nearest_row(curves_np: Reals, rows_mp: Reals) -> NDArray[np.int64]:
    """Return for each curve the number of the row at the least Euclidean distance, (n,)."""
    row_n = np.empty(len(curves_np), np.int64)
    for first in range(0, len(curves_np), _MOST_COMPARED):
        part = slice(first, first + _MOST_COMPARED)
        # |c - r|^2 = |c|^2 - 2 c r + |r|^2, of which the first part is the same for every row.
        distance_nm = np.sum(rows_mp**2, axis=1) - 2 * product(curves_np[part], rows_mp.T)
        row_n[part] = np.argmin(distance_nm, axis=1)
    return row_n
