"""Smooth activations of the fused engine and their derivatives, against the formulas in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from curvegan_core.engines.fused.deep.activations import SMOOTH_NUMBERS, activate
from curvegan_core.engines.fused.layout import zeros
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.vectors import entry

Reals = NDArray[np.float64]
_ROWS = 20_000


def density(h: Reals) -> Reals:
    normal: Reals = np.exp(-h * h / 2) / np.sqrt(2 * np.pi)
    return normal


# Of each, the value, its slope and the slope's slope.
EXACT: dict[str, Callable[[Reals], tuple[Reals, Reals, Reals]]] = {
    "tanh": lambda h: (np.tanh(h), 1 - np.tanh(h) ** 2, -2 * np.tanh(h) * (1 - np.tanh(h) ** 2)),
    "elu": lambda h: (
        np.where(h > 0, h, np.expm1(np.minimum(h, 0))),
        np.exp(np.minimum(h, 0)),
        np.where(h > 0, 0, np.exp(np.minimum(h, 0))),
    ),
    "silu": lambda h: (
        h * expit(h),
        expit(h) * (1 + h * expit(-h)),
        expit(h) * expit(-h) * (2 + h * (expit(-h) - expit(h))),
    ),
    "gelu": lambda h: (h * ndtr(h), ndtr(h) + h * density(h), density(h) * (2 - h * h)),
}


@entry
def _activate(number: int, units: Any, slopes: Any, bends: Any) -> None:
    activate(number, units, len(units), slopes, bends)


def activated(name: str, h: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return value, slope and bend of each number, of whole rows of them."""
    three = zeros(3, len(h) // PANEL, PANEL)
    three[0] = h.reshape(-1, PANEL)
    _activate(SMOOTH_NUMBERS[name], *three)
    return three.reshape(3, -1)


@pytest.mark.parametrize("name", SMOOTH_NUMBERS)
@pytest.mark.parametrize("bound", [0.1, 6.0, 30.0, 1e4])
def test_they_are_the_formulas_within_1e_6(name: str, bound: float) -> None:
    h = np.linspace(-bound, bound, _ROWS * PANEL, dtype=np.float32)
    for actual, expected in zip(activated(name, h), EXACT[name](h.astype(np.float64)), strict=True):
        # Absolute below one, relative above.
        assert (np.abs(actual - expected) / np.maximum(1, np.abs(expected))).max() < 1e-6


@pytest.mark.parametrize("name", SMOOTH_NUMBERS)
def test_small_numbers_keep_their_digits_and_zero_its_zero(name: str) -> None:
    """Padding must stay zero, and a small signal a signal."""
    h = np.geomspace(1e-30, 1e-2, 50 * PANEL).astype(np.float32)
    for signed in (h, -h, 0 * h):
        value, *_ = activated(name, signed)
        np.testing.assert_allclose(value, EXACT[name](signed.astype(np.float64))[0], rtol=1e-6)


@pytest.mark.parametrize("name", SMOOTH_NUMBERS)
def test_what_is_no_number_passes_through(name: str) -> None:
    h = np.full(PANEL, np.nan, np.float32)
    assert np.isnan(activated(name, h)[0]).all()
