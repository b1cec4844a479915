"""Gradients through every activation and penalty at any depth, against finite differences in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from curvegan_core.engines.fused.deep.layout import ACTIVATIONS
from tests.core.fused.fused import a_config, fused
from tests.core.stacked.plain_torch import Exact

# As sgd without memory keeps the gradient itself, and both are taken before either update.
_SGD: dict[str, Any] = {"optimiser": "sgd", "updates": "simultaneous", "layers_g": 2, "layers_d": 3, "hidden_g": 5}
_PENALTIES: dict[str, dict[str, Any]] = {
    "none": {"loss": "lsgan"},
    "r1": {"loss": "ns", "r1": 3.0, "curve": "sine"},
    "r1 r2": {"loss": "rpgan", "r1": 2.0, "r2": 1.0},
    "gp": {"loss": "wgan", "gp": 5.0, "curve": "updown"},
}
_STEP = 1e-6


def differences(loss: Callable[[], Tensor], network: nn.Module) -> list[np.ndarray]:
    """Return the central differences of the loss by each parameter."""
    found = []
    for parameter in network.parameters():
        flat, slopes = parameter.data.view(-1), np.zeros(parameter.numel())
        for index, before in enumerate(flat.tolist()):
            values = []
            for moved in (before + _STEP, before - _STEP):
                flat[index] = moved
                values.append(loss().item())
            flat[index] = before
            slopes[index] = (values[0] - values[1]) / (2 * _STEP)
        found.append(slopes.reshape(parameter.shape))
    return found


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("penalty", _PENALTIES)
def test_gradients_are_finite_differences(activation: str, penalty: str) -> None:
    config = a_config("odd", **_SGD, **_PENALTIES[penalty], activation=activation)
    engine, exact = fused(config), Exact(config)
    engine.run([0], 1, [])
    exact.minibatch(0)
    fake = exact.g(exact.z).detach()
    expected = {
        "discriminator": differences(lambda: exact.whole_d_loss(fake), exact.d),
        "generator": differences(lambda: exact.g_loss(exact.g(exact.z)), exact.g),
    }
    for network, slopes in expected.items():
        largest = max(np.abs(slope).max() for slope in slopes)
        actual = [tensor for name, tensor in engine.state(0).momentum.items() if name.startswith(network)]
        for ours, slope in zip(actual, slopes, strict=True):
            np.testing.assert_allclose(ours, slope, rtol=1e-5, atol=2e-6 * largest)
