"""Rows that a training sees beside your own where those are few: draws of a normal distribution like them.

Ferguson, "A Bayesian analysis of some nonparametric problems" (1973): with a Dirichlet process for a prior, whose base
is a distribution that counts as much as alpha rows, the next row after n is one of those with n / (n + alpha), else a
draw of the base. It pays where rows are few: the squared energy distance of a mixture is below the mean of its parts'
by as much as those are apart, and the rows seen and their normal distribution are then about as far from new rows.

How many rows the normal distribution counts as is for the rows to say, up to the number given. Stacking, Smyth and
Wolpert, "Linearly combining density estimators via stacking" (1999): a mixture of it and a kernel estimate gets the
weights that make the rows likeliest, each row by what the others tell. Where rows have a shape of their own, as those
of a few kinds, it is near 0, and a normal distribution would only blur them.

Legend of the shapes in names: n rows of all, m rows that are looked at, k scores, w widths, g pseudo-rows.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.families.dataset import Rows
from curvegan_core.matmul import product
from curvegan_core.noise import Stream, normals

DRAWN = 1024
"""How many pseudo-rows there are to be drawn from."""
# Rows that densities are estimated by: all pairs are looked at.
_MOST = 512
# Widths of a kernel in deviations of the first score, which is 1 to a training.
_WIDTHS: Rows = 0.02 * 1.2 ** np.arange(27.0)
_ROUNDS = 300
_DECIMALS = 2
# A variance below this part of the largest is none.
_LEAST = 1e-12


class Prior(NamedTuple):
    """What is seen beside the rows: as how many of them it counts, and the pseudo-rows that stand for it, (g, k)."""

    rows: float
    score_gk: Rows


def prior(score_nk: Rows, label_n: NDArray[np.int64], rows: float, seed: int) -> Prior:
    """Return the prior that counts as so many rows: normal ones with the mean and the covariance of these.

    Where they have labels, (n,), a pseudo-row has that of `pseudo_labels`, and is like the rows of that label.
    """
    if not rows:
        return Prior(0.0, score_nk[:0])
    if not len(label_n):
        label_n = np.zeros(len(score_nk), np.int64)
    drawn_gk, label_g = np.empty((DRAWN, score_nk.shape[1])), pseudo_labels(label_n)
    for label in np.unique(label_g):
        own_g = label_g == label
        drawn_gk[own_g] = _normal_rows(score_nk[label_n == label], int(own_g.sum()), seed, int(label))
    return Prior(rows, drawn_gk)


def pseudo_labels(label_n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels of the pseudo-rows, (g,), as frequent as those of the rows."""
    return label_n[np.arange(DRAWN) * len(label_n) // DRAWN]


def _normal_rows(score_nk: Rows, count: int, seed: int, label: int) -> Rows:
    """Draw from the normal distribution with the mean and the covariance of the rows, of 1024 where there are more.

    Normal numbers times the centred rows have it: no decomposition, which machines round differently, is needed.
    """
    seen_mk = spread(score_nk, DRAWN)
    normal_gm = normals(seed, Stream.PRIOR, label, (count, len(seen_mk))).astype(np.float64)
    mean_k = seen_mk.mean(axis=0)
    drawn_gk: Rows = product(normal_gm, seen_mk - mean_k) / np.sqrt(len(seen_mk)) + mean_k
    return drawn_gk


def normal_share(score_nk: Rows) -> float:
    """Return the weight of the normal distribution beside a kernel estimate, of rows by their principal scores.

    In [0, 1], to two decimals: by expectation maximisation, whose last digits machines round differently.
    """
    seen_mk = spread(score_nk, _MOST)
    kernel_m = kernel_densities(seen_mk, _WIDTHS)
    kernel_m = kernel_m[np.argmax(kernel_m.mean(axis=1))]
    odds_m = np.exp(np.clip(kernel_m - normal_densities(seen_mk), -500, 500))
    share = 0.5
    for _ in range(_ROUNDS):
        share = float(np.mean(share / (share + (1 - share) * odds_m)))
    return round(share, _DECIMALS)


def kernel_width(score_nk: Rows) -> float:
    """Return the width of a normal kernel at which the scores of each row are likeliest, as the other rows tell."""
    return float(_WIDTHS[np.argmax(kernel_densities(spread(score_nk, _MOST), _WIDTHS).mean(axis=1))])


def kernel_densities(score_mk: Rows, width_w: Rows) -> Rows:
    """Return the logarithm of the density at each row of a kernel estimate of the others, (w, m).

    Leave-one-out: Habbema, Hermans and van den Broek (1974), Duin, "On the choice of smoothing parameters" (1976).
    """
    count, scores = score_mk.shape
    length_m = np.sum(score_mk**2, axis=1)
    square_mm = length_m[:, None] - 2 * product(score_mk, np.ascontiguousarray(score_mk.T)) + length_m
    np.fill_diagonal(square_mm, np.inf)
    nearest_m = square_mm.min(axis=1)
    beyond_mm = square_mm - nearest_m[:, None]
    density_wm = np.empty((len(width_w), count))
    for w, width in enumerate(width_w):
        total_m = np.sum(np.exp(-beyond_mm / (2 * width**2)), axis=1) / max(1, count - 1)
        density_wm[w] = np.log(total_m) - nearest_m / (2 * width**2) - scores * np.log(width * np.sqrt(2 * np.pi))
    return density_wm


def normal_densities(score_mk: Rows) -> Rows:
    """Return the logarithm of the density at each row of the normal distribution of the others, (m,).

    Of uncorrelated scores, as principal ones are: with a variance of each score.
    """
    count = len(score_mk)
    off_mk = (score_mk - score_mk.mean(axis=0)) ** 2
    # Without a row the sum of squares is smaller by n / (n - 1) of its own, and its distance to the mean n / (n - 1).
    without_mk = (off_mk.sum(axis=0) - off_mk * count / (count - 1)) / (count - 1)
    variance_mk = np.maximum(without_mk, _LEAST * without_mk.max(initial=0.0) or 1.0)
    distance_mk = off_mk * (count / (count - 1)) ** 2 / variance_mk
    density_m: Rows = -np.sum(distance_mk + np.log(2 * np.pi * variance_mk), axis=1) / 2
    return density_m


def spread(score_nk: Rows, most: int) -> Rows:
    """Return at most so many rows, spread over all."""
    count = min(len(score_nk), most)
    return score_nk[np.arange(count) * len(score_nk) // count]
