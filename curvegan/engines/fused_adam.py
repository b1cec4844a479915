"""Adam's update of panels of numbers, and averages of weights, in compiled code. Knows nothing of losses and gradients.

Kingma and Ba, "Adam" (2015), algorithm 1: p -= lr/(1 - beta1^t) m / (sqrt(v/(1 - beta2^t)) + eps)
is p -= m / (sqrt(v) scale + shift).
"""

from typing import NamedTuple

import numpy as np

from curvegan.engines.fused_layout import Network, Numbers
from curvegan.engines.fused_rows import Floats
from curvegan.engines.fused_vectors import compiled, fma

_SMALLEST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


class Rates(NamedTuple):
    """Adam's rates of a network, and the bound of its weights: infinite if there is none."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    clip: float


class Adam(NamedTuple):
    """What one update needs."""

    take_m: np.float32
    take_v: np.float32
    scale: np.float32
    shift: np.float32
    clip: np.float32


@compiled
def power(base: float, exponent: int) -> float:
    """Return base ** exponent by squaring: the same on every machine."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@compiled
def prepare(rates: Rates, count: int) -> Adam:
    """Prepare update number `count`, from 1."""
    per_lr = (1 - power(rates.beta1, count)) / rates.lr
    scale = _float32(per_lr / np.sqrt(1 - power(rates.beta2, count)))
    taken = np.float32(1 - rates.beta1), np.float32(1 - rates.beta2)
    return Adam(taken[0], taken[1], scale, _float32(per_lr * rates.eps), np.float32(rates.clip))


@compiled
def _float32(value: float) -> np.float32:
    """Round to a normal float32, so that neither 0/0 nor 0 * inf can come of a tiny rate or eps."""
    return np.float32(min(max(value, _SMALLEST), _LARGEST))


@compiled
def update(adam: Adam, slopes: Floats, values: Floats, m: Floats, v: Floats) -> None:
    """Update numbers in a row."""
    for place in range(len(values)):
        slope = slopes[place]
        first = fma(adam.take_m, slope - m[place], m[place])
        second = fma(adam.take_v, fma(slope, slope, -v[place]), v[place])
        m[place], v[place] = first, second
        values[place] -= first / fma(np.sqrt(second), adam.scale, adam.shift)


@compiled
def update_panel(adam: Adam, gradient_ru: Floats, network: Network, n: int) -> None:
    """Update the numbers of a panel, and keep them within the bound."""
    values = network.values.panels_nru[n].reshape(-1)
    update(
        adam, gradient_ru.reshape(-1), values, network.m.panels_nru[n].reshape(-1), network.v.panels_nru[n].reshape(-1)
    )
    _clip(adam.clip, values)


@compiled
def update_bias(adam: Adam, gradient: Floats, network: Network, count: int) -> None:
    """Update the first `count` numbers of the output's bias, and keep them within the bound."""
    update(adam, gradient, network.values.bias[:count], network.m.bias, network.v.bias)
    _clip(adam.clip, network.values.bias[:count])


@compiled
def _clip(bound: np.float32, values: Floats) -> None:
    if bound < np.inf:
        for place in range(len(values)):
            # What is no number stays so, and is seen.
            value = bound if values[place] > bound else values[place]
            values[place] = -bound if value < -bound else value


@compiled
def take_in(take: np.float32, values: Numbers, average: Numbers) -> None:
    """Do mean += (values - mean) take; an average without panels stays as it is."""
    for n in range(len(average.panels_nru)):
        _take_in(take, values.panels_nru[n].reshape(-1), average.panels_nru[n].reshape(-1))
    if len(average.panels_nru) > 0:
        _take_in(take, values.bias, average.bias)


@compiled
def _take_in(take: np.float32, values: Floats, average: Floats) -> None:
    for place in range(len(values)):
        average[place] = fma(take, values[place] - average[place], average[place])
