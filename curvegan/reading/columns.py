"""Which columns of a table tell the rows apart, or what class each is, and are no points of curves."""

from dataclasses import dataclass

import numpy as np

from curvegan.reading.axis import even, moment_of, standard_names
from curvegan.reading.table import Table, Values

_LOOKED_AT = 200
_FIRST_YEAR, _LAST_YEAR = 1500, 2200
_MOST_CLASSES = 20
_INDEX_NAMES = frozenset(["index", "id", "no", "nr", "row", "year", "date", "time", "timestamp", "datetime", "day"])
_INDEX_NAMES |= frozenset(["#", "unnamed: 0", "rownames", "jahr", "datum", "zeit", "tag"])
_LABEL_NAMES = frozenset(["label", "class", "target", "category", "group", "type", "species", "cluster", "klasse"])


@dataclass(frozen=True)
class Body:
    """The rows of a table from `first` on, and which columns hold mostly numbers, or mostly words."""

    first: int
    values: Values
    numeric: list[int]
    wordy: list[int]


def body_of(table: Table, first: int) -> Body:
    """Return the rows from a row on."""
    values = table.values[first:]
    counts = np.isfinite(values).sum(axis=0)
    numeric: list[int] = []
    wordy: list[int] = []
    for column, count in enumerate(counts.tolist()):
        words = sum(row >= first for row in table.words.get(column, {}))
        if count or words:
            (wordy if words > count else numeric).append(column)
    return Body(first, values, numeric, wordy)


def texts_of(table: Table, first: int, column: int) -> list[str]:
    """Return a column's cells from a row on."""
    return [table.text(row, column) for row in range(first, len(table.values))]


def whole(values: Values) -> bool:
    """Return whether all values are whole numbers."""
    return bool((np.isfinite(values) & (values == np.rint(values))).all())


def index_of(table: Table, body: Body, names: list[str], label: int | None) -> int | None:
    """Return the column that names the rows: words or dates, all different, or numbers that count or are years."""
    for column in body.wordy:
        texts = texts_of(table, body.first, column)
        different = len(set(texts)) == len(texts) and names[column].lower() not in _LABEL_NAMES
        if column != label and (different or all(moment_of(text) for text in texts)):
            return column
    if len(body.numeric) < 3 or body.numeric[0] == label or names[body.numeric[0]] == standard_names(1)[0]:
        return None
    column, *others = body.numeric
    if not names[column] and all(names[other] for other in others):
        return column  # as pandas writes it
    return column if _tells_apart(body.values[:, column], body.values[:, others], names[column].lower()) else None


def _tells_apart(values: Values, others: Values, name: str) -> bool:
    """Return whether a column's numbers count or date the rows, and are no values of curves."""
    if len(values) < (3 if name else 5) or not np.isfinite(values).all():
        return False
    if name in _INDEX_NAMES and len(np.unique(values)) == len(values):
        return True
    if even(values) and not any(even(other) for other in others.T[:_LOOKED_AT]):
        return True
    years = whole(values) and values.min() >= _FIRST_YEAR and values.max() <= _LAST_YEAR
    steps, known = np.diff(values), others[np.isfinite(others)]
    ordered = (steps > 0).all() or (steps < 0).all()
    return bool(years and ordered and len(known) and not _FIRST_YEAR <= np.median(known) <= _LAST_YEAR)


def label_of(table: Table, body: Body, names: list[str], index: int | None) -> int | None:
    """Return the column of classes: words that repeat, or a few whole numbers beside decimals, first or last."""
    for column in body.wordy:
        different = len(set(texts_of(table, body.first, column)))
        if column != index and (different <= len(body.values) / 2 or names[column].lower() in _LABEL_NAMES):
            return column
    numeric = [column for column in body.numeric if column != index]
    ends = [numeric[0], numeric[-1]] if len(numeric) > 2 else []
    named = [column for column in ends if names[column].lower() in _LABEL_NAMES]
    return next((column for column in [*named, *ends] if column in named or _is_classes(body, column, names)), None)


def _is_classes(body: Body, column: int, names: list[str]) -> bool:
    others = body.values[:, [other for other in body.numeric if other != column]]
    return _few_values(body, column, names) and bool(np.mean(others == np.rint(others)) < 0.5)


def _few_values(body: Body, column: int, names: list[str]) -> bool:
    values = body.values[:, column]
    if names[column] in standard_names(len(names)) or not whole(values):
        return False
    return 2 <= len(np.unique(values)) <= min(_MOST_CLASSES, len(values) / 3)


def may_be_label(body: Body, points: list[int], names: list[str]) -> int | None:
    """Return the first or last point where its whole numbers are far fewer than those of any other."""
    ends = [points[0], points[-1]] if len(points) > 2 else []
    for column in (end for end in ends if _few_values(body, end, names)):
        different = len(np.unique(body.values[:, column]))
        if all(len(np.unique(body.values[:, other])) > 2 * different for other in points if other != column):
            return column
    return None
