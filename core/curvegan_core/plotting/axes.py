"""Axes of a plot: ranges, ticks, the grid, and what is drawn between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from curvegan_core.plotting.canvas import Box, Canvas, pixels, text_width

INK, GREY, PALE, _GRID, _FRAME = "#000000", "#555555", "#777777", "#E6E6E6", "#999999"
SMALL = 9
MINUS = "\N{MINUS SIGN}"
_TICK = 3
_MOST_DECADES = 8

Values = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Marks:
    """Lines (or dots) of one colour and one name: x (points,), ys (lines, points), both in units of the data."""

    name: str
    x: Values
    ys: Values
    colour: str
    width: float
    alpha: float = 1
    dots: bool = False


@dataclass(frozen=True)
class Level:
    """A value of y that is marked by a dashed line from side to side, with its number at the right end."""

    value: float
    colour: str
    up: float = 0.5


@dataclass(frozen=True)
class Key:
    """What a colour means. The style is "line", "dashes" or "dots"."""

    name: str
    colour: str
    width: float
    style: str = "line"


@dataclass(frozen=True)
class Axes:
    """What is shown in one box of pixels; `labelled` says whether the grid's columns and its rows bear numbers."""

    box: Box
    x: Range
    y: Range
    marks: Sequence[Marks]
    levels: Sequence[Level] = ()
    logarithmic: bool = False
    title: str = ""
    label_x: str = ""
    label_y: str = ""
    grid_x: Sequence[float] = ()
    grid_y: Sequence[float] = ()
    labelled: tuple[bool, bool] = (True, True)
    keys: Sequence[Key] = ()

    def draw(self, canvas: Canvas) -> None:
        """Paint the grid, then the data on it, then the frame with its labels."""
        left, bottom, right, top = self.box
        columns, rows = self.across(self.grid_x), self.upwards(self.grid_y)
        for column in columns:
            canvas.rule((column, column), (bottom, top), _GRID)
        for row in rows:
            canvas.rule((left, right), (row, row), _GRID)
        for marks in self.marks:
            self._draw_marks(canvas, marks)
        for level in self.levels:
            self._draw_level(canvas, level)
        canvas.rule((left, right), (bottom, bottom), _FRAME)
        canvas.rule((left, left), (bottom, top), _FRAME)
        self._draw_ticks(canvas, columns, rows)
        self._draw_titles(canvas)

    def across(self, x: Sequence[float] | Values) -> Values:
        """Return the columns of pixels of values of x."""
        return _positions(np.asarray(x, float), self.x, self.box[0], self.box[2])

    def upwards(self, y: Sequence[float] | Values) -> Values:
        """Return the rows of pixels of values of y; NaN for what has no logarithm and needs one."""
        values, limits = np.asarray(y, float), self.y
        if self.logarithmic:
            values, limits = logarithms(values), (math.log10(self.y[0]), math.log10(self.y[1]))
        return _positions(values, limits, self.box[1], self.box[3])

    def _draw_marks(self, canvas: Canvas, marks: Marks) -> None:
        columns = self.across(marks.x)
        if marks.dots:
            centres = np.column_stack((columns, self.upwards(marks.ys[0])))
            canvas.dots(centres, marks.colour, marks.width, self.box, marks.alpha)
            return
        width = round(self.box[2] - self.box[0])
        lines = [np.column_stack(thinned(columns, row, width)) for row in self.upwards(marks.ys)]
        canvas.lines(lines, marks.colour, marks.width, self.box, marks.alpha)

    def _draw_level(self, canvas: Canvas, level: Level) -> None:
        left, _, right, _ = self.box
        row = float(self.upwards([level.value])[0])
        canvas.lines([np.array([[left, row], [right, row]])], level.colour, 1, self.box, dashed=True)
        canvas.text((right + pixels(3), row), f"{level.value:.3f}", SMALL - 1, level.colour, up=level.up)

    def _draw_ticks(self, canvas: Canvas, columns: Values, rows: Values) -> None:
        left, bottom, _, _ = self.box
        length, gap = pixels(_TICK), pixels(_TICK + 3.5)
        if self.labelled[0]:
            for column, label in zip(columns, labels(self.grid_x), strict=True):
                canvas.rule((column, column), (bottom - length, bottom), _FRAME)
                canvas.text((column, bottom - gap), label, SMALL, INK, along=0.5, up=1)
        if self.labelled[1]:
            for row, label in zip(rows, labels(self.grid_y, same=not self.logarithmic), strict=True):
                canvas.rule((left - length, left), (row, row), _FRAME)
                canvas.text((left - gap, row), label, SMALL, INK, along=1, up=0.5)

    def _draw_titles(self, canvas: Canvas) -> None:
        left, bottom, right, top = self.box
        middle = (left + right) / 2
        draw_keys(canvas, (right, top + pixels(4)), self.keys)
        if self.title:
            canvas.text((middle, top + pixels(4)), self.title, SMALL, INK, along=0.5)
        if self.label_x:
            canvas.text((middle, bottom - pixels(18.5)), self.label_x, SMALL + 1, INK, along=0.5, up=1)
        if self.label_y:
            canvas.upright((pixels(17), (bottom + top) / 2), self.label_y, SMALL + 1, INK)


def draw_keys(canvas: Canvas, corner: tuple[float, float], keys: Sequence[Key]) -> None:
    """Write what the colours mean in one line that ends at the corner, and stands on it."""
    right, base = corner
    row, swatch, gap = base + pixels(0.365 * SMALL), pixels(17), pixels(5)
    for key in reversed(keys):
        canvas.text((right, base), key.name, SMALL, INK, along=1)
        end = right - text_width(key.name, SMALL) - gap
        line, box = np.array([[end - swatch, row], [end, row]]), (end - swatch, base, end, base + pixels(SMALL))
        if key.style == "dots":
            canvas.dots(line.mean(axis=0)[None], key.colour, 4, box)
        else:
            canvas.lines([line], key.colour, key.width, box, dashed=key.style == "dashes")
        right = end - swatch - 2 * gap


def room(values: Values, share: float) -> Range:
    """Return a range that holds the values, with a share of it to spare on either side."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0, 1
    low, high = float(finite.min()), float(finite.max())
    margin = share * (high - low) or 1.0
    return low - margin, high + margin


def logarithmic_room(values: Values) -> Range:
    """Return the same for a scale of decades; without a positive value the one from 0.1 to 1."""
    low, high = room(logarithms(values[values > 0]), 0.05) if (values > 0).any() else (-1, 0)
    return 10.0 ** max(low, -300), 10.0 ** min(high, 300)


def round_ticks(limits: Range, most: int = 6) -> list[float]:
    """Return round numbers within the limits."""
    low, high = limits
    return [
        float(tick)
        for tick in MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        if low <= tick <= high
    ]


def decades(limits: Range) -> list[float]:
    """Return powers of ten within the limits: not all if they are many, and with 2 and 5 between if they are few."""
    low, high = limits
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, last + 1, 1 + (last - first) // _MOST_DECADES)
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    shown = [tick for tick in ticks if low <= tick <= high]
    return shown if len(shown) > 1 else round_ticks(limits)


def labels(ticks: Sequence[float], same: bool = True) -> list[str]:
    """Write numbers, all with the same decimals or each with its own; what is huge or tiny with an exponent."""
    largest = max(map(abs, ticks), default=0)
    if not same or not 1e-3 <= largest < 1e7:
        return [f"{tick:.6g}".replace("-", MINUS) for tick in ticks]
    decimals = next((n for n in range(7) if all(math.isclose(round(tick, n), tick) for tick in ticks)), 7)
    return [f"{tick:,.{decimals}f}".replace("-", MINUS) for tick in ticks]


def thinned(x: Values, y: Values, columns: int) -> tuple[Values, Values]:
    """Leave two points of those that share a column of pixels, the lowest and the highest: it looks the same."""
    size = len(x) // columns
    if size < 4:
        return x, y
    whole = len(x) // size * size
    parts = np.nan_to_num(y[:whole], nan=-math.inf).reshape(-1, size)
    extremes = np.sort(np.column_stack((parts.argmin(axis=1), parts.argmax(axis=1))), axis=1)
    extremes += size * np.arange(len(parts))[:, None]
    kept = np.concatenate((extremes.ravel(), np.arange(whole, len(x))))
    return x[kept], y[kept]


def logarithms(values: Values) -> Values:
    """Return the decimal logarithms; NaN for what has none."""
    return np.log10(np.where(values > 0, values, np.nan))


def _positions(values: Values, limits: Range, start: float, stop: float) -> Values:
    low, high = limits
    return start + (values - low) / (high - low) * (stop - start)
