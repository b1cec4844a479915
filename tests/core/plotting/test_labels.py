"""Texts of a picture: none leaves it, none touches another, neighbouring numbers differ.

Their boxes are measured where letters are laid over pixels.
"""

# ruff: noqa: RUF001  the signs for minus and times are what is tested

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.description import Description
from curvegan_core.plotting.canvas import Pixels, cut, text_width
from curvegan_core.plotting.job_plots import KINDS, picture
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.sweep_data import Fan, Table
from curvegan_core.plotting.sweep_plots import best_picture, fan_picture, heatmap_picture
from curvegan_core.plotting.ticks import MINUS, decades, labels, round_ticks
from curvegan_core.records.loss_curve import LossCurve, Snapshot

LONG = "Wy, a name that is longer than anybody should give to anything " * 3
# How large the data are, and how many times that they lie from zero; more than 1e15 is no data set's.
SIZES = [
    (10.0**power, offset)
    for power in range(-12, 13, 3)
    for offset in (0.0, 1.0, -5.0, 1e3, -1e6, 1e9)
    if 10.0**power * (abs(offset) + 2) < 1e15
]
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹" + MINUS, "-0123456789-")


@dataclass
class Letters:
    """Where a line of text has ink: left, upper, right and lower pixel, counted from the upper left corner."""

    box: tuple[int, int, int, int]

    def touches(self, other: "Letters") -> bool:
        (left, upper, right, lower), (start, first, end, last) = self.box, other.box
        return left <= end and start <= right and upper <= last and first <= lower


class Measured(Pixels):
    """A sheet that remembers where its letters lie."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self.letters: list[Letters] = []

    def _stamp(self, letters: NDArray[np.float32], x: int, row: int, colour: str) -> None:
        rows, columns = np.nonzero(letters > 0.1)
        if len(rows):
            edges = x + columns.min(), row + rows.min(), x + columns.max(), row + rows.max()
            self.letters.append(Letters((int(edges[0]), int(edges[1]), int(edges[2]), int(edges[3]))))
        super()._stamp(letters, x, row, colour)


def assert_fits(drawn: Picture) -> None:
    sheet = Measured(drawn.width, drawn.height)
    drawn.paint(sheet)
    assert len(sheet.letters) > 5
    for letters in sheet.letters:
        left, upper, right, lower = letters.box
        assert left >= 0
        assert upper >= 0
        assert right < drawn.width, letters
        assert lower < drawn.height, letters
    touching = [pair for pair in itertools.combinations(sheet.letters, 2) if pair[0].touches(pair[1])]
    assert not touching
    for axes in drawn.axes:
        assert min(axes.box[2] - axes.box[0], axes.box[3] - axes.box[1]) > 80


def assert_distinct(texts: Sequence[str]) -> None:
    assert all(one != other for one, other in itertools.pairwise(texts))


def data_of(scale: float, offset: float, name: str = "a name", points: int = 12) -> PlotData:
    random = np.random.default_rng(1)
    rows = scale * (offset + random.normal(0, 0.3, (40, 1)) + np.sin(np.linspace(0, 6, points)))
    x = tuple((scale * (offset + np.linspace(-1, 1, points))).tolist())
    dataset = Dataset.checked(rows, description=Description(x=x, x_label=name, y_label=name, unit="Pa"))
    config = TrainConfig(curve=dataset.parameters, points=points, steps=1_000_000)
    columns = (np.abs(scale * (offset + random.random(50))).astype(np.float32) for _ in range(5))
    snapshots = [Snapshot(step, rows[:32] + 0.1 * scale, {"rmse": 0.1}) for step in range(0, 1_000_001, 100_000)]
    losses = LossCurve(np.arange(0, 1_000_000, 20_000), *columns)
    return PlotData(f"job 123456, {name}", config, losses, snapshots, verdict=f"collapsed, {name}", dataset=dataset)


@pytest.mark.parametrize(("scale", "offset"), SIZES)
def test_texts_of_a_jobs_pictures_fit_whatever_the_numbers(scale: float, offset: float) -> None:
    data = data_of(scale, offset)
    for kind in KINDS:
        drawn = picture(kind, data)
        assert_fits(drawn)
        for axes in drawn.axes:
            assert_distinct(labels(axes.grid_x)[0])
            assert_distinct(labels(axes.grid_y, same=not axes.logarithmic)[0])
            assert len(axes.grid_y) > 1


@pytest.mark.parametrize(("scale", "offset"), [size for size in SIZES if size[0] in (1e-12, 1e-3, 1, 1e12)])
def test_texts_of_a_sweeps_pictures_fit_whatever_the_numbers(scale: float, offset: float) -> None:
    values = np.abs(scale * (offset + np.random.default_rng(0).random((5, 6))))
    names = [f"{value:g}" for value in values[0]]
    assert_fits(heatmap_picture("sweep 1", "", Table("lr", "loss", names, names[:5], values), "rmse", True))
    data = data_of(scale, offset)
    for count in (1, 5, 12):
        assert_fits(fan_picture("sweep 1", "", [Fan(f"lr={n}", [data.losses]) for n in range(count)]))
        assert_fits(best_picture("best", "", [data] * count))


def test_long_names_are_cut_where_they_end() -> None:
    data = data_of(1e-5, 1e6, LONG)
    for kind in KINDS:
        assert_fits(picture(kind, data))
    values = np.random.default_rng(0).random((7, 3))
    for small in (True, False):
        table = Table(LONG, LONG, [LONG] * 3, [LONG] * 7, values * 1e-9)
        assert_fits(heatmap_picture(LONG, LONG, table, "a_metric_with_a_long_name", small))
    assert_fits(fan_picture(LONG, LONG, [Fan(LONG, [data.losses])] * 12))
    assert_fits(best_picture(LONG, LONG, [data] * 12))


@pytest.mark.parametrize("curve", ["ring8", "updown", "line"])
@pytest.mark.parametrize("size", [1e-12, 1.0, 123456.0, 1e12, 3e38])
def test_texts_fit_where_what_is_generated_is_far_from_the_family(curve: str, size: float) -> None:
    config = TrainConfig.parse({"curve": curve, "steps": 1000})
    columns = config.points
    curves = (size * np.random.default_rng(0).random((32, columns))).astype(np.float32)
    losses = LossCurve(np.arange(3), *(np.array([1, size, -size], np.float32) for _ in range(5)))
    data = PlotData("job 1", config, losses, [Snapshot(step, curves) for step in (0, 500, 1000)])
    for kind in KINDS:
        assert_fits(picture(kind, data))


@pytest.mark.parametrize(
    ("ticks", "expected", "shared"),
    [
        ([-6000, -5000, -4000], ["−6,000", "−5,000", "−4,000"], ""),
        ([1e6, 1.5e6, 2e6], ["1,000,000", "1,500,000", "2,000,000"], ""),
        ([1e7, 1.5e7, 2e7], ["1.0", "1.5", "2.0"], "×10⁷"),
        ([0, 5e-51, 1e-50], ["0.0", "0.5", "1.0"], "×10⁻⁵⁰"),
        ([101324.99, 101325, 101325.01], ["−0.01", "0.00", "0.01"], "+101,325"),
        ([-101325.01, -101325, -101324.99], ["−0.01", "0.00", "0.01"], "−101,325"),
        ([1699999999.5, 1.7e9, 1700000000.5], ["−0.5", "0.0", "0.5"], "+1,700,000,000"),
        ([916e6 + 1, 916e6 + 2, 916e6 + 3], ["1", "2", "3"], "+916,000,000"),
        ([1 + 1e-6, 1 + 2e-6, 1 + 3e-6], ["1", "2", "3"], "×10⁻⁶ + 1"),
    ],
)
def test_what_numbers_share_is_written_once(ticks: list[float], expected: list[str], shared: str) -> None:
    assert labels(ticks) == (expected, shared)


@settings(max_examples=300, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(-12, 12), st.integers(1, 6))
def test_numbers_are_told_apart_and_read_back(middle: float, power: float, most: int) -> None:
    half = max(10.0**power, 100 * float(np.spacing(abs(middle))))
    ticks = round_ticks((middle - half, middle + half), most)
    texts, shared = labels(ticks)
    assert_distinct(texts)
    if len(ticks) > 1:
        step = min(np.diff(ticks))
        assert np.abs(np.subtract([value(text, shared) for text in texts], ticks)).max() <= 0.1 * step
        assert max(map(len, texts)) <= 11


def value(text: str, shared: str) -> float:
    """Read a number at an axis as a person does."""
    plain = shared.translate(_DIGITS).replace(",", "").replace(" ", "")
    power, offset = re.fullmatch(r"(?:×10(-?\d+?))?([+-].*)?", plain).groups()  # type: ignore[union-attr]
    number = float(text.translate(_DIGITS).replace(",", ""))
    return number * 10.0 ** int(power or 0) + float(offset or 0)


@given(st.floats(-12, 12), st.floats(1e-9, 24))
def test_decades_are_told_apart(low: float, span: float) -> None:
    ticks = decades((10.0**low, 10.0 ** (low + span)))
    assert_distinct(labels(ticks, same=False)[0])
    assert len(ticks) <= 11


@given(st.text(st.characters(codec="latin-1", exclude_categories=["C"]), max_size=60), st.integers(0, 300))
def test_a_text_is_cut_to_its_room(text: str, width: int) -> None:
    short = cut(text, 9, width)
    assert text_width(short, 9) <= max(width, text_width("…", 9))
    assert short == text or short.endswith("…")
    assert math.isclose(text_width(text, 9), text_width(short, 9)) or text_width(text, 9) > width


def test_of_a_number_nothing_is_cut() -> None:
    for width in range(20, 400):
        short = cut("job 12: 0.0551  r1=1.25e-05 loss", 9, width).removesuffix("…")
        assert short in ("job 12: 0.0551  r1=1.25e-05 loss"[: len(short)], "")
        assert not short or short[-1].isalpha() or short.split(" ")[-1] in ("12:", "0.0551", "r1=1.25e-05"), short
