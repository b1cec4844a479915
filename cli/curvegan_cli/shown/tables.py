"""A table laid out in characters: as wide as its cells where nothing limits it, else as wide as the terminal.

What does not fit goes in this order: spare columns, blanks between columns, the ends of texts, columns from the right.
No cell is ever wrapped, and no number cut.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from curvegan.showing.terminal import width_of

# No line of a table that goes to a file or a pipe is ever cut.
_GAP, _CLOSE = 3, 1
# A text that is cut to less says nothing.
_LEAST_TEXT = 4


class Column(NamedTuple):
    """A column of a table: its heading, its side, and the rich style of a cell.

    A narrow terminal goes without the `spare` ones, the highest first, until the others fit with texts, which are what
    `folds`, of `least` characters; texts are cut then.
    """

    heading: str
    right: bool = False
    folds: bool = False
    least: int = 8
    spare: int = 0
    style: Callable[[str], str] = lambda _: ""


class Grid(NamedTuple):
    """A table for people: columns and rows of values, which `cell` writes out; and a remark on stderr below it."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    remark: str = ""


class Laid(NamedTuple):
    """A table in characters: its heading, the rule below it, and for each row its cells with their styles; the blanks
    between columns; and how many columns do not fit and are no spare ones.
    """

    heading: str
    rule: str
    rows: list[list[tuple[str, str]]]
    gap: str
    missing: int


def laid(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> Laid:
    """Lay out rows of texts in so many characters a line."""
    headed = [[column.heading for column in columns], *rows]
    widths = [max(width_of(row[index]) for row in headed) for index in range(len(columns))]
    kept, sizes, gap, missing = _fitted(columns, widths, room)
    more = "…" if missing and takes("…") else "." if missing else ""

    def line(row: Sequence[str]) -> list[str]:
        cells = [_padded(row[index], sizes[index], columns[index].right) for index in kept]
        return [*cells, more] if more else cells

    blanks = " " * gap
    total = _wide(kept, sizes, gap) + (gap + 1 if more else 0)
    styled = [[*((columns[index].style(row[index])) for index in kept), *([""] if more else [])] for row in rows]
    return Laid(
        blanks.join(line(headed[0])),
        ("─" if takes("─") else "-") * total,
        [list(zip(line(row), styles, strict=True)) for row, styles in zip(rows, styled, strict=True)],
        blanks,
        missing,
    )


def _fitted(columns: Sequence[Column], widths: Sequence[int], room: int) -> tuple[list[int], list[int], int, int]:
    """Return the indices of the columns that fit, the sizes of all, the gap between two, and how many are missing."""
    kept, sizes, gap = list(range(len(columns))), list(widths), _GAP
    least = [min(width, c.least) if c.folds else width for c, width in zip(columns, widths, strict=True)]
    for index in sorted(kept, key=lambda index: -columns[index].spare):
        if columns[index].spare and _wide(kept, least, _GAP) > room:
            kept.remove(index)
    while gap > _CLOSE and _wide(kept, least, gap) > room:
        gap -= 1
    if _wide(kept, least, gap) > room:
        least = [min(width, _LEAST_TEXT) if c.folds else width for c, width in zip(columns, widths, strict=True)]
    all_kept = len(kept)
    while len(kept) > 1 and _wide(kept, least, gap) + (gap + 1) * (len(kept) < all_kept) > room:
        kept.pop()
    missing = all_kept - len(kept)
    excess = _wide(kept, sizes, gap) + (gap + 1) * bool(missing) - room
    texts = [index for index in kept if columns[index].folds]
    while excess > 0 and (wider := [index for index in texts if sizes[index] > least[index]]):
        sizes[max(wider, key=lambda index: sizes[index])] -= 1
        excess -= 1
    return kept, sizes, gap, missing


def _wide(kept: Sequence[int], sizes: Sequence[int], gap: int) -> int:
    return sum(sizes[index] + gap for index in kept) - gap


def cut(text: str, width: int) -> str:
    """Return a text in at most so many cells; one that is cut ends with an ellipsis."""
    if width_of(text) <= width:
        return text
    mark = "…" if takes("…") else "."
    while text and width_of(text) > width - 1:
        text = text[: max(width - 1, 0)] if text.isascii() or len(text) > width else text[:-1]
    return text + mark


def _padded(text: str, width: int, right: bool) -> str:
    text = cut(text, width)
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def takes(letter: str) -> bool:
    """Return whether stdout's encoding has it."""
    try:
        letter.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
