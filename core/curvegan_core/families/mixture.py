"""Mixtures of normal clusters, the sets on which mode collapse is measured, laid out and weighted as a config says."""

import math

import numpy as np

from curvegan_core.config import curve as parameters
from curvegan_core.families.family import Family, Reals, directions
from curvegan_core.noise import Stream, uniforms


class Mixture(Family):
    """Clusters around modes of one coordinate or two. Mode k weighs ratio^k, in parts of what all weigh.

    ring: scale (cos p, sin p), p = 2 pi k/modes. grid: scale (i, j), sqrt(modes) each way around the origin.
    line: scale i around 0. random: drawn evenly from the square -scale..scale, the same ones for every job.
    """

    curve: parameters.Mixture

    def _modes(self) -> Reals:
        count, scale = self.curve.modes, self.curve.scale
        if self.curve.layout == "ring":
            return scale * directions(2 * np.pi * np.arange(count) / count)
        if self.curve.layout == "random":
            return scale * (2 * uniforms(0, Stream.CENTRES, 0, (count, 2)).astype(np.float64) - 1)
        side = math.isqrt(count) if self.curve.layout == "grid" else count
        along = scale * (np.arange(side) - (side - 1) / 2)
        axes = np.meshgrid(*[along] * self.config.points, indexing="ij")
        return np.stack(axes, axis=-1).reshape(count, self.config.points)

    @property
    def weights_k(self) -> Reals:
        weight_k = self.curve.ratio ** np.arange(self.curve.modes)
        share_k: Reals = weight_k / weight_k.sum()
        return share_k

    def members(self, uniform_n: Reals) -> Reals:
        modes_kp = self._known_modes()
        return modes_kp[np.searchsorted(np.cumsum(self.weights_k)[:-1], uniform_n, "right")]

    def from_modes(self, curves_np: Reals) -> Reals:
        if not self.curve.box:
            return super().from_modes(curves_np)
        largest_n: Reals = np.abs(curves_np - self.nearest(curves_np)).max(axis=1)
        return largest_n
