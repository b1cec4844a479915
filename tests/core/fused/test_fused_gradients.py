"""Gradients through every activation and penalty at any depth, against finite differences in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
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


def differences(loss: Callable[[], Tensor], network: nn.Module) -> list[tuple[np.ndarray, float]]:
    """Return for each parameter a direction and the loss's central difference along it."""
    random, found = np.random.default_rng(3), []
    for parameter in network.parameters():
        before, along = parameter.data.clone(), torch.from_numpy(random.normal(size=parameter.shape))
        values = []
        for step in (_STEP, -_STEP):
            parameter.data = before + step * along
            values.append(loss().item())
        parameter.data = before
        found.append((along.numpy(), (values[0] - values[1]) / (2 * _STEP)))
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
    for network, directions in expected.items():
        actual = [tensor for name, tensor in engine.state(0).momentum.items() if name.startswith(network)]
        for ours, (along, slope) in zip(actual, directions, strict=True):
            assert np.vdot(ours, along) == pytest.approx(slope, rel=1e-5, abs=5e-6)
