"""Axes of a plot: ranges, ticks, the grid, and what is drawn between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curvegan_core.plotting.canvas import Box, Canvas, cut, pixels, text_width
from curvegan_core.plotting.ticks import Range, labels

INK, GREY, PALE, _GRID, _FRAME = "#000000", "#555555", "#777777", "#E6E6E6", "#999999"
SMALL = 9
_TICK, _TICK_GAP, _TITLE_GAP, _BELOW = 3, 6.5, 4, 18.5
_BESIDE = 6
_RESOLVED = 64

Values = NDArray[np.float64]


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

    @property
    def text(self) -> str:
        """Its number."""
        return f"{self.value:.3f}"


@dataclass(frozen=True)
class Key:
    """What a colour means. The style is "line", "dashes" or "dots"."""

    name: str
    colour: str
    width: float
    style: str = "line"


@dataclass(frozen=True)
class Axes:
    """What is shown in one box of pixels; `labelled` says whether the grid's columns and its rows bear numbers.

    `fitted` makes room for the texts around the box. With `one_scale` a unit of x is as long as one of y.
    """

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
    one_scale: bool = False

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

    def margins(self) -> Box:
        """Return how many pixels the texts take left of the box, below it, right of it and above it."""
        left, _, right, _ = self.box
        beside, below, after, above = 0.0, 0.0, 0.0, 0.0
        if self.labelled[0] and self.grid_x:
            halves = np.array([text_width(text, SMALL) / 2 for text in self._numbers_x[0]])
            columns = self.across(self.grid_x)
            beside, after = float((halves - columns + left).max()), float((halves + columns - right).max())
            below = pixels(_TICK_GAP + SMALL)
        if self.label_x or (self.labelled[0] and self._numbers_x[1]):
            below = pixels(_BELOW + SMALL + 1)
        beside = max(beside, self._number_width + (pixels(_BESIDE + SMALL + 1) if self.label_y else 0))
        after = max([after, *(pixels(3) + text_width(level.text, SMALL - 1) for level in self.levels)])
        if self.title or self.keys or self._numbers_y[1]:
            above = pixels(_TITLE_GAP + SMALL)
        return beside, below, after, above + (self._title_up if self.title else 0)

    @cached_property
    def _numbers_x(self) -> tuple[list[str], str]:
        return labels(self.grid_x)

    @cached_property
    def _numbers_y(self) -> tuple[list[str], str]:
        return labels(self.grid_y, same=not self.logarithmic)

    @property
    def _number_width(self) -> float:
        """Pixels that the numbers of y take left of the box."""
        if not self.labelled[1]:
            return 0
        return pixels(_TICK_GAP) + max((text_width(text, SMALL) for text in self._numbers_y[0]), default=0)

    @property
    def _title_up(self) -> float:
        """Pixels that the title stands higher: above what the numbers of y share."""
        return pixels(SMALL + 2) if self._numbers_y[1] else 0

    def _draw_level(self, canvas: Canvas, level: Level) -> None:
        left, _, right, _ = self.box
        row = float(self.upwards([level.value])[0])
        canvas.lines([np.array([[left, row], [right, row]])], level.colour, 1, self.box, dashed=True)
        canvas.text((right + pixels(3), row), level.text, SMALL - 1, level.colour, up=level.up)

    def _draw_ticks(self, canvas: Canvas, columns: Values, rows: Values) -> None:
        left, bottom, right, top = self.box
        length, gap = pixels(_TICK), pixels(_TICK_GAP)
        if self.labelled[0]:
            numbers, shared = self._numbers_x
            widest = max((text_width(text, SMALL) for text in numbers), default=0)
            for column in columns:
                canvas.rule((column, column), (bottom - length, bottom), _FRAME)
            for index in apart(columns, widest + 6):
                canvas.text((columns[index], bottom - gap), numbers[index], SMALL, INK, along=0.5, up=1)
            canvas.text((right, bottom - pixels(_BELOW)), shared, SMALL, INK, along=1, up=1)
        if self.labelled[1]:
            numbers, shared = self._numbers_y
            for row in rows:
                canvas.rule((left - length, left), (row, row), _FRAME)
            for index in apart(rows, pixels(SMALL) - 1):
                canvas.text((left - gap, rows[index]), numbers[index], SMALL, INK, along=1, up=0.5)
            start = min(left, right - text_width(shared, SMALL))
            canvas.text((start, top + pixels(_TITLE_GAP)), shared, SMALL, INK)

    def _draw_titles(self, canvas: Canvas) -> None:
        left, bottom, right, top = self.box
        middle = (left + right) / 2
        draw_keys(canvas, (right, top + pixels(_TITLE_GAP)), self.keys)
        if self.title:
            canvas.text((middle, top + pixels(_TITLE_GAP) + self._title_up), self.title, SMALL, INK, along=0.5)
        if self.label_x:
            canvas.text((middle, bottom - pixels(_BELOW)), self.label_x, SMALL + 1, INK, along=0.5, up=1)
        if self.label_y:
            base = min(pixels(17), left - self._number_width - pixels(_BESIDE))
            canvas.upright((base, (bottom + top) / 2), self.label_y, SMALL + 1, INK)


AnyAxes = TypeVar("AnyAxes", bound=Axes)


def fitted(axes: Sequence[AnyAxes], bounds: Sequence[Box]) -> list[AnyAxes]:
    """Return axes whose texts lie in their bounds: the boxes give way, all alike, and long titles are cut."""
    for _ in range(2):  # a narrower box brings the outer columns closer to its sides
        over = np.array([_over(one, bound) for one, bound in zip(axes, bounds, strict=True)])
        left, bottom, right, top = np.ceil(np.maximum(over, 0).max(axis=0)).tolist()
        axes = [
            replace(one, box=(one.box[0] + left, one.box[1] + bottom, one.box[2] - right, one.box[3] - top))
            for one in axes
        ]
    return [_cut(_on_one_scale(one) if one.one_scale else one) for one in axes]


def _on_one_scale(axes: AnyAxes) -> AnyAxes:
    """Widen one of the ranges until both have as many units a pixel."""
    left, bottom, right, top = axes.box
    size, limits = np.array([right - left, top - bottom]), np.array([axes.x, axes.y])
    halves = (np.ptp(limits, axis=1) / size).max() * size / 2
    (low_x, low_y), (high_x, high_y) = (limits.mean(axis=1) + sign * halves for sign in (-1, 1))
    return replace(axes, x=(float(low_x), float(high_x)), y=(float(low_y), float(high_y)))


def _over(axes: Axes, bounds: Box) -> tuple[float, float, float, float]:
    """Return how far the texts reach over their bounds, on each side."""
    (beside, below, after, above), (left, bottom, right, top) = axes.margins(), axes.box
    return bounds[0] - left + beside, bounds[1] - bottom + below, right + after - bounds[2], top + above - bounds[3]


def _cut(axes: AnyAxes) -> AnyAxes:
    left, bottom, right, top = axes.box
    shared = 2 * text_width(axes._numbers_x[1], SMALL) if axes.labelled[0] else 0
    return replace(
        axes,
        title=cut(axes.title, SMALL, right - left),
        label_x=cut(axes.label_x, SMALL + 1, right - left - shared - 12 * bool(shared)),
        label_y=cut(axes.label_y, SMALL + 1, top - bottom),
    )


def apart(places: Values, least: float) -> range:
    """Return the indices of every so many of the places, so that each has `least` pixels."""
    closest = float(np.diff(places).min()) if len(places) > 1 else least
    return range(0, len(places), max(1, math.ceil(least / max(closest, 1))))


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
    """Return a range that holds the values, with a share of it to spare on either side.

    It spans some steps of a float64 at least, so that there are numbers to write at it.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0, 1
    low, high = float(finite.min()), float(finite.max())
    margin = max(share * (high - low) or 1.0, _RESOLVED * float(np.spacing(max(abs(low), abs(high)))))
    return low - margin, high + margin


def logarithmic_room(values: Values) -> Range:
    """Return the same for a scale of decades; without a positive value the one from 0.1 to 1."""
    low, high = room(logarithms(values[values > 0]), 0.05) if (values > 0).any() else (-1, 0)
    return 10.0 ** max(low, -300), 10.0 ** min(high, 300)


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
