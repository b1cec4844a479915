"""Gradients that go straight into Adam's update, and averages of weights, in compiled code. Knows no loss.

A gradient is the sum over a minibatch of inputs times hidden units. It is computed in blocks of INPUTS rows of a panel
and used while it is still in registers: the square roots and divisions of one block pass while the next one multiplies.

Kingma and Ba, "Adam" (2015), algorithm 1: p -= lr/(1 - beta1^t) m / (sqrt(v/(1 - beta2^t)) + eps)
is p -= m / (sqrt(v) scale + shift).

A gradient of padding is zero, and so are its moments: the update divides zero by at least `shift`, which is a positive
normal number, and padding stays zero.

Legend of the shapes in names: b rows of a minibatch, i inputs, r rows of a panel, u units of a panel, n panels. In what
writes LLVM code, e is the emitter.
"""

from typing import Any, NamedTuple

import numpy as np

from curvegan_core.engines.fused.layout import INPUTS, Network, Numbers
from curvegan_core.engines.fused.matmul import PANEL, SPAN, SPANS, VECTORS, load, row_of, store
from curvegan_core.engines.fused.rows import GROUP, Floats
from curvegan_core.engines.fused.vectors import LANES, Emitter, Operand, Value, compiled, fma, instruction

_SMALLEST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


class Rates(NamedTuple):
    """Adam's rates of a network, and the bound of its weights: infinite if there is none."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    clip: float


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
def prepare(rates: Rates, count: int, adam: Floats) -> None:
    """Write what update number `count`, from 1, needs: 1 - beta1, 1 - beta2, scale, shift, bound."""
    per_lr = (1 - power(rates.beta1, count)) / rates.lr
    adam[0], adam[1] = np.float32(1 - rates.beta1), np.float32(1 - rates.beta2)
    adam[2] = normal_float32(per_lr / np.sqrt(1 - power(rates.beta2, count)))
    adam[3], adam[4] = normal_float32(per_lr * rates.eps), np.float32(rates.clip)


@compiled
def normal_float32(value: float) -> np.float32:
    """Round to a normal float32, so that neither 0/0 nor 0 * inf can come of a tiny rate or eps."""
    # Computed in double precision before: 1 - beta^t loses most of its digits while t is small.
    return np.float32(min(max(value, _SMALLEST), _LARGEST))


def adam_numbers(e: Emitter, adam: Operand) -> list[Value]:
    """Return what `prepare` wrote, each number in every lane."""
    return [e.splat(e.move(adam.start, number)) for number in range(5)]


def update_vector(e: Emitter, adam: list[Value], slope: Value, addresses: list[Value], offset: int) -> None:
    """Update the vectors of values, first and second moments that lie `offset` numbers behind the addresses."""
    take_m, take_v, scale, shift, bound = adam
    value, m, v = (e.load(address, offset) for address in addresses)
    m = e.fma(take_m, e.builder.fsub(slope, m), m)
    v = e.fma(take_v, e.fma(slope, slope, e.builder.fneg(v)), v)
    step = e.builder.fdiv(m, e.fma(e.sqrt(v), scale, shift))
    value = e.within(e.builder.fsub(value, step), bound)
    for address, new in zip(addresses, (value, m, v), strict=True):
        e.store(new, address, offset)


def gradient_rows(
    e: Emitter, x: Operand, first: Value, rows: Value, units: Operand, unit: int, inputs: int = INPUTS
) -> list[list[Value]]:
    """Return the gradient of so many rows of a panel from `first` on, as [row][vector], for the span at `unit`.

    Each sum starts at zero and takes the minibatch's rows in their order.
    """
    sums = [e.variables([e.zero] * VECTORS) for _ in range(inputs)]
    with e.count(rows) as loop:
        vectors = load(e, row_of(e, units, loop.index), unit, SPAN)
        address = e.move(x.row(loop.index), first)
        for plus, slots in enumerate(sums):
            value = e.splat(e.move(address, plus))
            for slot, vector in zip(slots, vectors, strict=True):
                e.add_product(slot, value, vector)
    return [[e.builder.load(slot) for slot in slots] for slots in sums]


@instruction
def descend_block(
    e: Emitter,
    x: Operand,
    first: Value,
    rows: Value,
    units: Operand,
    adam: Operand,
    values: Operand,
    m: Operand,
    v: Operand,
) -> None:
    numbers = adam_numbers(e, adam)
    for unit in SPANS:
        for plus, slopes in enumerate(gradient_rows(e, x, first, rows, units, unit)):
            addresses = [row_of(e, panel, first, plus) for panel in (values, m, v)]
            for vector, slope in enumerate(slopes):
                update_vector(e, numbers, slope, addresses, unit + vector * LANES)


@compiled
def descend(x_bi: Floats, units_bu: Floats, inputs: int, adam: Floats, values_iu: Floats, m: Any, v: Any) -> None:
    """Update `inputs` rows of a panel, and on to a multiple of INPUTS, whose gradient is the sum of x times units."""
    for first in range(0, inputs, INPUTS):
        descend_block(x_bi, first, len(units_bu), units_bu, adam, values_iu, m, v)


@instruction
def _descend_gates_block(
    e: Emitter,
    x: Operand,
    first: Value,
    rows: Value,
    gates: Operand,
    adam: Operand,
    values: Operand,
    m: Operand,
    v: Operand,
    last: Value,
    out: Operand,
) -> None:
    numbers = adam_numbers(e, adam)
    for unit in SPANS:
        lasts, totals = load(e, row_of(e, values, last), unit, SPAN), load(e, out.start, unit, SPAN)
        for plus, sums in enumerate(gradient_rows(e, x, first, rows, gates, unit)):
            addresses = [row_of(e, panel, first, plus) for panel in (values, m, v)]
            for vector, total in enumerate(sums):
                offset = unit + vector * LANES
                # The weight as it was: its own update comes after it has been read.
                totals[vector] = e.fma(e.load(addresses[0], offset), total, totals[vector])
                update_vector(e, numbers, e.builder.fmul(total, lasts[vector]), addresses, offset)
        store(e, totals, out.start, unit)


@compiled
def descend_gates(x_bi: Floats, gates_bu: Floats, adam: Floats, network: Network, n: int, last_u: Floats) -> None:
    """Update a panel of the discriminator from weighted curves x and gates M.

    With S the sum of x times M, the gradient of the weights W is w S, w being those to the logit, and that of w is the
    sum over all rows of W S, the bias's among them. That holds for one hidden layer of ReLU, whose value is gate times
    (W x + bias). `last_u` is a buffer; the rows of w are updated last, for every block reads them.
    """
    values_ru, m_ru, v_ru = network.values.panels_nru[n], network.m.panels_nru[n], network.v.panels_nru[n]
    last = network.second
    for unit in range(PANEL):
        last_u[unit] = np.float32(0)
    for first in range(0, network.inputs + 1, INPUTS):
        _descend_gates_block(x_bi, first, len(gates_bu), gates_bu, adam, values_ru, m_ru, v_ru, last, last_u)
    update(adam, last_u, values_ru[last], m_ru[last], v_ru[last])


@instruction
def _update_group(
    e: Emitter, adam: Operand, slopes: Operand, values: Operand, m: Operand, v: Operand, offset: Value
) -> None:
    addresses = [e.move(numbers.start, offset) for numbers in (values, m, v)]
    for lane in range(0, GROUP, LANES):
        update_vector(e, adam_numbers(e, adam), e.load(e.move(slopes.start, offset), lane), addresses, lane)


@compiled
def update(adam: Floats, slopes: Floats, values: Floats, m: Floats, v: Floats) -> None:
    """Update numbers in a row, a multiple of GROUP."""
    for offset in range(0, len(values), GROUP):
        _update_group(adam, slopes, values, m, v, offset)


@compiled
def take_in(take: np.float32, values: Numbers, average: Numbers) -> None:
    """Do mean += (values - mean) take; an average without panels stays as it is."""
    for n in range(len(average.panels_nru)):
        take_in_flat(take, values.panels_nru[n].reshape(-1), average.panels_nru[n].reshape(-1))
    if len(average.panels_nru) > 0:
        take_in_flat(take, values.bias, average.bias)


@compiled
def take_in_flat(take: np.float32, values: Floats, average: Floats) -> None:
    for index in range(len(values)):
        average[index] = fma(take, values[index] - average[index], average[index])
