"""Matrix products of a small network, in register blocks. Knows no loss, no optimiser and no config.

The hidden axis is cut into panels of PANEL units, and a panel's rows follow each other, so that every product runs over
whole vectors. A block of results stays in registers while the reduction runs; each result is one chain of fused
multiply-adds in the order of the reduction, so neither the block's shape nor the vector width changes a bit of it.

Nothing here reads what it writes: no output may share memory with an input, except where a function adds to it.

Legend of the shapes in names: b rows of a minibatch, i inputs, u units of a panel (PANEL), p points (a multiple of
GROUP), g a group (GROUP), n panels. In what writes LLVM code, e is the emitter, a block is several rows x SPAN units.
"""

from typing import Any

from curvegan_core.engines.fused.rows import GROUP, Floats
from curvegan_core.engines.fused.vectors import LANES, REGISTERS, Emitter, Operand, Value, compiled, instruction

PANEL = 64
"""Hidden units in a panel: four vectors of 16, and a row of a panel is four whole cache lines."""

# A multiply-add takes four cycles, and two pipelines start one each cycle: eight sums must be under way at any time.
# 16 are, where 32 registers have room for them, for their four vectors of weights and a number of the row; where there
# are 16 registers, 8 fit.
ACCUMULATORS = 16 if REGISTERS == 32 else 8
# A block of 4 rows x 64 units loads four vectors of weights and four numbers for 16 multiply-adds. Blocks of 8 x 32,
# 6 x 64 and 5 x 64 were no faster, and a minibatch of 64 is 16 whole blocks.
BLOCK_ROWS = 4
VECTORS = ACCUMULATORS // BLOCK_ROWS
# The outputs are one group wide, 15 points and the one behind them: there a block is many rows high instead.
_OUTPUT_ROWS = ACCUMULATORS * LANES // GROUP
SPAN = VECTORS * LANES
"""Units of a panel that a block computes at once: all with 16 lanes, a quarter with 8 or 4."""
SPANS = range(0, PANEL, SPAN)
"""The first unit of each span of a panel."""


def row_of(e: Emitter, matrix: Operand, row: Value, plus: int = 0, width: int = PANEL) -> Value:
    """Return the address of a row of a known width: whole rows away is then part of an instruction, not a register."""
    return e.move(e.move(matrix.start, e.builder.mul(row, e.index(width))), plus * width)


def load(e: Emitter, address: Value, offset: int, numbers: int) -> list[Value]:
    """Load that many numbers as vectors."""
    return [e.load(address, lane) for lane in range(offset, offset + numbers, LANES)]


def store(e: Emitter, values: list[Value], address: Value, offset: int) -> None:
    """Store vectors one behind the other."""
    for vector, value in enumerate(values):
        e.store(value, address, offset + vector * LANES)


def _product(e: Emitter, start: list[Value], rows: list[Value], inputs: Value, panel: Operand, unit: int) -> Any:
    """Return start + rows W, as [row][vector], for the span of a panel's units that begins at `unit`.

    Each sum is start, then + x[0] W[0], + x[1] W[1] and so on, each with one rounding: that order is a promise.
    """
    sums = [e.variables(start) for _ in rows]
    with e.count(inputs) as loop:
        weights = load(e, row_of(e, panel, loop.index), unit, SPAN)
        for row, slots in zip(rows, sums, strict=True):
            value = e.splat(e.move(row, loop.index))
            for slot, weight in zip(slots, weights, strict=True):
                e.add_product(slot, value, weight)
    return [[e.builder.load(slot) for slot in slots] for slots in sums]


# Each product below is written for blocks of several rows and once more for the single rows that are left over. The
# chains of sums are the same in both, so a row's result does not depend on the size of its minibatch.


def _hidden_block(rows: int) -> Any:
    def write(e: Emitter, x: Operand, row: Value, inputs: Value, panel: Operand, out: Operand) -> None:
        addresses = [x.row(row, plus) for plus in range(rows)]
        for unit in SPANS:
            bias = load(e, row_of(e, panel, inputs), unit, SPAN)
            for plus, values in enumerate(_product(e, bias, addresses, inputs, panel, unit)):
                store(e, [e.where_positive(value, value) for value in values], row_of(e, out, row, plus), unit)

    return instruction(write)


_hidden_rows, _hidden_row = _hidden_block(BLOCK_ROWS), _hidden_block(1)


@compiled
def hidden(x_bi: Floats, inputs: int, panel_iu: Floats, out_bu: Floats) -> None:
    """Write relu(x W + bias) of a panel. The bias is the panel's row `inputs`."""
    row, rows = 0, len(out_bu)
    while row + BLOCK_ROWS <= rows:
        _hidden_rows(x_bi, row, inputs, panel_iu, out_bu)
        row += BLOCK_ROWS
    while row < rows:
        _hidden_row(x_bi, row, inputs, panel_iu, out_bu)
        row += 1


def _gates_block(rows: int) -> Any:
    def write(
        e: Emitter,
        x: Operand,
        row: Value,
        inputs: Value,
        panel: Operand,
        last: Value,
        opened: Operand,
        out: Operand,
        sums: Operand,
    ) -> None:
        addresses = [x.row(row, plus) for plus in range(rows)]
        slots = [e.variables(load(e, row_of(e, sums, row, plus, GROUP), 0, GROUP)) for plus in range(rows)]
        for unit in SPANS:
            bias = load(e, row_of(e, panel, inputs), unit, SPAN)
            lasts = load(e, row_of(e, panel, last), unit, SPAN)
            gates = load(e, opened.start, unit, SPAN)
            for plus, values in enumerate(_product(e, bias, addresses, inputs, panel, unit)):
                chosen = [e.where_positive(value, gate) for value, gate in zip(values, gates, strict=True)]
                store(e, chosen, row_of(e, out, row, plus), unit)
                # A group of sums for each row, not one: a chain of 64 additions would be all latency. Number u % GROUP
                # gets unit u, panel after panel, in any vector width.
                for vector, value in enumerate(values):
                    slot = slots[plus][(unit // LANES + vector) % len(slots[plus])]
                    e.add_product(slot, e.where_positive(value, value), lasts[vector])
        for plus, parts in enumerate(slots):
            store(e, [e.builder.load(part) for part in parts], row_of(e, sums, row, plus, GROUP), 0)

    return instruction(write)


_gates_rows, _gates_row = _gates_block(BLOCK_ROWS), _gates_block(1)


@compiled
def gates(
    x_bi: Floats, inputs: int, panel_iu: Floats, last: int, opened_u: Floats, out_bu: Floats, sums_bg: Floats
) -> None:
    """Write which units of a panel are active, and add what they give to the logits.

    The bias is the panel's row `inputs`, the weights to the logit its row `last`. A gate is the unit's number in
    `opened_u` where x W + bias > 0, else zero. Unit u adds to number u % GROUP of its curve's row of sums.
    Hidden values themselves are not kept: with ReLU the gate and the curve say all that a gradient needs.
    """
    row, rows = 0, len(out_bu)
    while row + BLOCK_ROWS <= rows:
        _gates_rows(x_bi, row, inputs, panel_iu, last, opened_u, out_bu, sums_bg)
        row += BLOCK_ROWS
    while row < rows:
        _gates_row(x_bi, row, inputs, panel_iu, last, opened_u, out_bu, sums_bg)
        row += 1


def _back_block(rows: int) -> Any:
    def write(e: Emitter, x: Operand, row: Value, inputs: Value, panel: Operand, active: Operand, out: Operand) -> None:
        addresses = [x.row(row, plus) for plus in range(rows)]
        for unit in SPANS:
            start = [e.zero] * VECTORS
            for plus, values in enumerate(_product(e, start, addresses, inputs, panel, unit)):
                passed = load(e, row_of(e, active, row, plus), unit, SPAN)
                chosen = [e.where_positive(gate, value) for gate, value in zip(passed, values, strict=True)]
                store(e, chosen, row_of(e, out, row, plus), unit)

    return instruction(write)


_back_rows, _back_row = _back_block(BLOCK_ROWS), _back_block(1)


@compiled
def back(x_bi: Floats, inputs: int, panel_iu: Floats, active_bu: Floats, out_bu: Floats) -> None:
    """Write x W of a panel where `active_bu` is positive, zero elsewhere: a gradient on its way through a relu."""
    row, rows = 0, len(out_bu)
    while row + BLOCK_ROWS <= rows:
        _back_rows(x_bi, row, inputs, panel_iu, active_bu, out_bu)
        row += BLOCK_ROWS
    while row < rows:
        _back_row(x_bi, row, inputs, panel_iu, active_bu, out_bu)
        row += 1


def _outputs_block(rows: int) -> Any:
    def write(e: Emitter, units: Operand, row: Value, weights: Operand, point: Value, out: Operand) -> None:
        addresses = [e.move(out.row(row, plus), point) for plus in range(rows)]
        sums = [e.variables(load(e, address, 0, GROUP)) for address in addresses]
        with e.count(PANEL) as loop:
            weight = load(e, e.move(weights.row(loop.index), point), 0, GROUP)
            for plus, slots in enumerate(sums):
                value = e.splat(e.move(row_of(e, units, row, plus), loop.index))
                for slot, vector in zip(slots, weight, strict=True):
                    e.add_product(slot, value, vector)
        for address, slots in zip(addresses, sums, strict=True):
            store(e, [e.builder.load(slot) for slot in slots], address, 0)

    return instruction(write)


_outputs_rows, _outputs_4, _outputs_row = _outputs_block(_OUTPUT_ROWS), _outputs_block(4), _outputs_block(1)


@compiled
def add_outputs(units_bu: Floats, weights_up: Floats, out_bp: Floats) -> None:
    """Add a panel's part of units W to the outputs, unit after unit: panels in order make one chain of each output."""
    rows, points = out_bp.shape
    for point in range(0, points, GROUP):
        row = 0
        while row + _OUTPUT_ROWS <= rows:
            _outputs_rows(units_bu, row, weights_up, point, out_bp)
            row += _OUTPUT_ROWS
        while row + 4 <= rows:
            _outputs_4(units_bu, row, weights_up, point, out_bp)
            row += 4
        while row < rows:
            _outputs_row(units_bu, row, weights_up, point, out_bp)
            row += 1


@instruction
def _transpose_block(e: Emitter, panel: Operand, rows: Value, point: Value, unit: Value, out: Operand) -> None:
    # Always of 16 lanes: LLVM splits such a vector into as many registers as it needs.
    e = Emitter(e.context, e.builder, GROUP)
    block = []
    for plus in range(GROUP):
        inside = e.builder.icmp_signed("<", e.builder.add(point, e.index(plus)), rows)
        block.append(e.builder.select(inside, e.load(e.move(row_of(e, panel, point, plus), unit)), e.zero))
    for plus, column in enumerate(transposed(e, block)):
        e.store(column, e.move(out.row(unit, plus), point))


def transposed(e: Emitter, block: list[Value]) -> list[Value]:
    """Transpose GROUP x GROUP numbers: exchange the off-diagonal quarters at each of four scales."""
    for distance in (1, 2, 4, 8):
        upper = [lane if not lane & distance else GROUP + lane - distance for lane in range(GROUP)]
        lower = [lane + distance if not lane & distance else GROUP + lane for lane in range(GROUP)]
        block = [
            e.shuffle(block[row & ~distance], block[row | distance], lower if row & distance else upper)
            for row in range(GROUP)
        ]
    return block


@compiled
def transpose(panel_iu: Floats, rows: int, out_up: Floats) -> None:
    """Write the panel's first `rows` rows as columns, zeros behind them. Reads up to GROUP - 1 rows further on."""
    for point in range(0, out_up.shape[1], GROUP):
        for unit in range(0, PANEL, GROUP):
            _transpose_block(panel_iu, rows, point, unit, out_up)
