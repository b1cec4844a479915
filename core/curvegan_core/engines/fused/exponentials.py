"""The exponential and its kin in compiled code, as polynomials that LLVM vectorises. Knows no loss.

What is no number stays so. Nothing here depends on a system's library, so that bits are the same on every machine.
"""

import math

import numpy as np

from curvegan_core.engines.fused.noise import ROUNDING
from curvegan_core.engines.fused.vectors import bits, compiled, fma, from_bits

_ZERO, _ONE, _TWO, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
# exp(-x) of a larger x is hardly a normal number, and counts as zero.
_DEEPEST = np.float32(87)
_PER_LN2 = np.float32(1 / math.log(2))
# ln 2 in two parts, the first exact when multiplied, and the polynomial: Moshier's Cephes library.
_LN2 = (np.float32(-0.693359375), np.float32(2.12194440e-4))
_EXP = tuple(map(np.float32, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1)))
_ATANH = tuple(np.float32(2 / n) for n in (13, 11, 9, 7, 5, 3, 1))


@compiled
def _parts(x: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """Return r, p and a power s of two, so that exp(-x) = s (1 + r + r r p), for 0 <= x <= 87.

    -x = n ln 2 + r, n whole: s has n in the bits of its exponent.
    """
    rounded = fma(-x, _PER_LN2, ROUNDING)
    whole = rounded - ROUNDING
    rest = fma(whole, _LN2[1], fma(whole, _LN2[0], -x))
    series = fma(rest, fma(rest, fma(rest, fma(rest, _EXP[0], _EXP[1]), _EXP[2]), _EXP[3]), _EXP[4])
    return rest, fma(rest, series, _HALF), from_bits(np.int32((bits(rounded) + 127) << 23))


@compiled
def exp_minus(x: np.float32) -> np.float32:
    """Return exp(-x) for x >= 0, zero if that is below 1e-38."""
    rest, series, scale = _parts(x)
    value = fma(rest * rest, series, rest + _ONE) * scale
    return _ZERO if x > _DEEPEST else value


@compiled
def expm1_minus(x: np.float32) -> np.float32:
    """Return exp(-x) - 1 for x >= 0, accurate for small x too."""
    rest, series, scale = _parts(x)
    value = fma(fma(rest * rest, series, rest), scale, scale - _ONE)
    return -_ONE if x > _DEEPEST else value


@compiled
def log1p(x: np.float32) -> np.float32:
    """Return log(1 + x) for 0 <= x <= 1 as 2 atanh(x/(2 + x)), accurate for small x too."""
    s = x / (x + _TWO)
    square = s * s
    series = _ATANH[0]
    for coefficient in _ATANH[1:]:
        series = fma(square, series, coefficient)
    return s * series


@compiled
def softplus(x: np.float32) -> np.float32:
    """Return log(1 + exp(x))."""
    return (x if x > _ZERO else _ZERO) + log1p(exp_minus(abs(x)))


@compiled
def sigmoid(x: np.float32) -> np.float32:
    """Return 1/(1 + exp(-x))."""
    small = exp_minus(abs(x))
    return (_ONE if x > _ZERO else small) / (_ONE + small)
