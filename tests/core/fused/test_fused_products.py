"""The fused engine's products, sums and losses against numpy in float64, and torch's derivatives."""

from typing import Any

import numpy as np
import pytest
import torch

from curvegan_core.engines.fused.adam import descend
from curvegan_core.engines.fused.deep.products import add_products
from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.layout import INPUTS, padded, zeros
from curvegan_core.engines.fused.losses import LOSS_NUMBERS, discriminator_loss, generator_loss
from curvegan_core.engines.fused.matmul import PANEL, add_outputs, back, gates, hidden, transpose
from curvegan_core.engines.fused.rows import GROUP, add_rows, add_within_rows, mean, scale_rows, spread_rows
from curvegan_core.engines.fused.vectors import compiled, entry
from curvegan_core.engines.stacked.losses import TORCH_LOSSES

_RANDOM = np.random.default_rng(2)
_LOGITS = np.array([-200, -88, -30, -1.5, -1, 0, 0.3, 1, 20, 69, 87, 150], np.float32)


def filled(*shape: int) -> np.ndarray:
    array = zeros(*shape)
    array[...] = _RANDOM.normal(size=shape)
    return array


@entry
def _multiply(x: Any, inputs: int, panel: Any, active: Any, ones: Any, out: Any, sums: Any) -> None:
    hidden(x, inputs, panel, out[0])
    gates(x, inputs, panel, inputs + 1, ones, out[1], sums)
    back(x, inputs, panel, active, out[2])


@pytest.mark.parametrize(("rows", "inputs"), [(1, 1), (3, 2), (4, 15), (7, 16), (65, 33)])
def test_products_over_inputs(rows: int, inputs: int) -> None:
    x, panel, active = filled(rows, padded(inputs, GROUP)), filled(inputs + 2, PANEL), filled(rows, PANEL)
    out, sums, opened = zeros(3, rows, PANEL), zeros(rows, GROUP), filled(PANEL)
    _multiply(x, inputs, panel, active, opened, out, sums)
    product = x[:, :inputs].astype(np.float64) @ panel[:inputs]
    before = product + panel[inputs]
    np.testing.assert_allclose(out[0], np.maximum(before, 0), atol=2e-5)
    np.testing.assert_array_equal(out[1], np.where(before > 0, opened, 0))
    np.testing.assert_allclose(sums.sum(1), np.maximum(before, 0) @ panel[inputs + 1], atol=2e-4)
    np.testing.assert_allclose(out[2], np.where(active > 0, product, 0), atol=2e-5)


@entry
def _project(units: Any, stop: int, rows: Any, outputs: int, turned: Any, sums: Any, out: Any) -> None:
    add_products(units, stop, rows, outputs, turned, sums, out)


@pytest.mark.parametrize("stop", [1, 16, 23])
@pytest.mark.parametrize("outputs", [1, 2, 8, 15])
def test_few_outputs_have_the_bits_of_many(stop: int, outputs: int) -> None:
    units, rows, start = filled(2, 23, PANEL), filled(2, padded(outputs, INPUTS), PANEL), filled(23, GROUP)
    turned, few, many = zeros(PANEL, GROUP), start.copy(), start.copy()
    _project(units, stop, rows, outputs, turned, zeros(8, 32), few)
    _project(units, stop, rows, outputs, turned, zeros(0, 32), many)
    np.testing.assert_array_equal(few[:, :outputs], many[:, :outputs])
    expected = start[:stop, :outputs] + sum(units[n, :stop].astype(np.float64) @ rows[n, :outputs].T for n in (0, 1))
    np.testing.assert_allclose(few[:stop, :outputs], expected, atol=1e-4)
    np.testing.assert_array_equal(few[stop:], start[stop:])


@entry
def _reduce(units: Any, weights: Any, outputs: Any, x: Any, inputs: int, adam: Any, numbers: Any, turned: Any) -> None:
    add_outputs(units, weights, outputs)
    transpose(numbers[0], inputs, turned)
    descend(x, units, inputs, adam, numbers[0], numbers[1], numbers[2])


@pytest.mark.parametrize(("rows", "inputs"), [(1, 1), (3, 2), (16, 15), (23, 16), (64, 33)])
def test_products_over_units_and_over_rows(rows: int, inputs: int) -> None:
    units, weights = filled(rows, PANEL), filled(PANEL, padded(inputs, GROUP))
    outputs, x = filled(rows, padded(inputs, GROUP)), filled(rows, padded(inputs, GROUP))
    numbers, turned = filled(3, padded(inputs, INPUTS), PANEL), filled(PANEL, padded(inputs, GROUP))
    np.square(numbers[2], out=numbers[2])
    numbers_before, outputs_before = numbers.astype(np.float64), outputs.copy()
    adam = np.array([0.25, 0.125, 0.5, 2, 1.5], np.float32)
    _reduce(units, weights, outputs, x, inputs, adam, numbers, turned)
    np.testing.assert_allclose(outputs, outputs_before + units.astype(np.float64) @ weights, atol=5e-5)
    np.testing.assert_array_equal(turned[:, :inputs], numbers_before[0, :inputs].T)
    assert not turned[:, inputs:].any()
    gradient, (value, m, v) = x[:, :inputs].T.astype(np.float64) @ units, numbers_before[:, :inputs]
    m, v = 0.75 * m + 0.25 * gradient, 0.875 * v + 0.125 * gradient**2
    value = np.clip(value - m / (0.5 * np.sqrt(v) + 2), -1.5, 1.5)
    np.testing.assert_allclose(numbers[:, :inputs], np.stack((value, m, v)), rtol=1e-4, atol=5e-5)


def test_what_is_no_number_passes_through() -> None:
    x, panel, out, sums = filled(5, GROUP), filled(4, PANEL), zeros(3, 5, PANEL), zeros(5, GROUP)
    x[3, 1] = np.nan
    _multiply(x, 2, panel, filled(5, PANEL), np.ones(PANEL, np.float32), out, sums)
    assert np.isnan(out[0, 3]).all()
    assert np.isnan(sums[3]).all()
    assert np.isfinite(out[0, [0, 1, 2, 4]]).all()


@entry
def _sum(x: Any, factors: Any, scaled: Any, added: Any, within: Any, flat: Any, width: int, spread: Any) -> Any:
    scale_rows(x, factors, scaled)
    add_rows(x, added)
    add_within_rows(x, np.float32(3), within)
    spread_rows(flat, width, spread)
    return mean(factors)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (6, 15), (13, 16), (64, 40)])
def test_rows(rows: int, width: int) -> None:
    x, factors = filled(rows, GROUP), filled(rows)
    scaled, added, within = zeros(rows, GROUP), zeros(GROUP), zeros(rows)
    flat, spread = filled(rows * width), filled(rows, padded(width + 1, INPUTS))
    result_mean = _sum(x, factors, scaled, added, within, flat, width, spread)
    np.testing.assert_array_equal(scaled, x * factors[:, None])
    np.testing.assert_allclose(added, x.sum(0, dtype=np.float64), atol=1e-5)
    np.testing.assert_allclose(within, 3 + x.sum(1, dtype=np.float64), atol=1e-5)
    assert result_mean == pytest.approx(np.mean(factors, dtype=np.float64), abs=1e-6)
    np.testing.assert_array_equal(spread[:, :width], flat.reshape(rows, width))
    assert (spread[:, width] == 1).all()
    assert not spread[:, width + 1 :].any()


@entry
def _lose(loss: int, smooth: Any, real: Any, fake: Any, slopes: Any, values: Any, out: Any) -> None:
    out[0] = discriminator_loss(loss, smooth, real, fake, slopes[0, : len(real)], slopes[1, : len(fake)], values)
    out[1] = generator_loss(loss, real, fake, slopes[2, : len(real)], slopes[3, : len(fake)], values)


def losses(loss: str, smooth: float, real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return d_loss and g_loss, and the slopes of d_loss by both logits and of g_loss by the generated ones."""
    slopes, out = np.zeros((4, len(fake)), np.float32), np.zeros(2, np.float32)
    _lose(LOSS_NUMBERS[loss], np.float32(smooth), real, fake, slopes, np.zeros(len(fake), np.float32), out)
    return out, slopes


@pytest.mark.parametrize("loss", TORCH_LOSSES)
@pytest.mark.parametrize("one_real", [False, True])
@pytest.mark.parametrize("smooth", [0.0, 0.25])
def test_losses_and_slopes(loss: str, one_real: bool, smooth: float) -> None:
    formulas = TORCH_LOSSES[loss]
    if smooth and formulas.smooth is None:
        smooth = 0.0
    fake, real = _LOGITS, (_LOGITS[3:4] if one_real else _LOGITS[::-1].copy())
    values, slopes = losses(loss, smooth, real, fake)
    real_t, fake_t = (torch.tensor(logits, dtype=torch.float64, requires_grad=True) for logits in (real, fake))
    d_loss = formulas.discriminator(real_t, fake_t)
    if smooth and formulas.smooth is not None:
        d_loss = d_loss + formulas.smooth(real_t, torch.tensor(smooth, dtype=torch.float64))
    g_loss = formulas.generator(real_t if formulas.paired else fake_t, fake_t)
    expected = [*torch.autograd.grad(d_loss.mean(), (real_t, fake_t)), *torch.autograd.grad(g_loss.mean(), fake_t)]
    np.testing.assert_allclose(values, [d_loss.mean().item(), g_loss.mean().item()], rtol=1e-6)
    actual = slopes[0, : len(real)], slopes[1], slopes[3]
    for slope, truth in zip(actual, expected, strict=True):
        np.testing.assert_allclose(slope, truth.numpy(), rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("loss", TORCH_LOSSES)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_shows_in_the_loss(loss: str, wrong: float) -> None:
    both = _LOGITS.copy()
    both[2] = wrong
    values, _ = losses(loss, 0.0, -both, both)
    formulas = TORCH_LOSSES[loss]
    real, fake = torch.from_numpy(-both), torch.from_numpy(both)
    expected = [formulas.discriminator(real, fake).mean(), formulas.generator(real, fake).mean()]
    np.testing.assert_array_equal(np.isfinite(values), np.isfinite(expected))


@pytest.mark.parametrize("number", [-1, len(LOSS_NUMBERS)])
def test_a_number_that_no_loss_has_raises(number: int) -> None:
    slopes, row, out = np.zeros((4, 1), np.float32), np.zeros(1, np.float32), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="no function has this number"):
        _lose(number, np.float32(0), row, row, slopes, row, out)


@entry
def _choose(number: int, out: Any) -> None:
    out[0] = _CHOICE(number, out[1], out[2])


@compiled
def _sum_of(x: np.float32, y: np.float32) -> np.float32:
    return x + y


@compiled
def _product_of(x: np.float32, y: np.float32) -> np.float32:
    return x * y


_CHOICE = by_number([_sum_of, _product_of, _sum_of], 3)


def test_a_function_is_called_by_its_number_and_none_by_default() -> None:
    def result(number: int) -> float:
        out = np.array([0, 2, 5], np.float32)
        _choose(number, out)
        return float(out[0])

    assert [result(number) for number in (3, 4, 5)] == [7, 10, 7]
    for number in (2, 6):
        with pytest.raises(ValueError, match="no function has this number"):
            result(number)
