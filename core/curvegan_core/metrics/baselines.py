"""What a generator of your own curves is held against, on the rows that are held out, and what tells it from a copier.

Samples are float64 rows (n, points), in deviations of the whole set.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.data import Data
from curvegan_core.families.family import Reals, nearest_row
from curvegan_core.families.front import Front, components_of
from curvegan_core.families.prior import kernel_width, spread
from curvegan_core.matmul import product
from curvegan_core.metrics import two_samples
from curvegan_core.metrics.distribution import Neighbours
from curvegan_core.noise import Stream, normals, uniforms


def baselines(family: Data, config: TrainConfig, count: int | None = None) -> dict[str, Reals]:
    """Return samples that need no training, by name: of `count` curves, or as many as an evaluation takes.

    floor: the rows that are trained on. gaussian: normal scores on their principal components. kde: scores of a row and
    a normal step, drawn to the mean by as much as the step adds to their variance: the smoothed bootstrap, Silverman,
    "Density estimation" (1986), section 6.4. The steps are those of half-whitened scores, as training sees them, with
    the width at which each row is likeliest by the others: a rule of thumb for many scores smooths shapes away.
    """
    rows_mp, count = family.rows_mp, count or config.samples
    front = Front.of("pca", rows_mp, components_of(rows_mp))
    score_mk = front.scores(rows_mp)
    unit_nk = normals(config.seed, Stream.BASELINE, 0, (count, score_mk.shape[1]))
    row_n = (uniforms(config.seed, Stream.BASELINE, 1, (count,)) * len(rows_mp)).astype(np.int64)
    width, variance_k = kernel_width(score_mk), score_mk.var(axis=0)
    stepped_nk = (score_mk[row_n] + width * unit_nk) * np.sqrt(variance_k / (variance_k + width**2))
    rest_np = front.rest(count, config.seed) + front.mean_p
    scores = {"gaussian": unit_nk * (score_mk * front.scale_k).std(axis=0), "kde": stepped_nk * front.scale_k}
    drawn = {name: product(score_nk, front.basis_kp) + rest_np for name, score_nk in scores.items()}
    return {"floor": rows_mp, **drawn}


class Judge:
    """What rows held out tell of a sample: measured once, for as many samples as there are."""

    def __init__(self, family: Data) -> None:
        """Take a data set of which rows are held out."""
        self.real_mp = family.judging(family.held_mp)
        self._rows_mp = family.rows_mp
        self._neighbours = Neighbours(self.real_mp)
        # Of all rows: a few rough ones make most of it, and into which part they fall is luck.
        self._rough = _roughness(np.concatenate([family.rows_mp, family.held_mp]))
        # Of those trained on too, each without itself: of few rows held out a single odd one makes most of it.
        others_m = _nearest(family.rows_mp, family.rows_mp, itself=True)
        self._new = float(np.mean(np.concatenate([_nearest(family.held_mp, family.rows_mp), others_m])))

    def distance(self, curves_np: Reals) -> dict[str, float]:
        """Return `energy` and `c2st`: how far it is from them, and how often it is told from them."""
        return {
            "energy": self._neighbours.compare(curves_np)["energy"],
            "c2st": float(np.divide(*self.told(curves_np))),
        }

    def told(self, curves_np: Reals) -> tuple[int, int]:
        """Return how many rows of it and of those a classifier tells apart, and of how many."""
        return two_samples.told_apart(curves_np, self.real_mp)

    def ratios(self, curves_np: Reals) -> dict[str, float]:
        """Return two ratios to what is real, the more like it the nearer to 1.

        roughness: of the mean absolute second differences along the curves. memorisation: of the mean distances to the
        nearest row that is trained on, of generated curves and of real rows, where that row is another: 0 for copies, 1
        for new ones.
        """
        ratios = {"roughness": (_roughness(curves_np), self._rough)}
        ratios["memorisation"] = float(np.mean(_nearest(curves_np, self._rows_mp))), self._new
        return {name: value / whole for name, (value, whole) in ratios.items() if whole > 0}


def beside(family: Data, config: TrainConfig, curves_np: Reals) -> dict[str, float]:
    """Return what rows held out tell of generated curves, beside the baselines on the same rows."""
    judge, samples = Judge(family), baselines(family, config)
    own, others = judge.distance(curves_np), {name: judge.distance(sample) for name, sample in samples.items()}
    metrics = {f"{metric}_{name}": numbers[metric] for metric in own for name, numbers in others.items()}
    if metrics["energy_gaussian"] > 0:
        metrics["energy_ratio"] = own["energy"] / metrics["energy_gaussian"]
    sure = two_samples.ratio_interval(curves_np, samples["gaussian"], judge.real_mp, config.seed)
    metrics |= _bounds("energy_ratio", sure) | {"c2st": own["c2st"]}
    metrics |= _bounds("c2st", two_samples.interval(*judge.told(curves_np)))
    return metrics | judge.ratios(curves_np)


def by_label(family: Data, curves_np: Reals, label_n: NDArray[np.integer]) -> dict[str, float]:
    """Return whether generated curves (n, points) are of their labels (n,), as rows held out tell.

    `label_match` and `label_match_real`, and of each label with two rows held out or more `energy[LABEL]`: the energy
    distance of the label's curves to those. Nothing where no labels are learnt, or no row is held out.
    """
    if not family.names or not len(family.held_mp):
        return {}
    pairs = {"label_match": (curves_np, label_n), "label_match_real": (family.held_mp, family.held_label_m)}
    energies = {
        name: float(np.mean(family.label_m[nearest_row(rows, family.rows_mp)] == own))
        for name, (rows, own) in pairs.items()
    }
    for number, name in enumerate(family.names):
        held_mp, made_np = family.held_mp[family.held_label_m == number], curves_np[label_n == number]
        if len(held_mp) > 1 and len(made_np) > 1:
            energies[f"energy[{name}]"] = Neighbours(held_mp).compare(made_np)["energy"]
    return energies


def _bounds(name: str, bounds: tuple[float, float] | None) -> dict[str, float]:
    return {} if bounds is None else {f"{name}_low": bounds[0], f"{name}_high": bounds[1]}


def _roughness(curves_np: Reals) -> float:
    return float(np.mean(np.abs(np.diff(curves_np, 2, axis=1)))) if curves_np.shape[1] > 2 else 0.0


def _nearest(curves_np: Reals, rows_mp: Reals, itself: bool = False) -> Reals:
    """Return the distances to the nearest row of at most 1024 curves, spread over all; of rows `itself` is none."""
    rank = int(itself)
    return np.array([np.partition(cdist(curve[None], rows_mp)[0], rank)[rank] for curve in spread(curves_np, 1024)])
