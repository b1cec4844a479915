"""Curves out of a file: all the steps from its bytes to a checked data set, and what was understood, in words."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from curvegan.reading.axis import abscissas, even, moment_of, standard_names
from curvegan.reading.columns import texts_of
from curvegan.reading.formats import table_of_array, table_of_file
from curvegan.reading.long import from_long, looks_long
from curvegan.reading.numbers import nearly, why_no_number
from curvegan.reading.recognising import Layout, recognise, runs_down
from curvegan.reading.rows import Curves, of_one_length, without_missing
from curvegan.reading.table import Table
from curvegan.reading.wishes import NONE, Wishes
from curvegan_core.config.curve import LEAST_LABELLED, MOST_LABELS
from curvegan_core.errors import DatasetRefused, InvalidInput
from curvegan_core.families.dataset import MOST_BYTES, MOST_ROWS, MOST_VALUES, Dataset, check_shape
from curvegan_core.families.description import Description


@dataclass(frozen=True)
class Reading:
    """A data set, and what was taken for what, as pairs of a word and what there is to say of it."""

    dataset: Dataset
    said: list[tuple[str, str]]


def read(data: bytes, filename: str, wishes: Wishes) -> Reading:
    """Read the bytes of a file, of the format that they have; the name's ending tells where they do not.

    Raises:
        InvalidInput: a wish that this file cannot fulfil.
        DatasetRefused: no curves that can be trained on; where in the file, why, and what to do.
    """
    # A title, a header and units may stand above the curves.
    most = MOST_VALUES if wishes.transpose or wishes.long else MOST_ROWS + 10
    table, labelled = table_of_file(data, filename, most)
    wishes = replace(wishes, label_column=wishes.label_column or "1") if labelled else wishes
    # Numbers as large as 1e308 are refused by name later: no judgement of them needs to warn.
    with np.errstate(over="ignore", invalid="ignore"):
        return _reading(table, wishes)


def read_file(path: Path, wishes: Wishes) -> Reading:
    """Read a file, of the format that it has. Raises as `read` does, and InvalidInput for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return read(limited(file, path), path.name, wishes)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; name a readable file") from None


def limited(file: IO[bytes], path: Path) -> bytes:
    """Return all of a file, or refuse it once it is too large: a device has no size and no end. Raises InvalidInput."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"{path} is too large for a data set: over {MOST_BYTES:,} bytes")
    return content


def read_array(array: Any, wishes: Wishes) -> Reading:
    """Read a NumPy array, or a frame of pandas or polars as its own CSV. Raises as `read` does."""
    if getattr(array, "ndim", 0) == 2 and hasattr(array, "to_csv"):
        return _of_pandas(array, wishes)
    if hasattr(array, "write_csv"):
        return read(array.write_csv().encode(), "frame.csv", _with_header(wishes))
    try:
        values = np.asarray(array)
    except ValueError:
        raise DatasetRefused("the array must be 2-D, one curve a row, and its rows of one length") from None
    with np.errstate(over="ignore", invalid="ignore"):
        return _reading(table_of_array(values), wishes)


def _of_pandas(frame: Any, wishes: Wishes) -> Reading:
    """Read a frame of pandas with its index, of which nothing is taken where it only counts the rows."""
    wished = _with_header(wishes)
    if type(frame.index).__name__ == "RangeIndex" and not wishes.transpose:
        return read(frame.to_csv(index=False).encode(), "frame.csv", wished)
    if frame.index.nlevels > 1 or wishes.transpose or wishes.long or wishes.index_column:
        return read(frame.to_csv().encode(), "frame.csv", wished)
    name = "index" if frame.index.name is None else str(frame.index.name)
    return read(frame.to_csv(index_label=name).encode(), "frame.csv", replace(wished, index_column=name))


def _with_header(wishes: Wishes) -> Wishes:
    """Return the wishes for a frame, which has names of columns in its first line and nowhere else."""
    return replace(wishes, header=True) if wishes.header is None and not wishes.transpose else wishes


def _reading(table: Table, wishes: Wishes) -> Reading:
    if not len(table.values):
        raise DatasetRefused("a data set has at least 2 rows, one curve each; this one has none")
    table = table.turned() if wishes.transpose else table
    layout = recognise(table, wishes)
    if wishes.long and wishes.long != NONE:
        curves, said = from_long(table, layout, wishes), layout.said[:1] if layout.header is not None else []
    else:
        curves, said = _curves(table, layout, wishes), layout.said
    curves, missing = without_missing(curves, wishes)
    curves, resampled = of_one_length(curves, wishes.resample)
    dataset = Dataset.checked(curves.rows, curves.labels, _description(curves, wishes), curves.names)
    return Reading(dataset, [*said, *missing, *resampled, *_shown(dataset)])


def _curves(table: Table, layout: Layout, wishes: Wishes) -> Curves:
    """Take the points of each row. Raises DatasetRefused for a cell or a row that is no curve's."""
    first, points = layout.first, layout.points
    rows = table.values[first:, points]
    count = len(rows)
    check_shape(count, 2)
    if not points:
        _check_signs(table)
    if wishes.resample is None or len(points) < 2:
        check_shape(count, len(points))
    _check_words(table, layout)
    if wishes.long != NONE and looks_long(table, layout):
        names = [layout.names[column] or str(column + 1) for column in range(3)]
        raise DatasetRefused(
            f"it looks long, one value a line: `--long {','.join(names)}` takes the first column for the curve, the "
            "second for x; `--long none` takes each line for a curve"
        )
    _check_direction(table, layout, wishes)
    lengths = np.clip(table.lengths[first:] - sum(column not in points for column in range(points[-1])), 0, len(points))
    names = [table.row(row) for row in range(first, len(table.values))]
    columns = tuple(layout.names[column] for column in points) if layout.header is not None else ()
    standard = list(columns) == standard_names(len(columns))
    x, x_label = ((), "") if standard else abscissas(columns)
    index = tuple(texts_of(table, first, layout.index)) if layout.index is not None else ()
    return Curves(
        rows=rows,
        names=names,
        lengths=lengths,
        place=lambda row, point: table.place(first + row, points[point]),
        columns=() if standard else columns,
        x=x,
        x_label=x_label,
        index=index,
        index_name=layout.names[layout.index] if layout.index is not None else "",
        labels=tuple(texts_of(table, first, layout.label)) if layout.label is not None else (),
        label_name=layout.names[layout.label] if layout.label is not None else "",
        unit=layout.unit,
    )


def _check_signs(table: Table) -> None:
    """Name the first number with a sign or a unit where no column is of numbers. Raises DatasetRefused."""
    cells = ((row, column, word) for column, words in table.words.items() for row, word in words.items())
    wrong = min((cell for cell in cells if nearly(cell[2])), default=None)
    if wrong:
        raise DatasetRefused(f"{table.place(*wrong[:2])}: {why_no_number(wrong[2])}")


def _check_words(table: Table, layout: Layout) -> None:
    wrong = [(row, column) for column in layout.points for row in table.words.get(column, {}) if row >= layout.first]
    if wrong:
        row, column = min(wrong)
        raise DatasetRefused(f"{table.place(row, column)}: {why_no_number(table.words[column][row])}")


def _check_direction(table: Table, layout: Layout, wishes: Wishes) -> None:
    """Ask before curves are stored that seem to run down the columns, beside a column of even times."""
    if wishes.transpose is not None:
        return
    values = table.values[layout.first :, layout.points]
    ordered = False
    if layout.index is not None:
        index = table.values[layout.first :, layout.index]
        moments = [moment_of(text) for text in texts_of(table, layout.first, layout.index)]
        ordered = even(index) or all(moments) or len(abscissas(texts_of(table, layout.first, layout.index))[0]) > 0
    if ordered and runs_down(values, ordered=True):
        raise DatasetRefused(
            f"it looks transposed, with a curve in each column and x in {table.column(layout.index or 0)}: "
            "`--transpose` takes it so, `--no-transpose` takes each row for a curve"
        )
    if runs_down(values, ordered=False):
        layout.said.append(
            ("note", "the columns are much smoother than the rows: `--transpose` takes each for a curve")
        )


def _description(curves: Curves, wishes: Wishes) -> Description:
    return Description(
        columns=curves.columns,
        x=curves.x,
        index=curves.index,
        index_name=curves.index_name,
        label_name=curves.label_name,
        x_label=wishes.x_label or curves.x_label,
        y_label=wishes.y_label or curves.y_label,
        unit=curves.unit,
    )


def _shown(dataset: Dataset) -> list[tuple[str, str]]:
    """Say the x axis and the first curve."""
    said, x = [], dataset.description.x
    if x:
        spacing = "evenly spaced" if even(np.array(x)) else "uneven"
        label = f" ({dataset.description.x_label})" if dataset.description.x_label else ""
        said.append(("x", f"{x[0]:.15g} to {x[-1]:.15g}{label}, {spacing}"))
    if dataset.labels and not dataset.learnt:
        said.append(("note", f"labels are not learnt: that takes 2 to {MOST_LABELS}, of {LEAST_LABELLED} rows each"))
    first = dataset.rows[0].tolist()
    row = [f"{value:.10g}" for value in first]
    if len({*row}) < len({*first}):  # a large offset: as many digits as tell neighbours apart
        row = [repr(value).removesuffix(".0") for value in first]
    said.append(("first row", " ".join(row) if len(row) <= 6 else f"{' '.join(row[:4])} … {row[-1]}"))
    return said
