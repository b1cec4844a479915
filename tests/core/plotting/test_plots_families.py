"""How each kind of family is drawn: bundles, points of the plane, numbers, your own curves."""

import io

import numpy as np
import pytest
from PIL import Image

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import family
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.description import Description
from curvegan_core.metrics.evaluation import Evaluation
from curvegan_core.networks import init_weights
from curvegan_core.plotting.job_plots import KINDS, picture, render
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.spectrum_plot import spectrum_picture
from curvegan_core.spectrum import Spectrum

from .job_data import a_loss_curve, named, of


@pytest.mark.parametrize("curve", ["updown", "sine"])
def test_a_family_of_many_curves_is_drawn_as_a_bundle(curve: str) -> None:
    data = of(curve)
    for kind in ("curve", "evolution"):
        real, generated = picture(kind, data).axes[-1].marks
        assert (real.name, real.colour, generated.name) == ("target", "#74BCFF", "generated")
        np.testing.assert_allclose(real.ys, data.real, rtol=1e-6)
        np.testing.assert_allclose(family(data.config).distances(data.real), 0, atol=0.2)
        assert len(np.unique(real.ys[:, 0])) > 10


@pytest.mark.parametrize("curve", ["ring8", "spiral"])
def test_points_of_the_plane_are_drawn_as_points_on_one_scale(curve: str) -> None:
    data = of(curve)
    for kind in ("curve", "evolution"):
        axes = picture(kind, data).axes[-1]
        for name, points in (("generated", data.snapshots[-1].curves), ("target", data.real)):
            marks = named(axes, name)
            assert marks.dots
            np.testing.assert_array_equal(np.column_stack((marks.x, marks.ys[0])), points)
        left, bottom, right, top = axes.box
        assert np.ptp(axes.x) / (right - left) == pytest.approx(np.ptp(axes.y) / (top - bottom))


def test_numbers_are_drawn_as_the_share_below_each() -> None:
    data = of({"family": "mixture", "layout": "line", "modes": 3})
    for kind in ("curve", "evolution"):
        axes = picture(kind, data).axes[-1]
        for name, numbers in (("generated", data.snapshots[-1].curves), ("target", data.real)):
            marks = named(axes, name)
            np.testing.assert_array_equal(marks.x, np.repeat(np.sort(numbers[:, 0]), 2))
            assert (marks.ys[0][0], marks.ys[0][-1], np.diff(marks.ys[0]).min()) == (0, 1, 0)
            # At the k-th smallest number the share below steps from k-1 to k of all.
            np.testing.assert_allclose(marks.ys[0][1::2] - marks.ys[0][::2], 1 / len(numbers), atol=1e-12)
    assert "1024 generated numbers" in [key.name for key in picture("curve", data).keys]
    point = picture("curve", of("dirac", latent=0)).axes[-1]
    np.testing.assert_array_equal(named(point, "target").x, [0, 0])
    np.testing.assert_array_equal(named(point, "target").ys, [[0, 1]])


def test_a_spectrum_is_drawn_beside_the_unit_circle() -> None:
    values = np.array([1.01, 0.99 + 0.1j, 0.99 - 0.1j, 0.0])
    drawn = spectrum_picture("job 3", Spectrum(70, values))
    whole, near = drawn.axes
    assert "step 70" in drawn.facts
    assert "1 outside" in drawn.facts
    circle = named(whole, "circle")
    np.testing.assert_allclose(np.hypot(circle.x, circle.ys[0]), 1)
    np.testing.assert_array_equal(named(whole, "values").x + 1j * named(whole, "values").ys[0], values)
    np.testing.assert_allclose(named(near, "values").x + 1j * named(near, "values").ys[0], values[:3] - 1)
    arc = named(near, "circle")
    np.testing.assert_allclose(np.hypot(arc.x + 1, arc.ys[0]), 1)
    with Image.open(io.BytesIO(drawn.to_bytes())) as image:
        assert image.size == (drawn.width, drawn.height)


def test_your_own_curves_are_drawn_in_their_units_with_and_without_the_data_set() -> None:
    rows = np.random.default_rng(0).normal(500, 30, (50, 6))
    dataset = Dataset.checked(rows)
    config = TrainConfig(curve=dataset.parameters, points=6)
    shown = [Evaluation(config, family(config, dataset)).snapshot(0, init_weights(config))]
    data = PlotData("job 1", config, a_loss_curve(3), shown, dataset=dataset)
    assert all(np.isclose(row, rows, rtol=0, atol=1e-4).all(axis=1).any() for row in data.real)
    low, high = picture("curve", data).axes[0].y
    assert 300 < low < high < 700
    alone = PlotData("job 1", config, a_loss_curve(3), shown)
    assert [key.name for key in picture("curve", alone).keys] == ["32 generated curves"]
    assert all(Image.open(io.BytesIO(render(kind, alone))).format == "PNG" for kind in KINDS)


def test_your_own_curves_are_drawn_on_their_own_axis() -> None:
    x = (152.0, 174.0, 258.0, 469.0, 556.0, 674.0)
    said = Description(x=x, x_label="day", y_label="weight", unit="kg")
    dataset = Dataset.checked(np.random.default_rng(0).normal(500, 30, (50, 6)), (), said)
    config = TrainConfig(curve=dataset.parameters, points=6)
    shown = [Evaluation(config, family(config, dataset)).snapshot(0, init_weights(config))]
    data = PlotData("job 1", config, a_loss_curve(3), shown, dataset=dataset)
    for kind in ("curve", "evolution"):
        axes = picture(kind, data).axes[0]
        assert all(tuple(marks.x) == x for marks in axes.marks)
        assert axes.x[0] < 152 < 674 < axes.x[1]
    drawn = picture("curve", data).axes[0]
    assert (drawn.label_x, drawn.label_y) == ("day", "weight (kg)")
