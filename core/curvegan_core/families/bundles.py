"""Families of many curves: a parameter that is drawn evenly, or several modes.

Legend of the shapes in names: n curves, p points of a curve, g phases of a grid, 2 sine and cosine.
"""

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.family import Family, Fitted, Reals, directions, even

_GRID = 64
_NEWTON_STEPS = 4


class QuadraticFamily(Family):
    """y = a (x^2 + 1) - 1: the nearest member is the least-squares a, kept within its range."""

    curve: parameters.QuadraticFamily

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        self._slope_p = self.x_p**2 + 1
        self._low, self._high = self.curve.a_min, self.curve.a_max

    def members(self, uniform_n: Reals) -> Reals:
        return self._curves(self._low + (self._high - self._low) * uniform_n)

    def nearest(self, curves_np: Reals) -> Reals:
        return self._curves(np.clip(self._least_squares(curves_np), self._low, self._high))

    def fitted(self, curves_np: Reals) -> Fitted:
        return Fitted(self._least_squares(curves_np), self._low + (self._high - self._low) * even(len(curves_np)))

    def _curves(self, a_n: Reals) -> Reals:
        return np.outer(a_n, self._slope_p) - 1

    def _least_squares(self, curves_np: Reals) -> Reals:
        fit_n: Reals = (curves_np + 1) @ self._slope_p / (self._slope_p @ self._slope_p)
        return fit_n


class Updown(Family):
    """Modes +(a x^2 + c) and -(a x^2 + c)."""

    curve: parameters.Updown

    def _modes(self) -> Reals:
        upper_p = self.curve.a * self.x_p**2 + self.curve.c
        return np.stack((upper_p, -upper_p))


class Sine(Family):
    """y = a sin(pi x + p): the nearest phase by Newton's method from the best of a grid of phases."""

    curve: parameters.Sine

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        self._wave_2p = self.curve.a * _waves(self.x_p)
        self._gram_22 = self._wave_2p @ self._wave_2p.T

    def members(self, uniform_n: Reals) -> Reals:
        return directions(2 * np.pi * uniform_n) @ self._wave_2p

    def nearest(self, curves_np: Reals) -> Reals:
        return directions(self._phases(curves_np)) @ self._wave_2p

    def fitted(self, curves_np: Reals) -> Fitted:
        turn = 2 * np.pi
        return Fitted(self._phases(curves_np) % turn, turn * even(len(curves_np)), turn)

    def _phases(self, curves_np: Reals) -> Reals:
        """Minimise t G t - 2 t h over t = (cos p, sin p), with h the products of curve and waves and G their own."""
        product_n2 = curves_np @ self._wave_2p.T
        grid_g2 = directions(2 * np.pi * np.arange(_GRID) / _GRID)
        value_ng = np.sum((grid_g2 @ self._gram_22) * grid_g2, axis=1) - 2 * product_n2 @ grid_g2.T
        phase_n: Reals = 2 * np.pi * np.argmin(value_ng, axis=1) / _GRID
        for _ in range(_NEWTON_STEPS):
            phase_n = phase_n - self._newton(phase_n, product_n2)
        return phase_n

    def _newton(self, phase_n: Reals, product_n2: Reals) -> Reals:
        """Return slope over curvature of half that function, at most a grid's distance, where it curves upwards."""
        t_n2 = directions(phase_n)
        u_n2 = np.stack((-t_n2[:, 1], t_n2[:, 0]), axis=1)
        force_n2 = t_n2 @ self._gram_22 - product_n2
        slope_n = np.sum(u_n2 * force_n2, axis=1)
        bend_n = np.sum((u_n2 @ self._gram_22) * u_n2, axis=1) - np.sum(t_n2 * force_n2, axis=1)
        most = 2 * np.pi / _GRID
        step_n = slope_n / np.where(bend_n > 0, bend_n, np.inf)
        bounded_n: Reals = np.clip(step_n, -most, most)
        return bounded_n


class SineModes(Family):
    """Modes cos(p) sin(pi x) + sin(p) cos(pi x) at p = 2 pi k/modes."""

    curve: parameters.SineModes

    def _modes(self) -> Reals:
        count = self.curve.modes
        return directions(2 * np.pi * np.arange(count) / count) @ _waves(self.x_p)


def _waves(x_p: Reals) -> Reals:
    return np.stack((np.sin(np.pi * x_p), np.cos(np.pi * x_p)))
