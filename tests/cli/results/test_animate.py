"""A training as a moving picture: its frames are what the job was, and what cannot be made is said in a line."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curvegan.pictures.animation import film, snapshots_at, steps_of
from curvegan_db.values import Job

from ..client import Client


def test_frames_are_the_snapshots_that_the_job_had(trained: Client) -> None:
    with trained.store() as store:
        stored = store.snapshots(1)
        shown = list(snapshots_at(store, store.job(1), [snapshot.step for snapshot in stored]))
        assert len(stored) == 3
        for ours, theirs in zip(shown, stored, strict=True):
            assert (ours.step, ours.metrics) == (theirs.step, theirs.metrics)
            assert np.array_equal(ours.curves, theirs.curves)


@pytest.mark.parametrize("last", [1, 119, 120, 121, 10001])
def test_a_film_has_no_more_frames_than_the_help_says(last: int) -> None:
    steps = steps_of(Job(id=1, step=10001), 0, last, None)
    assert (steps[0], steps[-1], len(steps) <= 120) == (0, last, True)


def test_a_training_becomes_a_gif(trained: Client) -> None:
    printed = trained.done("animate", "first", "-o", "run.gif", "--every", "60", "--fps", "10")
    assert printed == "run.gif\n"
    with Image.open("run.gif") as moving:
        assert (getattr(moving, "n_frames", 1), moving.info["duration"], moving.info["loop"]) == (5, 100, 0)
        assert moving.size == (768, 528)
    assert "is there already" in trained.refused("animate", "first", "-o", "run.gif")
    trained.done("animate", "1", "-o", "run.gif", "--force", "--from", "100", "--to", "102")
    with Image.open("run.gif") as moving:
        assert getattr(moving, "n_frames", 1) == 3
    trained.done("animate", "1", "--every", "200")
    assert Path("job-1.gif").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "run.avi"], "written as .gif or .mp4"),
        (["-o", "nowhere/run.gif"], "there is no folder nowhere"),
        (["--fps", "0"], "--fps"),
        (["--to", "201"], "job 1 has done 200"),
        (["--from", "50", "--to", "50"], "the first comes first"),
        (["--every", "0"], "--every"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_made_is_refused(trained: Client, words: list[str], said: str) -> None:
    assert said in trained.refused("animate", "1", *words)
    assert not list(Path().iterdir())


def test_a_job_that_has_not_begun_is_no_picture(client: Client) -> None:
    client.submit()
    assert "job 1 has done no step yet: it is queued" in client.refused("animate", "1")


def test_mp4_needs_ffmpeg(trained: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "ffmpeg, which is not installed here; a .gif" in trained.refused("animate", "1", "-o", "run.mp4")


def test_an_mp4_where_ffmpeg_is() -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg is installed")
    stream = io.BytesIO()
    Image.new("RGB", (33, 32), "white").save(stream, "PNG")
    assert film(".mp4", [stream.getvalue()] * 3, 10)[4:8] == b"ftyp"
