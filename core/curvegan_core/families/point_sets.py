"""Families whose samples are points of the plane, each a "curve" of two numbers, x and y.

ring8 and grid25 are the mixtures on which mode collapse is usually measured: Srivastava et al., "VEEGAN" (2017).
"""

from functools import cached_property

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.families.family import Family, Fitted, Reals, directions, even, nearest_row

# A point lies at most half the arm's length / _ARM_POINTS beside the point of the arm that stands for it.
_ARM_POINTS = 1024
_INNER = 0.1


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


class Spiral(Family):
    """radius s (cos p, sin p) with p = 2 pi turns s, from s = 0.1 to 1; s grows as a root, so that the arm is even."""

    curve: parameters.Spiral

    def members(self, uniform_n: Reals) -> Reals:
        s_n = np.sqrt(_INNER**2 + (1 - _INNER**2) * uniform_n)
        return self.curve.radius * s_n[:, None] * directions(2 * np.pi * self.curve.turns * s_n)

    @cached_property
    def _arm_mp(self) -> Reals:
        """Points that stand for the arm."""
        return self.members(even(_ARM_POINTS))

    def nearest(self, curves_np: Reals) -> Reals:
        return self._arm_mp[nearest_row(curves_np, self._arm_mp)]

    def fitted(self, curves_np: Reals) -> Fitted:
        """Return for each curve the uniform number that chooses the nearest point of the arm."""
        nearest_n = nearest_row(curves_np, self._arm_mp)
        return Fitted(even(_ARM_POINTS)[nearest_n], even(len(curves_np)))


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
