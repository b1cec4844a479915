"""What training sees of your own curves in place of their points: scores along principal components, or points alone.

A front end is a linear map, made from the rows that are trained on and kept in every checkpoint: machines round the
last digits of a decomposition differently, and a training that moves goes on with the map that it began with. Curves
are in deviations of the whole set on either side, as `Dataset.standardised` has them, in float64.

What the other components carry, the last thousandth of the variance, is not trained on: each curve gets the rest of a
real one, of those that are kept, with a random sign. Little as it is, curves without it are too smooth to be real, and
with normal noise in its place too rough: some rows have much of it, most have none.

Legend of the shapes in names: n curves, p points, k scores, r rests that are kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.curve import MOST_COMPONENTS
from curvegan_core.matmul import product
from curvegan_core.noise import Stream, uniforms

Reals = NDArray[np.float64]

SHARE = 0.999
"""Of the variance about the mean curve, what the components that are kept have together."""
REST = 256
"""Of how many rows the rest is kept: evenly spread over them all, each more than once where there are fewer."""
# Decimals of a direction: more than float32 scores tell, fewer than decompositions differ in.
_DECIMALS = 10
# A deviation below this part of the largest is none: what it is divided by must not be noise of rounding.
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Front:
    """The map of curves x to scores (x - mean) basis^T / scale, and back; and what that leaves of REST rows."""

    mean_p: Reals
    basis_kp: Reals
    scale_k: Reals
    rest_rp: Reals

    @classmethod
    def of(cls, kind: str, rows_np: Reals, components: int) -> Self:
        """Make it from the rows to train on. Raises KeyError for a kind that is not known.

        pca: the first components, each score divided by the root of its deviation times that of the first: half of a
        whitening, for all of it makes as much of noise as of shape. points: each point by its own mean and deviation.
        """
        mean_p, basis_kp, scale_k = _MAPS[kind](rows_np, components)
        smooth = cls(mean_p, basis_kp, scale_k, np.zeros((0, len(mean_p))))
        if kind != "pca":
            return smooth
        kept_rp = rows_np[np.arange(REST) * len(rows_np) // REST]
        return replace(smooth, rest_rp=kept_rp - smooth.curves(smooth.scores(kept_rp)))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Reals]) -> Self:
        """Read what a checkpoint holds. Raises KeyError where a part is missing."""
        return cls(tensors["mean"], tensors["basis"], tensors["scale"], tensors["rest"])

    @property
    def tensors(self) -> dict[str, Reals]:
        """What a checkpoint holds of it, by name."""
        return {"mean": self.mean_p, "basis": self.basis_kp, "scale": self.scale_k, "rest": self.rest_rp}

    @property
    def smooth(self) -> Self:
        """The map without the rest."""
        return replace(self, rest_rp=self.rest_rp[:0])

    def scores(self, curves_np: Reals) -> Reals:
        """Return what training sees of curves, (n, k)."""
        return product(curves_np - self.mean_p, np.ascontiguousarray(self.basis_kp.T)) / self.scale_k

    def curves(self, scores_nk: NDArray[np.floating]) -> Reals:
        """Return the curves that scores stand for, (n, p), without the rest."""
        return product(scores_nk.astype(np.float64) * self.scale_k, self.basis_kp) + self.mean_p

    def rest(self, count: int, seed: int) -> Reals:
        """Draw the rest of curves, (count, p), by a seed."""
        if not len(self.rest_rp):
            return np.zeros((count, len(self.mean_p)))
        row_n, sign_n = np.divmod((uniforms(seed, Stream.REST, 0, (count,)) * (2 * REST)).astype(np.int64), 2)
        drawn_np: Reals = self.rest_rp[row_n] * (2.0 * sign_n - 1)[:, None]
        return drawn_np


def shapes(kind: str, points: int, components: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of a front end, none where curves are only standardised."""
    if kind == "standardise":
        return {}
    scores = components if kind == "pca" else points
    return {
        "mean": (points,),
        "basis": (scores, points),
        "scale": (scores,),
        "rest": (REST if kind == "pca" else 0, points),
    }


def components_of(rows_np: Reals) -> int:
    """Return how many principal components carry SHARE of the rows' variance.

    At least 1; at most MOST_COMPONENTS, and half as many as there are rows, for others have none to be told by.
    """
    variance_k, _ = _decomposed(rows_np)
    reached = np.cumsum(variance_k) >= SHARE * np.sum(variance_k)
    return max(1, min(int(np.argmax(reached)) + 1, MOST_COMPONENTS, len(rows_np) // 2))


def _principal(rows_np: Reals, components: int) -> tuple[Reals, ...]:
    variance_k, basis_kp = _decomposed(rows_np)
    deviation_k = np.sqrt(variance_k)
    scale_k = np.sqrt(np.maximum(deviation_k, _LEAST * deviation_k[0]) * deviation_k[0])[:components]
    return rows_np.mean(axis=0), basis_kp[:components], np.where(scale_k > 0, scale_k, 1.0)


def _pointwise(rows_np: Reals, _: int) -> tuple[Reals, ...]:
    deviation_p = rows_np.std(axis=0)
    least = _LEAST * deviation_p.max()
    scale_p = np.where(deviation_p > least, deviation_p, 1.0)
    return rows_np.mean(axis=0), np.eye(len(scale_p)), scale_p


_MAPS: dict[str, Callable[[Reals, int], tuple[Reals, ...]]] = {"pca": _principal, "points": _pointwise}


def _decomposed(rows_np: Reals) -> tuple[Reals, Reals]:
    """Return variances and directions of the principal components, the largest first.

    A direction's sign is that with which its largest entry is above 0: LAPACK leaves it open.
    """
    centred_np = rows_np - rows_np.mean(axis=0)
    variance_k, column_pk = np.linalg.eigh(product(np.ascontiguousarray(centred_np.T), centred_np) / len(rows_np))
    basis_kp = np.round(column_pk.T[::-1], _DECIMALS)
    largest_k = np.argmax(np.abs(basis_kp), axis=1)
    sign_k = np.where(basis_kp[np.arange(len(basis_kp)), largest_k] < 0, -1.0, 1.0)
    return np.maximum(variance_k[::-1], 0.0), np.ascontiguousarray(basis_kp * sign_k[:, None])
