"""What the plots' axes look like: rooms, grids, ticks and places. Knows no job and no curve."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

_GRID = "#E6E6E6"
_MOST_TITLE = 60


def make_axes(drawn: Figure, rectangle: tuple[float, float, float, float]) -> Axes:
    axes = drawn.add_axes(rectangle)
    style(axes)
    axes.grid(color=_GRID, linewidth=0.6)
    # A title with a fixed place spares matplotlib a search for one, which costs as much as a panel's ticks.
    axes.set_title("", y=1)
    return axes


def style(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.tick_params(color="#999999", labelsize=9, length=3)


def room(values: NDArray[np.float64], share: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = share * (high - low) or 1.0
    return low - margin, high + margin


def set_ticks(axes: Axes, ticks_x: Sequence[float] | None, left: bool, bottom: bool) -> None:
    """Label the outer panels; the others have the grid alone, as lines: ticks are what costs matplotlib time."""
    (x_low, x_high), (y_low, y_high) = axes.get_xlim(), axes.get_ylim()
    ticks_x = _round_ticks(x_low, x_high) if ticks_x is None else ticks_x
    ticks_y = _round_ticks(y_low, y_high)
    axes.vlines(ticks_x, y_low, y_high, colors=_GRID, linewidth=0.6, zorder=0.5)
    axes.hlines(ticks_y, x_low, x_high, colors=_GRID, linewidth=0.6, zorder=0.5)
    axes.set_xticks(ticks_x if bottom else [])
    axes.set_yticks(ticks_y if left else [])


def _round_ticks(low: float, high: float) -> list[float]:
    return [float(tick) for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def make_logarithmic(axes: Axes, values: NDArray[np.float32]) -> None:
    """Scale y by decades, and name 2 and 5 between them when there are few."""
    axes.set_yscale("log")
    positive = values[values > 0].astype(np.float64)
    few = len(positive) > 0 and positive.max() / positive.min() < 1000
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def panel(drawn: Figure, place: int, rows: int, columns: int) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of a panel, in parts of the figure; margins are in inches."""
    width, height = drawn.get_size_inches()
    left, right, top, bottom, gap_x, gap_y = 0.42, 0.15, 0.8, 0.28, 0.22, 0.3
    panel_x = (width - left - right + gap_x) / columns
    panel_y = (height - top - bottom + gap_y) / rows
    row, column = divmod(place, columns)
    corner = left + column * panel_x, height - top - (row + 1) * panel_y + gap_y
    return corner[0] / width, corner[1] / height, (panel_x - gap_x) / width, (panel_y - gap_y) / height


def drawable(text: str) -> str:
    """Cut a long name, and write "?" for a character that matplotlib's own font lacks."""
    font = get_font(findfont("DejaVu Sans"))
    short = text if len(text) <= _MOST_TITLE else text[: _MOST_TITLE - 1] + "…"
    return "".join(letter if font.get_char_index(ord(letter)) else "?" for letter in short)
