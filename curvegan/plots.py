"""A job's three plots, from stored numbers to PNG bytes. Knows neither engine nor store, and no global plotting state.

`curve` shows the newest generated curves on the target, `losses` the loss curve with its equilibrium values,
`evolution` the snapshots one beside the other. The figure builders return figures, so that their artists can be read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from curvegan.config import TrainConfig
from curvegan.curves import family, points_x, real_curves, restored, rmse, target
from curvegan.dataset import Dataset
from curvegan.families.parameters import Data
from curvegan.losses import equilibrium
from curvegan.metrics import Metrics
from curvegan.noise import Stream
from curvegan.plot_axes import drawable, make_axes, make_logarithmic, panel, room, set_ticks, style
from curvegan.series import LossCurve, Snapshot

TARGET_COLOUR, GENERATED_COLOUR = "#74BCFF", "#4AD631"
# The same two hues, dark enough for thin lines on white: the discriminator or real curves, the generator or its curves.
_REAL_LINE, _GENERATED_LINE, _GREY = "#1F77C9", "#2C9A17", "#777777"
MOST_PANELS = 12
_COLUMNS = 4
_DPI = 120
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")


@dataclass(frozen=True)
class PlotData:
    """What a plot is drawn from. `title` names the job; `metrics` and the verdict's text are there once it has ended.

    `dataset` is what the family `data` was trained on; without it no real curves are drawn beside its generated ones.
    """

    title: str
    config: TrainConfig
    losses: LossCurve
    snapshots: Sequence[Snapshot]
    metrics: Metrics | None = None
    verdict: str | None = None
    dataset: Dataset | None = None

    @cached_property
    def real(self) -> NDArray[np.float32]:
        """Curves of the family, (n, points) in units of y: the one curve if there is but one, else as many as shown."""
        if isinstance(self.config.curve, Data) and self.dataset is None:
            return np.zeros((0, self.config.points), np.float32)
        members = family(self.config, self.dataset)
        if members.FIXED:
            return target(self.config)[None]
        count = len(self.snapshots[-1].curves) if self.snapshots else 1
        return restored(self.config, real_curves(self.config, members, Stream.EVALUATION, count))


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
    axes = make_axes(drawn, (0.105, 0.11, 0.87, 0.745))
    newest = data.snapshots[-1]
    _draw(axes, data, newest.curves, width=1.0)
    _set_limits(axes, data, [newest])
    axes.set(xlabel="x", ylabel="y")
    axes.locator_params(steps=[1, 2, 5, 10])
    _name_curves(drawn, data, newest)
    _title(drawn, data, f"step {newest.step:,}", f"RMSE {_quality(data, newest):.3g}")
    return drawn


def _quality(data: PlotData, newest: Snapshot) -> float:
    """Return the RMSE that is known: the job's, the snapshot's, else that of the curves one sees."""
    if data.metrics is not None:
        return data.metrics.rmse
    return newest.metrics["rmse"] if "rmse" in newest.metrics else rmse(data.config, newest.curves)


def losses_figure(data: PlotData) -> Figure:
    """Draw the loss curve: both losses, the discriminator's verdicts and the RMSE, each over the steps."""
    drawn = Figure(figsize=(6.4, 6.8), dpi=_DPI)
    panels = [make_axes(drawn, (0.11, bottom, 0.79, 0.255)) for bottom in (0.65, 0.36, 0.07)]
    losses, verdicts, quality = panels
    settled = equilibrium(data.config)
    _draw_series(losses, data.losses, {"g_loss": _GENERATED_LINE, "d_loss": _REAL_LINE})
    _mark(losses, [(settled.g_loss, _GENERATED_LINE), (settled.d_loss, _REAL_LINE)])
    _draw_series(verdicts, data.losses, {"d_real": _REAL_LINE, "d_fake": _GENERATED_LINE})
    _mark(verdicts, [(settled.p_real, _GREY)])
    _draw_series(quality, data.losses, {"rmse": "#333333"})
    losses.set_ylabel("loss")
    verdicts.set(ylabel="mean P(real)", ylim=(0, 1))
    quality.set(ylabel="RMSE", xlabel="step")
    make_logarithmic(quality, data.losses.rmse)
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
    low, high = data.config.x_min, data.config.x_max
    ends = None if data.config.curve.PLANE else (low, (low + high) / 2, high)
    for place, snapshot in enumerate(shown):
        axes = drawn.add_axes(panel(drawn, place, rows, columns))
        style(axes)
        _draw(axes, data, snapshot.curves, width=0.7)
        _set_limits(axes, data, shown)
        axes.set_title(f"step {snapshot.step:,}", fontsize=9, y=1, pad=3)
        set_ticks(axes, ends, place % columns == 0, place + columns >= len(shown))
    _title(drawn, data, f"snapshots every {data.config.snapshot_every:,} steps")
    _name_curves(drawn, data, shown[-1])
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


def _draw(axes: Axes, data: PlotData, curves: NDArray[np.float32], width: float) -> None:
    draw = _draw_points if data.config.curve.PLANE else _draw_curves
    draw(axes, data, curves, width)


def _draw_points(axes: Axes, data: PlotData, points: NDArray[np.float32], width: float) -> None:
    """Draw each curve of two numbers as the point that it is, the generated ones above the real ones."""
    for (x, y), colour, name in ((data.real.T, TARGET_COLOUR, "target"), (points.T, GENERATED_COLOUR, "generated")):
        size = 6 * width
        axes.plot(x, y, "o", color=colour, markersize=0.5 * size, markeredgewidth=0, alpha=0.5, label=name)


def _draw_curves(axes: Axes, data: PlotData, curves: NDArray[np.float32], width: float) -> None:
    x = points_x(data.config)
    single = len(data.real) == 1
    if not single:
        axes.add_collection(_bundle(x, data.real, TARGET_COLOUR, 1.4 * width, "target"), autolim=False)
    axes.add_collection(_bundle(x, curves, GENERATED_COLOUR, width, "generated"), autolim=False)
    if single:
        # Above the bundle, or a trained generator would hide what it is compared with.
        axes.plot(x, data.real[0], color=TARGET_COLOUR, linewidth=2.5 * width, label="target", zorder=3)


def _bundle(
    x: NDArray[np.float64], curves: NDArray[np.float32], colour: str, width: float, name: str
) -> LineCollection:
    lines = [np.column_stack((x, curve)) for curve in curves.astype(np.float64)]
    return LineCollection(lines, colors=colour, linewidths=width, alpha=0.5, label=name)


def _set_limits(axes: Axes, data: PlotData, snapshots: Sequence[Snapshot]) -> None:
    """Make room for the real curves and all generated ones of these snapshots."""
    shown = np.concatenate([data.real, *(snapshot.curves for snapshot in snapshots)]).astype(np.float64)
    if data.config.curve.PLANE:
        _set_plane(axes, shown)
        return
    axes.set(xlim=room(points_x(data.config), 0.02), ylim=room(shown, 0.06))


def _set_plane(axes: Axes, shown_np: NDArray[np.float64]) -> None:
    """Give both axes one scale, and the points the whole panel."""
    panel_size = axes.get_window_extent().size
    limits = np.array([room(shown_np[:, axis], 0.06) for axis in range(2)])
    units = np.max((limits[:, 1] - limits[:, 0]) / panel_size) * panel_size / 2
    (x, y), (half_x, half_y) = limits.mean(axis=1), units
    axes.set(xlim=(x - half_x, x + half_x), ylim=(y - half_y, y + half_y))


def _name_curves(drawn: Figure, data: PlotData, snapshot: Snapshot) -> None:
    """Put the key beside the title, where it hides no curve."""
    kind = {"marker": "o", "linestyle": "", "markersize": 4} if data.config.curve.PLANE else {"linestyle": "-"}
    what = "points" if data.config.curve.PLANE else "curves"
    keys = [
        Line2D([], [], color=GENERATED_COLOUR, linewidth=1.5, label=f"{len(snapshot.curves)} generated {what}", **kind)
    ]
    if len(data.real):
        keys.insert(0, Line2D([], [], color=TARGET_COLOUR, linewidth=2.5, label="target", **kind))
    corner = (1, 1 - 0.25 / drawn.get_size_inches()[1])
    key = drawn.legend(handles=keys, loc="upper right", ncols=2, frameon=False, fontsize=9, borderaxespad=0.3)
    key.set_bbox_to_anchor(corner)


def _draw_series(axes: Axes, losses: LossCurve, colours: dict[str, str]) -> None:
    for name, colour in colours.items():
        axes.plot(losses.steps, getattr(losses, name).astype(np.float64), color=colour, linewidth=0.8, label=name)


def _mark(axes: Axes, values: Sequence[tuple[float | None, str]]) -> None:
    """Draw equilibrium values as dashed lines, each with its number at the right end, and name all lines."""
    dashes = (0, (4, 3))
    levels = sorted((level, colour) for level, colour in values if level is not None)
    # The lower number hangs from its line and the upper stands on it: a wide scale brings the lines together.
    sides = ("top", "bottom") if len(levels) > 1 else ("center",)
    for (level, colour), side in zip(levels, sides, strict=False):
        axes.axhline(level, color=colour, linestyle=dashes, linewidth=1)
        place = axes.get_yaxis_transform()
        axes.text(1.008, level, f"{level:.3f}", transform=place, va=side, color=colour, fontsize=8)
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    dashed = [Line2D([], [], color=_GREY, linestyle=dashes, linewidth=1, label="equilibrium")] if levels else []
    axes.legend(handles=[*named, *dashed], loc="upper right", frameon=False, fontsize=9, ncols=3, borderaxespad=0.1)


def _title(drawn: Figure, data: PlotData, *facts: str) -> None:
    height = drawn.get_size_inches()[1]
    drawn.text(0.02, 1 - 0.1 / height, drawable(data.title), fontsize=11, va="top", parse_math=False)
    shown = "    ".join([*facts, *([data.verdict] if data.verdict else [])])
    drawn.text(0.02, 1 - 0.35 / height, shown, fontsize=9, va="top", color="#555555")


_BUILDERS: dict[str, Callable[[PlotData], Figure]] = {
    "curve": curve_figure,
    "losses": losses_figure,
    "evolution": evolution_figure,
}
KINDS = tuple(_BUILDERS)
"""The plots there are."""
