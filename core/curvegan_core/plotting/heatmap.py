"""A heat map: numbers in a table of cells, each coloured by its size.

The colours are viridis, whose lightness grows evenly, so that equal steps look equal, in grey and to the colour-blind.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from curvegan_core.plotting.axes import INK, SMALL, Axes
from curvegan_core.plotting.canvas import Canvas, pixels, text_width
from curvegan_core.plotting.ticks import decades, labels, round_ticks

_NOTHING = "#EEEEEE"
_DECADE = 10
_DARK = 0.55
_BAR_GAP, _BAR_WIDTH = 24, 16

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """Which colour a number has: the better, the brighter. What shall be small goes by decades where it spans one."""

    low: float
    high: float
    logarithmic: bool
    smaller_is_better: bool

    @classmethod
    def of(cls, values: Values, smaller_is_better: bool) -> "Scale":
        """Return the scale from the smallest to the largest number; NaN is none."""
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)
        return cls(low, high, smaller_is_better and 0 < low * _DECADE <= high, smaller_is_better)

    def share(self, value: float) -> float:
        """Return where a number lies, 0 at the low end and 1 at the high one."""
        low, high, here = (math.log10(x) if self.logarithmic else x for x in (self.low, self.high, value))
        return (here - low) / (high - low)

    def value(self, share: float) -> float:
        """Return the number that lies there."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def colour(self, value: float) -> str:
        """Return the colour of a number, as #RRGGBB."""
        if not math.isfinite(value):
            return _NOTHING
        share = self.share(value)
        return to_hex(colormaps["viridis"](1 - share if self.smaller_is_better else share))

    def ink(self, value: float) -> str:
        """Return the colour of what is written on it."""
        share = self.share(value)
        return "#FFFFFF" if (1 - share if self.smaller_is_better else share) < _DARK else INK


@dataclass(frozen=True)
class Heatmap(Axes):
    """Cells of numbers (rows, columns), the first row the lowest; NaN is a grey cell. `columns` and `rows` name them.

    `x` and `y` count columns and rows. The scale of colours stands at the right of the box.
    """

    columns: Sequence[str] = ()
    rows: Sequence[str] = ()
    cells: Values = field(default_factory=lambda: np.zeros((0, 0)))
    scale: Scale = Scale(0, 1, False, True)
    label_scale: str = ""

    def draw(self, canvas: Canvas) -> None:
        """Paint the cells, their numbers where there is room for all, the names and the scale."""
        across = self.across(range(len(self.columns) + 1))
        upwards = self.upwards(range(len(self.rows) + 1))
        columns, rows = _spans(across), _spans(upwards)
        for (row, column), value in np.ndenumerate(self.cells):
            canvas.rule(columns[column], rows[row], self.scale.colour(value))
        self._draw_numbers(canvas, _middles(across), _middles(upwards))
        self._draw_names(canvas, _middles(across), _middles(upwards))
        self._draw_titles(canvas)
        self._draw_scale(canvas)

    @property
    def numbers(self) -> list[str]:
        """What the cells say, row by row; nothing where the longest does not fit."""
        texts = [f"{value:.2g}" if math.isfinite(value) else "" for value in self.cells.ravel()]
        left, bottom, right, top = self.box
        wide = (right - left) / max(1, len(self.columns)) >= max(text_width(text, SMALL) for text in texts) + 6
        tall = (top - bottom) / max(1, len(self.rows)) >= pixels(SMALL) + 6
        return texts if wide and tall else []

    def named_columns(self) -> list[int]:
        """Return which columns are named: every so many, so that no name touches the next."""
        widest = max((text_width(name, SMALL) for name in self.columns), default=0)
        return _every(len(self.columns), widest + 8, self.box[2] - self.box[0])

    def named_rows(self) -> list[int]:
        """Return which rows are named."""
        return _every(len(self.rows), pixels(SMALL) + 5, self.box[3] - self.box[1])

    def _draw_numbers(self, canvas: Canvas, across: Sequence[float], upwards: Sequence[float]) -> None:
        for text, ((row, column), value) in zip(self.numbers, np.ndenumerate(self.cells), strict=False):
            if text:
                middle = across[column], upwards[row]
                canvas.text(middle, text, SMALL, self.scale.ink(value), along=0.5, up=0.5)

    def _draw_names(self, canvas: Canvas, across: Sequence[float], upwards: Sequence[float]) -> None:
        left, bottom, _, _ = self.box
        for column in self.named_columns():
            canvas.text((across[column], bottom - pixels(5)), self.columns[column], SMALL, INK, along=0.5, up=1)
        for row in self.named_rows():
            canvas.text((left - pixels(5), upwards[row]), self.rows[row], SMALL, INK, along=1, up=0.5)

    def _draw_scale(self, canvas: Canvas) -> None:
        _, bottom, right, top = self.box
        start, end = right + _BAR_GAP, right + _BAR_GAP + _BAR_WIDTH
        for pixel in range(int(bottom), int(top)):
            value = self.scale.value((pixel - bottom) / (top - bottom))
            canvas.rule((start, end), (pixel, int(top) - 1), self.scale.colour(value))  # the next lies on it
        ticks, texts, title = self._scale_numbers
        for tick, text in zip(ticks, texts, strict=True):
            row = bottom + self.scale.share(tick) * (top - bottom)
            canvas.text((end + pixels(4), row), text, SMALL, INK, up=0.5)
        canvas.text((start, top + pixels(5)), title, SMALL, INK)

    @property
    def scale_width(self) -> float:
        """Pixels that the scale takes right of the box."""
        _, texts, title = self._scale_numbers
        widest = max((text_width(text, SMALL) for text in texts), default=0)
        return _BAR_GAP + max(text_width(title, SMALL), _BAR_WIDTH + pixels(4) + widest)

    @property
    def _scale_numbers(self) -> tuple[list[float], list[str], str]:
        """The numbers at the scale, their texts, and what stands above it: what it measures, what its numbers share."""
        limits = (self.scale.low, self.scale.high)
        ticks = decades(limits) if self.scale.logarithmic else round_ticks(limits)
        texts, shared = labels(ticks, same=not self.scale.logarithmic)
        return ticks, texts, f"{self.label_scale}  {shared}".strip()


def _middles(edges: Values) -> list[float]:
    return [float(middle) for middle in (edges[:-1] + edges[1:]) / 2]


def _spans(edges: Values) -> list[tuple[float, float]]:
    """Return the first and the last pixel between each two edges: no pixel is left out, none is twice."""
    first = np.round(edges)
    return [(float(start), float(end) - 1) for start, end in pairwise(first)]


def _every(count: int, least: float, room: float) -> list[int]:
    """Return the indices out of `count` that are so far apart that each has `least` pixels."""
    stride = max(1, math.ceil(count * least / room))
    return list(range(0, count, stride))
