"""From text to a table: what parts its cells, and whether its decimals have a comma."""

import csv
import re
from collections.abc import Iterator
from itertools import islice

from curvegan.reading.numbers import grouped, has_comma, number, why_no_number
from curvegan.reading.table import Rows, Table
from curvegan_core.errors import DatasetRefused

_LONGEST_LINE = 65_536
_MARKS = (";", "\t", "|", ",")
_BLANKS = " "
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LOOKED_AT = 50


def table_of(text: str, most: int) -> Table:
    """Read text of at most `most` rows whose cells are parted by commas, semicolons, tabs, bars or blanks.

    Raises:
        DatasetRefused: a line is too long, or numbers have marks that may mean two things; where.
    """
    mark, skipped = _declared(text)
    mark = mark or _mark(list(islice(_lines(text, skipped), _LOOKED_AT)))
    try:
        rows = Rows(comma=_decimal_comma(list(islice(_cells(text, mark, skipped), _LOOKED_AT)), mark), most=most)
        for line, cells in _cells(text, mark, skipped):
            rows.add(line, cells)
    except csv.Error as error:
        raise DatasetRefused(f"no CSV file: {error}") from None
    return rows.table()


def _declared(text: str) -> tuple[str, int]:
    """Return the mark that Excel's first line `sep=;` names, and how many lines that takes."""
    first = text.partition("\n")[0].strip().strip('"')
    if first.lower().startswith("sep="):
        return (first[4:] or "\t")[0], 1
    return "", 0


def _lines(text: str, skipped: int) -> Iterator[str]:
    """Give the lines behind the first ones, none longer than any curve's is; of one with # in front the text."""
    for count, line in enumerate(map(re.Match.group, _LINE.finditer(text)), 1):
        if len(line) > _LONGEST_LINE:
            raise DatasetRefused(f"line {count} has more than {_LONGEST_LINE:,} characters, which no curve needs")
        if count > skipped:
            yield line.lstrip("#") if line.startswith("#") else line


def _mark(lines: list[str]) -> str:
    """Return what parts the cells: the last line looked at tells, which is of numbers where any is."""
    line = next((line for line in reversed(lines) if line.strip()), "")
    delimiter = next((mark for mark in _MARKS if mark in line), "")
    words = line.split()
    if delimiter in ("", ",") and len(words) > 1 and all(_is_number(word) for word in words):
        return _BLANKS
    return delimiter or (_BLANKS if len(words) > 1 else ",")


def _is_number(word: str) -> bool:
    return (has_comma(word) and not word.endswith(",")) or number(word) is not None


def _cells(text: str, mark: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Give the number of each line and its cells."""
    if mark == _BLANKS:
        for line, words in enumerate(_lines(text, skipped), skipped + 1):
            yield line, words.split()
        return
    reader = csv.reader(_lines(text, skipped), delimiter=mark, skipinitialspace=True)
    for cells in reader:
        yield reader.line_num + skipped, cells


def _decimal_comma(rows: list[tuple[int, list[str]]], mark: str) -> bool:
    """Return whether numbers have a decimal comma. Raises DatasetRefused where it may as well part thousands."""
    commas = [
        (line, column, cell.strip()) for line, cells in rows for column, cell in enumerate(cells, 1) if "," in cell
    ]
    numbers = [cell for _, _, cell in commas if has_comma(cell)]
    if mark == "," and numbers and all(map(grouped, numbers)):
        line, column, cell = next(place for place in commas if grouped(place[2]))
        raise DatasetRefused(f"line {line}, column {column}: {why_no_number(cell)}")
    return bool(numbers)
