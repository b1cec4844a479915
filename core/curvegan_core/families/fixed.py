"""Families of one curve: every real curve is the same, so a generator that collapses on it is right."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.family import Family, Reals


class Fixed(Family, ABC):
    """One curve, `target_p`."""

    FIXED: ClassVar[bool] = True

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        # Rounded once, as engines see it: a distance is to the numbers that were trained on.
        self.target_p = self._values().astype(np.float32)

    @abstractmethod
    def _values(self) -> Reals:
        """Return the curve, (points,)."""

    def members(self, uniform_n: Reals) -> Reals:
        return np.broadcast_to(self.target_p.astype(np.float64), (len(uniform_n), self.config.points))

    def nearest(self, curves_np: Reals) -> Reals:
        return np.broadcast_to(self.target_p.astype(np.float64), curves_np.shape)


class Quadratic(Fixed):
    """y = a x^2 + c."""

    curve: parameters.Quadratic

    def _values(self) -> Reals:
        return self.curve.a * self.x_p**2 + self.curve.c


class Cubic(Fixed):
    """y = a x^3 + b x."""

    curve: parameters.Cubic

    def _values(self) -> Reals:
        return self.curve.a * self.x_p**3 + self.curve.b * self.x_p


class Abs(Fixed):
    """y = a |x| + c."""

    curve: parameters.Abs

    def _values(self) -> Reals:
        return self.curve.a * np.abs(self.x_p) + self.curve.c


class Dirac(Fixed):
    """The same number in every coordinate; 0 in Mescheder et al., "Which training methods converge?" (2018)."""

    curve: parameters.Dirac

    def _values(self) -> Reals:
        return np.full(self.config.points, self.curve.value)
