"""What a generator of your own curves is held against, on the rows that are held out, and what tells it from a copier.

Samples are float64 rows (n, points), in deviations of the whole set.
"""

import numpy as np
from scipy.spatial.distance import cdist

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.data import Data
from curvegan_core.families.family import Reals
from curvegan_core.families.front import Front, components_of
from curvegan_core.matmul import product
from curvegan_core.metrics import two_samples
from curvegan_core.metrics.distribution import Neighbours
from curvegan_core.noise import Stream, normals, uniforms


def baselines(family: Data, config: TrainConfig) -> dict[str, Reals]:
    """Return samples that need no training, by name.

    floor: the rows that are trained on. gaussian: normal scores on their principal components. kde: scores of a row and
    a normal step, Scott, "Multivariate density estimation" (1992), whose factor is n^(-1/(d + 4)).
    """
    rows_mp, count = family.rows_mp, config.samples
    front = Front.of("pca", rows_mp, components_of(rows_mp))
    score_mk = front.scores(rows_mp) * front.scale_k
    normal_nk = normals(config.seed, Stream.BASELINE, 0, (count, score_mk.shape[1])) * score_mk.std(axis=0)
    row_n = (uniforms(config.seed, Stream.BASELINE, 1, (count,)) * len(rows_mp)).astype(np.int64)
    step = len(rows_mp) ** (-1 / (score_mk.shape[1] + 4))
    rest_np = front.rest(count, config.seed) + front.mean_p
    scores = {"gaussian": normal_nk, "kde": score_mk[row_n] + step * normal_nk}
    drawn = {name: product(score_nk, front.basis_kp) + rest_np for name, score_nk in scores.items()}
    return {"floor": rows_mp, **drawn}


def beside(family: Data, config: TrainConfig, curves_np: Reals) -> dict[str, float]:
    """Return what rows held out tell of generated curves, beside the baselines on the same rows.

    roughness: of the mean absolute second differences along the curves, to that of all real rows: a few rough ones
    make most of it, and where they fall is luck. memorisation: of the mean distances to the nearest row that is trained
    on, of generated curves and of rows held out: 0 for copies, 1 for new ones.
    """
    samples, real_mp = baselines(family, config), family.judging(curves_np)
    held = Neighbours(real_mp)
    energies = {f"energy_{name}": held.compare(sample)["energy"] for name, sample in samples.items()}
    rough = _roughness(np.concatenate([family.rows_mp, family.held_mp]))
    new = _nearest(family.held_mp, family.rows_mp)
    ratios = {"roughness": (_roughness(curves_np), rough), "memorisation": (_nearest(curves_np, family.rows_mp), new)}
    ratios["energy_ratio"] = held.compare(curves_np)["energy"], energies["energy_gaussian"]
    found = energies | {name: value / whole for name, (value, whole) in ratios.items() if whole > 0}
    sure = two_samples.ratio_interval(curves_np, samples["gaussian"], real_mp, config.seed)
    return found | _bounds("energy_ratio", sure) | _told_apart(curves_np, samples, real_mp)


def _told_apart(curves_np: Reals, samples: dict[str, Reals], real_mp: Reals) -> dict[str, float]:
    """Return the classifier's accuracy on generated curves, its interval, and its accuracy on the baselines."""
    told, of = two_samples.told_apart(curves_np, real_mp)
    others = {f"c2st_{name}": two_samples.told_apart(sample, real_mp) for name, sample in samples.items()}
    shares = {name: share / whole for name, (share, whole) in others.items()}
    return {"c2st": told / of} | _bounds("c2st", two_samples.interval(told, of)) | shares


def _bounds(name: str, bounds: tuple[float, float] | None) -> dict[str, float]:
    return {} if bounds is None else {f"{name}_low": bounds[0], f"{name}_high": bounds[1]}


def _roughness(curves_np: Reals) -> float:
    return float(np.mean(np.abs(np.diff(curves_np, 2, axis=1)))) if curves_np.shape[1] > 2 else 0.0


def _nearest(curves_np: Reals, rows_mp: Reals) -> float:
    return float(np.mean([cdist(curves_np[[n]], rows_mp).min() for n in range(min(len(curves_np), 1024))]))
