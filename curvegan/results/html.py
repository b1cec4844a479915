"""What a notebook shows of a table: HTML in which foreign text is inert."""

from collections.abc import Iterable, Sequence
from html import escape
from unicodedata import combining, east_asian_width

from curvegan.words import inert

# Facts of a job have two blanks between a number and what it means.
_CELL = "text-align:{};padding:2px 8px;white-space:pre-wrap"


def html_table(names: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool], caption: str = "") -> str:
    """Return a table of texts; `right` says which columns are aligned there."""
    styles = [_CELL.format("right" if flag else "left") for flag in right]
    head = "".join(f'<th style="{style}">{escape(name)}</th>' for name, style in zip(names, styles, strict=True))
    body = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in rows)
    below = f"<p>{escape(caption)}</p>" if caption else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _cells(row: Sequence[str], styles: Sequence[str]) -> str:
    return "".join(f'<td style="{style}">{escape(text)}</td>' for text, style in zip(row, styles, strict=True))


def text_table(names: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], caption: str = "") -> str:
    """Return the same table for a terminal, foreign text inert too."""
    cells = [[inert(text) for text in row] for row in (names, *rows)]
    widths = [max(map(_width_of, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(_padded(*cell) for cell in zip(line, widths, right, strict=True)).rstrip() for line in cells]
    return "\n".join([*lines, *([caption] if caption else [])])


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - _width_of(text))
    return blank + text if right else text + blank


def _width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes, by what Unicode says of its characters."""
    return len(text) + sum(east_asian_width(c) in "FW" for c in text) - sum(combining(c) > 0 for c in text)
