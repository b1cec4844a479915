"""Pictures of many jobs: the numbers in them, then that they are drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from curvegan_core.config.train import TrainConfig
from curvegan_core.plotting.heatmap import Heatmap, Scale
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.sweep_data import MOST_PANELS, Fan, Table, quartiles
from curvegan_core.plotting.sweep_plots import Banded, Grid, best_picture, fan_picture, heatmap_picture
from curvegan_core.records.loss_curve import LossCurve, Snapshot


def curve(steps: list[int], rmse: list[float]) -> LossCurve:
    zeros = np.zeros(len(steps), np.float32)
    return LossCurve(np.array(steps, np.int64), zeros, zeros, zeros, zeros, np.array(rmse, np.float32))


def table(cells: list[list[float]]) -> Table:
    values = np.array(cells, float)
    return Table(
        "lr", "loss", [f"{n}e-5" for n in range(values.shape[1])], [f"r{n}" for n in range(values.shape[0])], values
    )


def heatmap(cells: list[list[float]], smaller_is_better: bool = True) -> Heatmap:
    [drawn] = heatmap_picture("title", "facts", table(cells), "rmse", smaller_is_better).axes
    assert isinstance(drawn, Heatmap)
    return drawn


def colours(png: bytes) -> set[tuple[int, int, int]]:
    pixels = np.asarray(Image.open(io.BytesIO(png))).reshape(-1, 3)
    return {(int(r), int(g), int(b)) for r, g, b in np.unique(pixels, axis=0)}


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def test_each_cell_has_the_colour_of_its_number() -> None:
    picture = heatmap_picture("title", "facts", table([[0.1, 0.5], [0.3, float("nan")]]), "rmse", True)
    [drawn] = picture.axes
    assert isinstance(drawn, Heatmap)
    image = np.asarray(Image.open(io.BytesIO(picture.to_bytes())))
    left, bottom, right, top = drawn.box
    for (row, column), value in np.ndenumerate(drawn.cells):
        x, y = left + (column + 0.1) * (right - left) / 2, bottom + (row + 0.1) * (top - bottom) / 2
        assert tuple(image[picture.height - 1 - int(y), int(x)]) == rgb(drawn.scale.colour(value))


def test_the_better_a_cell_the_brighter_it_is() -> None:
    lightness = [
        [sum(rgb(Scale(0, 1, False, smaller).colour(value))) for value in (0, 0.5, 1)] for smaller in (True, False)
    ]
    assert lightness[0] == sorted(lightness[0], reverse=True)
    assert lightness[1] == sorted(lightness[1])


def test_errors_are_coloured_by_decades_and_shares_are_not() -> None:
    assert Scale.of(np.array([0.01, 0.1, 1.0]), True).share(0.1) == pytest.approx(0.5)
    assert not Scale.of(np.array([0.01, 0.1, 1.0]), False).logarithmic
    assert not Scale.of(np.array([0.0, 0.1, 1.0]), True).logarithmic


@pytest.mark.parametrize("values", [[2.0], [0.0, 0.0], [-1.0], [float("nan")]])
def test_a_scale_of_equal_numbers_or_of_none_is_one(values: list[float]) -> None:
    scale = Scale.of(np.array(values), True)
    assert scale.low < scale.high
    assert scale.value(scale.share(0.75)) == pytest.approx(0.75)


def test_numbers_are_written_where_they_fit() -> None:
    assert heatmap([[0.12, float("nan")], [1, 2]]).numbers == ["0.12", "", "1", "2"]
    assert heatmap([[0.123] * 60] * 3).numbers == []


def test_many_names_are_thinned_until_none_touches_the_next() -> None:
    drawn = heatmap([[0.5] * 60] * 60)
    assert drawn.named_columns()[:2] != [0, 1]
    assert heatmap([[0.5] * 3] * 2).named_columns() == [0, 1, 2]
    assert drawn.named_rows()[:2] == [0, 2]


def test_no_pixel_lies_between_two_cells() -> None:
    picture = heatmap_picture("", "", table([[0.5] * 37] * 41), "rmse", True)
    left, bottom, right, top = (int(edge) for edge in picture.axes[0].box)
    image = np.asarray(Image.open(io.BytesIO(picture.to_bytes())))
    inside = image[picture.height - top : picture.height - bottom, left:right].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) == 1


def test_quartiles_are_those_of_the_curves_that_reach_so_far() -> None:
    steps, rmse = quartiles([curve([0, 10, 20], [1, 2, 3]), curve([0, 20], [3, 5]), curve([0], [5])])
    assert steps.tolist() == [0, 10, 20]
    assert rmse[1].tolist() == [3, 3, 4]
    assert rmse[0].tolist() == [2, 2.5, 3.5]


def test_quartiles_leave_out_what_is_not_finite() -> None:
    steps, rmse = quartiles([curve([0, 10], [1, float("nan")]), curve([], []), curve([0, 10], [3, float("inf")])])
    assert steps.tolist() == [0]
    assert rmse[1].tolist() == [2]


def test_quartiles_of_nothing_are_none() -> None:
    assert [part.size for part in quartiles([])] == [0, 0]


def test_a_long_curve_is_thinned_with_its_ends_kept() -> None:
    steps, rmse = quartiles([curve(list(range(5000)), list(range(5000)))])
    assert (steps[0], steps[-1]) == (0, 4999)
    assert len(steps) <= 400
    assert np.array_equal(rmse[1], steps)


def test_a_fan_has_a_panel_for_each_group_on_one_scale() -> None:
    fans = [Fan(f"lr={n}", [curve([0, 10], [n + 1, 0.1]), curve([0, 10], [n + 2, 0.2])]) for n in range(5)]
    picture = fan_picture("sweep 1", "2 seeds", fans)
    panels = [panel for panel in picture.axes if isinstance(panel, Banded)]
    assert [panel.title for panel in panels] == [f"lr={n}" for n in range(5)]
    assert len({(panel.x, panel.y) for panel in panels}) == 1
    band = panels[0].band
    assert band is not None
    assert band[1].tolist() == pytest.approx([1.25, 0.125])
    assert {rgb("#CFE3F5"), rgb("#1F77C9")} <= colours(picture.to_bytes())


def test_a_fan_of_jobs_without_records_is_empty_and_drawn() -> None:
    assert len(colours(fan_picture("sweep 1", "", [Fan("lr=1", [])]).to_bytes())) > 2


def test_the_best_curves_are_those_of_the_newest_snapshots() -> None:
    config = TrainConfig.parse({"points": 3})
    snapshots = [Snapshot(0, np.zeros((32, 3), np.float32)), Snapshot(10, np.ones((32, 3), np.float32))]
    jobs = [PlotData(f"job {n}", config, LossCurve.empty(), snapshots) for n in range(3)]
    picture = best_picture("best of sweep 1", "rmse", jobs)
    assert [axes.title for axes in picture.axes] == ["job 0", "job 1", "job 2"]
    generated = [marks for marks in picture.axes[0].marks if marks.name == "generated"]
    assert np.array_equal(generated[0].ys, np.ones((32, 3)))
    assert len(colours(picture.to_bytes())) > 10


def test_a_job_without_snapshot_has_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="job 1 has no snapshot"):
        best_picture("", "", [PlotData("job 1", TrainConfig(), LossCurve.empty(), [])])


@pytest.mark.parametrize("count", [0, MOST_PANELS + 1])
def test_no_panels_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 12 panels"):
        Grid(count)


def test_columns_are_those_wanted_where_they_make_whole_rows() -> None:
    assert [Grid(12, wanted).columns for wanted in (0, 1, 3, 4, 5, 6)] == [4, 1, 3, 4, 4, 4]
    assert Grid(10, 3).columns == 4


@pytest.mark.parametrize("count", range(1, MOST_PANELS + 1))
def test_panels_lie_in_the_picture_and_apart(count: int) -> None:
    grid = Grid(count)
    boxes = [grid.box(index) for index in range(count)]
    assert all(
        0 < left < right < grid.size[0] and 0 < bottom < top < grid.size[1] for left, bottom, right, top in boxes
    )
    for one in range(count):
        for other in range(one):
            (left, bottom, right, top), beside = boxes[one], boxes[other]
            assert right < beside[0] or beside[2] < left or top < beside[1] or beside[3] < bottom


def test_a_title_that_does_not_fit_is_cut() -> None:
    picture = fan_picture("sweep 1", "", [Fan("key=value " * 40, [curve([0, 1], [1, 2])])] * 4)
    assert picture.axes[0].title.endswith("…")
    assert len(picture.axes[0].title) < 60
