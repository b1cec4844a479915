"""Plots show the stored numbers, and their PNGs are pictures. The data first, then the artists, then the bytes."""

import io
import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from PIL import Image

from curvegan.config import TrainConfig
from curvegan.curves import family, points_x, target
from curvegan.dataset import Dataset
from curvegan.metrics import Evaluation, Metrics
from curvegan.networks import init_weights
from curvegan.plots import KINDS, MOST_PANELS, PlotData, chosen, figure, render
from curvegan.series import LossCurve, Snapshot

CONFIG = TrainConfig()
BUNDLES = ["target", "generated"]
METRICS = Metrics(0.0873, 0.06, 0.69, 1.38, 0.5, 0.5)


def a_loss_curve(count: int = 1001) -> LossCurve:
    random = np.random.default_rng(0)
    columns = (np.abs(random.normal(size=count)).astype(np.float32) + 0.1 for _ in range(5))
    return LossCurve(10 * np.arange(count), *columns)


def a_snapshot(step: int) -> Snapshot:
    noise = np.random.default_rng(step).normal(size=(32, CONFIG.points))
    return Snapshot(step, (target(CONFIG) + noise / (1 + step / 1000)).astype(np.float32))


def the_data(metrics: Metrics | None = METRICS) -> PlotData:
    return PlotData(
        "job 17", CONFIG, a_loss_curve(), [a_snapshot(step) for step in (*range(0, 10001, 1000), 10001)], metrics
    )


def bundle(axes: Axes) -> np.ndarray:
    (collection,) = [a for a in axes.collections if isinstance(a, LineCollection) and len(a.get_segments()) == 32]
    assert to_hex(tuple(np.asarray(collection.get_colors())[0])).upper() == "#4AD631"
    return np.array(collection.get_segments())


def line(axes: Axes, label: str) -> Line2D:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return found


def xs(line: Line2D) -> np.ndarray:
    return np.asarray(line.get_xdata(), float)


def ys(line: Line2D) -> np.ndarray:
    return np.asarray(line.get_ydata(), float)


def assert_shows(axes: Axes, snapshot: Snapshot) -> None:
    segments = bundle(axes)
    np.testing.assert_allclose(segments[:, :, 1], snapshot.curves, rtol=1e-6)
    np.testing.assert_allclose(segments[0, :, 0], points_x(CONFIG))
    truth = line(axes, "target")
    np.testing.assert_allclose(ys(truth), target(CONFIG), rtol=1e-6)
    assert str(truth.get_color()).upper() == "#74BCFF"
    low, high = axes.get_ylim()
    assert low < segments[:, :, 1].min() <= segments[:, :, 1].max() < high


def test_curve_shows_the_newest_snapshot_on_the_target() -> None:
    data = the_data()
    drawn = figure("curve", data)
    (axes,) = drawn.axes
    assert_shows(axes, data.snapshots[-1])
    assert [text.get_text() for text in drawn.texts] == ["job 17", "step 10,001    RMSE 0.0873"]


def test_curve_of_a_running_job_tells_the_rmse_of_what_it_shows() -> None:
    data = the_data(metrics=None)
    error = math.sqrt(np.mean((data.snapshots[-1].curves.astype(float) - target(CONFIG)) ** 2))
    assert figure("curve", data).texts[1].get_text().endswith(f"RMSE {error:.3g}")


def test_losses_show_every_record_and_the_equilibrium() -> None:
    data = the_data()
    losses, verdicts, quality = figure("losses", data).axes
    for axes, names in ((losses, ("g_loss", "d_loss")), (verdicts, ("d_real", "d_fake")), (quality, ("rmse",))):
        for name in names:
            np.testing.assert_array_equal(xs(line(axes, name)), data.losses.steps)
            np.testing.assert_allclose(ys(line(axes, name)), getattr(data.losses, name))
        assert axes.get_xlim() == (0, CONFIG.steps)
    assert [text.get_text() for text in losses.texts] == ["0.693", "1.386"]
    dashed = [ys(each)[0] for each in losses.lines if each.is_dashed()]
    assert dashed == [math.log(2), 2 * math.log(2)]
    assert [ys(each)[0] for each in verdicts.lines if each.is_dashed()] == [0.5]
    assert quality.get_yscale() == "log"


def test_evolution_shows_the_snapshots_of_the_grid_on_one_scale() -> None:
    data = the_data()
    drawn = figure("evolution", data)
    assert [axes.get_title() for axes in drawn.axes] == [f"step {step:,}" for step in range(0, 10001, 1000)]
    for axes, snapshot in zip(drawn.axes, data.snapshots, strict=False):
        assert_shows(axes, snapshot)
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in drawn.axes}) == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((0,), (0,)),
        ((0, 3), (0,)),
        ((0, 1000, 1500), (0, 1000, 1500)),
        ((0, 1000, 1499), (0, 1000)),
        (tuple(range(0, 23000, 1000)), (0, 2000, 4000, 6000, 8000, 10000, 12000, 14000, 16000, 18000, 20000, 22000)),
    ],
)
def test_chosen_panels(steps: tuple[int, ...], expected: tuple[int, ...]) -> None:
    shown = chosen([a_snapshot(step) for step in steps], 1000)
    assert tuple(snapshot.step for snapshot in shown) == expected
    assert len(shown) <= MOST_PANELS


@pytest.mark.parametrize("kind", KINDS)
def test_png_is_a_picture(kind: str) -> None:
    picture = Image.open(io.BytesIO(render(kind, the_data())))
    assert picture.format == "PNG"
    pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] >= 480
    assert pixels.shape[1] >= 720
    inked = (pixels < 245).any(axis=2)
    assert 0.01 < inked.mean() < 0.5
    green = (pixels[:, :, 1] > pixels[:, :, 0] + 40) & (pixels[:, :, 1] > pixels[:, :, 2] + 40)
    blue = (pixels[:, :, 2] > pixels[:, :, 0] + 60) & (pixels[:, :, 2] > pixels[:, :, 1] + 20)
    assert green.mean() > 0.001
    assert blue.mean() > 0.001


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("records", [0, 1, 100_000])
def test_few_and_many_records_are_drawn(kind: str, records: int) -> None:
    config = TrainConfig(steps=1_000_000)
    data = PlotData("a_b $x^2$ 曲线 \x1b[31m " + "long " * 30, config, a_loss_curve(records), [a_snapshot(0)])
    assert Image.open(io.BytesIO(render(kind, data))).size[0] >= 500


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_on_its_way_to_infinity_is_drawn(kind: str) -> None:
    columns = (np.array([1, 1e30, 3e38], np.float32) for _ in range(5))
    curves = np.full((32, CONFIG.points), 3e38, np.float32)
    data = PlotData(
        "job 1", CONFIG, LossCurve(np.array([0, 10, 20]), *columns), [a_snapshot(0), Snapshot(1000, curves)]
    )
    assert Image.open(io.BytesIO(render(kind, data))).size[0] >= 500


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="curve, losses, evolution"):
        render("surface", the_data())
    with pytest.raises(ValueError, match="no snapshot"):
        render("curve", PlotData("job 1", CONFIG, a_loss_curve(), []))


def of(curve: str, **values: object) -> PlotData:
    config = TrainConfig.parse({"curve": curve, "steps": 1000, **values})
    shown = [Evaluation(config).snapshot(step, init_weights(config)) for step in (0, 1000)]
    return PlotData("job 17", config, a_loss_curve(101), shown, verdict="collapsed 1/2")


@pytest.mark.parametrize("curve", ["updown", "sine"])
def test_a_family_of_many_curves_is_drawn_as_a_bundle(curve: str) -> None:
    data = of(curve)
    for kind in ("curve", "evolution"):
        real, generated = (part for part in figure(kind, data).axes[-1].collections if part.get_label() in BUNDLES)
        assert [part.get_label() for part in (real, generated)] == BUNDLES
        assert to_hex(tuple(np.asarray(real.get_edgecolor())[0])).upper() == "#74BCFF"
        assert isinstance(real, LineCollection)
        drawn = np.array(real.get_segments())[:, :, 1]
        np.testing.assert_allclose(drawn, data.real, rtol=1e-6)
        np.testing.assert_allclose(family(data.config).distances(data.real), 0, atol=0.2)
        assert len(np.unique(drawn[:, 0])) > 10


@pytest.mark.parametrize("curve", ["ring8", "spiral"])
def test_points_of_the_plane_are_drawn_as_points_on_one_scale(curve: str) -> None:
    data = of(curve)
    for kind in ("curve", "evolution"):
        axes = figure(kind, data).axes[-1]
        for name, points in (("generated", data.snapshots[-1].curves), ("target", data.real)):
            np.testing.assert_allclose(np.column_stack((xs(line(axes, name)), ys(line(axes, name)))), points, rtol=1e-6)
        assert line(axes, "target").get_linestyle() == "None"
        width, height = axes.get_window_extent().size
        assert np.ptp(axes.get_xlim()) / width == pytest.approx(np.ptp(axes.get_ylim()) / height)


def test_your_own_curves_are_drawn_in_their_units_with_and_without_the_data_set() -> None:
    rows = np.random.default_rng(0).normal(500, 30, (50, 6))
    dataset = Dataset.checked(rows)
    config = TrainConfig(curve=dataset.parameters, points=6)
    shown = [Evaluation(config, family(config, dataset)).snapshot(0, init_weights(config))]
    data = PlotData("job 1", config, a_loss_curve(3), shown, dataset=dataset)
    assert {tuple(row) for row in np.round(data.real, 1)} <= {
        tuple(row) for row in np.round(rows.astype(np.float32), 1)
    }
    low, high = figure("curve", data).axes[0].get_ylim()
    assert 300 < low < high < 700
    alone = PlotData("job 1", config, a_loss_curve(3), shown)
    assert [part.get_label() for part in figure("curve", alone).axes[0].collections] == BUNDLES
    assert [text.get_text() for text in figure("curve", alone).legends[0].get_texts()] == ["32 generated curves"]
    assert all(Image.open(io.BytesIO(render(kind, alone))).format == "PNG" for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_stands_in_the_title(kind: str) -> None:
    assert figure(kind, of("updown")).texts[1].get_text().endswith("    collapsed 1/2")


@pytest.mark.parametrize(
    ("loss", "levels", "p_real"),
    [
        ("minimax", [-math.log(2), 2 * math.log(2)], [0.5]),
        ("lsgan", [0.125, 0.25], [1 / (1 + math.exp(-0.5))]),
        ("hinge", [2.0], []),
        ("rpgan", [math.log(2), math.log(2)], []),
    ],
)
def test_each_loss_has_its_own_equilibrium_lines(loss: str, levels: list[float], p_real: list[float]) -> None:
    losses, verdicts, _ = figure("losses", of("updown", loss=loss)).axes
    assert [ys(each)[0] for each in losses.lines if each.is_dashed()] == pytest.approx(levels)
    assert [ys(each)[0] for each in verdicts.lines if each.is_dashed()] == pytest.approx(p_real)
