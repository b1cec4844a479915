"""Smooth activations in compiled code, with their first and second derivatives. Knows no network.

The formulas are those of `curvegan_core.activations`, by the polynomials of `exponentials`, within 1e-6. Each has a
loop of its own: LLVM vectorises none with a choice between them. What is no number stays so.

Legend of the shapes in names: b rows of a minibatch, u units of a panel.
"""

import math
from collections.abc import Callable

import numpy as np

from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.exponentials import exp_minus, expm1_minus
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.vectors import compiled, fma, named

Jet = tuple[np.float32, np.float32, np.float32]
"""An activation's value, its slope, and its slope's slope: what calculus calls a jet."""

_ZERO, _ONE, _TWO, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
_DENSITY = np.float32(1 / math.sqrt(2 * math.pi))
# The normal distribution beyond h >= 0 is t P(t) exp(-h h/2) with t = 1/(1 + .33 h), the form of Hastings,
# "Approximations for digital computers" (1955): P fitted here so that h times the error is below 5e-9.
_TAIL_RATE = np.float32(0.33)
_TAIL = tuple(map(np.float32, (0.04479599, -0.21697229, 0.32404683, -0.08173729, 0.17660377, 0.12081943, 0.13244355)))


@compiled
def _tanh(h: np.float32) -> Jet:
    less = expm1_minus(abs(h + h))
    size = less / (_TWO + less)
    value = -size if h > _ZERO else size
    slope = fma(-value, value, _ONE)
    return value, slope, -_TWO * value * slope


@compiled
def _elu(h: np.float32) -> Jet:
    less = expm1_minus(abs(h))
    above = h > _ZERO
    return (h if above else less), (_ONE if above else less + _ONE), (_ZERO if above else less + _ONE)


@compiled
def _silu(h: np.float32) -> Jet:
    small = exp_minus(abs(h))
    above = h > _ZERO
    gate, rest = (_ONE if above else small) / (_ONE + small), (small if above else _ONE) / (_ONE + small)
    return h * gate, fma(h * gate, rest, gate), gate * rest * fma(h, rest - gate, _TWO)


@compiled
def _gelu(h: np.float32) -> Jet:
    small, t = exp_minus(_HALF * h * h), _ONE / fma(_TAIL_RATE, abs(h), _ONE)
    series = _TAIL[0]
    for coefficient in _TAIL[1:]:
        series = fma(t, series, coefficient)
    tail, density = small * (t * series), _DENSITY * small
    gate = _ONE - tail if h > _ZERO else tail
    return h * gate, fma(h, density, gate), density * fma(-h, h, _TWO)


def _over(formula: Callable[[np.float32], Jet]) -> Callable[..., None]:
    def write(units_bu: Floats, stop: int, slopes_bu: Floats, bends_bu: Floats) -> None:
        for row in range(stop):
            units_u, slopes_u, bends_u = units_bu[row], slopes_bu[row], bends_bu[row]
            for u in range(PANEL):
                units_u[u], slopes_u[u], bends_u[u] = formula(units_u[u])

    return compiled(named(f"write{formula.__name__}", write))


_SMOOTH = {"tanh": _tanh, "elu": _elu, "silu": _silu, "gelu": _gelu}
SMOOTH_NUMBERS = {name: number for number, name in enumerate(_SMOOTH)}
"""The smooth activations by their numbers in compiled code; any other number is none of them."""
activate: Callable[..., None] = by_number([_over(formula) for formula in _SMOOTH.values()])
"""Of a number, units (b, u) and how many rows: write values in their place, slopes and slopes of the slopes."""
