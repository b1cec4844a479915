"""Optimisers over all of a network's weights, and the schedule of their rates, in compiled code. Knows no loss.

The formulas and their sources are in `curvegan_core.optimisers` and `curvegan_core.schedules`. Each optimiser takes a
gradient that lies in the weights' layout. Padding has a gradient of zero, no denominator is zero, and so padding stays.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from curvegan_core.engines.fused.adam import Rates, normal_float32, prepare, update
from curvegan_core.engines.fused.deep.layout import Chain
from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.noise import cos_sin
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.vectors import compiled, fma, inlined

_TWO = np.float32(2)


class Optimiser(NamedTuple):
    """A network's optimiser by its number, with Adam's rates, sgd's momentum and rmsprop's decay."""

    number: int
    rates: Rates
    momentum: float
    rms_decay: float


class Schedule(NamedTuple):
    """How the rates go: the number of the fall, what is left at its end, its steps, those of the rise."""

    number: int
    to: float
    steps: int
    warmup: int


@compiled
def _adam(optimiser: Optimiser, rates: Rates, chain: Chain, count: int, numbers: Floats) -> None:
    prepare(rates, count, numbers)
    update(numbers, chain.slopes, chain.values, chain.m, chain.v)


@compiled
def _oadam(optimiser: Optimiser, rates: Rates, chain: Chain, count: int, numbers: Floats) -> None:
    prepare(rates, count, numbers)
    take_m, take_v, scale, shift = numbers[0], numbers[1], numbers[2], numbers[3]
    values, m, v, last, slopes = chain.values, chain.m, chain.v, chain.last, chain.slopes
    for index in range(len(values)):
        m[index] = fma(take_m, slopes[index] - m[index], m[index])
        v[index] = fma(take_v, fma(slopes[index], slopes[index], -v[index]), v[index])
        step = m[index] / fma(np.sqrt(v[index]), scale, shift)
        values[index] -= fma(_TWO, step, -last[index])
        last[index] = step
    _bound(rates.clip, values)


@compiled
def _sgd(optimiser: Optimiser, rates: Rates, chain: Chain, count: int, numbers: Floats) -> None:
    momentum, lr = np.float32(optimiser.momentum), np.float32(rates.lr)
    values, m, slopes = chain.values, chain.m, chain.slopes
    for index in range(len(values)):
        m[index] = fma(momentum, m[index], slopes[index])
        values[index] = fma(-lr, m[index], values[index])
    _bound(rates.clip, values)


@compiled
def _rmsprop(optimiser: Optimiser, rates: Rates, chain: Chain, count: int, numbers: Floats) -> None:
    take, lr, eps = np.float32(1 - optimiser.rms_decay), np.float32(rates.lr), normal_float32(rates.eps)
    values, v, slopes = chain.values, chain.v, chain.slopes
    for index in range(len(values)):
        v[index] = fma(take, fma(slopes[index], slopes[index], -v[index]), v[index])
        values[index] -= lr * slopes[index] / (np.sqrt(v[index]) + eps)
    _bound(rates.clip, values)


@compiled
def _bound(clip: float, values: Floats) -> None:
    """Keep the values within -clip..clip; what is no number stays."""
    bound = np.float32(clip)
    for index in range(len(values)):
        value = values[index]
        value = bound if value > bound else value
        values[index] = -bound if value < -bound else value


_OPTIMISERS = {"adam": _adam, "oadam": _oadam, "sgd": _sgd, "rmsprop": _rmsprop}
OPTIMISER_NUMBERS = {name: number for number, name in enumerate(_OPTIMISERS)}
"""The optimisers by their numbers in compiled code."""
_ADAM = OPTIMISER_NUMBERS["adam"]
_update: Callable[..., None] = by_number(list(_OPTIMISERS.values()))


@compiled
def optimise(optimiser: Optimiser, chain: Chain, factor: float, count: int, numbers: Floats) -> None:
    """Do update number `count`, from 1, at rates times a factor. `numbers` is a buffer."""
    _update(optimiser.number, optimiser, _rates(optimiser, factor), chain, count, numbers)


@inlined
def adam_at_once(optimiser: Optimiser, due: bool, factor: float, count: int, numbers: Floats) -> Floats:
    """Return what Adam's update needs, for it to be done while the gradient is found; nothing where that cannot be.

    It cannot where the update is not due as soon as the gradient is known, or another optimiser does it.
    """
    at_once = due and optimiser.number == _ADAM
    if at_once:
        prepare(_rates(optimiser, factor), count, numbers)
    return numbers[: len(numbers) if at_once else 0]


@compiled
def _rates(optimiser: Optimiser, factor: float) -> Rates:
    usual = optimiser.rates
    return Rates(usual.lr * factor, usual.beta1, usual.beta2, usual.eps, usual.clip)


@compiled
def _constant(share: float) -> float:
    return 1.0


@compiled
def _linear(share: float) -> float:
    return 1 - share


@compiled
def _cosine(share: float) -> float:
    return 0.5 + 0.5 * np.float64(cos_sin(np.float32(np.pi * share))[0])


_FALLS = {"constant": _constant, "linear": _linear, "cosine": _cosine}
SCHEDULE_NUMBERS = {name: number for number, name in enumerate(_FALLS)}
"""The schedules by their numbers in compiled code."""
_fall: Callable[..., float] = by_number(list(_FALLS.values()))


@compiled
def factor_at(schedule: Schedule, step: int) -> float:
    """Return what both rates are multiplied with at a step, from 0."""
    left = _fall(schedule.number, min(step / max(schedule.steps, 1), 1.0))
    rise = min((step + 1) / schedule.warmup, 1.0) if schedule.warmup > 0 else 1.0
    return (schedule.to + (1 - schedule.to) * left) * rise
