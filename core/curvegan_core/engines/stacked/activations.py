"""The activations of `curvegan_core.activations` in torch, each with its slope, which is itself differentiable."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import elu, gelu, leaky_relu, silu


class Activation(NamedTuple):
    """A function of the numbers before it and its derivative. Both are of 0 what keeps padding at 0."""

    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]


def _leaky_relu(slope: float) -> Activation:
    def derivative(hidden: Tensor) -> Tensor:
        return torch.full_like(hidden, slope).masked_fill_(hidden > 0, 1)

    return Activation(lambda hidden: leaky_relu(hidden, slope), derivative)


def _silu_derivative(hidden: Tensor) -> Tensor:
    gate = hidden.sigmoid()
    return gate * (1 + hidden * (1 - gate))


def _gelu_derivative(hidden: Tensor) -> Tensor:
    density = (-0.5 * hidden.square()).exp() / math.sqrt(2 * math.pi)
    return 0.5 + 0.5 * torch.erf(hidden / math.sqrt(2)) + hidden * density


# Of the config's slope.
ACTIVATIONS: dict[str, Callable[[float], Activation]] = {
    "relu": lambda _: Activation(torch.relu, lambda hidden: (hidden > 0).to(hidden.dtype)),
    "leaky_relu": _leaky_relu,
    "tanh": lambda _: Activation(torch.tanh, lambda hidden: 1 - hidden.tanh().square()),
    "elu": lambda _: Activation(elu, lambda hidden: hidden.clamp_max(0).exp()),
    "silu": lambda _: Activation(silu, _silu_derivative),
    "gelu": lambda _: Activation(gelu, _gelu_derivative),
}
"""Each activation by its name."""
