"""How close generated curves are to real ones as distributions: formulas and their sources.

Every function takes samples as float64 rows, (n, points) generated and (m, points) real.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from curvegan_core.families.family import Family, Fitted, Reals
from curvegan_core.matmul import product
from curvegan_core.noise import Stream, normals

_DIRECTIONS = 64
_NEIGHBOURS = 5
# Rows that metrics of all pairs look at: their tables of distances have 8 MB.
MOST_PAIRED = 1024


def parameter_w1(fitted: Fitted) -> float:
    """Return the Wasserstein-1 distance of the fitted parameter to its true even distribution, in its own units.

    An angle's is the one on the circle: Rabin, Delon and Gousseau, "Transportation distances on the circle" (2011),
    the integral of |F - G - median(F - G)| over a period.
    """
    if fitted.period is None:
        from scipy.stats import wasserstein_distance  # noqa: PLC0415  half a second, which other families need not wait

        return float(wasserstein_distance(fitted.values_n, fitted.truth_n))
    angles = np.sort(np.concatenate((fitted.values_n, fitted.truth_n)))
    widths = np.diff(angles, append=angles[0] + fitted.period)
    shares = [np.searchsorted(np.sort(sample), angles, "right") / len(sample) for sample in fitted[:2]]
    gap = shares[0] - shares[1]
    middle = _weighted_median(gap, widths)
    return float(np.sum(np.abs(gap - middle) * widths))


def _weighted_median(values: Reals, weights: Reals) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def modes(family: Family, curves_np: Reals, threshold: float = 3.0) -> dict[str, float]:
    """Return how a family of modes is covered.

    `modes` captured of `modes_of`: with at least one curve of high quality, that is within `threshold` standard
    deviations of the mode; `hq`, the share of such curves among all: Srivastava et al., "VEEGAN" (2017), section 4.1. A
    curve's deviation is the root mean square over its points, that of a point its Euclidean distance or, where the
    family says so, that of its farther coordinate. The others are of the share of curves that each mode is the nearest
    to: `mode_entropy` its entropy in parts of the largest, log(modes), 1 is even, 0 one mode; `reverse_kl` its
    Kullback-Leibler divergence from the real shares, Lin et al., "PacGAN" (2018), section 4.1; `mode_js` their
    Jensen-Shannon divergence, Lin, "Divergence measures based on the Shannon entropy" (1991). Both are in nats.
    """
    if family.modes_kp is None:
        return {}
    mode_n, count = family.nearest_mode(curves_np), len(family.modes_kp)
    good_n = family.from_modes(curves_np) <= threshold * family.noise
    share_k = np.bincount(mode_n, minlength=count) / len(mode_n)
    real_k = family.weights_k
    middle_k = (share_k + real_k) / 2
    present = share_k[share_k > 0]
    return {
        "modes": float(len(np.unique(mode_n[good_n]))),
        "modes_of": float(count),
        "hq": float(np.mean(good_n)),
        "mode_entropy": float(np.abs(np.sum(present * np.log(present)) / np.log(count))) if count > 1 else 1.0,
        "reverse_kl": _divergence(share_k, real_k),
        "mode_js": (_divergence(share_k, middle_k) + _divergence(real_k, middle_k)) / 2,
    }


def _divergence(share_k: Reals, from_k: Reals) -> float:
    """Return the Kullback-Leibler divergence of a histogram from another one, which is 0 nowhere where it is not."""
    held = share_k > 0
    # Rounding may leave a divergence of 0 just below it.
    return max(0.0, float(np.sum(share_k[held] * np.log(share_k[held] / from_k[held]))))


def w1(curves_np: Reals, real_mp: Reals) -> float:
    """Return the exact Wasserstein-1 distance of two samples of one size: the cheapest assignment of one to the other.

    The samples' own, by scipy's `linear_sum_assignment`; two real samples are not at 0 either.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  wanted once, at a training's end

    distance_nm = _euclidean(curves_np, real_mp)
    return float(np.mean(distance_nm[linear_sum_assignment(distance_nm)]))


def sliced_w1(curves_np: Reals, real_mp: Reals) -> float:
    """Return the mean Wasserstein-1 distance of projections on 64 fixed directions, of samples of any size.

    Bonneel, Rabin, Peyré and Pfister, "Sliced and Radon Wasserstein barycenters of measures" (2015), with p = 1.
    """
    direction_dp = normals(0, Stream.EVALUATION, 3, (_DIRECTIONS, curves_np.shape[1])).astype(np.float64)
    direction_dp /= np.linalg.norm(direction_dp, axis=1, keepdims=True)
    curve_nd, real_md = (np.sort(product(sample, direction_dp.T), axis=0) for sample in (curves_np, real_mp))
    # Of as many points on a line each, it is the mean distance of the sorted ones; scipy would take them one by one.
    if len(curve_nd) == len(real_md):
        return float(np.mean(np.abs(curve_nd - real_md)))
    # Of others it is the mean distance of the quantiles, which step where either sample's do.
    counts = len(curve_nd), len(real_md)
    ends = np.unique(np.concatenate([np.arange(1, count + 1) / count for count in counts]))
    width, middle = np.diff(ends, prepend=0.0), ends - np.diff(ends, prepend=0.0) / 2
    curve_qd, real_qd = (values[(middle * len(values)).astype(int)] for values in (curve_nd, real_md))
    return float(np.mean(width @ np.abs(curve_qd - real_qd)))


class Neighbours:
    """The real sample's distances within itself, measured once for many generated samples."""

    def __init__(self, real_mp: Reals) -> None:
        self._real_mp = real_mp[:MOST_PAIRED]
        within_mm = _euclidean(self._real_mp, self._real_mp)
        self._mean = float(np.mean(within_mm))
        # Its own distance, 0, is the first of a row.
        nearest = min(_NEIGHBOURS, len(self._real_mp) - 1)
        self._radius_m = np.partition(within_mm, nearest, axis=1)[:, nearest]

    def compare(self, curves_np: Reals) -> dict[str, float]:
        """Return `energy`, `density` and `coverage` of the first MOST_PAIRED of a generated sample.

        energy: sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|), Székely and Rizzo, "Energy statistics" (2013), of which
        scipy.stats.energy_distance is the one-dimensional case. density and coverage: Naeem et al., "Reliable fidelity
        and diversity metrics for generative models" (2020), equations 4 and 5, with balls that reach to a real curve's
        5th nearest real one: how many balls a generated curve lies in, in parts of 5, and the share of balls that hold
        one.
        """
        curves_np = curves_np[:MOST_PAIRED]
        between_mn = _euclidean(self._real_mp, curves_np)
        within = 2 * float(np.sum(pdist(curves_np))) / len(curves_np) ** 2
        energy = 2 * float(np.mean(between_mn)) - self._mean - within
        held_mn = between_mn <= self._radius_m[:, None]
        # As many generated curves as real ones at a time: more would reach every ball, wherever they come from.
        firsts = range(0, max(1, len(curves_np) - len(held_mn) + 1), len(held_mn))
        covered = [held_mn[:, first : first + len(held_mn)].any(axis=1).mean() for first in firsts]
        return {
            "energy": float(np.sqrt(max(energy, 0.0))),
            "density": float(held_mn.sum() / (_NEIGHBOURS * len(curves_np))),
            "coverage": float(np.mean(covered)),
        }


def _euclidean(a_np: Reals, b_mp: Reals) -> Reals:
    distance_nm: NDArray[Any] = cdist(a_np, b_mp)
    return distance_nm
