"""Curves and points of the plane drawn in characters: braille, or ASCII where there is no more."""

from typing import TYPE_CHECKING

from curvegan.words import digits_of, number
from curvegan_cli.shown.tables import takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

WIDTH = 60
# Dots of a cell, (rows, columns), and the character that shows which of them are set, read row by row.
_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_ASCII = " '.:"
_GUTTER = 11


def drawing(lines: "Sequence[NDArray[np.float64]]", rows: int = 8, joined: bool = True) -> list[str]:
    """Draw lines (points, 2), as polylines or (not `joined`) as dots, on `rows` rows of at most WIDTH characters.

    The height's ends stand on the left, the width's below.
    """
    import numpy as np

    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    high = np.where(high > low, high, low + 1)
    unicode = takes("\u28ff")
    down, across = (4, 2) if unicode else (2, 1)
    ends = zip(low.tolist(), high.tolist(), strict=True)
    below, beside = ([number(end, digits_of(*pair)) for end in pair] for pair in ends)
    gutter = max(_GUTTER, 2 + max(map(len, beside)))
    width, height = (WIDTH - gutter) * across, rows * down
    dots = np.zeros((height, width), bool)
    for line in lines:
        dotted = (line - low) / (high - low) * (width - 1, height - 1)
        x, y = np.rint(_dense(dotted) if joined else dotted).astype(int).T
        dots[height - 1 - y, x] = True
    cells = dots.reshape(rows, down, -1, across).transpose(0, 2, 1, 3).reshape(rows, -1, down * across)
    text = [_text(row, unicode) for row in cells]
    return _labelled(text, below, beside, gutter)


def _dense(points: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the same polyline with points so close that every dot it passes is one."""
    import numpy as np

    steps = int(np.ceil(np.abs(np.diff(points, axis=0)).max(initial=1)))
    indices = np.linspace(0, len(points) - 1, (len(points) - 1) * steps + 1)
    known = np.arange(len(points))
    return np.stack([np.interp(indices, known, points[:, axis]) for axis in (0, 1)], axis=1)


def _text(cells: "NDArray[np.bool_]", unicode: bool) -> str:
    import numpy as np

    weights = np.ravel(_BRAILLE) if unicode else np.array([1, 2])
    codes = (cells @ weights).tolist()
    # A blank, not the empty braille cell: lines end where the last dot is.
    return "".join((chr(0x2800 + code) if code else " ") if unicode else _ASCII[code] for code in codes).rstrip()


def _labelled(text: "Sequence[str]", x: "Sequence[str]", y: "Sequence[str]", gutter: int) -> list[str]:
    labels = [y[1], *[""] * (len(text) - 2), y[0]]
    below = " " * gutter + x[0] + x[1].rjust(WIDTH - gutter - len(x[0]))
    return [*(f"{label:>{gutter - 1}} {row}".rstrip() for label, row in zip(labels, text, strict=True)), below]
