"""The rule that decided, and by how much, agrees with the verdict whatever the numbers are."""

import random
from typing import Any

import numpy as np
import pytest

from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.metrics.verdict import judge
from curvegan_core.metrics.weighing import Measure, rules, run_away
from curvegan_core.records.loss_curve import LossCurve, Snapshot

EVERY = {"spread": 0.1, "g_loss": 0.69, "d_loss": 1.39, "d_real": 0.5, "d_fake": 0.5}


def of(metrics: dict[str, float], rmse: list[float], along: list[dict[str, float]]) -> tuple[str, Any]:
    values = np.asarray(rmse, np.float32)
    curve = LossCurve(10 * np.arange(len(values)), *(values for _ in range(5)))
    snapshots = [Snapshot(100 * at, np.zeros((1, 2), np.float32), known) for at, known in enumerate(along)]
    word = judge(curve, snapshots, Metrics.from_dict(metrics)).name
    return word, rules(curve, snapshots, metrics)


def drawn(kind: str) -> dict[str, float]:
    number = random.choice
    metrics = EVERY | {"rmse": number([0.05, 0.1, 0.2, 0.4]), "relative_rmse": number([0.1, 0.2, 0.3])}
    metrics |= {"relative_spread": number([0.3, 0.5, 0.7, 1.0, 1.5]), "equilibrium_gap": number([0.01, 0.03, 0.2])}
    if kind == "modes":
        metrics |= {"hq": number([0.4, 0.5, 0.9]), "modes": number([1.0, 7.0, 8.0]), "modes_of": 8.0}
        metrics |= {"mode_entropy": number([0.5, 0.99])}
    if kind == "own":
        metrics |= {"energy": number([0.1, 0.2]), "energy_gaussian": 0.2, "energy_floor": number([0.05, 0.1])}
        metrics |= {"roughness": number([0.5, 1.0, 1.5, 2.0]), "memorisation": number([0.4, 0.5, 1.0])}
    return metrics


@pytest.mark.parametrize("kind", ["near", "modes", "own"])
def test_the_last_rule_is_the_verdict(kind: str) -> None:
    random.seed(5)
    words = set()
    for _ in range(400):
        ends = random.choice([[0.2] * 30, [0.9, 0.1] * 20, list(np.linspace(2, 0.3, 40))])
        level = random.choice([[0.2] * 9, list(np.linspace(1, 0.2, 9)), [0.2, 0.3] * 5])
        gap = random.choice([0.01, 0.2])
        along = [{"rmse": value, "equilibrium_gap": gap} for value in level]
        word, found = of(drawn(kind), ends, along)
        assert found[-1].name == word
        assert found[-1].holds
        assert not any(rule.holds for rule in found[:-1])
        words.add(word)
    assert len(words) >= 5


def test_it_says_by_how_much() -> None:
    metrics = EVERY | {"rmse": 0.3, "relative_rmse": 0.3, "equilibrium_gap": 0.01}
    word, found = of(metrics, [0.3] * 90, [{"rmse": 0.3, "equilibrium_gap": 0.02}] * 9)
    assert word == "equilibrium-but-wrong"
    assert found[0].measures[0] == Measure("relative_rmse", 0.3, high=0.2)
    assert found[0].measures[0].margin == pytest.approx(-0.1)
    assert [(measure.value, measure.margin) for measure in found[-1].measures] == [(0.02, pytest.approx(0.01))]
    assert rules(LossCurve.empty(), [], None)[0].name == "diverged"


def test_a_training_that_was_stopped_had_run_away_so_far() -> None:
    rule = run_away(EVERY | {"rmse": 12.0, "relative_rmse": 12.5})
    assert (rule.name, rule.holds, rule.measures[0].margin) == ("diverged", True, 2.5)
