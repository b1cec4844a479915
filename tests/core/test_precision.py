"""Curves far from zero, or tiny, keep their digits through a training, to what is stored, drawn and sampled."""

import numpy as np
import pytest

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.metrics.evaluation import evaluation_latents
from curvegan_core.networks import generate
from curvegan_core.plotting.job_plots import picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.ticks import labels
from curvegan_core.records.loss_curve import Snapshot
from curvegan_core.sampling import samples, told
from curvegan_core.training import PackTraining
from tests.core.packs import Kept, keep

_SHAPE = np.sin(np.linspace(0, 2 * np.pi, 12) + 2 * np.pi * np.arange(60)[:, None] / 60)
SETS = {"a pressure": (101325.0, 0.01), "a time": (1.7e9, 0.5), "tiny": (0.0, 1e-50)}


def trained(dataset: Dataset, engine: str) -> tuple[TrainConfig, Kept]:
    config = TrainConfig.parse(
        {"curve": dataset.parameters, "points": 12, "steps": 300, "lr": 2e-3, "beta1": 0.5, "beta2": 0.9}
        | {"snapshot_every": 150, "engine": engine}
    )
    pack, kept = PackTraining({1: (config, None)}, "cpu", {dataset.hash: dataset}), {1: Kept()}
    while pack.jobs:
        keep(kept, pack.advance())
    return config, kept[1]


@pytest.mark.parametrize("engine", ["fused", "torch"])
@pytest.mark.parametrize("name", SETS)
def test_digits_survive_a_training(name: str, engine: str) -> None:
    offset, scale = SETS[name]
    dataset = Dataset.checked(offset + scale * _SHAPE)
    config, kept = trained(dataset, engine)
    assert isinstance(config.curve, Data)
    stored = [Snapshot.from_bytes(snapshot.to_bytes()) for snapshot in kept.snapshots]
    generated = stored[-1].curves
    assert generated.dtype == np.float64
    # As many different values as a training makes of curves that lie at zero, and nothing between two steps of a float.
    assert len(np.unique(generated)) > 0.9 * generated.size
    # Training sees what it would see of the same curves at zero, and its own float32 come back out of what is stored.
    resolution = 1e-6 + 10 * float(np.spacing(offset)) / scale
    np.testing.assert_allclose(dataset.standardised, Dataset.checked(_SHAPE).standardised, rtol=0, atol=resolution)
    weights = kept.checkpoints[-1].weights
    raw = generate(weights, evaluation_latents(config)[: len(generated)], config)
    np.testing.assert_allclose((generated - config.curve.mean) / config.curve.scale, raw, rtol=0, atol=resolution)
    data = PlotData("job 1", config, kept.losses, stored, dataset=dataset)
    (axes,) = picture("curve", data).axes
    marks = {marks.name: marks for marks in axes.marks}
    np.testing.assert_array_equal(marks["generated"].ys, generated)
    assert len(np.unique(axes.upwards(marks["generated"].ys))) > 0.9 * generated.size
    assert all(np.isclose(dataset.rows, row, rtol=0, atol=1e-6 * scale).all(axis=1).any() for row in marks["target"].ys)
    texts, shared = labels(axes.grid_y)
    assert len(set(texts)) == len(texts) > 2
    assert shared
    drawn = told(config, samples(kept.checkpoints[-1], config, 20, 0))
    assert drawn.dtype == np.float64
    assert len(np.unique(drawn)) > 0.9 * drawn.size
