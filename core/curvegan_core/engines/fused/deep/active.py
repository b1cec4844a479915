"""Products over the active units of a relu alone, as a rule half of them: the others are zero, and add nothing.

`products` and `adam` take every number, a block of rows at a time. Here the bits of a word say which units of a row are
active; each of these multiplies the weights of as many units above as eight vectors hold. Where a unit is not active,
its value is zero, and so are the derivative that passes it and its tangent: all three have the same bits. The chains
are those of `products` without their links of zero: x + 0 w is x, so the results are the same numbers. What is no
number counts as active, and passes; an infinite weight of a unit that is zero does not.

Legend of the shapes in names: n panels, b rows of a minibatch, r rows of a map's panel, u units of a panel (PANEL), c
chunks of PANEL rows of a minibatch. In what writes LLVM code, e is the emitter.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvegan_core.engines.fused.adam import adam_numbers, update_vector
from curvegan_core.engines.fused.matmul import PANEL, load, row_of, store
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.vectors import LANES, Emitter, Operand, Value, compiled, instruction, named

Bits = NDArray[np.uint64]
# A multiply-add takes four cycles, and two pipelines start one each cycle: eight sums must be under way.
_TOGETHER = max(8 * LANES // PANEL, 1)
_HALF = np.uint64(0xFFFFFFFF)


def _panels(e: Emitter, matrix: Operand, n: Value, row: Value, panels: int) -> list[Value]:
    """Return the addresses of a row in so many panels from n on."""
    rows = matrix.shape[1]
    return [
        row_of(e, matrix, e.builder.add(e.builder.mul(e.builder.add(n, e.index(plus)), rows), row))
        for plus in range(panels)
    ]


def _load(e: Emitter, addresses: list[Value]) -> list[Value]:
    return [vector for address in addresses for vector in load(e, address, 0, PANEL)]


def _store(e: Emitter, vectors: list[Value], addresses: list[Value]) -> None:
    each = len(vectors) // len(addresses)
    for place, address in enumerate(addresses):
        store(e, vectors[place * each : (place + 1) * each], address, 0)


def _sums(
    e: Emitter, start: list[Value], word: Value, factor: Callable[[Value], Value], rows: Callable[[Value], list[Value]]
) -> list[Value]:
    """Return start + the sum of factor(i) rows(i), given their addresses, over the bits i of a word in their order."""
    sums = e.variables(start)
    with e.bits(word) as index:
        value = e.splat(factor(index))
        for slot, vector in zip(sums, _load(e, rows(index)), strict=True):
            e.add_product(slot, value, vector)
    return [e.builder.load(slot) for slot in sums]


def _either(e: Emitter, condition: Value, these: list[Value], those: list[Value]) -> list[Value]:
    return [e.builder.select(condition, this, that) for this, that in zip(these, those, strict=True)]


def _word(e: Emitter, bits: Operand, n: Value, row: Value) -> Value:
    """Return the bits of a row of a panel."""
    return e.builder.load(e.move(bits.row(n), row))


@instruction
def _keep_row(e: Emitter, units: Operand, n: Value, row: Value, out: Operand) -> None:
    word, (address,) = e.index(0), _panels(e, units, n, row, 1)
    for unit in range(0, PANEL, LANES):
        word = e.builder.or_(word, e.builder.shl(e.positive(e.load(address, unit)), e.index(unit)))
    e.builder.store(word, e.move(out.row(n), row))


@compiled
def keep_bits(units_nbu: Floats, stop: int, out_nb: Bits) -> None:
    """Write for each of the first rows, as the bits of a word, which units of a panel are active."""
    for n in range(len(units_nbu)):
        for row in range(stop):
            _keep_row(units_nbu, n, row, out_nb)


def _units_block(panels: int, is_forward: bool) -> Any:
    def write(
        e: Emitter,
        x: Operand,
        bits: Operand,
        below: Value,
        row: Value,
        maps: Operand,
        n: Value,
        gates: Operand,
        out: Operand,
    ) -> None:
        add, times = e.builder.add, e.builder.mul
        (numbers,), written = _panels(e, x, below, row, 1), _panels(e, out, n, row, panels)
        bias = _load(e, _panels(e, maps, n, times(x.shape[0], e.index(PANEL)), panels))
        start = bias if is_forward else [e.zero] * len(bias)
        start = _either(e, e.builder.icmp_unsigned("==", below, e.index(0)), start, _load(e, written))
        first, last = times(below, e.index(PANEL)), e.builder.sub(x.shape[0], e.index(1))

        def weights(index: Value) -> list[Value]:
            return _panels(e, maps, n, add(first, index), panels)

        sums = _sums(e, start, _word(e, bits, below, row), lambda index: e.move(numbers, index), weights)
        if is_forward:
            passed = [e.where_positive(value, value) for value in sums]
        else:
            words = [_word(e, gates, add(n, e.index(plus)), row) for plus in range(panels)]
            each = PANEL // LANES
            passed = [
                e.where_set(words[index // each], index % each * LANES, value) for index, value in enumerate(sums)
            ]
        _store(e, _either(e, e.builder.icmp_unsigned("==", below, last), passed, sums), written)

    return instruction(write)


_forward_panels, _forward_panel = _units_block(_TOGETHER, True), _units_block(1, True)
_through_panels, _through_panel = _units_block(_TOGETHER, False), _units_block(1, False)


def _all_panels(together: Callable[..., None], alone: Callable[..., None], name: str) -> Callable[..., None]:
    """Make a function that writes the rows first..stop-1 of all panels, as many panels together as there are."""

    def write(
        x_nbu: Floats, bits_nb: Bits, first: int, stop: int, map_nru: Floats, gates_nb: Bits, out_nbu: Floats
    ) -> None:
        n = 0
        while n < len(out_nbu):
            are_together = n + _TOGETHER <= len(out_nbu)
            for below in range(len(x_nbu)):
                for row in range(first, stop):
                    if are_together:
                        together(x_nbu, bits_nb, below, row, map_nru, n, gates_nb, out_nbu)
                    else:
                        alone(x_nbu, bits_nb, below, row, map_nru, n, gates_nb, out_nbu)
            n += _TOGETHER if are_together else 1

    return compiled(named(name, write))


forward_active = _all_panels(_forward_panels, _forward_panel, "forward_active")
"""Write relu(x W + bias), as `products.forward` does. The bias is the row behind the weights; gates are not read."""
through_active = _all_panels(_through_panels, _through_panel, "through_active")
"""Write x W where the bits `gates_nb` are set, zero elsewhere, as `products.through` does."""


@compiled
def _turn_chunks(bits_b: Bits, stop: int, out_cu: Bits) -> None:
    """Write for each chunk and unit a word whose bits say in which rows of the chunk the unit is active."""
    for row in range(len(out_cu) * PANEL):
        out_cu[row // PANEL, row % PANEL] = bits_b[row] if row < stop else np.uint64(0)
    for chunk in range(len(out_cu)):
        turn_bits(out_cu[chunk])


@compiled
def turn_bits(bits_u: Bits) -> None:
    """Transpose 64 x 64 bits: exchange the off-diagonal quarters at each of six scales."""
    distance, kept = PANEL // 2, _HALF
    while distance > 0:
        shift = np.uint64(distance)
        for start in range(0, PANEL, 2 * distance):
            for upper in range(start, start + distance):
                changed = ((bits_u[upper] >> shift) ^ bits_u[upper + distance]) & kept
                bits_u[upper + distance] ^= changed
                bits_u[upper] ^= changed << shift
        distance //= 2
        kept ^= kept << np.uint64(distance)


def _slopes_block(panels: int) -> Any:
    def write(
        e: Emitter,
        bits: Operand,
        chunk: Value,
        unit: Value,
        x: Operand,
        below: Value,
        units: Operand,
        n: Value,
        is_due: Value,
        adam: Operand,
        slopes: Operand,
        values: Operand,
        m: Operand,
        v: Operand,
    ) -> None:
        add, times, zero = e.builder.add, e.builder.mul, e.index(0)
        first, row = times(chunk, e.index(PANEL)), add(times(below, e.index(PANEL)), unit)
        kept = _panels(e, slopes, n, row, panels)
        before = _load(e, kept)
        start = _either(e, e.builder.icmp_unsigned("==", chunk, zero), [e.zero] * len(before), before)

        def factor(index: Value) -> Value:
            return e.move(_panels(e, x, below, add(first, index), 1)[0], unit)

        word = e.builder.load(e.move(bits.start, add(first, unit)))
        sums = _sums(e, start, word, factor, lambda index: _panels(e, units, n, add(first, index), panels))
        places = [_panels(e, weights, n, row, panels) for weights in (values, m, v)]
        with e.builder.if_else(e.builder.icmp_unsigned("!=", is_due, zero)) as (then, otherwise):
            with then:
                _update(e, adam_numbers(e, adam), sums, places)
            with otherwise:
                _store(e, sums, kept)

    return instruction(write)


def _update(e: Emitter, numbers: list[Value], slopes: list[Value], places: list[list[Value]]) -> None:
    """Update values and moments, whose addresses are given for each panel."""
    each = PANEL // LANES
    for index, slope in enumerate(slopes):
        update_vector(e, numbers, slope, [place[index // each] for place in places], index % each * LANES)


_slopes_panels, _slopes_panel = _slopes_block(_TOGETHER), _slopes_block(1)


@compiled
def gradient_active(
    x_nbu: Floats,
    bits_nb: Bits,
    units_nbu: Floats,
    stop: int,
    turned_cu: Bits,
    adam: Floats,
    slopes_nru: Floats,
    values_nru: Floats,
    m_nru: Floats,
    v_nru: Floats,
) -> None:
    """Write the sum of x times units of all panels over the rows before `stop`, as `gradients.gradient` does.

    `turned_cu` is a buffer. With `adam` update values and moments at once; the slopes are then a buffer too.
    """
    chunks = (stop + PANEL - 1) // PANEL
    for below in range(len(x_nbu)):
        _turn_chunks(bits_nb[below], stop, turned_cu[:chunks])
        for chunk in range(chunks):
            due = 1 if chunk == chunks - 1 and len(adam) > 0 else 0
            n = 0
            while n < len(units_nbu):
                are_together = n + _TOGETHER <= len(units_nbu)
                for u in range(PANEL):
                    slopes, values, m, v = slopes_nru, values_nru, m_nru, v_nru
                    if are_together:
                        _slopes_panels(turned_cu, chunk, u, x_nbu, below, units_nbu, n, due, adam, slopes, values, m, v)
                    else:
                        _slopes_panel(turned_cu, chunk, u, x_nbu, below, units_nbu, n, due, adam, slopes, values, m, v)
                n += _TOGETHER if are_together else 1
