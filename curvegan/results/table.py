"""A table: columns by name. It is handed to pandas, polars and whatever reads Arrow, and needs none of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from curvegan.given import whole
from curvegan.results.html import html_table, text_table
from curvegan.words import moment, number, plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = "word"
"""The kind of a column with few different words: a category for pandas, polars and Arrow."""
SEED = "seed"
"""The kind of a column of whole numbers without a sign, of up to 64 bits."""
# Rows and columns that are shown of a larger one, and characters of a text.
_SHOWN, _WIDE, _LONG = 20, 12, 60
_LEFT = (str, tuple, list, datetime)


class Table:
    """Columns of one length by name, each an array, or a list where a value may be missing, which is None.

    `table["rmse"]` is a column as a numpy array, `table[0]` a row as a dict, `len(table)` the number of rows.
    `kinds` says of columns what they hold: int, float, bool, str, tuple (of texts), datetime (in UTC), WORD, or SEED.
    """

    def __init__(self, columns: Mapping[str, Any], kinds: Mapping[str, Any] | None = None, note: str = "") -> None:
        """Make it; `kinds` of columns that are arrays need not be said."""
        self._columns = dict(columns)
        self._kinds = dict(kinds or {})
        self._note = note

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, Any], note: str = "") -> "Table":
        """Return the table of rows that are dicts with a value for each column of `kinds`."""
        return cls({name: [row[name] for row in rows] for name in kinds}, kinds, note)

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return list(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __contains__(self, name: object) -> bool:
        """Return whether it has a column of this name."""
        return name in self._columns

    def __getitem__(self, which: str | int | slice) -> Any:
        """Return a column as a numpy array, (rows,), a row as a dict, or the table of some rows.

        Raises KeyError, IndexError.
        """
        if isinstance(which, str):
            return self._array(which)
        if isinstance(which, slice):
            return Table({name: column[which] for name, column in self._columns.items()}, self._kinds)
        row = whole(which, "a row")
        return {name: _value(column[row]) for name, column in self._columns.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dicts."""
        return (self[row] for row in range(len(self)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts of plain values."""
        return list(self)

    def to_numpy(self) -> "dict[str, NDArray[Any]]":
        """Return the columns as arrays by name; numbers that are missing are NaN."""
        return {name: self._array(name) for name in self._columns}

    def to_arrow(self) -> Any:
        """Return a pyarrow.Table, which shares the memory of numbers. Raises InvalidInput where pyarrow is missing."""
        _needed("pyarrow", "curvegan[parquet]")
        return self._arrow

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame. Raises InvalidInput where pandas is missing."""
        pandas = _needed("pandas", "pandas")
        if _there("pyarrow"):
            return self._arrow.to_pandas()
        frame = pandas.DataFrame({name: self._pandas_column(name) for name in self._columns})
        words = [name for name in self._columns if self._kinds.get(name) == WORD]
        return frame.astype(dict.fromkeys(words, "category"))

    def to_polars(self) -> Any:
        """Return a polars.DataFrame. Raises InvalidInput where polars is missing."""
        polars = _needed("polars", "polars")
        if _there("pyarrow"):
            return polars.from_arrow(self._arrow)
        frame = polars.DataFrame({name: list(map(_value, column)) for name, column in self._columns.items()})
        words = [name for name in self._columns if self._kinds.get(name) == WORD]
        return frame.with_columns(polars.col(words).cast(polars.Categorical)) if words else frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Hand it to whatever reads Arrow, as duckdb, polars and pandas do."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    @cached_property
    def _arrow(self) -> Any:
        import pyarrow as pa

        types = arrow_types()
        arrays = {
            name: pa.array(column, types[self._kinds[name]] if name in self._kinds else None, from_pandas=False)
            for name, column in self._columns.items()
        }
        return pa.table(arrays)

    def _array(self, name: str) -> "NDArray[Any]":
        import numpy as np

        column = self._columns[name]
        if isinstance(column, np.ndarray):
            return column
        kind = self._kinds.get(name)
        if kind is float:
            return np.array([np.nan if value is None else value for value in column], float)
        if kind in (int, bool, SEED) and None not in column:
            return np.array(column, np.uint64 if kind == SEED else kind)
        objects = np.empty(len(column), object)
        objects[:] = column
        return objects

    def _pandas_column(self, name: str) -> Any:
        import pandas

        column = self._columns[name]
        if self._kinds.get(name) is datetime:
            return pandas.to_datetime(pandas.Series(column, dtype=object), utc=True)
        return pandas.Series(self._array(name))

    def _shown(self) -> tuple[list[str], list[list[str]], list[bool], str]:
        """Return names, the first rows and the last in words, which columns are right, and what is left out."""
        count, names = len(self), self.columns[:_WIDE]
        rows = range(count) if count <= _SHOWN else [*range(_SHOWN // 2), *range(count - _SHOWN // 2, count)]
        cells = [[_text(self._columns[name][row]) for name in names] for row in rows]
        if count > _SHOWN:
            cells.insert(_SHOWN // 2, ["…"] * len(names))
        right = [bool(count) and not any(isinstance(value, _LEFT) for value in self._columns[name]) for name in names]
        left_out = len(cells) < count or len(names) < len(self._columns)
        size = f"{plural(count, 'row')} of {plural(len(self._columns), 'column')}" if left_out else ""
        return names, cells, right, "; ".join(filter(None, [size, self._note]))

    def _repr_html_(self) -> str:
        return html_table(*self._shown())

    def __repr__(self) -> str:
        return text_table(*self._shown())


def arrow_types() -> dict[Any, Any]:
    """Return the Arrow types of kinds of columns."""
    import pyarrow as pa

    return {
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        str: pa.string(),
        tuple: pa.list_(pa.string()),
        datetime: pa.timestamp("us", "UTC"),
        WORD: pa.dictionary(pa.int32(), pa.string()),
        SEED: pa.uint64(),
    }


def _value(value: Any) -> Any:
    """Return a plain value of Python for one of numpy."""
    return value.item() if hasattr(value, "item") else value


def _text(value: Any) -> str:
    value = _value(value)
    if value is None:
        return "-"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        return moment(value)
    text = " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _there(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def _needed(module: str, package: str) -> Any:
    from importlib import import_module

    from curvegan_core.errors import InvalidInput

    if not _there(module):
        raise InvalidInput(f'this needs {module}, which is not installed: pip install "{package}"')
    return import_module(module)
