"""What is what in a table: the header, the units, and which column is an index, a label, a point of the curves.

What is recognised is said in `Layout.said`; a person's wishes stand above it. The rules are those of docs/curves.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvegan.reading.axis import even
from curvegan.reading.columns import Body, body_of, index_of, label_of, may_be_label, texts_of, whole
from curvegan.reading.numbers import grouped
from curvegan.reading.table import Table, Values
from curvegan.reading.wishes import NONE, Wishes, column_of

# A numeric first row is a header only where it has so many cells: fewer are often even, or in order, by chance.
_LEAST_HEADER, _LEAST_SORTED, _LEAST_BELOW = 5, 8, 3
_LOOKED_AT = 200


@dataclass(frozen=True)
class Layout:
    """Which row and column of a table holds what; `first` is its first row of numbers, `names` are its columns'."""

    header: int | None
    first: int
    names: list[str]
    index: int | None
    label: int | None
    points: list[int]
    unit: str
    said: list[tuple[str, str]]


def recognise(table: Table, wishes: Wishes) -> Layout:
    """Say what a table's rows and columns are. Raises InvalidInput where a wish names no column."""
    said: list[tuple[str, str]] = []
    title = _title_rows(table)
    doubtful = wishes.header is None and _may_be_axis(table, title)
    if title:
        said.append(("left out", f"{table.row(0)} ({table.text(0, 0)})" + (" and below" if title > 1 else "")))
    header = title if _has_header(table, title, wishes) else None
    first = title if header is None else title + 1
    names = _names(table, header, first)
    first, unit = _units(table, header, first, said)
    body = body_of(table, first)
    if header is None and doubtful:
        said.append(
            ("note", f"{table.row(title)} may hold x values: `--header` takes it so, `--no-header` for a curve")
        )
    if header is not None:
        said.insert(0, ("header", f"{table.row(header)}: {_few([name for name in names if name])}"))
    index = _wished(wishes.index_column, names, "--index-column")
    label = _wished(wishes.label_column, names, "--label-column")
    if wishes.index_column is None:
        index = index_of(table, body, names, label)
    if wishes.label_column is None:
        label = label_of(table, body, names, index)
    _say_columns(table, first, names, index, label, wishes, said)
    points = [column for column in body.numeric if column not in (index, label)]
    _say_left_out(
        table, first, names, [c for c in range(table.values.shape[1]) if c not in (index, label, *points)], said
    )
    likely = may_be_label(body, points, names) if label is None and wishes.label_column is None else None
    if likely is not None:
        said.append(
            ("note", f"{table.column(likely)} has few values: `--label-column {likely + 1}` takes it for a label")
        )
    return Layout(header, first, names, index, label, points, unit, said)


def _title_rows(table: Table) -> int:
    """Return how many rows at the top hold but one word where others hold many cells."""
    width, rows = table.values.shape[1], len(table.values)
    title = 0
    while width > 2 and title < min(rows - 2, 5):
        filled = [column for column in range(width) if table.text(title, column)]
        if filled != [0] or 0 not in table.words or title not in table.words[0]:
            break
        title += 1
    return title


def _has_header(table: Table, row: int, wishes: Wishes) -> bool:
    if wishes.header is not None or row >= len(table.values):
        return bool(wishes.header) and row < len(table.values)
    if table.headed is not None:
        return table.headed and row == 0
    body = body_of(table, row + 1)
    above = {column: table.words.get(column, {}).get(row, "") for column in body.numeric}
    worded = [word for word in above.values() if word and not grouped(word)]
    if not body.numeric:
        return len(table.values) == row + 1 and not np.isfinite(table.values[row]).any()
    if 2 * len(worded) >= len(body.numeric):
        return True
    return any(_is_axis(*part) for part in _parts(table, row, body))


def _may_be_axis(table: Table, row: int) -> bool:
    """Return whether a first row of numbers may as well be abscissas as a curve."""
    if table.headed is not None or row >= len(table.values) - 1:
        return False
    for values, rows in _parts(table, row, body_of(table, row + 1)):
        odd = len(values) >= _LEAST_HEADER and _share_in_order(rows) == 0
        if len(values) >= 3 and _in_order(values) and (odd or _far_off(values, rows)):
            return True
    return False


def _parts(table: Table, row: int, body: Body) -> list[tuple[Values, Values]]:
    """Return a row's numbers and those below, with and without the columns at the ends: they may be index and label."""
    numbered = [column for column in body.numeric if np.isfinite(table.values[row, column])]
    parts = (numbered, numbered[1:], numbered[:-1], numbered[1:-1])
    return [(table.values[row, part], body.values[:_LOOKED_AT, part]) for part in parts]


def _in_order(values: Values) -> bool:
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def _share_in_order(rows: Values) -> float:
    return float(np.mean([_in_order(row) for row in rows])) if len(rows) else 1.0


def _far_off(values: Values, rows: Values) -> bool:
    """Return whether values reach ten times as far as any row does."""
    known = rows[np.isfinite(rows).all(axis=1)]
    return bool(len(known) and np.ptp(values) > 10 * np.ptp(known, axis=1).max())


def _is_axis(values: Values, rows: Values) -> bool:
    """Return whether a row of numbers are abscissas: in order, and in a way that the rows below are not."""
    if len(values) < _LEAST_HEADER or not len(rows) or not _in_order(values):
        return False
    in_order = _share_in_order(rows)
    if even(values):
        return bool(np.mean([even(row) for row in rows]) < 0.5)
    whole_above = whole(values) and np.mean(rows == np.rint(rows)) < 0.5
    beyond = len(rows) >= _LEAST_BELOW and not np.nanmin(rows) <= values.min() <= values.max() <= np.nanmax(rows)
    return bool(whole_above or (len(values) >= _LEAST_SORTED and in_order < 0.1) or (beyond and in_order == 0))


def _names(table: Table, header: int | None, first: int) -> list[str]:
    """Return the columns' names; a header that is one cell short has none for the first column."""
    width = table.values.shape[1]
    if header is None:
        return [""] * width
    names = [table.text(header, column) for column in range(width)]
    lengths = table.lengths[first:]
    if len(lengths) and table.lengths[header] == width - 1 and (lengths == width).all():
        return ["", *names[:-1]]
    return names


def _units(table: Table, header: int | None, first: int, said: list[tuple[str, str]]) -> tuple[int, str]:
    """Skip a row of words below the header; where all are one, it is the unit."""
    numeric = body_of(table, first).numeric
    if header is None or not numeric or first >= len(table.values) - 1:
        return first, ""
    words = [table.words.get(column, {}).get(first, "") for column in numeric]
    if sum(map(bool, words)) < 0.8 * len(words):
        return first, ""
    units = {word.strip("[]()") for word in words if word}
    if len(units) > 1:
        said.append(("left out", f"{table.row(first)}, which has words below the header: {_few(words)}"))
        return first + 1, ""
    unit = units.pop()
    said.append(("unit", f"{unit} ({table.row(first)})"))
    return first + 1, unit


def _wished(wish: str | None, names: list[str], option: str) -> int | None:
    return None if wish in (None, NONE) else column_of(str(wish), names, len(names), option)


def _say_columns(
    table: Table,
    first: int,
    names: list[str],
    index: int | None,
    label: int | None,
    wishes: Wishes,
    said: list[tuple[str, str]],
) -> None:
    for what, column, wish in (("index", index, wishes.index_column), ("label", label, wishes.label_column)):
        if column is None:
            continue
        texts = texts_of(table, first, column)
        held = _few(texts) if what == "index" else _classes(texts)
        overrule = "" if wish else f" (`--{what}-column none` takes it for a point)" if _is_numbers(texts) else ""
        said.append((what, f"{_named(table, names, column)}: {held}{overrule}"))


def _is_numbers(texts: Sequence[str]) -> bool:
    return all(text.replace(".", "").lstrip("-").isdigit() for text in texts)


def _say_left_out(
    table: Table, first: int, names: list[str], columns: Sequence[int], said: list[tuple[str, str]]
) -> None:
    words = [column for column in columns if any(row >= first for row in table.words.get(column, {}))]
    empty = [column for column in columns if column not in words]
    if words:
        said.append(("left out", f"words in {', '.join(_named(table, names, column) for column in words[:8])}"))
    if empty:
        said.append(("left out", f"empty {', '.join(_named(table, names, column) for column in empty[:8])}"))


def _named(table: Table, names: list[str], column: int) -> str:
    return f"{table.column(column)} ({names[column]})" if names[column] else table.column(column)


def _classes(texts: Sequence[str]) -> str:
    classes, counts = np.unique(np.array(texts), return_counts=True)
    return _few([f"{name} {count}x" for name, count in zip(classes.tolist(), counts.tolist(), strict=True)])


def _few(texts: Sequence[str]) -> str:
    return ", ".join(texts) if len(texts) <= 4 else f"{', '.join(texts[:2])} … {texts[-1]}"


def runs_down(values: NDArray[np.float64], ordered: bool) -> bool:
    """Return whether curves (rows, columns) seem to run down the columns: these are smooth, and the rows are noise.

    `ordered` says that a column of abscissas stands beside them, so that less will do.
    """
    if min(values.shape) < _LEAST_HEADER:
        return False
    across, down = _roughness(values), _roughness(values.T)
    return across > 0.5 and down < (0.5 if ordered else 0.25) * across


def _roughness(rows: Values) -> float:
    """Return von Neumann's ratio, the mean square step over twice the variance: 1 for noise, near 0 if smooth."""
    whole = rows[np.isfinite(rows).all(axis=1)]
    whole = whole[np.ptp(whole, axis=1) > 0] if len(whole) else whole
    if not len(whole):
        return 0.0
    return float(np.median(np.mean(np.diff(whole, axis=1) ** 2, axis=1) / (2 * np.var(whole, axis=1))))
