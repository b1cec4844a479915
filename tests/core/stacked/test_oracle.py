"""Each engine trains what the tutorial trains: step by step against its loop, and in the end over 16 seeds."""

from typing import Any

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import rmse
from curvegan_core.metrics.evaluation import evaluation_latents
from curvegan_core.networks import generate
from curvegan_core.sampling import samples
from tests.core.packs import Kept, alone, train
from tests.core.stacked.oracle import tutorial_losses

_CONFIGS: dict[str, dict[str, Any]] = {
    "default": {},
    "odd": {"batch_size": 5, "hidden_g": 33, "hidden_d": 7, "points": 7, "latent": 3},
    "large": {"batch_size": 96, "hidden_g": 200, "hidden_d": 130, "points": 40, "latent": 20},
    "rates": {"lr_g": 5e-4, "lr_d": 1e-3, "beta1": 0.5, "beta2": 0.9, "eps": 1e-6},
    "no momentum": {"beta1": 0.0, "beta2": 0.0, "eps": 1e-3},
}
each_engine = pytest.mark.parametrize("engine", ["torch", "fused"])


@each_engine
@pytest.mark.parametrize("seed", [0, 2**64 - 1])
@pytest.mark.parametrize("config", _CONFIGS)
def test_agrees_with_the_tutorials_loop(config: str, seed: int, engine: str) -> None:
    values = {"seed": seed, "steps": 100, "record_every": 1, "engine": engine}
    job = TrainConfig.parse({**_CONFIGS[config], **values})
    ours = np.column_stack(alone(job).losses.columns[1:]).astype(np.float64)
    np.testing.assert_allclose(ours, tutorial_losses(job, 100), rtol=0, atol=1e-5)


def assert_complete(job: TrainConfig, kept: Kept) -> None:
    """Everything lies on its grid, once, and the metrics are those of the last checkpoint."""
    assert kept.losses.steps.tolist() == list(range(0, 10001, 10))
    grid = list(range(0, 10001, 1000))
    assert [snapshot.step for snapshot in kept.snapshots] == [*grid, 10001]
    assert [checkpoint.step for checkpoint in kept.checkpoints] == [*grid[1:], 10001]
    metrics, last = kept.end.metrics, kept.checkpoints[-1]
    assert metrics is not None
    assert [metrics.g_loss, metrics.d_loss, metrics.d_real, metrics.d_fake] == [
        column[-1] for column in kept.losses.columns[1:5]
    ]
    curves = generate(last.weights, evaluation_latents(job), job)
    assert metrics.rmse == rmse(job, curves)
    np.testing.assert_allclose(kept.snapshots[-1].curves, curves[:32], atol=1e-5)
    assert rmse(job, samples(last, job, 200, seed=5)) == pytest.approx(metrics.rmse, rel=0.15)


@each_engine
def test_sixteen_seeds_of_the_default_job_end_where_the_tutorial_ends(engine: str) -> None:
    configs = {seed: TrainConfig.parse({"seed": seed, "engine": engine}) for seed in range(16)}
    kept = train({seed: (config, None) for seed, config in configs.items()})
    for seed, config in configs.items():
        assert_complete(config, kept[seed])
    metrics = [job.end.metrics for job in kept.values() if job.end.metrics]
    assert 0.06 <= np.median([final.rmse for final in metrics]) <= 0.12
    assert 0.66 <= np.median([final.g_loss for final in metrics]) <= 0.73
    assert 1.33 <= np.median([final.d_loss for final in metrics]) <= 1.42
    # Equilibrium long before convergence, as the tutorial's own runs show: P(real) is 0.5 while RMSE is still .2 to .4.
    early = [job.losses.rows(200, 250) for job in kept.values()]
    assert np.median([np.abs(losses.d_fake - 0.5).max() for losses in early]) < 0.05
    assert 0.2 < np.median([losses.rmse.mean() for losses in early]) < 0.4
