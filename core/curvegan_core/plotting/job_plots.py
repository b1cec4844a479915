"""A job's three plots, from stored numbers to the bytes of a file.

`curve` shows the newest generated curves on the target, `losses` the loss curve with its equilibrium values,
`evolution` the snapshots one beside the other. Points of the plane are dots; of numbers the share below each is drawn.
The builders return pictures, so that what they show can be read.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from curvegan_core.families.curves import Numbers, rmse
from curvegan_core.losses import equilibrium
from curvegan_core.plotting.axes import (
    PALE,
    Axes,
    Key,
    Level,
    Marks,
    fitted,
    logarithmic_room,
    room,
)
from curvegan_core.plotting.canvas import Box, drawable
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.ticks import Range, decades, round_ticks
from curvegan_core.records.loss_curve import Snapshot

TARGET_COLOUR, GENERATED_COLOUR = "#74BCFF", "#4AD631"
# The same two hues, dark enough for thin lines on white: the discriminator or real curves, the generator or its curves.
_REAL_LINE, _GENERATED_LINE, _RMSE_LINE = "#1F77C9", "#2C9A17", "#333333"
MOST_PANELS = 12
_COLUMNS = 4


def titled(job: int, name: str | None) -> str:
    """Return a job's title: its number, and its name if it has one."""
    return f"job {job}, {name}" if name else f"job {job}"


def render(kind: str, data: PlotData) -> bytes:
    """Draw the plot of this kind as PNG. Raises ValueError when the kind is unknown or there is no snapshot to draw."""
    return picture(kind, data).to_bytes()


def picture(kind: str, data: PlotData) -> Picture:
    """Build the plot of this kind. Raises ValueError as `render` does."""
    if kind not in _BUILDERS:
        raise ValueError(f"no plot is called {kind!r}; there are {', '.join(KINDS)}")
    if not data.snapshots:
        raise ValueError(f"nothing to draw: {data.title} has no snapshot yet")
    return _BUILDERS[kind](data)


def curve_picture(data: PlotData, room_for: Sequence[Snapshot] = ()) -> Picture:
    """Draw the newest snapshot's curves and the target, with room for those of others where it is one of many."""
    newest = data.snapshots[-1]
    box = (81, 58, 749, 449)
    x, y = ranges_of(data, room_for or [newest], box)
    marks = marks_of(data, newest.curves, width=1.0)
    label_x, label_y = map(drawable, data.titles)
    axes = Axes(
        box,
        x,
        y,
        marks,
        label_x=label_x,
        label_y=label_y,
        grid_x=round_ticks(x),
        grid_y=round_ticks(y),
        one_scale=data.dots,
    )
    facts = (f"step {newest.step:,}", f"RMSE {_quality(data, newest):.3g}")
    shown = fitted([axes], [(6, 4, 764, 475)])
    return Picture(768, 528, drawable(data.title), _facts(data, *facts), shown, _keys(data, newest))


def _quality(data: PlotData, newest: Snapshot) -> float:
    """Return the RMSE that is known: the job's, the snapshot's, else that of the curves one sees."""
    if data.metrics is not None:
        return data.metrics.rmse
    return newest.metrics["rmse"] if "rmse" in newest.metrics else rmse(data.config, newest.curves)


def losses_picture(data: PlotData) -> Picture:
    """Draw the loss curve: both losses, the discriminator's verdicts and the RMSE, each over the steps."""
    settled = equilibrium(data.config)
    losses = {"g_loss": _GENERATED_LINE, "d_loss": _REAL_LINE}
    levels = _levels((settled.g_loss, _GENERATED_LINE), (settled.d_loss, _REAL_LINE))
    axes = [
        _series(data, 525, "loss", losses, levels),
        _series(
            data,
            290,
            "mean P(real)",
            {"d_real": _REAL_LINE, "d_fake": _GENERATED_LINE},
            _levels((settled.p_real, PALE)),
            (0, 1),
        ),
        _series(data, 55, "RMSE", {"rmse": _RMSE_LINE}, logarithmic=True),
    ]
    lr_g, lr_d = data.config.lr_g, data.config.lr_d
    facts = (f"loss {data.config.loss}", f"lr {lr_g:g}" if lr_g == lr_d else f"lr_g {lr_g:g}, lr_d {lr_d:g}")
    shown = fitted(axes, [(6, one.box[1] - 50, 764, one.box[3] + 25) for one in axes])
    return Picture(768, 816, drawable(data.title), _facts(data, *facts), shown)


def _series(
    data: PlotData,
    bottom: int,
    label: str,
    colours: dict[str, str],
    levels: Sequence[Level] = (),
    y: Range | None = None,
    logarithmic: bool = False,
) -> Axes:
    """Draw some columns of the loss curve over the steps; the scale of decades is the lowest."""
    x = (0.0, float(data.config.steps))
    columns = {name: getattr(data.losses, name).astype(np.float64)[None] for name in colours}
    marks = [mark for name, colour in colours.items() for mark in _line(data, name, columns[name], colour)]
    keys = [Key(name, colour, 1) for name, colour in colours.items()]
    keys += [Key("equilibrium", PALE, 1, "dashes")] if levels else []
    shown = np.concatenate([*(column[0] for column in columns.values()), [level.value for level in levels]])
    y = y or (logarithmic_room(shown) if logarithmic else room(shown, 0.05))
    return Axes(
        (84, bottom, 691, bottom + 195),
        x,
        y,
        marks,
        levels,
        logarithmic,
        label_x="step" if logarithmic else "",
        label_y=label,
        grid_x=round_ticks(x),
        grid_y=decades(y) if logarithmic else round_ticks(y),
        labelled=(logarithmic, True),
        keys=keys,
    )


def _line(data: PlotData, name: str, values: NDArray[np.float64], colour: str) -> list[Marks]:
    """Return a column over the steps; what a fork has of its parent is grey."""
    steps, own = data.losses.steps.astype(np.float64), data.losses.steps >= data.config.fork_step
    if own.all():
        return [Marks(name, steps, values, colour, 0.8)]
    return [Marks(name, steps[part], values[:, part], hue, 0.8) for part, hue in ((~own, PALE), (own, colour))]


def _levels(*values: tuple[float | None, str]) -> list[Level]:
    """Mark equilibrium values."""
    levels = sorted((level, colour) for level, colour in values if level is not None)
    # The lower number hangs from its line and the upper stands on it: a wide scale brings the lines together.
    sides = (1.2, -0.2) if len(levels) > 1 else (0.5,)
    return [Level(level, colour, up) for (level, colour), up in zip(levels, sides, strict=False)]


def evolution_picture(data: PlotData) -> Picture:
    """Draw the snapshots as small multiples with one scale."""
    shown = chosen(data.snapshots, data.config.snapshot_every)
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    width, height = 240 * max(columns, 3) + 72, 210 * rows + 136
    axes = [_panel(data, shown, index, (width, height), (columns, rows)) for index in range(len(shown))]
    facts = _facts(data, f"snapshots every {data.config.snapshot_every:,} steps")
    bounds = [_bounds(one.box, first=index % columns == 0) for index, one in enumerate(axes)]
    return Picture(width, height, drawable(data.title), facts, fitted(axes, bounds), _keys(data, shown[-1]))


def _bounds(box: Box, first: bool) -> Box:
    """Return where the texts of a panel may be: the first of a row has the margin of the picture on its left."""
    left, bottom, right, top = box
    return 6 if first else left - 12, bottom - 30, right + 12, top + 25


def _panel(data: PlotData, shown: Sequence[Snapshot], index: int, size: tuple[int, int], grid: tuple[int, int]) -> Axes:
    """Place one snapshot; its columns are labelled in the lowest row, its rows in the first column."""
    columns, rows = grid
    wide, tall = (size[0] - 42) // columns, (size[1] - 104) // rows
    row, column = divmod(index, columns)
    left, bottom = 50 + column * wide, size[1] - 70 - (row + 1) * tall
    box = (left, bottom, left + wide - 26, bottom + tall - 36)
    x, y = ranges_of(data, shown, box)
    low, high = float(data.x.min()), float(data.x.max())
    grid_x = round_ticks(x, 4) if data.config.curve.is_point else (low, (low + high) / 2, high)
    marks = marks_of(data, shown[index].curves, width=0.7)
    labelled = (index + columns >= len(shown), column == 0)
    title, grid_y = f"step {shown[index].step:,}", round_ticks(y, 4)
    return Axes(
        box,
        x,
        y,
        marks,
        title=title,
        grid_x=grid_x,
        grid_y=grid_y,
        labelled=labelled,
        one_scale=data.dots,
    )


def chosen(snapshots: Sequence[Snapshot], every: int) -> list[Snapshot]:
    """Choose the snapshots of the evolution: at most MOST_PANELS, evenly, first and last always among them.

    The end of a training is no panel of its own when it lies less than half an interval after the one before.
    """
    shown = list(snapshots)
    if len(shown) > 1 and shown[-1].step - shown[-2].step < every / 2:
        shown.pop()
    indices = np.linspace(0, len(shown) - 1, min(len(shown), MOST_PANELS)).round().astype(int)
    return [shown[index] for index in indices]


def marks_of(data: PlotData, curves: Numbers, width: float) -> list[Marks]:
    """Return real and generated curves; a single target lies above the bundle, which hides it once it is trained."""
    marks = [_mark(data, "target", data.real, width), _mark(data, "generated", curves, width)]
    return marks[::-1] if len(data.real) == 1 and not data.dots else marks


def _mark(data: PlotData, name: str, curves: Numbers, width: float) -> Marks:
    colour = TARGET_COLOUR if name == "target" else GENERATED_COLOUR
    values = curves.astype(np.float64)
    if data.dots:
        return Marks(name, values[:, 0], values[:, 1][None], colour, 3 * width, 0.5, dots=True)
    if data.numbers:
        below = np.repeat(np.arange(len(values) + 1) / len(values), 2)[1:-1]
        return Marks(name, np.repeat(np.sort(values[:, 0]), 2), below[None], colour, 2 * width)
    if name == "generated":
        return Marks(name, data.x, values, colour, width, 0.5)
    single = len(curves) == 1
    return Marks(name, data.x, values, colour, (2.5 if single else 1.4) * width, 1 if single else 0.5)


def ranges_of(data: PlotData, snapshots: Sequence[Snapshot], box: Box) -> tuple[Range, Range]:
    """Make room for the real curves and all generated ones of these snapshots."""
    shown = np.concatenate([data.real, *(snapshot.curves for snapshot in snapshots)]).astype(np.float64)
    if data.numbers:
        return room(shown, 0.06), room(np.array([0.0, 1.0]), 0.03)
    if not data.dots:
        return room(data.x, 0.02), room(shown, 0.06)
    return _plane(shown, np.array([box[2] - box[0], box[3] - box[1]]))


def _plane(points: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[Range, Range]:
    """Give both axes one scale, and the points the whole box."""
    limits = np.array([room(points[:, axis], 0.06) for axis in range(2)])
    halves = np.max((limits[:, 1] - limits[:, 0]) / size) * size / 2
    (x, y), (half_x, half_y) = limits.mean(axis=1).tolist(), halves.tolist()
    return (x - half_x, x + half_x), (y - half_y, y + half_y)


def _keys(data: PlotData, snapshot: Snapshot) -> list[Key]:
    """Name the curves, beside the title, where the key hides none."""
    what, style = ("points", "dots") if data.dots else ("numbers" if data.numbers else "curves", "line")
    target_key = [Key("target", TARGET_COLOUR, 2.5, style)] if len(data.real) else []
    return [*target_key, Key(f"{len(snapshot.curves)} generated {what}", GENERATED_COLOUR, 1.5, style)]


def _facts(data: PlotData, *facts: str) -> str:
    return drawable("    ".join([*facts, *([data.verdict] if data.verdict else [])]))


_BUILDERS: dict[str, Callable[[PlotData], Picture]] = {
    "curve": curve_picture,
    "losses": losses_picture,
    "evolution": evolution_picture,
}
KINDS = tuple(_BUILDERS)
"""The plots there are."""
