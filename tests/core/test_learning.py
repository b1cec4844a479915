"""Every family is learned by at least one loss, in short trainings, to a quality that stands here; presets train."""

from typing import Any

import numpy as np
import pytest

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.presets import PRESETS, preset
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.training import PackTraining
from tests.core.packs import Kept, keep

_SEEDS = (1, 2)
_QUICK: dict[str, Any] = {"lr": 1e-3, "beta1": 0.5, "beta2": 0.9, "steps": 1500}
_PLANE: dict[str, Any] = {
    **{"loss": "rpgan", "r1": 0.1, "r2": 0.1, "lr": 2e-3, "beta1": 0.0, "beta2": 0.9},
    **{"batch_size": 128, "steps": 1500},
}
_PHASES = 2 * np.pi * np.arange(60) / 60
_LOADS = Dataset.checked(200 + 50 * np.sin(np.linspace(0, 2 * np.pi, 12) + _PHASES[:, None]))

_LINE = {"family": "mixture", "layout": "line", "modes": 3, "noise": 0.1}

# Every seed must have these: at most, then at least.
LEARNED: dict[str, tuple[dict[str, Any], dict[str, float], dict[str, float]]] = {
    "quadratic": ({**_QUICK, "lr": 5e-4, "steps": 2500}, {"relative_rmse": 0.2, "equilibrium_gap": 0.05}, {}),
    "cubic": ({**_QUICK, "loss": "hinge", "spectral_norm": True}, {"relative_rmse": 0.1}, {}),
    "abs": ({**_QUICK, "loss": "lsgan"}, {"relative_rmse": 0.1}, {}),
    "quadratic_family": ({**_QUICK}, {"relative_rmse": 0.25, "parameter_w1": 0.12}, {"relative_spread": 0.85}),
    "updown": (
        {**_QUICK, "loss": "rpgan", "r1": 1.0, "r2": 1.0},
        {"relative_rmse": 0.4},
        {"modes": 2, "hq": 0.6, "mode_entropy": 0.95},
    ),
    "sine": ({**_QUICK, "lr": 2e-3}, {"relative_rmse": 0.25, "parameter_w1": 0.15}, {"relative_spread": 0.85}),
    "sine_modes": ({**_QUICK, "lr": 3e-3}, {"relative_rmse": 0.35}, {"modes": 6, "mode_entropy": 0.95}),
    "ring8": (_PLANE, {"energy": 0.25}, {"modes": 8, "hq": 0.4, "coverage": 0.4}),
    "grid25": (_PLANE, {"energy": 0.25}, {"modes": 15, "mode_entropy": 0.95}),
    "spiral": (_PLANE, {"relative_rmse": 0.25, "energy": 0.25}, {"relative_spread": 0.8}),
    "circle": (_PLANE, {"relative_rmse": 0.2, "parameter_w1": 0.4}, {"relative_spread": 0.8}),
    "mixture": ({**_PLANE, "curve": _LINE}, {"w1": 0.4}, {"modes": 3, "hq": 0.5}),
    "swiss_roll": (_PLANE, {"relative_rmse": 0.25, "energy": 0.25}, {"relative_spread": 0.8}),
    "two_moons": (_PLANE, {"relative_rmse": 0.25, "energy": 0.25}, {"relative_spread": 0.8}),
    "line": (_PLANE, {"relative_rmse": 0.25, "parameter_w1": 0.25}, {"relative_spread": 0.7}),
    "dirac": ({**_QUICK, "lr": 5e-4, "r1": 1.0}, {"rmse": 0.1}, {}),
    "data": (
        {**_QUICK, "lr": 2e-3, "curve": _LOADS.parameters, "points": 12},
        {"relative_rmse": 0.35, "energy": 0.4},
        {"relative_spread": 0.8},
    ),
}


def train(configs: list[TrainConfig]) -> list[Kept]:
    pack = PackTraining({job_id: (config, None) for job_id, config in enumerate(configs)}, "cpu", {_LOADS.hash: _LOADS})
    kept = {job_id: Kept() for job_id in range(len(configs))}
    while pack.jobs:
        keep(kept, pack.advance())
    return list(kept.values())


def test_a_data_set_of_points_is_judged_as_points() -> None:
    rng = np.random.default_rng(5)
    points = Dataset.checked(
        np.array([[3.0, 3.0], [9.0, 5.0]])[rng.integers(0, 2, 200)] + 0.3 * rng.normal(size=(200, 2))
    )
    shared: dict[str, Any] = {**_PLANE, "steps": 300, "snapshot_every": 300, "points": 2}
    plane, curves = (
        TrainConfig.parse({**shared, "curve": points.parameters.model_dump() | {"plane": plane}})
        for plane in (True, False)
    )
    assert plane.hash != curves.hash
    pack = PackTraining({0: (plane, None), 1: (curves, None)}, "cpu", {points.hash: points})
    kept = {0: Kept(), 1: Kept()}
    while pack.jobs:
        keep(kept, pack.advance())
    of_points, of_curves = (kept[job].end.metrics for job in (0, 1))
    assert of_points is not None
    assert of_curves is not None
    # The same training; Euclidean distances are those of curves of two points times the root of two.
    assert of_points.g_loss == of_curves.g_loss
    assert of_points.rmse == pytest.approx(of_curves.rmse * np.sqrt(2))
    assert len(kept[0].snapshots[-1].curves) == 1024
    with pytest.raises(InvalidConfig, match="data is a set of points of the plane: points must be 2"):
        TrainConfig.parse({"curve": {**_LOADS.parameters.model_dump(), "plane": True}, "points": 12})


def test_every_family_is_learned_here() -> None:
    assert set(LEARNED) == set(CURVE_MODELS)


@pytest.mark.parametrize("name", LEARNED)
def test_short_trainings_learn_the_family(name: str) -> None:
    values, most, least = LEARNED[name]
    quick = {"curve": name, "snapshot_every": values["steps"], "checkpoint_every": values["steps"]}
    for kept in train([TrainConfig.parse({**quick, **values, "seed": seed}) for seed in _SEEDS]):
        assert kept.end.metrics is not None
        metrics = kept.end.metrics.as_dict()
        assert {key: metrics[key] for key, bound in most.items() if metrics[key] > bound} == {}, metrics
        assert {key: metrics[key] for key, bound in least.items() if metrics[key] < bound} == {}, metrics


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "data"])
def test_every_preset_trains(name: str) -> None:
    config = TrainConfig.parse({**PRESETS[name].values, "steps": 300})
    (kept,) = train([config])
    assert kept.end.metrics is not None
    # Far too short to be right, but long enough to have come nearer: a cluster by its distance, many as a distribution.
    closer = "energy" if config.curve.is_point else "rmse"
    assert kept.end.metrics.as_dict()[closer] < 0.95 * kept.snapshots[0].metrics[closer]


def test_presets_are_named_and_the_tutorial_is_the_default() -> None:
    assert preset("tutorial").config == TrainConfig()
    assert len({preset.config.hash for name, preset in PRESETS.items() if name != "data"}) == len(PRESETS) - 1 == 8
    with pytest.raises(InvalidConfig, match="no preset 'tuner', did you mean 'tuned'"):
        preset("tuner")
    with pytest.raises(InvalidConfig, match="no preset 'wgan'; there are tutorial, tuned"):
        preset("wgan")
