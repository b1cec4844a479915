"""Long tables: a line for each value, with the curve that it belongs to and its x."""

import numpy as np

from curvegan.reading.axis import abscissas
from curvegan.reading.columns import texts_of
from curvegan.reading.numbers import why_no_number
from curvegan.reading.recognising import Layout
from curvegan.reading.rows import Curves
from curvegan.reading.table import MOST_CELLS, Table
from curvegan.reading.wishes import NONE, Wishes, column_of
from curvegan_core.errors import DatasetRefused, InvalidInput

_LEAST_ROWS = 9


def looks_long(table: Table, layout: Layout) -> bool:
    """Return whether each value of the first of three columns meets each of the second once."""
    if table.values.shape[1] != 3 or len(table.values) - layout.first < _LEAST_ROWS:
        return False
    ids, xs = (texts_of(table, layout.first, column) for column in (0, 1))
    different = len(set(ids)), len(set(xs))
    pairs = len(set(zip(ids, xs, strict=True)))
    return (
        pairs == len(ids) and min(different) >= 2 and max(different) >= 3 and pairs > 0.8 * different[0] * different[1]
    )


def from_long(table: Table, layout: Layout, wishes: Wishes) -> Curves:
    """Gather the curves; their x are those of all lines, in order where they have one.

    Raises:
        InvalidInput: `--long` does not name three columns.
        DatasetRefused: a value is no number, comes twice, or the curves and their x are too many.
    """
    wished = str(wishes.long).split(",")
    if len(wished) != 3:
        raise InvalidInput(f"--long takes three columns, ID,X,Y; {wishes.long!r:.60} has {len(wished)}")
    width = table.values.shape[1]
    id_, x, y = (column_of(name.strip(), layout.names, width, "--long") for name in wished)
    first = layout.first
    ids, xs = texts_of(table, first, id_), texts_of(table, first, x)
    wrong = min((row for row in table.words.get(y, {}) if row >= first), default=None)
    if wrong is not None:
        raise DatasetRefused(f"{table.place(wrong, y)}: {why_no_number(table.words[y][wrong])}")
    row_of = {name: row for row, name in enumerate(dict.fromkeys(ids))}
    names, axis, label = _axis(list(dict.fromkeys(xs)))
    if len(row_of) * len(names) > MOST_CELLS:
        raise DatasetRefused(f"{len(row_of):,} curves with {len(names):,} different x are too many")
    point_of = {name: point for point, name in enumerate(names)}
    rows = np.full((len(row_of), len(names)), np.nan)
    lines: dict[tuple[int, int], int] = {}
    for line, (curve, moment) in enumerate(zip(ids, xs, strict=True), first):
        cell = row_of[curve], point_of[moment]
        if cell in lines:
            raise DatasetRefused(f"{table.row(line)}: curve {curve!r:.40} has x {moment!r:.40} a second time")
        lines[cell] = line
        rows[cell] = table.values[line, y]
    curves = list(row_of)
    labels, label_name = _labels(table, layout, wishes, ids)

    def place(row: int, point: int) -> str:
        line = lines.get((row, point))
        return table.place(line, y) if line is not None else f"curve {curves[row]}, x {names[point]}"

    return Curves(
        rows=rows,
        names=[f"curve {name}" for name in curves],
        lengths=np.full(len(rows), len(names)),
        place=place,
        columns=tuple(names),
        x=axis,
        x_label=label or layout.names[x],
        y_label=layout.names[y],
        index=tuple(curves),
        index_name=layout.names[id_],
        labels=labels,
        label_name=label_name,
    )


def _axis(names: list[str]) -> tuple[list[str], tuple[float, ...], str]:
    """Return the names of the x in order, and their abscissas and their axis' title where they have any."""
    x, label = abscissas(names)
    if not x:
        numbers = [abscissas([name])[0] for name in names]
        if all(numbers):
            names = [name for _, name in sorted(zip(numbers, names, strict=True))]
            x, label = abscissas(names)
    return names, x, label


def _labels(table: Table, layout: Layout, wishes: Wishes, ids: list[str]) -> tuple[tuple[str, ...], str]:
    if wishes.label_column in (None, NONE) or layout.label is None:
        return (), ""
    labels = dict(zip(ids, texts_of(table, layout.first, layout.label), strict=True))
    return tuple(labels[name] for name in dict.fromkeys(ids)), layout.names[layout.label]
