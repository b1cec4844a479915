"""What goes wrong with a person's own curves is planted, and each failing gets its word; new curves are converged."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.data import Data
from curvegan_core.families.dataset import Dataset
from curvegan_core.metrics.baselines import Judge, baselines, beside
from curvegan_core.metrics.distribution import Neighbours
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.metrics.verdict import LEAST_NEW, judge
from curvegan_core.records.loss_curve import LossCurve

RANDOM = np.random.default_rng(3)


def waves(count: int) -> np.ndarray:
    """Waves of two kinds, which no Gaussian is."""
    x, kind = np.linspace(0, 1, 40), RANDOM.integers(2, size=(count, 1))
    shift, height = RANDOM.uniform(-0.1, 0.1, (count, 1)), RANDOM.uniform(0.8, 1.2, (count, 1))
    return height * np.sin(2 * np.pi * (1 + kind) * (x + shift)) + 0.02 * RANDOM.normal(size=(count, 40))


DATASET = Dataset.checked(np.asarray(waves(400)))
CONFIG = TrainConfig.parse(PRESETS["data"].values | {"curve": DATASET.parameters, "points": 40})
FAMILY = Data(CONFIG, DATASET)
ROWS = FAMILY.rows_mp
MEAN, DEVIATION = ROWS.mean(axis=0), ROWS.std(axis=0)


def new() -> np.ndarray:
    return (waves(1024) - DATASET.parameters.mean) / DATASET.parameters.scale


PLANTED: dict[str, Callable[[], np.ndarray]] = {
    "converged": new,
    "copies": lambda: ROWS[RANDOM.integers(len(ROWS), size=1024)],
    "noise": lambda: MEAN + DEVIATION * RANDOM.normal(size=(1024, 40)),
    "jagged": lambda: new() + 0.1 * RANDOM.normal(size=(1024, 40)),
    "collapsed": lambda: ROWS[0] + 0.05 * RANDOM.normal(size=(1024, 40)),
    "undertrained": lambda: baselines(FAMILY, CONFIG)["gaussian"],
}


@pytest.mark.parametrize("word", PLANTED)
def test_each_failing_has_its_word(word: str) -> None:
    curves = PLANTED[word]()
    spread = float(np.mean(curves.std(axis=0)) / np.mean(FAMILY.held_mp.std(axis=0)))
    judged = Neighbours(FAMILY.judging(curves)).compare(curves) | beside(FAMILY, CONFIG, curves)
    metrics = Metrics(0.3, 1.0, 0.7, 1.4, 0.5, 0.5, judged | {"relative_rmse": 0.3, "relative_spread": spread})
    assert judge(LossCurve.empty(), [], metrics).text == word, judged
    low, high = (judged[f"energy_ratio_{end}"] for end in ("low", "high"))
    assert low <= judged["energy_ratio"] <= high
    assert (high < 1) == (word in ("converged", "copies", "jagged")), judged
    assert (judged["c2st_low"] > 0.5) == (word in ("noise", "jagged", "collapsed", "undertrained")), judged
    assert judged["c2st_gaussian"] > 0.6 > judged["c2st_floor"]


def test_rows_that_are_there_twice_leave_no_ball_empty() -> None:
    twice = Dataset.checked(np.repeat(DATASET.rows[:40], 8, axis=0))
    config = TrainConfig(curve=twice.parameters, points=40)
    distinct = Data(config, twice).judging(np.zeros((0, 40)))
    assert len(distinct) == 40
    assert Neighbours(distinct).compare(distinct)["coverage"] == 1


def test_an_odd_row_held_out_makes_no_copies_of_new_curves() -> None:
    few = Dataset.checked(np.asarray(waves(30)))
    family = Data(TrainConfig.parse(CONFIG.model_dump() | {"curve": few.parameters}), few)
    new_np = (waves(1024) - few.parameters.mean) / few.parameters.scale
    usual = cdist(new_np, family.rows_mp).min(axis=1).mean()
    family.held_mp[0] = family.rows_mp[0] + 15 * usual / np.sqrt(40)
    assert usual < LEAST_NEW * cdist(family.held_mp, family.rows_mp).min(axis=1).mean()
    near = [Judge(family).ratios(rows_np)["memorisation"] for rows_np in (new_np, family.rows_mp)]
    assert near[0] > LEAST_NEW
    assert near[1] == 0


def test_memorisation_is_in_parts_of_real_rows_to_other_ones() -> None:
    others_mm = cdist(ROWS, ROWS) + np.diag(np.full(len(ROWS), np.inf))
    near = [cdist(FAMILY.held_mp, ROWS).min(axis=1), others_mm.min(axis=1)]
    found = Judge(FAMILY).ratios(FAMILY.held_mp)["memorisation"]
    assert found == pytest.approx(near[0].mean() / np.concatenate(near).mean())
