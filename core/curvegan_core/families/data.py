"""The family of your own curves: rows of a data set, each as likely."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config import curve as parameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.family import Family, Reals, nearest_row
from curvegan_core.families.front import Front, components_of
from curvegan_core.families.prior import Prior, normal_share, prior, pseudo_labels, spread
from curvegan_core.noise import Stream, uniforms_of

# Rows that stand for the whole set when distances are measured: enough to judge by, few enough for every record.
_MOST_COMPARED = 1024


class Data(Family):
    """Rows as the front end gives them to a training. Distances are in deviations of all values, between curves.

    Rows that are held out are never trained on: what a generator is judged by.
    """

    curve: parameters.Data

    def __init__(self, config: TrainConfig, dataset: Dataset | None, front: Front | None = None) -> None:
        """Take the data set, and the front end of a training that goes on; without one it is made from the rows.

        Raises InvalidConfig if the data set is missing, another one, or has other points.
        """
        super().__init__(config)
        if dataset is None:
            raise InvalidConfig(f"the data set {self.curve.hash[:12]} is not here")
        _check(config, dataset)
        standard_np = dataset.standardised.astype(np.float64)
        held = held_out(config, len(standard_np))
        self.rows_mp: Reals = standard_np[~held]
        """The rows that are trained on, in deviations of the whole set."""
        self.held_mp: Reals = standard_np[held]
        """The rows that are not; none where nothing is held out."""
        kind = config.front
        made = front or (Front.of(kind, self.rows_mp, config.outputs) if kind != "standardise" else None)
        self.front = made
        self._score_mk: Reals = self.rows_mp if made is None else made.scores(self.rows_mp)
        self.names = tuple(dataset.learnt) if config.labelled else ()
        """The labels that are learnt, in the order of their numbers."""
        label_n = np.array([self.names.index(label) for label in dataset.labels if self.names], np.int64)
        self.label_m, self.held_label_m = label_n[~held[: len(label_n)]], label_n[held[: len(label_n)]]
        """The numbers of the labels of the rows that are trained on, and of those that are not; none if not learnt."""
        self._compared_mp = spread(self.rows_mp, _MOST_COMPARED)

    def members(self, uniform_n: Reals) -> Reals:
        """Return rows as the discriminator sees them: where labels are learnt, each with its own.

        Of all numbers below 1 the first choose rows, and the last, as many as `prior_rows` says, pseudo-rows.
        """
        seen_gk, rows, more = self._seen_gk, len(self.rows_mp), self.prior.rows
        place_n = uniform_n * (rows + more)
        if more:
            beyond_n = rows + (place_n - rows) / more * (len(seen_gk) - rows)
            place_n = np.minimum(np.where(place_n < rows, place_n, beyond_n), len(seen_gk) - 1)
        return seen_gk[place_n.astype(np.int64)]

    @cached_property
    def prior(self) -> Prior:
        """The pseudo-rows that a training sees beside the rows, and as how many of those they count."""
        most = self.config.prior_rows
        share = normal_share(self._principal) if most else 0.0
        return prior(self._score_mk, self.label_m, most * share, self.config.seed)

    @property
    def _principal(self) -> Reals:
        """The rows' principal scores, whatever the front end is: a normal distribution of those has no correlations."""
        if self.config.front == "pca":
            return self._score_mk
        return Front.of("pca", self.rows_mp, components_of(self.rows_mp)).scores(self.rows_mp)

    @cached_property
    def _seen_gk(self) -> Reals:
        """The rows as the discriminator sees them, and pseudo-rows behind them."""
        seen_gk, label_g = np.concatenate([self._score_mk, self.prior.score_gk]), self.label_m
        if not self.names:
            return seen_gk
        if self.prior.rows:
            label_g = np.concatenate([label_g, pseudo_labels(label_g)])
        return np.concatenate([seen_gk, np.eye(len(self.names))[label_g]], axis=1)

    def judged(self, outputs_nk: NDArray[np.floating]) -> Reals:
        """Return the curves that a network's numbers stand for, (n, points), in deviations of the whole set."""
        outputs_nk = outputs_nk[:, : self.config.outputs]
        if self.front is None:
            return outputs_nk.astype(np.float64)
        return self.front.curves(outputs_nk) + self.front.rest(len(outputs_nk), self.config.seed)

    def distances(self, curves_np: NDArray[np.floating]) -> Reals:
        """Return each generated curve's distance to the nearest row, (n,), without what its front end adds as noise."""
        reals_np = curves_np.astype(np.float64) if self.front is None else self.front.curves(curves_np)
        return self.lengths(reals_np - self.nearest(reals_np))

    def restored(self, outputs_nk: NDArray[np.float32]) -> NDArray[Any]:
        """Return the same in the units of the data set, float64: of 101325 +- 0.01 a float32 keeps two steps."""
        return self.judged(outputs_nk) * self.curve.scale + self.curve.mean

    def judging(self, drawn_nk: NDArray[np.floating]) -> Reals:
        """Return the rows that are held out, else those that are trained on: each once, at most 1024, over all of them.

        A row that is there twice would be its own neighbour, at a distance of 0.
        """
        rows_mp = np.unique(self.held_mp if len(self.held_mp) else self.rows_mp, axis=0)
        order = np.argsort(uniforms_of(self.config.seed, Stream.HOLDOUT, np.ones(1, np.uint64), len(rows_mp))[0])
        return rows_mp[order[:_MOST_COMPARED]]

    @property
    def tensors(self) -> dict[str, Reals]:
        return {} if self.front is None else self.front.tensors

    def nearest(self, curves_np: Reals) -> Reals:
        """Return the nearest of at most 1024 rows, spread over the set."""
        return self._compared_mp[nearest_row(curves_np, self._compared_mp)]


def held_out(config: TrainConfig, rows: int) -> NDArray[np.bool_]:
    """Return which rows are held out, by the seed: `holdout` of them all, and none below one of each."""
    count = min(round(config.holdout * rows), rows - 2)
    held = np.zeros(rows, np.bool_)
    if count > 0:
        uniform_n = uniforms_of(config.seed, Stream.HOLDOUT, np.zeros(1, np.uint64), rows)[0]
        held[np.argsort(uniform_n, kind="stable")[:count]] = True
    return held


def _check(config: TrainConfig, dataset: Dataset) -> None:
    said, known = config.curve, dataset.parameters
    assert isinstance(said, parameters.Data)
    if (said.hash, said.mean, said.scale) != (known.hash, known.mean, known.scale):
        raise InvalidConfig(f"the data set {dataset.hash[:12]} is not the config's {said.hash[:12]}")
    if dataset.points != config.points:
        raise InvalidConfig(f"points must be {dataset.points}, as the curves of the data set have")
    if said.labels and said.labels != known.labels:
        raise InvalidConfig(f"curve.labels must be {known.labels or 'empty'}, as `--data NAME` writes it")
    if config.front == "pca" and said.components != known.components:
        raise InvalidConfig(f"curve.components must be {known.components}, as `--data NAME` writes it")
