"""Plots show the stored numbers, and their PNGs are pictures. The data first, then the artists, then the bytes."""

import io
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import points_x, target
from curvegan_core.plotting import canvas
from curvegan_core.plotting.axes import Axes, thinned
from curvegan_core.plotting.job_plots import KINDS, MOST_PANELS, chosen, picture, render
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.plotting.ticks import decades, labels, round_ticks
from curvegan_core.records.loss_curve import LossCurve, Snapshot

from .job_data import CONFIG, a_loss_curve, a_snapshot, named, of, the_data


def levels(axes: Axes) -> list[float]:
    return [level.value for level in axes.levels]


def assert_shows(axes: Axes, snapshot: Snapshot) -> None:
    generated, truth = named(axes, "generated"), named(axes, "target")
    np.testing.assert_array_equal(generated.ys, snapshot.curves)
    np.testing.assert_allclose(generated.x, points_x(CONFIG))
    assert generated.colour == "#4AD631"
    np.testing.assert_allclose(truth.ys, [target(CONFIG)], rtol=1e-6)
    assert truth.colour == "#74BCFF"
    assert axes.marks[-1] is truth  # above the bundle, which would hide it
    assert axes.y[0] < generated.ys.min() <= generated.ys.max() < axes.y[1]


def test_curve_shows_the_newest_snapshot_on_the_target() -> None:
    data = the_data()
    drawn = picture("curve", data)
    (axes,) = drawn.axes
    assert_shows(axes, data.snapshots[-1])
    assert (drawn.title, drawn.facts) == ("job 17, a name", "step 10,001    RMSE 0.0873")
    assert [key.name for key in drawn.keys] == ["target", "32 generated curves"]


def test_curve_of_a_running_job_tells_the_rmse_of_what_it_shows() -> None:
    data = the_data(metrics=None)
    error = math.sqrt(np.mean((data.snapshots[-1].curves.astype(float) - target(CONFIG)) ** 2))
    assert picture("curve", data).facts.endswith(f"RMSE {error:.3g}")


def test_losses_show_every_record_and_the_equilibrium() -> None:
    data = the_data()
    losses, verdicts, quality = picture("losses", data).axes
    for axes, names in ((losses, ("g_loss", "d_loss")), (verdicts, ("d_real", "d_fake")), (quality, ("rmse",))):
        for name in names:
            np.testing.assert_array_equal(named(axes, name).x, data.losses.steps)
            np.testing.assert_array_equal(named(axes, name).ys, [getattr(data.losses, name)])
        assert axes.x == (0, CONFIG.steps)
        assert [key.name for key in axes.keys][: len(names)] == list(names)
    assert levels(losses) == [math.log(2), 2 * math.log(2)]
    assert levels(verdicts) == [0.5]
    assert [axes.logarithmic for axes in (losses, verdicts, quality)] == [False, False, True]


def test_evolution_shows_the_snapshots_of_the_grid_on_one_scale() -> None:
    data = the_data()
    drawn = picture("evolution", data)
    assert [axes.title for axes in drawn.axes] == [f"step {step:,}" for step in range(0, 10001, 1000)]
    for axes, snapshot in zip(drawn.axes, data.snapshots, strict=False):
        assert_shows(axes, snapshot)
    assert len({(axes.x, axes.y) for axes in drawn.axes}) == 1


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_stands_in_the_title(kind: str) -> None:
    assert picture(kind, of("updown")).facts.endswith("    collapsed 1/2")


@pytest.mark.parametrize(
    ("loss", "expected", "p_real"),
    [
        ("minimax", [-math.log(2), 2 * math.log(2)], [0.5]),
        ("lsgan", [0.125, 0.25], [1 / (1 + math.exp(-0.5))]),
        ("hinge", [2.0], []),
        ("rpgan", [math.log(2), math.log(2)], []),
    ],
)
def test_each_loss_has_its_own_equilibrium_lines(loss: str, expected: list[float], p_real: list[float]) -> None:
    losses, verdicts, _ = picture("losses", of("updown", loss=loss)).axes
    assert levels(losses) == pytest.approx(expected)
    assert levels(verdicts) == pytest.approx(p_real)


def test_a_picture_does_not_depend_on_what_was_drawn_before() -> None:
    """Nothing is kept from picture to picture but texts that were laid out; a new process has not even those."""
    alone = {kind: render(kind, the_data()) for kind in KINDS}
    for curve in ("ring8", "sine"):
        for kind in KINDS:
            render(kind, of(curve))
    assert {kind: render(kind, the_data()) for kind in reversed(KINDS)} == alone
    canvas._letters.cache_clear()
    assert {kind: render(kind, the_data()) for kind in KINDS} == alone


@pytest.mark.parametrize("form", ["svg", "pdf"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_in_lines_is_the_same_file_every_time(kind: str, form: str) -> None:
    written = picture(kind, the_data()).to_bytes(form)
    assert picture(kind, the_data()).to_bytes(form) == written
    assert b"CreationDate" not in written
    assert b"dc:date" not in written
    if form == "svg":
        root = ElementTree.fromstring(written)
        assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10
        assert b"<!-- job 17, a name -->" in written
    else:
        assert written.startswith(b"%PDF-")
        assert b"/FontFile2" in written


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_to_the_inch_change_the_size_alone(kind: str) -> None:
    drawn = picture(kind, the_data())
    assert drawn.to_bytes("png", 120) == drawn.to_bytes()
    for dpi in (60, 240):
        with Image.open(io.BytesIO(drawn.to_bytes("png", dpi))) as image:
            assert image.size == (drawn.width * dpi // 120, drawn.height * dpi // 120)
            small = np.asarray(image.resize((192, 132)).convert("L"), float)
        with Image.open(io.BytesIO(drawn.to_bytes())) as image:
            plain = np.asarray(image.resize((192, 132)).convert("L"), float)
        assert np.abs(small - plain).mean() < 6


def test_a_form_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="png, svg, pdf"):
        picture("curve", the_data()).to_bytes("gif")


def test_many_records_are_thinned_to_the_lowest_and_highest_of_each_column() -> None:
    y = np.random.default_rng(0).normal(size=100_007)
    x, kept = thinned(np.arange(100_007.0), y, 600)
    assert len(x) <= 2 * 601 + 600
    np.testing.assert_array_equal(kept, y[x.astype(int)])
    assert (np.diff(x) > 0).all()
    assert (kept.min(), kept.max()) == (y.min(), y.max())
    assert thinned(np.arange(5.0), y[:5], 600)[1].tolist() == y[:5].tolist()


@pytest.mark.parametrize(
    ("limits", "expected", "shared"),
    [
        ((0, 10001), ["0", "2,000", "4,000", "6,000", "8,000", "10,000"], ""),
        ((-1.04, 1.04), ["\N{MINUS SIGN}1.0", "\N{MINUS SIGN}0.5", "0.0", "0.5", "1.0"], ""),
        ((0, 2e38), ["0.0", "0.5", "1.0", "1.5", "2.0"], "\N{MULTIPLICATION SIGN}10³⁸"),
    ],
)
def test_ticks_are_round_numbers_with_the_same_decimals(
    limits: tuple[float, float], expected: list[str], shared: str
) -> None:
    assert labels(round_ticks(limits)) == (expected, shared)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((0.04, 2.1), [0.05, 0.1, 0.2, 0.5, 1, 2]),
        ((0.31, 0.33), [0.31, 0.315, 0.32, 0.325, 0.33]),
        ((1e-6, 1e6), [1e-6, 1e-4, 1e-2, 1, 100, 1e4, 1e6]),
    ],
)
def test_decades_are_never_too_many_nor_too_few(limits: tuple[float, float], expected: list[float]) -> None:
    assert decades(limits) == pytest.approx(expected)
