"""A table of cells as a file has it: numbers, words, and where each stands in the file. Knows nothing of curves."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from curvegan.reading.numbers import number, plain_numbers
from curvegan_core.errors import DatasetRefused
from curvegan_core.families.dataset import MOST_ROWS, MOST_VALUES
from curvegan_core.families.description import MOST_TEXT

MOST_CELLS = 4 * MOST_VALUES
MOST_WORDS = MOST_VALUES // 2
_HEAD = 3

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Cells: `values` (rows, columns), NaN where a cell has no number; its word, if any, by column and row in `words`.

    `lengths` (rows,) says how many cells each row has, `numbers` (rows,) which line of the file it is; `head` has the
    first rows as they are written. `unit` is what messages call a row: a line of a text, a row of an array.
    `headed` says whether the first row is the columns' names, where the format tells; None where one has to look.
    """

    values: Values
    words: dict[int, dict[int, str]]
    lengths: NDArray[np.int64]
    numbers: NDArray[np.int64]
    head: Sequence[Sequence[str]] = ()
    unit: str = "line"
    headed: bool | None = None
    transposed: bool = False

    def text(self, row: int, column: int) -> str:
        """Return a cell as it is written, or nearly so; empty where the value is missing."""
        if row < len(self.head) and column < len(self.head[row]):
            return self.head[row][column]
        value = self.values[row, column]
        return self.words.get(column, {}).get(row, "") if math.isnan(value) else f"{value:.15g}"

    def row(self, row: int) -> str:
        """Return what to call a row in a message."""
        return f"column {row + 1}" if self.transposed else f"{self.unit} {self.numbers[row]:,}"

    def column(self, column: int) -> str:
        """Return what to call a column in a message."""
        return f"{self.unit} {self.numbers[column]:,}" if self.transposed else f"column {column + 1}"

    def place(self, row: int, column: int) -> str:
        """Return where a cell stands in the file."""
        first, second = (column, row) if self.transposed else (row, column)
        return f"{self.unit} {self.numbers[first]:,}, column {second + 1}"

    def turned(self) -> "Table":
        """Return the table with its rows as columns."""
        words: dict[int, dict[int, str]] = {}
        for column, by_row in self.words.items():
            for row, word in by_row.items():
                words.setdefault(row, {})[column] = word
        height, width = self.values.shape
        head = [[self.text(row, column) for row in range(height)] for column in range(min(width, _HEAD))]
        lengths = np.full(width, height)
        return replace(self, values=self.values.T.copy(), words=words, lengths=lengths, head=head, transposed=True)


@dataclass
class Rows:
    """A table in the making, row by row, held as numbers: text takes the room. It has at most `most` rows."""

    unit: str = "line"
    comma: bool = False
    most: int = MOST_VALUES
    _flat: "array[float]" = field(default_factory=lambda: array("d"))
    _lengths: "array[int]" = field(default_factory=lambda: array("q"))
    _numbers: "array[int]" = field(default_factory=lambda: array("q"))
    _words: dict[int, dict[int, str]] = field(default_factory=dict)
    _head: list[list[str]] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)
    _longest: int = 0
    _count: int = 0
    _blank: int = 0

    def add(self, line: int, cells: list[str]) -> None:
        """Take a row of a file's line. Raises DatasetRefused for one behind a blank row, and for one too many."""
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            self._blank = self._blank or line if self._lengths else 0
            return
        if self._blank:
            raise DatasetRefused(f"{self.unit} {self._blank:,} is blank, and there are others behind it; delete it")
        row = len(self._lengths)
        if row == self.most:
            raise DatasetRefused(
                f"row {MOST_ROWS + 1:,} is one too many: a data set has at most {MOST_ROWS:,} rows; "
                "of one value a line `--long ID,X,Y` makes fewer"
            )
        if len(self._head) < _HEAD:
            self._head.append([clean(cell) for cell in cells])
        self._flat.extend(plain_numbers(cells, self.comma) or self._numbers_of(row, cells))
        self._lengths.append(len(cells))
        self._numbers.append(line)
        self._longest = max(self._longest, len(cells))
        if (row + 1) * self._longest > MOST_CELLS:
            raise DatasetRefused(f"{self.unit} {line:,} is one too many: a file has at most {MOST_CELLS:,} cells")

    def table(self) -> Table:
        """Return the table, short rows filled up."""
        lengths = np.array(self._lengths, np.int64)
        values = np.full((len(lengths), self._longest), np.nan)
        values[np.arange(self._longest) < lengths[:, None]] = self._flat
        return Table(values, self._words, lengths, np.array(self._numbers, np.int64), self._head, self.unit)

    def _numbers_of(self, row: int, cells: list[str]) -> list[float]:
        values = []
        for column, cell in enumerate(cells):
            value = number(cell, self.comma)
            values.append(math.nan if value is None else value)
            if value is None:
                self._count += 1
                if self._count > MOST_WORDS:
                    raise DatasetRefused(f"more than {MOST_WORDS:,} cells are words: no curves are here")
                word = clean(cell)
                self._words.setdefault(column, {})[row] = self._texts.setdefault(word, word)
        return values


def clean(cell: str) -> str:
    """Return a cell's text as it can be stored and shown: printable, in one line, not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in cell)[:MOST_TEXT].strip()
