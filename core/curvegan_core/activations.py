"""The activations of hidden units in numpy: formulas and sources. Engines compute them, and their slopes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def _elu(hidden: Array, _: float) -> Array:
    """Return h above 0 and exp(h) - 1 below: Clevert et al., "Fast and accurate deep network learning" (2016)."""
    bent: Array = np.where(hidden > 0, hidden, np.expm1(np.minimum(hidden, 0)))
    return bent


def _silu(hidden: Array, _: float) -> Array:
    """Return h sigmoid(h): Elfwing et al., "Sigmoid-weighted linear units" (2018). tanh does not overflow."""
    gate: Array = np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * hidden)
    return hidden * gate


def _gelu(hidden: Array, _: float) -> Array:
    """Return h Phi(h): Hendrycks and Gimpel, "Gaussian error linear units" (2016)."""
    return (0.5 * hidden * (1 + _erf(hidden.astype(np.float64) / np.sqrt(2)))).astype(np.float32)


def _erf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the error function to 1.5e-7: Abramowitz and Stegun, "Handbook of mathematical functions", 7.1.26."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    terms = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    tail = sum(term * t**power for power, term in enumerate(terms, 1)) * np.exp(-(x**2))
    return np.sign(x) * (1 - tail)


ACTIVATIONS: dict[str, Callable[[Array, float], Array]] = {
    "relu": lambda hidden, _: np.maximum(hidden, 0, out=hidden),
    # Its usual slope, .2, is that of Radford et al., "Unsupervised representation learning with DCGAN" (2016).
    "leaky_relu": lambda hidden, slope: np.maximum(hidden, np.float32(slope) * hidden, out=hidden),
    "tanh": lambda hidden, _: np.tanh(hidden, out=hidden),
    "elu": _elu,
    "silu": _silu,
    "gelu": _gelu,
}
"""Each activation by its name, of the numbers before it and of the config's slope. They may change their argument."""
