"""What a notebook shows of a table: HTML in which foreign text is inert."""

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "text-align:{};padding:2px 8px"


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
    """Return the same table for a terminal."""
    printable = ["".join(c if c.isprintable() else "?" for c in text) for row in rows for text in row]
    cells = [list(names), *(printable[i : i + len(names)] for i in range(0, len(printable), len(names)))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if flag else text.ljust(width)
            for text, width, flag in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    ]
    return "\n".join([*lines, *([caption] if caption else [])])
