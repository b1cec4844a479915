"""16 default trainings by the fused engine end as those by the torch engine do: another sample of one distribution.

Engines round differently and GANs are chaotic, so after some thousand steps single trainings have nothing in common.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp, mannwhitneyu

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import Engine
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.families import curves
from curvegan_core.metrics.evaluation import evaluation_latents
from curvegan_core.networks import generate
from tests.core.fused.fused import fused, initial

_CONFIGS = [TrainConfig(seed=seed) for seed in range(16)]


# Of `python -m tests.core.fused.test_fused_quality`, with torch 2.13.0.
_TORCH_RMSE = [
    *(0.0882, 0.0997, 0.0772, 0.095, 0.102, 0.0835, 0.08, 0.1053),
    *(0.0928, 0.0755, 0.0866, 0.0952, 0.094, 0.0893, 0.0974, 0.0818),
]


def outcomes(engine: Engine) -> np.ndarray:
    """Return (5, jobs): the final RMSE on the evaluation latents, g_loss, d_loss, d_real, d_fake of the last step."""
    steps = _CONFIGS[0].steps
    trace = engine.run([0] * len(_CONFIGS), steps, [steps - 1])
    rmse = [
        curves.rmse(config, generate(engine.state(place).weights, evaluation_latents(config), config))
        for place, config in enumerate(_CONFIGS)
    ]
    return np.array([rmse, trace.g_loss[-1], trace.d_loss[-1], trace.d_real[-1], trace.d_fake[-1]])


def test_it_learns_as_well_as_the_torch_engine() -> None:
    rmse, g_loss, d_loss, d_real, d_fake = outcomes(fused(*_CONFIGS))
    # Two-sided, at 5 %: neither the ranks nor the distribution functions tell the engines apart.
    assert mannwhitneyu(rmse, _TORCH_RMSE).pvalue > 0.05
    assert ks_2samp(rmse, _TORCH_RMSE).pvalue > 0.05
    assert 0.06 < np.median(rmse) < 0.12
    assert 0.66 < np.median(g_loss) < 0.73
    assert 1.33 < np.median(d_loss) < 1.42
    assert np.median(d_real) == pytest.approx(0.5, abs=0.02)
    assert np.median(d_fake) == pytest.approx(0.5, abs=0.02)


if __name__ == "__main__":
    print(outcomes(TorchEngine(_CONFIGS, [initial(config) for config in _CONFIGS], "cpu"))[0].round(4).tolist())
