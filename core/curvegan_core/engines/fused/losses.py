"""The losses of `curvegan_core.losses` in compiled code: from logits to values and slopes. Knows nothing of networks.

A slope is the derivative of the mean loss by one logit. A loss is one small formula for each kind of logit, which gives
value and slope of one curve; `s` is the label smoothing. Real curves that are all equal have one logit for all.
"""

import math

import numpy as np

from curvegan_core.engines.fused.noise import ROUND
from curvegan_core.engines.fused.rows import Floats, mean
from curvegan_core.engines.fused.vectors import bits, compiled, fma, from_bits

NUMBERS = {"ns": 0, "minimax": 1, "lsgan": 2, "hinge": 3, "wgan": 4, "rpgan": 5}
"""The losses by their numbers in compiled code."""
_NS, _MINIMAX, _LSGAN, _HINGE, _WGAN, _RPGAN = NUMBERS.values()

_ZERO, _ONE, _TWO, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
# exp(-x) of a larger x is hardly a normal number, and counts as zero.
_DEEPEST = np.float32(87)
_PER_LN2 = np.float32(1 / math.log(2))
# ln 2 in two parts, the first exact when multiplied, and the polynomial: Moshier's Cephes library.
_LN2 = (np.float32(-0.693359375), np.float32(2.12194440e-4))
_EXP = tuple(map(np.float32, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1)))
_ATANH = tuple(np.float32(2 / n) for n in (13, 11, 9, 7, 5, 3, 1))


@compiled
def exp_minus(x: np.float32) -> np.float32:
    """Return exp(-x) for x >= 0, zero if that is below 1e-38."""
    rounded = fma(-x, _PER_LN2, ROUND)
    whole = rounded - ROUND
    rest = fma(whole, _LN2[1], fma(whole, _LN2[0], -x))
    series = fma(rest, fma(rest, fma(rest, fma(rest, _EXP[0], _EXP[1]), _EXP[2]), _EXP[3]), _EXP[4])
    scale = from_bits(np.int32((bits(rounded) + 127) << 23))
    value = fma(rest * rest, fma(rest, series, _HALF), rest + _ONE) * scale
    return _ZERO if x > _DEEPEST else value


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


@compiled
def _ramp(x: np.float32) -> np.float32:
    """Return max(x, 0), and what is not a number as it is."""
    return _ZERO if x <= _ZERO else x


@compiled
def _real_formula(loss: int, x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    """Return the discriminator's loss on a real curve and its slope."""
    if loss == _LSGAN:
        return _HALF * (x - (_ONE - s)) * (x - (_ONE - s)), x - (_ONE - s)
    if loss == _HINGE:
        return _ramp(_ONE - x), -_ONE if x < _ONE else _ZERO
    if loss == _WGAN:
        return -x, -_ONE
    # Without smoothing an infinite logit has a loss: zero times infinity would be no number.
    smoothing = s * x if s > _ZERO else _ZERO
    return softplus(-x) + smoothing, s - sigmoid(-x)


@compiled
def _fake_formula(loss: int, x: np.float32) -> tuple[np.float32, np.float32]:
    """Return the discriminator's loss on a generated curve and its slope."""
    if loss == _LSGAN:
        return _HALF * x * x, x
    if loss == _HINGE:
        return _ramp(_ONE + x), _ONE if x > -_ONE else _ZERO
    if loss == _WGAN:
        return x, _ONE
    return softplus(x), sigmoid(x)


@compiled
def _generator_formula(loss: int, x: np.float32) -> tuple[np.float32, np.float32]:
    """Return the generator's loss on a generated curve and its slope."""
    if loss == _LSGAN:
        return _HALF * (x - _ONE) * (x - _ONE), x - _ONE
    if loss == _HINGE:
        return -x, -_ONE
    if loss == _WGAN:
        return -x, -_ONE
    # ns is softplus(-x), minimax -softplus(x): one formula with a sign, for LLVM vectorises no loop with both.
    side = _ONE if loss == _MINIMAX else -_ONE
    return -side * softplus(side * x), -sigmoid(side * x)


@compiled
def _pairs(above: Floats, below: Floats, above_slopes: Floats, below_slopes: Floats, values: Floats) -> np.float32:
    """Go over softplus(above - below) of pairs; one of both may be a single number that is in every pair."""
    count = max(len(above), len(below))
    for place in range(len(above)):
        above_slopes[place] = _ZERO
    for place in range(len(below)):
        below_slopes[place] = _ZERO
    for place in range(count):
        high, low = min(place, len(above) - 1), min(place, len(below) - 1)
        values[place] = softplus(above[high] - below[low])
        slope = sigmoid(above[high] - below[low]) / np.float32(count)
        above_slopes[high] += slope
        below_slopes[low] -= slope
    return mean(values[:count])


@compiled
def discriminator_loss(
    loss: int, s: np.float32, real: Floats, fake: Floats, real_slopes: Floats, fake_slopes: Floats, values: Floats
) -> np.float32:
    """Write the slopes of the discriminator's loss and return it. `values` is a place to work in."""
    if loss == _RPGAN:
        return _pairs(fake, real, fake_slopes, real_slopes, values)
    for place in range(len(real)):
        values[place], slope = _real_formula(loss, real[place], s)
        real_slopes[place] = slope / np.float32(len(real))
    real_part = mean(values[: len(real)])
    for place in range(len(fake)):
        values[place], slope = _fake_formula(loss, fake[place])
        fake_slopes[place] = slope / np.float32(len(fake))
    return real_part + mean(values[: len(fake)])


@compiled
def generator_loss(
    loss: int, real: Floats, fake: Floats, real_slopes: Floats, fake_slopes: Floats, values: Floats
) -> np.float32:
    """Write the slopes of the generator's loss and return it. Only a paired loss looks at the real logits."""
    if loss == _RPGAN:
        return _pairs(real, fake, real_slopes, fake_slopes, values)
    for place in range(len(fake)):
        values[place], slope = _generator_formula(loss, fake[place])
        fake_slopes[place] = slope / np.float32(len(fake))
    return mean(values[: len(fake)])


@compiled
def is_paired(loss: int) -> bool:
    """Whether the generator's loss looks at the real logits too."""
    return loss == _RPGAN


@compiled
def mean_sigmoid(logits: Floats, values: Floats) -> np.float32:
    """Return the mean of P(real). `values` is a place to work in."""
    for place in range(len(logits)):
        values[place] = sigmoid(logits[place])
    return mean(values[: len(logits)])
