"""Families whose samples are points of the plane, each a "curve" of two numbers, x and y.

ring8 and grid25 are the mixtures on which mode collapse is usually measured: Srivastava et al., "VEEGAN" (2017).
"""

from functools import cached_property
from typing import ClassVar

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.families.family import Family, Fitted, Reals, directions, even, nearest_row

# A point lies at most half the arm's length / _ARM_POINTS beside the point of the arm that stands for it.
_ARM_POINTS = 1024
_INNER = 0.1
_ROLL_POINTS = 2048
# Half of it, and a half more, stay below one half and below one when they are rounded.
_ALMOST_ONE = 1 - 1e-12


class Ring8(Family):
    """Modes at radius (cos p, sin p), p = 2 pi k/8, k = 0..7: eight of them, the end is not the beginning again."""

    curve: parameters.Ring8

    def _modes(self) -> Reals:
        return self.curve.radius * directions(2 * np.pi * np.arange(8) / 8)


class Grid25(Family):
    """Modes at spacing (i, j), i and j from -2 to 2."""

    curve: parameters.Grid25

    def _modes(self) -> Reals:
        side = self.curve.spacing * np.arange(-2.0, 3.0)
        return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(25, 2)


class Arm(Family):
    """A family along a curve of the plane without a formula for the nearest of its points: some stand for all."""

    ARM_POINTS: ClassVar[int] = _ARM_POINTS

    @cached_property
    def _arm_mp(self) -> Reals:
        """Points that stand for the arm."""
        return self.members(even(self.ARM_POINTS))

    def nearest(self, curves_np: Reals) -> Reals:
        return self._arm_mp[nearest_row(curves_np, self._arm_mp)]

    def fitted(self, curves_np: Reals) -> Fitted:
        """Return for each curve the uniform number that chooses the nearest point of the arm."""
        nearest_n = nearest_row(curves_np, self._arm_mp)
        return Fitted(even(self.ARM_POINTS)[nearest_n], even(len(curves_np)))


class Spiral(Arm):
    """radius s (cos p, sin p) with p = 2 pi turns s, from s = 0.1 to 1; s grows as a root, so that the arm is even."""

    curve: parameters.Spiral

    def members(self, uniform_n: Reals) -> Reals:
        s_n = np.sqrt(_INNER**2 + (1 - _INNER**2) * uniform_n)
        return self.curve.radius * s_n[:, None] * directions(2 * np.pi * self.curve.turns * s_n)


class SwissRoll(Arm):
    """radius p/(9/2 pi) (cos p, sin p) with p ~ U(3/2 pi, 9/2 pi): Marsland, "Machine learning" (2009), chapter 6.

    scikit-learn's roll seen from its end. Gulrajani et al. (2017) train on one with noise .25 and radius 14.1.
    """

    ARM_POINTS: ClassVar[int] = _ROLL_POINTS
    curve: parameters.SwissRoll

    def members(self, uniform_n: Reals) -> Reals:
        share_n = (1 + 2 * uniform_n) / 3
        return self.curve.radius * share_n[:, None] * directions(4.5 * np.pi * share_n)


class TwoMoons(Family):
    """radius (cos p, sin p) and radius (1 - cos p, 1/2 - sin p), p ~ U(0, pi), as scikit-learn's `make_moons` has them.

    The parameter is the uniform number: the upper half circle below 1/2, the lower one above.
    """

    curve: parameters.TwoMoons

    def members(self, uniform_n: Reals) -> Reals:
        is_upper_n1 = (uniform_n < 0.5)[:, None]
        arc_n2 = directions(2 * np.pi * (uniform_n % 0.5))
        unit_n2: Reals = np.where(is_upper_n1, arc_n2, np.array([1.0, 0.5]) - arc_n2)
        return self.curve.radius * unit_n2

    def nearest(self, curves_np: Reals) -> Reals:
        return self.members(self._uniform(curves_np))

    def fitted(self, curves_np: Reals) -> Fitted:
        return Fitted(self._uniform(curves_np), even(len(curves_np)))

    def _uniform(self, curves_np: Reals) -> Reals:
        """Return the number in [0, 1) of the nearest point: the nearer one of those on each half circle."""
        unit_n2 = curves_np / self.curve.radius
        upper_n = _along_half_circle(unit_n2) / 2
        lower_n = 0.5 + _along_half_circle(np.array([1.0, 0.5]) - unit_n2) / 2
        nearer_n = self.lengths(curves_np - self.members(upper_n)) <= self.lengths(curves_np - self.members(lower_n))
        chosen_n: Reals = np.where(nearer_n, upper_n, lower_n)
        return chosen_n


def _along_half_circle(points_n2: Reals) -> Reals:
    """Return where the nearest point of the upper half circle lies, from 0 on the right to almost 1 on the left."""
    angle_n = np.arctan2(points_n2[:, 1], points_n2[:, 0])
    # Below the circle the nearer end is the nearest point.
    angle_n = np.where(angle_n < -np.pi / 2, np.pi, np.maximum(angle_n, 0.0))
    share_n: Reals = np.minimum(angle_n / np.pi, _ALMOST_ONE)
    return share_n


class Line(Family):
    """(offset, t), t ~ U(-length/2, length/2): Arjovsky et al., "Wasserstein GAN" (2017), example 1."""

    curve: parameters.Line

    def members(self, uniform_n: Reals) -> Reals:
        return self._points(self.curve.length * (uniform_n - 0.5))

    def nearest(self, curves_np: Reals) -> Reals:
        return self._points(self._heights(curves_np))

    def fitted(self, curves_np: Reals) -> Fitted:
        return Fitted(self._heights(curves_np), self.curve.length * (even(len(curves_np)) - 0.5))

    def _heights(self, curves_np: Reals) -> Reals:
        half = self.curve.length / 2
        return np.clip(curves_np[:, 1], -half, half)

    def _points(self, height_n: Reals) -> Reals:
        return np.stack((np.full_like(height_n, self.curve.offset), height_n), axis=1)


class Circle(Family):
    """radius (cos p, sin p); the parameter is the angle p."""

    curve: parameters.Circle

    def members(self, uniform_n: Reals) -> Reals:
        return self.curve.radius * directions(2 * np.pi * uniform_n)

    def nearest(self, curves_np: Reals) -> Reals:
        return self.curve.radius * directions(self._angles(curves_np))

    def fitted(self, curves_np: Reals) -> Fitted:
        turn = 2 * np.pi
        return Fitted(self._angles(curves_np) % turn, turn * even(len(curves_np)), turn)

    def _angles(self, curves_np: Reals) -> Reals:
        angle_n: Reals = np.arctan2(curves_np[:, 1], curves_np[:, 0])
        return angle_n
