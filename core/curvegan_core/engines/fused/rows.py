"""Sums and scalings of rows of a minibatch, whose length is a multiple of GROUP. Knows no loss and no config.

A group is handled as one vector, two or four, whatever the processor has; sums within it are paired in the same way.

Legend of the shapes in names: b rows of a minibatch, p numbers of a row, g a group (GROUP). In what writes LLVM code, e
is the emitter.
"""

import numpy as np
from numpy.typing import NDArray

from curvegan_core.engines.fused.vectors import LANES, Emitter, Operand, Value, compiled, instruction

GROUP = 16
"""Numbers of a row that are handled together: a cache line, and the widest vector there is."""

Floats = NDArray[np.float32]


@instruction
def _copy_group(e: Emitter, source: Operand, start: Value, target: Operand, target_start: Value) -> None:
    for lane in range(0, GROUP, LANES):
        e.store(e.load(e.move(source.start, start), lane), e.move(target.start, target_start), lane)


@compiled
def spread_rows(flat: Floats, width: int, out_bp: Floats) -> None:
    """Write rows of `width` numbers that follow each other in `flat` into longer rows: then a one, then zeros.

    Works in whole groups, so it reads and writes up to GROUP numbers too many at the end of each row and array: what it
    writes behind a row the next row overwrites, and behind the last one lies the slack of `layout.zeros`.
    """
    rows, stride = out_bp.shape
    for row in range(rows):
        for column in range(0, width, GROUP):
            _copy_group(flat, row * width + column, out_bp, row * stride + column)
        out_bp[row, width] = np.float32(1)
        for column in range(width + 1, stride):
            out_bp[row, column] = np.float32(0)


@instruction
def _scale_group(e: Emitter, x: Operand, row: Value, column: Value, factors: Operand, out: Operand) -> None:
    factor = e.splat(e.move(factors.start, row))
    for lane in range(0, GROUP, LANES):
        scaled = e.builder.fmul(e.load(e.move(x.row(row), column), lane), factor)
        e.store(scaled, e.move(out.row(row), column), lane)


@compiled
def scale_rows(x_bp: Floats, factors_b: Floats, out_bp: Floats) -> None:
    """Write every row times its factor. `out_bp` may be `x_bp`."""
    for row in range(len(factors_b)):
        for column in range(0, x_bp.shape[1], GROUP):
            _scale_group(x_bp, row, column, factors_b, out_bp)


@instruction
def _add_group(e: Emitter, x: Operand, rows: Value, column: Value, out: Operand) -> None:
    parts = range(0, GROUP, LANES)
    sums = e.variables([e.zero for _ in parts])
    with e.count(rows) as loop:
        address = e.move(x.row(loop.index), column)
        for slot, lane in zip(sums, parts, strict=True):
            e.builder.store(e.builder.fadd(e.builder.load(slot), e.load(address, lane)), slot)
    for slot, lane in zip(sums, parts, strict=True):
        e.store(e.builder.load(slot), e.move(out.start, column), lane)


@compiled
def add_rows(x_bp: Floats, out_p: Floats) -> None:
    """Write the sum of all rows."""
    for column in range(0, x_bp.shape[1], GROUP):
        _add_group(x_bp, len(x_bp), column, out_p)


@instruction
def _add_within(e: Emitter, x: Operand, row: Value, out: Operand) -> None:
    # Halves of 8, 4, 2 and 1 lanes: LLVM splits the vector, so narrower registers add the same pairs.
    e = Emitter(e.context, e.builder, GROUP)
    total = e.load(x.row(row))
    for distance in (8, 4, 2, 1):
        total = e.builder.fadd(total, e.shuffle(total, total, [lane ^ distance for lane in range(GROUP)]))
    e.builder.store(e.builder.extract_element(total, e.index(0)), e.move(out.start, row))


@compiled
def add_within_rows(x_bg: Floats, start: np.float32, out_b: Floats) -> None:
    """Write start plus the sum of each row of GROUP numbers."""
    for row in range(len(out_b)):
        _add_within(x_bg, row, out_b)
    for row in range(len(out_b)):
        out_b[row] += start


@compiled
def fill_rows(start_p: Floats, out_bp: Floats) -> None:
    """Write the same numbers into every row."""
    rows, stride = out_bp.shape
    for row in range(rows):
        for column in range(0, stride, GROUP):
            _copy_group(start_p, column, out_bp, row * stride + column)


@compiled
def copy_rows(x_bp: Floats, out_bp: Floats) -> None:
    """Write rows into rows of the same length."""
    for row in range(len(x_bp)):
        for column in range(0, x_bp.shape[1], GROUP):
            _copy_group(x_bp, row * x_bp.shape[1] + column, out_bp, row * out_bp.shape[1] + column)


@compiled
def total(values: Floats) -> np.float32:
    """Return the sum, in order."""
    result = np.float32(0)
    for index in range(len(values)):
        result += values[index]
    return result


@compiled
def mean(values: Floats) -> np.float32:
    """Return the mean, summed in four chains."""
    first, second, third, fourth = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    whole = len(values) // 4 * 4
    for index in range(0, whole, 4):
        first += values[index]
        second += values[index + 1]
        third += values[index + 2]
        fourth += values[index + 3]
    for index in range(whole, len(values)):
        first += values[index]
    return np.float32(((first + second) + (third + fourth)) / np.float32(len(values)))
