"""Plots as files and in the terminal: endings, a file that was written here before, graphics protocols."""

import base64
import io
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from curvegan_cli.shown.files import PICTURES
from curvegan_cli.shown.graphics import protocol

from ..client import SMALL, Client
from ..watching.test_status import on_a_terminal


@pytest.mark.parametrize("command", ["fetch-plot 1", "plot --sweep 1"])
@pytest.mark.parametrize("name", ["x.jpg", "x.txt", "x", "x.png.gz", ".png"])
def test_another_ending_is_refused_before_anything_is_asked(client: Client, command: str, name: str) -> None:
    said = client.refused(*command.split(), "--output", name)
    assert "a picture is written as .png" in said
    assert list(Path().iterdir()) == []
    assert not client.home.exists()


@pytest.mark.parametrize("ending", [*PICTURES, *(ending.upper() for ending in PICTURES)])
def test_the_ending_says_what_is_written(trained: Client, ending: str) -> None:
    for _ in range(2):  # a file that shows the same is written over, whatever it is
        trained.done("fetch-plot", "first", "--output", f"x{ending}")
        written = Path(f"x{ending}").read_bytes()
        if ending.lower() == ".png":
            with Image.open(io.BytesIO(written)) as picture:
                assert picture.format == "PNG"
                assert np.asarray(picture).std() > 1
        elif ending.lower() == ".svg":
            assert ElementTree.fromstring(written).tag == "{http://www.w3.org/2000/svg}svg"
        else:
            assert written.startswith(b"%PDF-")
            assert b"%%EOF" in written[-200:]
    assert "is there already" in trained.refused("fetch-plot", "1", "--kind", "losses", "--output", f"x{ending}")


def test_pixels_to_the_inch_are_of_png_alone(trained: Client) -> None:
    sizes = []
    for dpi in ("60", "120", "300"):
        trained.done("fetch-plot", "1", "--output", f"{dpi}.png", "--dpi", dpi)
        with Image.open(f"{dpi}.png") as picture:
            sizes.append(picture.size)
            assert picture.info["dpi"] == pytest.approx((float(dpi), float(dpi)), abs=0.02)
    assert sizes == [(384, 264), (768, 528), (1920, 1320)]
    assert "--dpi is for PNG" in trained.refused("fetch-plot", "1", "--output", "x.svg", "--dpi", "300")
    assert not Path("x.svg").exists()


def test_a_plot_of_the_same_job_is_written_over_and_nothing_else(trained: Client, tmp_path: Path) -> None:
    """A file is known by the mark in it: no other file goes, a plot of another job or kind included."""
    trained.done("fetch-plot", "1")
    path = Path("job-1-curve.png")
    written = path.read_bytes()
    assert trained.done("fetch-plot", "1") == "job-1-curve.png\n"
    assert path.read_bytes() == written
    assert "is there already" in trained.refused("fetch-plot", "1", "--kind", "losses", "--output", str(path))
    other = Client(tmp_path / "other")
    shutil.copytree(trained.home, other.home)
    assert other.done("fetch-plot", "1")  # a copy of the store has the same job
    for text in (b"", b"notes", written[:33] + written[120:], b"Source\0" + written):
        path.write_bytes(text)
        assert "is there already" in trained.refused("fetch-plot", "1")
        assert path.read_bytes() == text
    trained.done("fetch-plot", "1", "--force")
    assert path.read_bytes() == written


def test_a_picture_of_the_same_sweep_is_written_over(trained: Client) -> None:
    trained.done("sweep", "--no-worker", *SMALL, "--seeds", "2", "--name", "rates")
    trained.done("tag", "all", "--add", "x")
    with trained.store() as store:
        from ..client import PlayedWorker

        worker = PlayedWorker(store)
        for _ in range(2):
            worker.claim()
            worker.train()
    for _ in range(2):
        assert trained.done("plot", "--sweep", "rates", "--kind", "fan") == "sweep-1-fan.png\n"
    assert "is there already" in trained.refused(
        "plot", "--sweep", "1", "--kind", "best", "--output", "sweep-1-fan.png"
    )


def test_the_mark_is_a_chunk_that_a_png_may_have(trained: Client) -> None:
    trained.done("fetch-plot", "1")
    with Image.open("job-1-curve.png") as picture:
        picture.load()
        assert re.match(r"curvegan job 1 curve, submitted 20", picture.info["Source"])


def test_a_plot_is_drawn_in_characters_where_the_terminal_shows_no_pictures(trained: Client) -> None:
    for kind in ("curve", "losses", "evolution"):
        shown = trained.done("fetch-plot", "1", "--show", "--kind", kind)
        assert any(0x2800 < ord(letter) <= 0x28FF for letter in shown)
    assert list(Path().iterdir()) == []
    assert trained.done("fetch-plot", "1", "--show", "--output", "x.png").startswith("x.png\n")


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, ""),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, ""),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app"}, ""),
    ],
)
def test_a_terminal_is_known_by_its_variables(variables: dict[str, str], spoken: str) -> None:
    assert protocol(variables) == spoken


@pytest.mark.parametrize("spoken", ["kitty", "iterm"])
def test_a_terminal_that_can_gets_the_png_itself(trained: Client, spoken: str) -> None:
    terminal = {"kitty": {"TERM": "xterm-kitty"}, "iterm": {"TERM_PROGRAM": "iTerm.app"}}[spoken]
    environment = {"TMUX": "", "TERM_PROGRAM": "", "KITTY_WINDOW_ID": "", "LC_TERMINAL": ""} | terminal
    _, shown = on_a_terminal(trained, "fetch-plot", "1", "--show", "--dpi", "60", seconds=60, **environment)
    if spoken == "kitty":
        chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown)
        assert chunks[0][0].startswith("a=T,f=100")
        assert [control[-3:] for control, _ in chunks] == ["m=1"] * (len(chunks) - 1) + ["m=0"]
        assert all(len(data) <= 4096 for _, data in chunks)
        data = "".join(data for _, data in chunks)
    else:
        [data] = re.findall(r"\x1b]1337;File=inline=1;size=\d+:([^\x07]*)\x07", shown)
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert (picture.format, picture.size) == ("PNG", (384, 264))


def test_show_draws_the_job_on_a_terminal_and_not_in_a_pipe(trained: Client) -> None:
    assert not any(ord(letter) >= 0x2800 for letter in trained.done("show", "1"))
    _, shown = on_a_terminal(trained, "show", "1", seconds=60)
    assert "generated curves at step 200" in shown
    assert "g_loss and d_loss over the steps" in shown
    assert any(0x2800 < ord(letter) <= 0x28FF for letter in shown)


@pytest.mark.parametrize("curve", ["ring8", "quadratic"])
def test_every_kind_of_sample_is_drawn(client: Client, curve: str) -> None:
    client.submit(*SMALL, "--curve", curve)
    with client.store() as store:
        from ..client import PlayedWorker

        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    shown = client.done("fetch-plot", "1", "--show")
    assert shown.startswith(f"generated {'points' if curve == 'ring8' else 'curves'} at step 200:")
