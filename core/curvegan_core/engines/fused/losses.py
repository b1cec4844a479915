"""The losses of `curvegan_core.losses` in compiled code: from logits to values and slopes. Knows nothing of networks.

A slope is the derivative of the mean loss by one logit. A loss is one small formula for each kind of logit, which gives
value and slope of one curve; `s` is the label smoothing. Real curves that are all equal have one logit for all.

Every formula lets what is no number through: so a NaN of a network is a NaN of its loss, in the very step, and the
training ends there (`training.PackTraining`). That is the only place where it is looked for.

Legend of the shapes in names: b curves of a minibatch.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.exponentials import sigmoid, softplus
from curvegan_core.engines.fused.rows import Floats, mean
from curvegan_core.engines.fused.vectors import compiled, named

Formula = Callable[[np.float32, np.float32], tuple[np.float32, np.float32]]
"""Of one logit and the label smoothing: the loss on one curve, and its derivative by the logit."""

_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)


@compiled
def _ramp(x: np.float32) -> np.float32:
    """Return max(x, 0), and what is not a number as it is."""
    return _ZERO if x <= _ZERO else x


@compiled
def _log_real(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    # Without smoothing an infinite logit has a loss: zero times infinity would be no number.
    smoothing = s * x if s > _ZERO else _ZERO
    return softplus(-x) + smoothing, s - sigmoid(-x)


@compiled
def _log_fake(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return softplus(x), sigmoid(x)


@compiled
def _non_saturating(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return softplus(-x), -sigmoid(-x)


@compiled
def _saturating(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return -softplus(x), -sigmoid(x)


@compiled
def _square_real(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return _HALF * (x - (_ONE - s)) * (x - (_ONE - s)), x - (_ONE - s)


@compiled
def _square_fake(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return _HALF * x * x, x


@compiled
def _square_generator(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return _HALF * (x - _ONE) * (x - _ONE), x - _ONE


@compiled
def _hinge_real(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return _ramp(_ONE - x), -_ONE if x < _ONE else _ZERO


@compiled
def _hinge_fake(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return _ramp(_ONE + x), _ONE if x > -_ONE else _ZERO


@compiled
def _minus(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return -x, -_ONE


@compiled
def _plus(x: np.float32, s: np.float32) -> tuple[np.float32, np.float32]:
    return x, _ONE


@cache
def _over(formula: Formula) -> Callable[..., None]:
    """Make a function that writes a formula's values and the slopes of their mean, for the logits of a minibatch."""

    # Each formula has a loop of its own: LLVM vectorises none with two polynomials and a choice.
    def write(logits_b: Floats, s: np.float32, slopes_b: Floats, values_b: Floats) -> None:
        for b in range(len(logits_b)):
            values_b[b], slope = formula(logits_b[b], s)
            slopes_b[b] = slope / np.float32(len(logits_b))

    return compiled(named(f"write{formula.__name__}", write))


@compiled
def _softplus_pairs(
    above: Floats, below: Floats, above_slopes: Floats, below_slopes: Floats, values: Floats
) -> np.float32:
    """Write the slopes of the mean softplus(above - below) of pairs and return it.

    One of both may be a single number that is in every pair: its slope is then the sum over all pairs, in order.
    """
    count = max(len(above), len(below))
    for b in range(len(above)):
        above_slopes[b] = _ZERO
    for b in range(len(below)):
        below_slopes[b] = _ZERO
    for b in range(count):
        high, low = min(b, len(above) - 1), min(b, len(below) - 1)
        values[b] = softplus(above[high] - below[low])
        slope = sigmoid(above[high] - below[low]) / np.float32(count)
        above_slopes[high] += slope
        below_slopes[low] -= slope
    return mean(values[:count])


class Formulas(NamedTuple):
    """A loss of single curves: the discriminator's part on real and on generated ones, and the generator's."""

    real: Formula
    fake: Formula
    generator: Formula


SINGLE = {
    "ns": Formulas(_log_real, _log_fake, _non_saturating),
    "minimax": Formulas(_log_real, _log_fake, _saturating),
    "lsgan": Formulas(_square_real, _square_fake, _square_generator),
    "hinge": Formulas(_hinge_real, _hinge_fake, _minus),
    "wgan": Formulas(_minus, _plus, _minus),
}
PAIRED = {"rpgan": _softplus_pairs}
"""Losses of differences: the discriminator's takes generated curves above real ones, the generator's the reverse."""

LOSS_NUMBERS = {name: number for number, name in enumerate((*SINGLE, *PAIRED))}
"""The losses by their numbers in compiled code."""
_write_real, _write_fake, _write_generator = (
    by_number([_over(formula) for formula in part]) for part in zip(*SINGLE.values(), strict=True)
)
_FIRST_PAIRED = len(SINGLE)
_pairs: Callable[..., np.float32] = by_number(list(PAIRED.values()), _FIRST_PAIRED)


@compiled
def is_paired(loss: int) -> bool:
    """Whether the generator's loss looks at the real logits too."""
    return loss >= _FIRST_PAIRED


@compiled
def discriminator_loss(
    loss: int, s: np.float32, real: Floats, fake: Floats, real_slopes: Floats, fake_slopes: Floats, values: Floats
) -> np.float32:
    """Write the slopes of the discriminator's loss and return it. `values` is a buffer, a number for each curve.

    Raises ValueError for a number that no loss has.
    """
    if is_paired(loss):
        return _pairs(loss, fake, real, fake_slopes, real_slopes, values)
    _write_real(loss, real, s, real_slopes, values)
    real_part = mean(values[: len(real)])
    _write_fake(loss, fake, s, fake_slopes, values)
    return real_part + mean(values[: len(fake)])


@compiled
def generator_loss(
    loss: int, real: Floats, fake: Floats, real_slopes: Floats, fake_slopes: Floats, values: Floats
) -> np.float32:
    """Write the slopes of the generator's loss and return it. Only a paired loss looks at the real logits.

    Raises ValueError for a number that no loss has.
    """
    if is_paired(loss):
        return _pairs(loss, real, fake, real_slopes, fake_slopes, values)
    _write_generator(loss, fake, _ZERO, fake_slopes, values)
    return mean(values[: len(fake)])


@compiled
def mean_sigmoid(logits: Floats, values: Floats) -> np.float32:
    """Return the mean of P(real). `values` is a buffer of as many numbers."""
    for b in range(len(logits)):
        values[b] = sigmoid(logits[b])
    return mean(values[: len(logits)])
