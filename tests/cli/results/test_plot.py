"""curvegan plot: each kind makes a picture of the right numbers, and what cannot be drawn is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from curvegan_core.plotting.canvas import Canvas
from curvegan_core.plotting.heatmap import Heatmap
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.sweep_plots import Banded

from ..client import Client
from ..swept import ended_sweep


@pytest.fixture
def swept(any_client: Client) -> Client:
    """A client of a store with sweep 1, all succeeded."""
    ended_sweep(any_client)
    return any_client


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """The pictures that are painted, as what they show."""
    painted: list[Picture] = []
    paint = Picture.paint

    def kept(picture: Picture, canvas: Canvas) -> None:
        painted.append(picture)
        paint(picture, canvas)

    monkeypatch.setattr(Picture, "paint", kept)
    return painted


def opened(path: str) -> Image.Image:
    image = Image.open(Path(path))
    image.load()
    return image


def test_two_axes_make_a_heat_map_of_medians(swept: Client, pictures: list[Picture]) -> None:
    path = swept.done("plot", "--sweep", "1").strip()
    assert path == "sweep-1-heatmap.png"
    [drawn] = pictures[0].axes
    assert isinstance(drawn, Heatmap)
    assert (drawn.columns, drawn.rows) == (["0.0001", "0.001", "0.01"], ["ns", "rpgan"])
    assert drawn.cells == pytest.approx(np.array([[0.11, 1.01, 10.01], [0.21, 2.01, 20.01]]))
    assert pictures[0].title == "sweep 1, rates"
    assert opened(path).size == (pictures[0].width, pictures[0].height)


def test_a_heat_map_of_other_keys_and_of_another_metric(swept: Client, pictures: list[Picture]) -> None:
    swept.done("plot", "--sweep", "1", "--by", "seed,lr", "--metric", "hq", "--where", "loss=ns")
    [drawn] = pictures[0].axes
    assert isinstance(drawn, Heatmap)
    assert drawn.columns == ["0", "1", "2"]
    assert drawn.cells[0] == pytest.approx([0.9, 0.89, 0.88])
    assert not drawn.scale.smaller_is_better
    assert "only those of --where" in pictures[0].facts


def test_a_cell_without_job_is_empty(swept: Client, pictures: list[Picture]) -> None:
    swept.done("plot", "--sweep", "1", "--where", "not (loss=ns and lr=1e-3)")
    [drawn] = pictures[0].axes
    assert isinstance(drawn, Heatmap)
    assert np.isnan(drawn.cells).tolist() == [[False, True, False], [False, False, False]]


def test_a_fan_has_the_quartiles_over_the_seeds(swept: Client, pictures: list[Picture]) -> None:
    path = swept.done("plot", "--sweep", "1", "--kind", "fan").strip()
    panels = [panel for panel in pictures[0].axes if isinstance(panel, Banded)]
    assert [panel.title for panel in panels][:2] == ["lr=0.0001 loss=ns", "lr=0.0001 loss=rpgan"]
    assert len(panels) == 6
    assert panels[0].band is not None
    low, high = panels[0].band[1:]
    assert (low[0], panels[0].marks[0].ys[0, 0], high[0]) == pytest.approx((1.105, 1.11, 1.115), rel=1e-5)
    assert opened(path).format == "PNG"


def test_of_many_points_a_fan_shows_the_best(swept: Client, pictures: list[Picture]) -> None:
    swept.done("plot", "--sweep", "1", "--kind", "fan", "-n", "2")
    assert [panel.title for panel in pictures[0].axes] == ["lr=0.0001 loss=ns", "lr=0.0001 loss=rpgan"]
    assert "the best 2 of 6 points by rmse" in pictures[0].facts


def test_the_best_show_their_curves(swept: Client, pictures: list[Picture]) -> None:
    swept.done("plot", "--sweep", "1", "--kind", "best", "-n", "3")
    assert pictures[0].axes[0].title == "job 1: 0.1  0.0001 ns"
    [generated] = [marks for marks in pictures[0].axes[0].marks if marks.name == "generated"]
    assert generated.ys == pytest.approx(np.full((32, 15), 0.1), rel=1e-6)


def test_one_axis_makes_a_fan_and_none_too(any_client: Client, pictures: list[Picture]) -> None:
    ended_sweep(any_client, "--grid", "loss=ns,rpgan")
    ended_sweep(any_client, "--seeds", "2")
    assert any_client.done("plot", "--sweep", "1").strip() == "sweep-1-fan.png"
    assert any_client.done("plot", "--sweep", "2").strip() == "sweep-2-fan.png"
    assert [panel.title for panel in pictures[1].axes] == ["all jobs"]


def test_a_picture_is_never_written_over_another_by_surprise(swept: Client) -> None:
    swept.done("plot", "--sweep", "1", "--output", "p.png")
    before = Path("p.png").read_bytes()
    assert "p.png is there already" in swept.refused("plot", "--sweep", "1", "--kind", "fan", "--output", "p.png")
    assert Path("p.png").read_bytes() == before
    swept.done("plot", "--sweep", "1", "--kind", "fan", "--output", "p.png", "--force")
    assert Path("p.png").read_bytes() != before


def test_a_sweep_that_is_queued_is_drawn_as_far_as_it_is(client: Client) -> None:
    client.done("sweep", "--grid", "lr=1e-4,1e-3", "--grid", "loss=ns,rpgan", "--no-worker")
    for kind in ("heatmap", "fan"):
        client.done("plot", "--sweep", "1", "--kind", kind)
    assert "no job of sweep 1 has rmse yet" in client.refused("plot", "--sweep", "1", "--kind", "best")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say which sweep, as in --sweep 3"),
        (["--sweep", "7"], "no sweep 7"),
        (["--sweep", "1", "--kind", "heatmap", "--by", "lr"], "a heat map needs two keys, as in --by lr,loss"),
        (["--sweep", "1", "--where", "id>999"], "no job of sweep 1 is such a one"),
        (["--sweep", "1", "--output", "nowhere/p.png"], "there is no folder nowhere"),
        (["--sweep", "1", "--kind", "best", "--metric", "spread"], "neither end of spread is the better one"),
        (["--sweep", "1", "--metric", "rmsee"], "no metric is called 'rmsee'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(client: Client, words: list[str], said: str) -> None:
    client.done("sweep", "--grid", "lr=1e-4,1e-3", "--grid", "loss=ns,rpgan", "--no-worker")
    assert said in client.refused("plot", *words)
    assert list(Path().iterdir()) == []


def test_words_that_are_too_many_are_refused(client: Client) -> None:
    client.done("sweep", "--grid", "lr=1e-4,1e-3", "--seeds", "40", "--no-worker")
    said = client.refused("plot", "--sweep", "1", "--kind", "heatmap", "--by", "name,lr")
    assert "name has 80 different values, and a heat map at most 60" in said


def test_a_job_whose_snapshots_are_gone_is_named(swept: Client) -> None:
    with swept.store() as store, store.engine.begin() as connection:
        connection.execute(text("DELETE FROM snapshots WHERE job_id = 1"))
    assert "job 1 has no snapshot to draw" in swept.refused("plot", "--sweep", "1", "--kind", "best")
    swept.done("plot", "--sweep", "1", "--kind", "best", "--where", "id>1")


def test_a_random_sweep_is_a_readable_heat_map(client: Client, pictures: list[Picture]) -> None:
    ended_sweep(client, "--random", "150", "--grid", "lr=1e-5..1e-2", "--grid", "beta1=0..0.9")
    client.done("plot", "--sweep", "1")
    [drawn] = pictures[0].axes
    assert isinstance(drawn, Heatmap)
    assert len(drawn.columns) <= 24
    assert len(drawn.rows) <= 24
    assert np.isfinite(drawn.cells).sum() > 50
