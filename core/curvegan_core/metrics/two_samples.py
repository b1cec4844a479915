"""How sure it is that generated curves differ from rows that were held out: a classifier's test, and an interval.

Samples are float64 rows (n, points); of as many as `MOST_PAIRED` all pairs are looked at.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import betaincinv

from curvegan_core.families.family import Reals
from curvegan_core.matmul import product
from curvegan_core.metrics.distribution import MOST_PAIRED
from curvegan_core.noise import Stream, uniforms

LEVEL = 0.95
"""Of every interval here."""
_DRAWS = 500
# Rows of each sample that the classifier is fitted to: its tables grow with their square, its time with their cube.
_MOST_TOLD = 256
_FOLDS, _COMPONENTS, _RIDGE = 5, 5, 1.0


def told_apart(curves_np: Reals, real_mp: Reals) -> tuple[int, int]:
    """Return how many rows of both samples a classifier gives to their own, and of how many. By luck it is half.

    Lopez-Paz and Oquab, "Revisiting classifier two-sample tests" (2017), with as many rows of each, the first ones, and
    kernel ridge regression of the sample on `_features`, fitted to four fifths of the rows for each fifth. The nearest
    neighbour, which is often taken, gives half for white noise too: all have their nearest row among the real ones.
    """
    count = min(len(curves_np), len(real_mp), _MOST_TOLD)
    kernel_nn = _kernel(_features(np.concatenate([curves_np[:count], real_mp[:count]])))
    own_n = np.repeat([1.0, -1.0], count)
    fold_n = np.tile(np.arange(count) % _FOLDS, 2)
    told = 0
    for fold in range(_FOLDS):
        seen_n = fold_n != fold
        seen_mm = kernel_nn[np.ix_(seen_n, seen_n)] + _RIDGE * np.eye(int(seen_n.sum()))
        weight_m = np.linalg.solve(seen_mm, own_n[seen_n])
        guess = np.sum(kernel_nn[np.ix_(~seen_n, seen_n)] * weight_m, axis=1)
        # It always decides: of a row and its exact copy one is told, also where rounding leaves neither sign.
        told += int(np.sum((guess >= 0) == (own_n[~seen_n] > 0)))
    return told, 2 * count


def _kernel(feature_nf: Reals) -> Reals:
    """Return the Gaussian kernel of all pairs, as wide as half of the median distance."""
    distance_nn = cdist(feature_nf, feature_nf)
    width = float(np.median(distance_nn)) / 2 or 1.0
    kernel_nn: Reals = np.exp(-((distance_nn / width) ** 2) / 2)
    return kernel_nn


def _features(both_np: Reals) -> Reals:
    """Return what the classifier sees, each with deviation 1: the first principal scores, and how rough a curve is."""
    centred_np = both_np - both_np.mean(axis=0)
    most = min(_COMPONENTS, both_np.shape[1])
    _, basis_pk = np.linalg.eigh(product(np.ascontiguousarray(centred_np.T), centred_np))
    score_nk = product(centred_np, np.ascontiguousarray(basis_pk[:, -most:]))
    rough_n = np.mean(np.abs(np.diff(both_np, min(2, both_np.shape[1] - 1), axis=1)), axis=1)
    feature_nf = np.column_stack([score_nk, np.log(rough_n + np.finfo(float).tiny)])
    feature_nf -= feature_nf.mean(axis=0)
    deviation_f = feature_nf.std(axis=0)
    scaled_nf: Reals = feature_nf / np.where(deviation_f > 0, deviation_f, 1.0)
    return scaled_nf


def interval(told: int, of: int) -> tuple[float, float]:
    """Return the interval of a share, exact for independent trials: Clopper and Pearson (1934)."""
    beyond = (1 - LEVEL) / 2
    low = float(betaincinv(told, of - told + 1, beyond)) if told else 0.0
    high = float(betaincinv(told + 1, of - told, 1 - beyond)) if told < of else 1.0
    return low, high


def ratio_interval(curves_np: Reals, baseline_np: Reals, real_mp: Reals, seed: int) -> tuple[float, float] | None:
    """Return the interval of the ratio of two samples' energy distances to the real rows, from draws of those.

    The percentile bootstrap, Efron and Tibshirani, "An introduction to the bootstrap" (1993), of the real rows alone:
    of the others there may be as many as one likes. A row drawn twice is at no distance of itself, which makes a draw's
    mean distance within smaller by 1/m; that is put right. None where all draws of the baseline are at no distance.
    """
    count = len(real_mp)
    if count < 2:
        return None
    drawn = (uniforms(seed, Stream.BASELINE, 2, (_DRAWS, count)) * count).astype(np.int64)
    weight_dm = np.stack([np.bincount(row, minlength=count) for row in drawn]) / count
    within_d = np.sum(product(weight_dm, cdist(real_mp, real_mp)) * weight_dm, axis=1) * count / (count - 1)
    squared = []
    for sample_np in (curves_np[:MOST_PAIRED], baseline_np[:MOST_PAIRED]):
        between_m = cdist(real_mp, sample_np).mean(axis=1)
        squared.append(2 * np.sum(weight_dm * between_m, axis=1) - within_d - cdist(sample_np, sample_np).mean())
    usable = squared[1] > 0
    if not usable.any():
        return None
    ratio_d = np.sqrt(np.maximum(squared[0][usable], 0) / squared[1][usable])
    low, high = np.quantile(ratio_d, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
