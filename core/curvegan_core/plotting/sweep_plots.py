"""Pictures of many jobs beside each other: `heatmap`, `fan`, `best`.

`heatmap` shows a metric over two keys of the config, `fan` the RMSE along the steps with its quartiles over the seeds,
`best` the curves of a few jobs. The builders return pictures, so that what they show can be read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curvegan_core.plotting.axes import (
    SMALL,
    Axes,
    Key,
    Marks,
    fitted,
    logarithmic_room,
)
from curvegan_core.plotting.canvas import Box, Canvas, cut, drawable, text_width
from curvegan_core.plotting.heatmap import Heatmap, Scale
from curvegan_core.plotting.job_plots import GENERATED_COLOUR, TARGET_COLOUR, marks_of, ranges_of
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.sweep_data import MOST_PANELS, Fan, Table, Values, quartiles
from curvegan_core.plotting.ticks import Range, decades, round_ticks

_LINE, _BAND = "#1F77C9", "#CFE3F5"
_COLUMNS = 4
_CELL, _LEAST_SIDE, _MOST_SIDE = 64, 360, 900
_MOST_COLUMN, _MOST_ROW = 110, 220


@dataclass(frozen=True)
class Banded(Axes):
    """Axes with a band under its lines: x, low and high, (points,) each."""

    band: tuple[Values, Values, Values] | None = None

    def _draw_marks(self, canvas: Canvas, marks: Marks) -> None:
        if self.band is not None:
            x, low, high = self.band
            across, upwards = np.concatenate((x, x[::-1])), np.concatenate((low, high[::-1]))
            canvas.fill(np.column_stack((self.across(across), self.upwards(upwards))), _BAND, self.box)
        super()._draw_marks(canvas, marks)


def heatmap_picture(title: str, facts: str, table: Table, metric: str, smaller_is_better: bool) -> Picture:
    """Draw a table of numbers, the better the brighter."""
    wide, tall = (min(_MOST_SIDE, max(_LEAST_SIDE, _CELL * len(names))) for names in (table.columns, table.rows))
    columns = [cut(drawable(name), SMALL, _MOST_COLUMN) for name in table.columns]
    rows = [cut(drawable(name), SMALL, _MOST_ROW) for name in table.rows]
    left = 60 + max((text_width(name, SMALL) for name in rows), default=0)
    box = (left, 70, left + wide, 70 + tall)
    x, y = (0.0, float(len(table.columns))), (0.0, float(len(table.rows)))
    drawn = Heatmap(
        box,
        x,
        y,
        (),
        label_x=cut(drawable(table.key_x), SMALL + 1, wide),
        label_y=cut(drawable(table.key_y), SMALL + 1, tall),
        columns=columns,
        rows=rows,
        cells=table.cells,
        scale=Scale.of(table.cells, smaller_is_better),
        label_scale=metric,
    )
    beside = max(130, math.ceil(drawn.scale_width) + 8)
    return Picture(left + wide + beside, 70 + tall + 110, drawable(title), drawable(facts), [drawn])


def fan_picture(title: str, facts: str, fans: Sequence[Fan], columns: int = 0) -> Picture:
    """Draw a panel for each group of jobs, all with one scale, in so many columns if that makes whole rows.

    Raises ValueError for no group and for too many.
    """
    grid = Grid(len(fans), columns)
    bands = [quartiles(fan.curves) for fan in fans]
    shown = np.concatenate([values.ravel() for _, values in bands])
    steps = max((float(x[-1]) for x, _ in bands if len(x)), default=1.0)
    y = logarithmic_room(shown)
    axes = [
        _fan_panel(grid.box(index), fan.name, band, (0.0, steps or 1.0), y)
        for index, (fan, band) in enumerate(zip(fans, bands, strict=True))
    ]
    keys = [Key("quartiles", _BAND, 8), Key("median RMSE over steps", _LINE, 1.2)]
    return Picture(*grid.size, drawable(title), drawable(facts), fitted(axes, grid.bounds), keys)


def _fan_panel(box: Box, name: str, band: tuple[Values, Values], x: Range, y: Range) -> Axes:
    steps, (low, median, high) = band
    return Banded(
        box,
        x,
        y,
        [Marks("median", steps, median[None], _LINE, 1.2)],
        logarithmic=True,
        title=drawable(name),
        grid_x=round_ticks(x, 2),
        grid_y=decades(y),
        band=(steps, low, high),
    )


def best_picture(title: str, facts: str, jobs: Sequence[PlotData]) -> Picture:
    """Draw each job's newest snapshot on its target, under the job's title.

    Raises ValueError for none, for too many, and for one without a snapshot.
    """
    grid = Grid(len(jobs))
    axes = [_best_panel(grid.box(index), job) for index, job in enumerate(jobs)]
    keys = [Key("target", TARGET_COLOUR, 2.5), Key("generated", GENERATED_COLOUR, 1.5)]
    return Picture(*grid.size, drawable(title), drawable(facts), fitted(axes, grid.bounds), keys)


def _best_panel(box: Box, job: PlotData) -> Axes:
    if not job.snapshots:
        raise ValueError(f"nothing to draw: {job.title} has no snapshot yet")
    newest = job.snapshots[-1]
    x, y = ranges_of(job, [newest], box)
    marks = marks_of(job, newest.curves, width=0.7)
    return Axes(
        box,
        x,
        y,
        marks,
        title=drawable(job.title),
        grid_x=round_ticks(x, 4),
        grid_y=round_ticks(y, 4),
        one_scale=job.dots,
    )


@dataclass(frozen=True)
class Grid:
    """Places for panels, 1 to MOST_PANELS, in rows of at most four. Raises ValueError for another count."""

    count: int
    wanted: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_PANELS:
            raise ValueError(f"a picture has 1 to {MOST_PANELS} panels, not {self.count}")

    @property
    def columns(self) -> int:
        """Panels in a row: those wanted if that makes whole rows of at most four, else about as many in each."""
        if 0 < self.wanted <= _COLUMNS and self.count % self.wanted == 0:
            return self.wanted
        return math.ceil(self.count / math.ceil(self.count / _COLUMNS))

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height of the picture, in pixels."""
        return 276 * max(self.columns, 3) + 60, 225 * math.ceil(self.count / self.columns) + 100

    @property
    def bounds(self) -> list[Box]:
        """Return where the texts of each panel may be: they lie apart."""
        boxes = map(self.box, range(self.count))
        return [(left - 44, bottom - 30, right + 12, top + 28) for left, bottom, right, top in boxes]

    def box(self, index: int) -> Box:
        """Return the box of a panel, counted from the upper left."""
        row, column = divmod(index, self.columns)
        wide = (self.size[0] - 40) // self.columns
        left, top = 60 + column * wide, self.size[1] - 100 - row * 225
        return left, top - 165, left + wide - 58, top
