"""Pictures of own curves beside generated ones, in the file's units: `quantiles`, `scores`, `pairs`, `labels`.

`quantiles` shows where most curves are at each x, `scores` both samples along the first two principal components of the
real rows, `pairs` the generated curves nearest to a row that was trained on, and those farthest from all, each with
that row, `labels` the quartiles of each label that is learnt. The builders return pictures, so that what they show can
be read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidInput
from curvegan_core.families.curves import points_x
from curvegan_core.families.data import held_out
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.family import nearest_row
from curvegan_core.families.front import Front
from curvegan_core.plotting.axes import Axes, Key, Marks, fitted, room
from curvegan_core.plotting.canvas import Canvas, drawable
from curvegan_core.plotting.job_plots import GENERATED_COLOUR, TARGET_COLOUR
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.ticks import round_ticks

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Which quantiles are drawn: the middle half, and nine of ten."""
DRAWN = 1000
"""How many generated curves they are taken from."""
_WIDE, _INNER = "#DCEAF8", "#B4D2EF"
_REAL, _GENERATED = "#1F77C9", "#2C9A17"
_MOST_DOTS, _MOST_PAIRED, _COLUMNS = 1000, 256, 4
_SIZE, _BOX, _BOUNDS = (768, 528), (81, 58, 749, 449), (6, 4, 764, 475)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class OwnData:
    """What a picture is drawn from: the rows, and curves (n, points) that a training's generator draws at a step."""

    title: str
    config: TrainConfig
    dataset: Dataset
    curves: Values
    step: int
    label_n: NDArray[np.int64] | None = None
    """Of which label each curve is, by number; None where labels are not learnt."""

    @property
    def x(self) -> Values:
        """Abscissas of the points, (points,)."""
        return points_x(self.config, self.dataset)

    @property
    def titles(self) -> tuple[str, str]:
        """What the axes are called, as the data set says."""
        described = self.dataset.description
        return drawable(described.x_label or "x"), drawable(described.title_y or "y")

    @cached_property
    def trained(self) -> Values:
        """The rows that are trained on."""
        return self.dataset.rows[~held_out(self.config, len(self.dataset.rows))]


@dataclass(frozen=True)
class Bands(Axes):
    """Axes on which marks called a band are filled between their two lines."""

    def _draw_marks(self, canvas: Canvas, marks: Marks) -> None:
        if not marks.name.endswith("band"):
            super()._draw_marks(canvas, marks)
            return
        across, upwards = np.concatenate((marks.x, marks.x[::-1])), np.concatenate((marks.ys[0], marks.ys[1][::-1]))
        canvas.fill(np.column_stack((self.across(across), self.upwards(upwards))), marks.colour, self.box)


def own_picture(kind: str, data: OwnData) -> Picture:
    """Build the picture of this kind. Raises KeyError for one that is not known."""
    return _BUILDERS[kind](data)


def quantiles_picture(data: OwnData) -> Picture:
    """Draw bands of all real rows, and over them the same quantiles of the generated curves."""
    real, made = (np.quantile(curves, SHARES, axis=0) for curves in (data.dataset.rows, data.curves))
    marks = [
        Marks("real 5 to 95 % band", data.x, real[[0, 4]], _WIDE, 0),
        Marks("real 25 to 75 % band", data.x, real[[1, 3]], _INNER, 0),
        Marks("real median", data.x, real[[2]], _REAL, 1.6),
        Marks("generated 5 and 95 %", data.x, made[[0, 4]], _GENERATED, 0.8),
        Marks("generated 25 and 75 %", data.x, made[[1, 3]], _GENERATED, 1.0),
        Marks("generated median", data.x, made[[2]], _GENERATED, 1.6),
    ]
    keys = [
        *(Key("real: nine of ten", _WIDE, 8), Key("half", _INNER, 8), Key("median", _REAL, 1.6)),
        Key("generated: the same", _GENERATED, 1.2),
    ]
    x, y = room(data.x, 0.02), room(np.concatenate([real.ravel(), made.ravel()]), 0.06)
    return _alone(data, x, y, marks, data.titles, keys)


def scores_picture(data: OwnData) -> Picture:
    """Draw both samples along the first two principal components of the real rows, in the units of the file."""
    front = Front.of("pca", data.dataset.rows, 2)
    real, made = (front.scores(_some(curves)) * front.scale_k for curves in (data.dataset.rows, data.curves))
    shares = np.var(real, axis=0) / np.var(_some(data.dataset.rows), axis=0).sum()
    marks = [
        Marks(name, scores[:, 0], scores[:, 1][None], colour, 3, 0.6, dots=True)
        for name, scores, colour in (("real", real, TARGET_COLOUR), ("generated", made, GENERATED_COLOUR))
    ]
    both = np.concatenate([real, made])
    titles = [f"component {number}: {share:.0%} of the variance" for number, share in enumerate(shares, 1)]
    keys = [Key(f"{len(mark.x)} {mark.name}", mark.colour, 3, "dots") for mark in marks]
    return _alone(data, room(both[:, 0], 0.06), room(both[:, 1], 0.06), marks, (titles[0], titles[1]), keys)


def pairs_picture(data: OwnData) -> Picture:
    """Draw the generated curves nearest to a row that was trained on, above those farthest from all of these."""
    made = data.curves[:_MOST_PAIRED]
    rows = data.trained[nearest_row(made, data.trained)]
    order = np.argsort(np.sum((made - rows) ** 2, axis=1))
    chosen = [*order[:_COLUMNS], *order[: -_COLUMNS - 1 : -1]]
    y = room(np.concatenate([made[chosen], rows[chosen]]), 0.06)
    axes = [_panel(data, index, y, made[row], rows[row]) for index, row in enumerate(chosen)]
    keys = [Key("the nearest row trained on", _REAL, 1.5), Key("generated", _GENERATED, 1.5)]
    chosen_by = "the nearest, and the farthest, by the RMS of their difference"
    facts = f"step {data.step:,}    of {len(made)} generated curves {chosen_by}"
    return Picture(1032, 556, drawable(data.title), drawable(facts), _laid_out(axes), keys)


def labels_picture(data: OwnData) -> Picture:
    """Draw the quantiles of the real rows of each label, and over them those of the curves that are drawn of it.

    Of the first eight labels by name. Raises InvalidInput where labels are not learnt.
    """
    if data.label_n is None:
        raise InvalidInput("no labels are learnt: `curvegan data add FILE --label-column COLUMN` names them")
    names, own = list(data.dataset.learnt)[: 2 * _COLUMNS], np.array(data.dataset.labels)
    real = [np.quantile(data.dataset.rows[own == name], SHARES[1:4], axis=0) for name in names]
    drawn = [data.curves[data.label_n == number] for number in range(len(names))]
    made = [np.quantile(part, SHARES[1:4], axis=0) if len(part) else part for part in drawn]
    y = room(np.concatenate([*real, *made]), 0.06)
    columns = min(len(names), _COLUMNS)
    first, height = (columns, 325) if len(names) == columns else (0, 556)  # one row of boxes is the lower one
    axes = [
        _box(data, first + index, y, [
            Marks("real 25 to 75 % band", data.x, real[index][[0, 2]], _INNER, 0),
            Marks("real median", data.x, real[index][[1]], _REAL, 1.5),
            Marks("generated quartiles", data.x, made[index], _GENERATED, 1.0),
        ], f"{name}: {int(np.sum(own == name))} real", columns)
        for index, name in enumerate(names)
    ]  # fmt: skip
    keys = [Key("real: half", _INNER, 8), Key("median", _REAL, 1.5), Key("generated: the same", _GENERATED, 1.2)]
    facts = f"step {data.step:,}    {len(data.curves)} generated curves, by label"
    return Picture(1032, height, drawable(data.title), drawable(facts), _laid_out(axes, columns), keys)


def _laid_out(axes: list[Axes], columns: int = _COLUMNS) -> list[Axes]:
    bounds = [(6 if n % columns == 0 else one.box[0] - 12, one.box[1] - 40, one.box[2] + 12, one.box[3] + 25)
              for n, one in enumerate(axes)]  # fmt: skip
    return fitted(axes, bounds)


def _panel(data: OwnData, index: int, y: tuple[float, float], made: Values, row: Values) -> Axes:
    length = float(np.sqrt(np.mean((made - row) ** 2)))
    marks = [Marks("row", data.x, row[None], _REAL, 1.5), Marks("generated", data.x, made[None], _GENERATED, 1.5)]
    title = f"{'farthest' if index >= _COLUMNS else 'nearest'} {index % _COLUMNS + 1}: {length:.2g}"
    return _box(data, index, y, marks, title)


def _box(
    data: OwnData, index: int, y: tuple[float, float], marks: list[Marks], title: str, columns: int = _COLUMNS
) -> Axes:
    """Return one of two rows of boxes, which are as wide as there is room for."""
    line, column = divmod(index, columns)
    width = 968 // columns
    left, bottom = 60 + column * width, 291 - line * 231
    x = room(data.x, 0.02)
    return Bands(
        (left, bottom, left + width - 26, bottom + 170),
        x,
        y,
        marks,
        title=drawable(title),
        label_x=data.titles[0] if line else "",
        label_y="" if column else data.titles[1],
        grid_x=round_ticks(x, 4),
        grid_y=round_ticks(y, 4),
        labelled=(line == 1, column == 0),
    )


def _alone(
    data: OwnData,
    x: tuple[float, float],
    y: tuple[float, float],
    marks: list[Marks],
    titles: tuple[str, str],
    keys: list[Key],
) -> Picture:
    """Return a picture of one box."""
    axes = Bands(_BOX, x, y, marks, label_x=titles[0], label_y=titles[1], grid_x=round_ticks(x), grid_y=round_ticks(y))
    facts = f"step {data.step:,}    {len(data.dataset.rows)} real curves"
    return Picture(*_SIZE, drawable(data.title), drawable(facts), fitted([axes], [_BOUNDS]), keys)


def _some(curves: Values) -> Values:
    """Return at most as many as dots can be told apart, spread over all."""
    return curves[np.arange(min(len(curves), _MOST_DOTS)) * len(curves) // min(len(curves), _MOST_DOTS)]


_BUILDERS: dict[str, Callable[[OwnData], Picture]] = {
    "quantiles": quantiles_picture,
    "scores": scores_picture,
    "pairs": pairs_picture,
    "labels": labels_picture,
}
OWN_KINDS = tuple(_BUILDERS)
"""The pictures of a person's own curves that there are."""
