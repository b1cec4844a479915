"""A job's three plots, from stored numbers to PNG bytes. Knows neither engine nor store, and no global plotting state.

`curve` shows the newest generated curves on the target, `losses` the loss curve with its equilibrium values,
`evolution` the snapshots one beside the other. The figure builders return figures, so that their artists can be read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from curvegan.config import TrainConfig
from curvegan.curves import points_x, rmse, target
from curvegan.losses import LOSSES, P_REAL_EQUILIBRIUM
from curvegan.metrics import Metrics
from curvegan.series import LossCurve, Snapshot

TARGET_COLOUR, GENERATED_COLOUR = "#74BCFF", "#4AD631"
# The same two hues, dark enough for thin lines on white: the discriminator or real curves, the generator or its curves.
_REAL_LINE, _GENERATED_LINE, _GREY = "#1F77C9", "#2C9A17", "#777777"
_GRID = "#E6E6E6"
MOST_PANELS = 12
_COLUMNS = 4
_MOST_TITLE = 60
_DPI = 120
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")


@dataclass(frozen=True)
class PlotData:
    """What a plot is drawn from. `title` names the job; `metrics` are there once it has ended."""

    title: str
    config: TrainConfig
    losses: LossCurve
    snapshots: Sequence[Snapshot]
    metrics: Metrics | None = None


def render(kind: str, data: PlotData) -> bytes:
    """Draw the plot of this kind as PNG. Raises ValueError when the kind is unknown or there is no snapshot to draw."""
    drawn = figure(kind, data)
    FigureCanvasAgg(drawn)
    png = BytesIO()
    # The fastest compression: it halves the time of writing, and the file is small anyhow.
    drawn.savefig(png, format="png", pil_kwargs={"compress_level": 1})
    return png.getvalue()


def figure(kind: str, data: PlotData) -> Figure:
    """Build the plot of this kind. Raises ValueError as `render` does."""
    if kind not in _BUILDERS:
        raise ValueError(f"no plot is called {kind!r}; there are {', '.join(KINDS)}")
    if not data.snapshots:
        raise ValueError(f"nothing to draw: {data.title} has no snapshot yet")
    return _BUILDERS[kind](data)


def curve_figure(data: PlotData) -> Figure:
    """Draw the newest snapshot's curves and the target."""
    drawn = Figure(figsize=(6.4, 4.4), dpi=_DPI)
    axes = _axes(drawn, (0.09, 0.11, 0.885, 0.745))
    newest = data.snapshots[-1]
    _draw_curves(axes, data.config, newest.curves, width=1.0)
    axes.set(xlabel="x", ylabel="y", ylim=_limits(data.config, [newest]))
    axes.locator_params(steps=[1, 2, 5, 10])
    _name_curves(drawn, newest)
    quality = rmse(data.config, newest.curves) if data.metrics is None else data.metrics.rmse
    _title(drawn, data, f"step {newest.step:,}", f"RMSE {quality:.3g}")
    return drawn


def losses_figure(data: PlotData) -> Figure:
    """Draw the loss curve: both losses, the discriminator's verdicts and the RMSE, each over the steps."""
    drawn = Figure(figsize=(6.4, 6.8), dpi=_DPI)
    panels = [_axes(drawn, (0.11, bottom, 0.79, 0.255)) for bottom in (0.65, 0.36, 0.07)]
    losses, verdicts, quality = panels
    equilibrium = LOSSES[data.config.loss]
    _draw_series(losses, data.losses, {"g_loss": _GENERATED_LINE, "d_loss": _REAL_LINE})
    _mark(losses, {equilibrium.g_equilibrium: _GENERATED_LINE, equilibrium.d_equilibrium: _REAL_LINE})
    _draw_series(verdicts, data.losses, {"d_real": _REAL_LINE, "d_fake": _GENERATED_LINE})
    _mark(verdicts, {P_REAL_EQUILIBRIUM: _GREY})
    _draw_series(quality, data.losses, {"rmse": "#333333"})
    losses.set_ylabel("loss")
    verdicts.set(ylabel="mean P(real)", ylim=(0, 1))
    quality.set(ylabel="RMSE", xlabel="step")
    _make_logarithmic(quality, data.losses.rmse)
    for axes in panels:
        axes.set_xlim(0, data.config.steps)
        axes.tick_params(labelbottom=axes is quality)
    quality.xaxis.set_major_formatter(_THOUSANDS)
    lr_g, lr_d = data.config.lr_g, data.config.lr_d
    _title(drawn, data, f"loss {data.config.loss}", f"lr {lr_g:g}" if lr_g == lr_d else f"lr_g {lr_g:g}, lr_d {lr_d:g}")
    return drawn


def evolution_figure(data: PlotData) -> Figure:
    """Draw the snapshots as small multiples with one scale."""
    shown = chosen(data.snapshots, data.config.snapshot_every)
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    drawn = Figure(figsize=(2 * max(columns, 2) + 0.6, 1.75 * rows + 1.05), dpi=_DPI)
    limits = _limits(data.config, shown)
    for place, snapshot in enumerate(shown):
        axes = drawn.add_axes(_panel(drawn, place, rows, columns), ylim=limits)
        _style(axes)
        _draw_curves(axes, data.config, snapshot.curves, width=0.7)
        axes.set_title(f"step {snapshot.step:,}", fontsize=9, y=1, pad=3)
        _set_ticks(axes, place % columns == 0, place + columns >= len(shown))
    _title(drawn, data, f"snapshots every {data.config.snapshot_every:,} steps")
    _name_curves(drawn, shown[-1])
    return drawn


def chosen(snapshots: Sequence[Snapshot], every: int) -> list[Snapshot]:
    """Choose the snapshots of the evolution: at most MOST_PANELS, evenly, first and last always among them.

    The end of a training is no panel of its own when it lies less than half an interval after the one before.
    """
    shown = list(snapshots)
    if len(shown) > 1 and shown[-1].step - shown[-2].step < every / 2:
        shown.pop()
    places = np.linspace(0, len(shown) - 1, min(len(shown), MOST_PANELS)).round().astype(int)
    return [shown[place] for place in places]


def _axes(drawn: Figure, rectangle: tuple[float, float, float, float]) -> Axes:
    axes = drawn.add_axes(rectangle)
    _style(axes)
    axes.grid(color=_GRID, linewidth=0.6)
    # A title with a fixed place spares matplotlib a search for one, which costs as much as a panel's ticks.
    axes.set_title("", y=1)
    return axes


def _style(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.tick_params(color="#999999", labelsize=9, length=3)


def _draw_curves(axes: Axes, config: TrainConfig, curves: NDArray[np.float32], width: float) -> None:
    x = points_x(config)
    lines = [np.column_stack((x, curve)) for curve in curves.astype(np.float64)]
    axes.add_collection(LineCollection(lines, colors=GENERATED_COLOUR, linewidths=width, alpha=0.5), autolim=False)
    # Above the bundle, or a trained generator would hide what it is compared with.
    axes.plot(x, target(config), color=TARGET_COLOUR, linewidth=2.5 * width, label="target", zorder=3)
    axes.set_xlim(config.x_min - 0.02 * (x[-1] - x[0]), config.x_max + 0.02 * (x[-1] - x[0]))


def _limits(config: TrainConfig, snapshots: Sequence[Snapshot]) -> tuple[float, float]:
    """Make room for the target and all curves of these snapshots."""
    values = np.concatenate([target(config), *(snapshot.curves.ravel() for snapshot in snapshots)]).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _set_ticks(axes: Axes, left: bool, bottom: bool) -> None:
    """Label the outer panels; the others have the grid alone, as lines: ticks are what costs matplotlib time."""
    (x_low, x_high), (y_low, y_high) = axes.dataLim.intervalx, axes.get_ylim()
    ticks_x = [x_low, (x_low + x_high) / 2, x_high]
    ticks_y = [tick for tick in MaxNLocator(4).tick_values(y_low, y_high) if y_low <= tick <= y_high]
    axes.vlines(ticks_x, y_low, y_high, colors=_GRID, linewidth=0.6, zorder=0.5)
    axes.hlines(ticks_y, *axes.get_xlim(), colors=_GRID, linewidth=0.6, zorder=0.5)
    axes.set_xticks(ticks_x if bottom else [])
    axes.set_yticks(ticks_y if left else [])


def _name_curves(drawn: Figure, snapshot: Snapshot) -> None:
    """Put the key beside the title, where it hides no curve."""
    keys = [
        Line2D([], [], color=TARGET_COLOUR, linewidth=2.5, label="target"),
        Line2D([], [], color=GENERATED_COLOUR, linewidth=1.5, label=f"{len(snapshot.curves)} generated curves"),
    ]
    corner = (1, 1 - 0.25 / drawn.get_size_inches()[1])
    key = drawn.legend(handles=keys, loc="upper right", ncols=2, frameon=False, fontsize=9, borderaxespad=0.3)
    key.set_bbox_to_anchor(corner)


def _draw_series(axes: Axes, losses: LossCurve, colours: dict[str, str]) -> None:
    for name, colour in colours.items():
        axes.plot(losses.steps, getattr(losses, name).astype(np.float64), color=colour, linewidth=0.8, label=name)


def _mark(axes: Axes, levels: dict[float, str]) -> None:
    """Draw equilibrium values as dashed lines, each with its number at the right end, and name all lines."""
    dashes = (0, (4, 3))
    # The lower number hangs from its line and the upper stands on it: a wide scale brings the lines together.
    sides = ("top", "bottom") if len(levels) > 1 else ("center",)
    for (level, colour), side in zip(sorted(levels.items()), sides, strict=True):
        axes.axhline(level, color=colour, linestyle=dashes, linewidth=1)
        place = axes.get_yaxis_transform()
        axes.text(1.008, level, f"{level:.3f}", transform=place, va=side, color=colour, fontsize=8)
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    dashed = Line2D([], [], color=_GREY, linestyle=dashes, linewidth=1, label="equilibrium")
    axes.legend(handles=[*named, dashed], loc="upper right", frameon=False, fontsize=9, ncols=3, borderaxespad=0.1)


def _make_logarithmic(axes: Axes, values: NDArray[np.float32]) -> None:
    """Scale y by decades, and name 2 and 5 between them when there are few."""
    axes.set_yscale("log")
    positive = values[values > 0].astype(np.float64)
    few = len(positive) > 0 and positive.max() / positive.min() < 1000
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _panel(drawn: Figure, place: int, rows: int, columns: int) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of a panel, in parts of the figure; margins are in inches."""
    width, height = drawn.get_size_inches()
    left, right, top, bottom, gap_x, gap_y = 0.42, 0.15, 0.8, 0.28, 0.22, 0.3
    panel_x = (width - left - right + gap_x) / columns
    panel_y = (height - top - bottom + gap_y) / rows
    row, column = divmod(place, columns)
    corner = left + column * panel_x, height - top - (row + 1) * panel_y + gap_y
    return corner[0] / width, corner[1] / height, (panel_x - gap_x) / width, (panel_y - gap_y) / height


def _title(drawn: Figure, data: PlotData, *facts: str) -> None:
    height = drawn.get_size_inches()[1]
    drawn.text(0.02, 1 - 0.1 / height, _drawable(data.title), fontsize=11, va="top", parse_math=False)
    drawn.text(0.02, 1 - 0.35 / height, "    ".join(facts), fontsize=9, va="top", color="#555555")


def _drawable(text: str) -> str:
    """Cut a long name, and write "?" for a character that matplotlib's own font lacks."""
    font = get_font(findfont("DejaVu Sans"))
    short = text if len(text) <= _MOST_TITLE else text[: _MOST_TITLE - 1] + "…"
    return "".join(letter if font.get_char_index(ord(letter)) else "?" for letter in short)


_BUILDERS: dict[str, Callable[[PlotData], Figure]] = {
    "curve": curve_figure,
    "losses": losses_figure,
    "evolution": evolution_figure,
}
KINDS = tuple(_BUILDERS)
"""The plots there are."""
