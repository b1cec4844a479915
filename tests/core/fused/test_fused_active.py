"""Products over active units alone: the bits of those over all units, and numpy's numbers in float64."""

from typing import Any

import numpy as np
import pytest

from curvegan_core.engines.fused.deep.active import (
    forward_active,
    gradient_active,
    keep_bits,
    through_active,
    turn_bits,
)
from curvegan_core.engines.fused.deep.gradients import gradient
from curvegan_core.engines.fused.deep.products import forward, through
from curvegan_core.engines.fused.layout import INPUTS, zeros
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.rows import GROUP
from curvegan_core.engines.fused.vectors import entry

_RANDOM = np.random.default_rng(5)
# Rows of a minibatch, panels: less than a chunk, whole chunks and more; one panel, a pair, a pair and one.
_SIZES = [(1, 1), (5, 2), (64, 3), (150, 2)]


def filled(*shape: int) -> np.ndarray:
    array = zeros(*shape)
    array[...] = _RANDOM.normal(size=shape)
    return array


def active(*shape: int) -> np.ndarray:
    """Return values of relu: none are above zero in the first row, all in the last one, half in the others."""
    array = filled(*shape)
    np.maximum(array, 0, out=array)
    array[:, 0] = 0
    array[:, -1] = 1
    return array


def no_bits(panels: int) -> np.ndarray:
    return np.zeros((panels, 192), np.uint64)


def wide(panels_nbu: np.ndarray) -> np.ndarray:
    """Return the units of all panels in one row, in float64."""
    return np.concatenate(list(panels_nbu), 1).astype(np.float64)


@entry
def _forward(x: Any, bits: Any, stop: int, maps: Any, leak: Any, out: Any, expected: Any) -> None:
    keep_bits(x, stop, bits)
    forward_active(x, bits, 0, stop, maps, bits, out)
    for n in range(len(maps)):
        forward(x, stop, PANEL, maps[n], leak, expected[n])


@pytest.mark.parametrize(("rows", "panels"), _SIZES)
def test_forward(rows: int, panels: int) -> None:
    x, maps, leak = active(panels, rows + 3, PANEL), filled(panels, PANEL * panels + INPUTS, PANEL), zeros(GROUP)
    out, expected = filled(panels, rows + 3, PANEL), zeros(panels, rows + 3, PANEL)
    before = out.copy()
    _forward(x, no_bits(panels), rows, maps, leak, out, expected)
    np.testing.assert_array_equal(out[:, :rows], expected[:, :rows])
    np.testing.assert_array_equal(out[:, rows:], before[:, rows:])
    weights = wide(maps)
    numbers = wide(x)[:rows] @ weights[:-INPUTS] + weights[-INPUTS]
    np.testing.assert_allclose(wide(out)[:rows], np.maximum(numbers, 0), atol=2e-4)


@entry
def _through(
    x: Any, bits: Any, first: int, stop: int, maps: Any, gates: Any, gate_bits: Any, leak: Any, out: Any, expected: Any
) -> None:
    keep_bits(x, stop, bits)
    keep_bits(gates, stop, gate_bits)
    through_active(x, bits, first, stop, maps, gate_bits, out)
    for n in range(len(maps)):
        through(x, first, stop, PANEL, maps[n], gates[n], leak, expected[n])


@pytest.mark.parametrize(("rows", "panels"), _SIZES)
def test_through_for_some_rows(rows: int, panels: int) -> None:
    x, maps, gates = (
        active(panels, rows + 3, PANEL),
        filled(panels, PANEL * panels, PANEL),
        active(panels, rows + 3, PANEL),
    )
    out, expected, stop = filled(panels, rows + 3, PANEL), zeros(panels, rows + 3, PANEL), rows + 2
    before = out.copy()
    _through(x, no_bits(panels), 2, stop, maps, gates, no_bits(panels), zeros(GROUP), out, expected)
    np.testing.assert_array_equal(out[:, 2:stop], expected[:, 2:stop])
    for others in (slice(0, 2), slice(stop, None)):
        np.testing.assert_array_equal(out[:, others], before[:, others])
    passed = np.where(wide(gates) > 0, wide(x) @ wide(maps), 0)
    np.testing.assert_allclose(wide(out)[2:stop], passed[2:stop], atol=2e-4)


@entry
def _gradient(x: Any, bits: Any, turned: Any, units: Any, stop: int, adam: Any, kept: Any, expected: Any) -> None:
    keep_bits(x, stop, bits)
    gradient_active(x, bits, units, stop, turned, adam, kept[0], kept[1], kept[2], kept[3])
    for n in range(len(units)):
        for below in range(len(x)):
            at = (n * expected.shape[2] + PANEL * below) * PANEL
            slopes, values = expected[0].reshape(-1)[at:], expected[1].reshape(-1)[at:]
            m, v = expected[2].reshape(-1)[at:], expected[3].reshape(-1)[at:]
            gradient(x[below], units[n], stop, PANEL, adam, slopes, values, m, v)


@pytest.mark.parametrize("adam", [[], [0.1, 0.001, 30.0, 1e-5, np.inf]], ids=["gradient", "update"])
@pytest.mark.parametrize(("rows", "panels"), _SIZES)
def test_gradient_and_update(rows: int, panels: int, adam: list[float]) -> None:
    x, units = active(panels, rows + 3, PANEL), active(panels, rows + 3, PANEL)
    kept = filled(4, panels, PANEL * panels + INPUTS, PANEL)
    np.square(kept[3], out=kept[3])
    before, expected = kept.copy(), kept.copy()
    turned = np.zeros((3, PANEL), np.uint64)
    _gradient(x, no_bits(panels), turned, units, rows, np.array(adam, np.float32), kept, expected)
    written = slice(1, None) if adam else slice(None)
    np.testing.assert_array_equal(kept[written], expected[written])
    np.testing.assert_array_equal(kept[:, :, -INPUTS:], before[:, :, -INPUTS:])
    slopes = wide(x)[:rows].T @ wide(units)[:rows]
    if adam:
        m = wide(before[2])[:-INPUTS]
        np.testing.assert_allclose(wide(kept[2])[:-INPUTS], m + 0.1 * (slopes - m), atol=2e-4)
    else:
        np.testing.assert_allclose(wide(kept[0])[:-INPUTS], slopes, atol=2e-4)


def test_what_is_no_number_counts_as_active() -> None:
    x, maps = active(1, 4, PANEL), filled(1, PANEL + INPUTS, PANEL)
    x[0, 1] = 0
    x[0, 1, 7] = np.nan
    out = zeros(1, 4, PANEL)
    _forward(x, no_bits(1), 4, maps, zeros(GROUP), out, out.copy())
    assert np.isnan(out[0, 1]).all()
    assert np.isfinite(out[0, [0, 2, 3]]).all()


@entry
def _turn(bits: Any) -> None:
    turn_bits(bits)


def test_bits_are_transposed() -> None:
    bits = _RANDOM.integers(0, 2**64, PANEL, np.uint64)
    places = np.arange(PANEL, dtype=np.uint64)
    before = bits[:, None] >> places & np.uint64(1)
    _turn(bits)
    np.testing.assert_array_equal(bits[:, None] >> places & np.uint64(1), before.T)
