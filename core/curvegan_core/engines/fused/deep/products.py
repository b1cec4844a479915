"""Products of networks of any depth, in the register blocks of `matmul`: values in panels, any activation slope.

A map's inputs are panels (n, b, i) of `inputs` numbers each: one panel of curves or latents, or the panels of the units
below. Each result is one chain in the order of the panels and of the inputs in each, so that neither the block's shape
nor the vector width changes a bit of it. Rows first..stop-1 of a minibatch are computed, the others stay.

Legend of the shapes in names: n panels, b rows of a minibatch, i inputs, u units of a panel (PANEL), g a group, p
points. In what writes LLVM code, e is the emitter.
"""

from typing import Any

from curvegan_core.engines.fused.matmul import (
    BLOCK_ROWS,
    PANEL,
    SPAN,
    SPANS,
    VECTORS,
    add_outputs,
    load,
    row_of,
    store,
    transpose,
    transposed,
)
from curvegan_core.engines.fused.rows import GROUP, Floats
from curvegan_core.engines.fused.vectors import LANES, Emitter, Operand, Value, compiled, fma, instruction


def _product(
    e: Emitter, start: list[Value], x: Operand, row: Value, rows: int, inputs: Value, panel: Operand, unit: int
) -> Any:
    """Return start + x W, as [row][vector], for the span of units at `unit` and `rows` rows from `row`."""
    sums = [e.variables(start) for _ in range(rows)]
    panels, batch, _ = x.shape
    with e.count(panels) as outer:
        first = e.builder.add(e.builder.mul(outer.index, batch), row)
        addresses = [x.row(first, plus) for plus in range(rows)]
        below = row_of(e, panel, e.builder.mul(outer.index, inputs))
        with e.count(inputs) as loop:
            weights = load(e, e.move(below, e.builder.mul(loop.index, e.index(PANEL))), unit, SPAN)
            for address, slots in zip(addresses, sums, strict=True):
                value = e.splat(e.move(address, loop.index))
                for slot, weight in zip(slots, weights, strict=True):
                    e.add_product(slot, value, weight)
    return [[e.builder.load(slot) for slot in slots] for slots in sums]


def _chosen(e: Emitter, gate: Value, value: Value, leak: Value) -> Value:
    """Return value where the gate is positive or no number, leak times value elsewhere."""
    return e.builder.select(e.builder.fcmp_unordered(">", gate, e.zero), value, e.builder.fmul(leak, value))


def _forward_block(rows: int) -> Any:
    def write(e: Emitter, x: Operand, row: Value, inputs: Value, panel: Operand, leak: Operand, out: Operand) -> None:
        leaks, bias_row = e.splat(leak.start), e.builder.mul(x.shape[0], inputs)
        for unit in SPANS:
            bias = load(e, row_of(e, panel, bias_row), unit, SPAN)
            for plus, values in enumerate(_product(e, bias, x, row, rows, inputs, panel, unit)):
                store(e, [_chosen(e, value, value, leaks) for value in values], row_of(e, out, row, plus), unit)

    return instruction(write)


_forward_rows, _forward_row = _forward_block(BLOCK_ROWS), _forward_block(1)


@compiled
def forward(x_nbi: Floats, stop: int, inputs: int, panel_iu: Floats, leak: Floats, out_bu: Floats) -> None:
    """Write the activation of x W + bias of a panel. The bias is the row behind the weights."""
    row = 0
    while row + BLOCK_ROWS <= stop:
        _forward_rows(x_nbi, row, inputs, panel_iu, leak, out_bu)
        row += BLOCK_ROWS
    while row < stop:
        _forward_row(x_nbi, row, inputs, panel_iu, leak, out_bu)
        row += 1


def _through_block(rows: int) -> Any:
    def write(
        e: Emitter, x: Operand, row: Value, inputs: Value, panel: Operand, active: Operand, leak: Operand, out: Operand
    ) -> None:
        leaks, start = e.splat(leak.start), [e.zero] * VECTORS
        for unit in SPANS:
            for plus, values in enumerate(_product(e, start, x, row, rows, inputs, panel, unit)):
                gates = load(e, row_of(e, active, row, plus), unit, SPAN)
                passed = [_chosen(e, gate, value, leaks) for gate, value in zip(gates, values, strict=True)]
                store(e, passed, row_of(e, out, row, plus), unit)

    return instruction(write)


_through_rows, _through_row = _through_block(BLOCK_ROWS), _through_block(1)


@compiled
def through(
    x_nbi: Floats, first: int, stop: int, inputs: int, panel_iu: Floats, active_bu: Floats, leak: Floats, out_bu: Floats
) -> None:
    """Write x W of a panel times the activation's slope at the values `active_bu`.

    With the transposed map that is a gradient on its way back, with the map itself a tangent on its way forward.
    """
    row = first
    while row + BLOCK_ROWS <= stop:
        _through_rows(x_nbi, row, inputs, panel_iu, active_bu, leak, out_bu)
        row += BLOCK_ROWS
    while row < stop:
        _through_row(x_nbi, row, inputs, panel_iu, active_bu, leak, out_bu)
        row += 1


@instruction
def _dots_row(e: Emitter, units: Operand, row: Value, weights: Operand, sums: Operand) -> None:
    parts = [e.load(row_of(e, sums, row, width=GROUP), lane) for lane in range(0, GROUP, LANES)]
    for unit in range(0, PANEL, LANES):
        part = (unit // LANES) % len(parts)
        parts[part] = e.fma(e.load(row_of(e, units, row), unit), e.load(weights.start, unit), parts[part])
    store(e, parts, row_of(e, sums, row, width=GROUP), 0)


@compiled
def add_dots(units_bu: Floats, stop: int, weights_u: Floats, sums_bg: Floats) -> None:
    """Add units times weights to each row's sums: unit u to number u % GROUP."""
    for row in range(stop):
        _dots_row(units_bu, row, weights_u, sums_bg)


@instruction
def _columns_block(e: Emitter, units: Operand, row: Value, weights: Operand, outputs: Value, sums: Operand) -> None:
    # Always of 16 lanes, as a transposition is.
    e = Emitter(e.context, e.builder, GROUP)
    for unit in range(0, PANEL, GROUP):
        columns = transposed(e, [e.load(row_of(e, units, row, plus), unit) for plus in range(GROUP)])
        with e.count(outputs) as loop:
            weight, address = e.move(row_of(e, weights, loop.index), unit), e.move(sums.row(loop.index), row)
            total = e.load(address)
            for plus, column in enumerate(columns):
                total = e.fma(e.splat(e.move(weight, plus)), column, total)
            e.store(total, address)


@compiled
def add_few_outputs(
    units_nbu: Floats, stop: int, map_nru: Floats, outputs: int, sums_ob: Floats, out_bp: Floats
) -> None:
    """Add units W to the first outputs of each row, as `add_outputs` does, for a map's rows W^T.

    The rows of a minibatch lie in the vector's lanes, so that no lane is an output that nobody asked for. Reads and
    computes up to GROUP - 1 rows further on. The sums are a buffer.
    """
    for output in range(outputs):
        for row in range(stop):
            sums_ob[output, row] = out_bp[row, output]
    for n in range(len(map_nru)):
        for row in range(0, stop, GROUP):
            _columns_block(units_nbu[n], row, map_nru[n], outputs, sums_ob)
    for row in range(stop):
        for output in range(outputs):
            out_bp[row, output] = sums_ob[output, row]


@compiled
def add_products(
    units_nbu: Floats, stop: int, map_nru: Floats, outputs: int, turned_up: Floats, sums_ob: Floats, out_bp: Floats
) -> None:
    """Add units W to the outputs of the first rows, for a map's rows W^T. Both others are buffers."""
    if outputs <= len(sums_ob):
        add_few_outputs(units_nbu, stop, map_nru, outputs, sums_ob, out_bp)
        return
    for n in range(len(map_nru)):
        transpose(map_nru[n], outputs, turned_up)
        add_outputs(units_nbu[n, :stop], turned_up, out_bp[:stop])


@instruction
def _transpose_block(e: Emitter, panel: Operand, row: Value, unit: Value, out: Operand) -> None:
    e = Emitter(e.context, e.builder, GROUP)
    block = [e.load(e.move(row_of(e, panel, row, plus), unit)) for plus in range(GROUP)]
    for plus, column in enumerate(transposed(e, block)):
        e.store(column, e.move(row_of(e, out, unit, plus), row))


@compiled
def transpose_panels(map_nru: Floats, out_nru: Floats) -> None:
    """Write a middle map as panels of the units below: what `through` needs on the way back."""
    for n in range(len(map_nru)):
        for below in range(len(map_nru)):
            rows_iu, turned_iu = map_nru[n, PANEL * below :], out_nru[below, PANEL * n :]
            for row in range(0, PANEL, GROUP):
                for unit in range(0, PANEL, GROUP):
                    _transpose_block(rows_iu, row, unit, turned_iu)


@compiled
def add_scaled(x_bp: Floats, factors_b: Floats, first: int, stop: int, out_bp: Floats) -> None:
    """Add each row times its factor, for the rows first..stop-1."""
    for row in range(first, stop):
        factor, x_p, out_p = factors_b[row], x_bp[row], out_bp[row]
        for p in range(len(x_p)):
            out_p[p] = fma(factor, x_p[p], out_p[p])


@compiled
def to_panels(x_bi: Floats, inputs: int, stop: int, out_nbu: Floats) -> None:
    """Copy the inputs of each row to panels; what is beyond them stays."""
    for row in range(stop):
        for index in range(inputs):
            out_nbu[index // PANEL, row, index % PANEL] = x_bi[row, index]


@compiled
def from_panels(x_nbu: Floats, inputs: int, stop: int, out_bi: Floats) -> None:
    """Copy panels to the first `inputs` numbers of each row; what is beyond them stays."""
    for row in range(stop):
        for index in range(inputs):
            out_bi[row, index] = x_nbu[index // PANEL, row, index % PANEL]
