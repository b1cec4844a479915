"""curvegan losses, sample, fetch-plot, fetch-checkpoint on a job that was really trained."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from curvegan.pictures.marks import mark, marked
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import points_x
from curvegan_core.families.dataset import Dataset
from curvegan_core.plotting.job_plots import KINDS, render
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.sampling import samples
from curvegan_db.values import JobRequest
from curvegan_worker.recorder import STORED

from ...worker.inline import train_all
from ..client import SMALL, Client, PlayedWorker


@pytest.fixture
def half(any_client: Client) -> Client:
    """A client of a store where job 1 has run for 100 of 200 steps and goes on."""
    any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
    return any_client


def test_losses_as_csv(trained: Client) -> None:
    lines = trained.done("losses", "1", "-o", "csv").splitlines()
    assert lines[0] == "step,g_loss,d_loss,d_real,d_fake,rmse"
    assert [int(line.partition(",")[0]) for line in lines[1:]] == list(range(0, 200, 10))


def test_losses_are_the_stored_numbers_in_every_form(trained: Client) -> None:
    with trained.store() as store:
        stored = store.losses(1)
    rows = trained.json("losses", "1")
    lines = list(csv.DictReader(io.StringIO(trained.done("losses", "1", "-o", "csv"))))
    for name in ("g_loss", "d_loss", "d_real", "d_fake", "rmse"):
        column = getattr(stored, name)
        assert np.array_equal(np.array([row[name] for row in rows], np.float32), column)
        assert np.array_equal(np.array([line[name] for line in lines]).astype(np.float32), column)
    assert len(trained.done("losses", "1").splitlines()) == 2 + len(stored)


def test_metrics_along_the_way_are_the_snapshots_in_every_form(trained: Client) -> None:
    with trained.store() as store:
        stored = [{"step": each.step, **each.metrics} for each in store.snapshots(1)]
    assert trained.json("metrics", "1") == stored
    lines = list(csv.DictReader(io.StringIO(trained.done("metrics", "1", "-o", "csv"))))
    assert [{name: float(text) for name, text in line.items()} for line in lines] == stored
    assert lines[0].keys() == {"step", "rmse", "spread", "relative_rmse", "equilibrium_gap"}
    assert len(trained.done("metrics", "1").splitlines()) == 2 + len(stored) == 5


def test_metrics_of_a_queued_job_are_none_yet(any_client: Client) -> None:
    any_client.submit()
    assert any_client.json("metrics", "1") == []
    assert any_client.done("metrics", "1", "-o", "csv") == "step\n"


def test_samples_of_a_point_set_are_points(client: Client) -> None:
    client.submit(*SMALL, "--curve", "ring8")
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
    header, *rows = csv.reader(io.StringIO(client.done("sample", "1", "-n", "4", "-o", "csv")))
    assert (header, [len(row) for row in rows]) == (["x", "y"], [2, 2, 2, 2])
    assert client.done("sample", "1").split()[:2] == ["x", "y"]
    assert client.json("sample", "1")["x"] is None


def test_losses_of_a_queued_job_are_none_yet(any_client: Client) -> None:
    any_client.submit()
    assert any_client.json("losses", "1") == []
    assert any_client.done("losses", "1", "-o", "csv") == "step,g_loss,d_loss,d_real,d_fake,rmse\n"


def test_samples_have_the_x_values_as_header_and_a_curve_a_row(trained: Client) -> None:
    with trained.store() as store:
        config = store.job(1).config
        checkpoint = Checkpoint.from_bytes(store.checkpoint(1).data, config)
    header, *rows = csv.reader(io.StringIO(trained.done("sample", "1", "-n", "3", "--seed", "5", "-o", "csv")))
    assert np.allclose(np.array(header, float), points_x(config), rtol=0, atol=1e-12)
    assert np.array_equal(np.array(rows).astype(np.float32), samples(checkpoint, config, 3, 5))
    found = trained.json("sample", "1", "-n", "3", "--seed", "5")
    assert (found["job"], found["step"]) == (1, 200)
    assert found["curves"] == [[float(y) for y in row] for row in rows]
    assert len(trained.done("sample", "last").splitlines()) == 12


def test_there_is_no_sample_before_a_checkpoint(any_client: Client) -> None:
    any_client.submit()
    assert "no checkpoint" in any_client.refused("sample", "1")
    assert "no checkpoint" in any_client.refused("fetch-checkpoint", "1")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_is_fetched_and_its_path_printed(trained: Client, kind: str) -> None:
    assert trained.done("fetch-plot", "1", "--kind", kind) == f"job-1-{kind}.png\n"
    with trained.store() as store:
        plot = store.plot(1, kind)
        own = mark("job", 1, kind, store.job(1).created_at)
    assert plot is not None
    assert Path(f"job-1-{kind}.png").read_bytes() == marked(plot.png, own)


def test_what_a_worker_does_not_store_is_drawn_as_it_would_have_been(any_client: Client) -> None:
    """The evolution: with the job's name and verdict, and the user's own curves for as long as they are kept."""
    dataset = Dataset.checked(np.random.default_rng(0).normal(500, 30, (50, 6)))
    config = TrainConfig.parse({"curve": dataset.parameters, "points": 6, "steps": 200, "snapshot_every": 100})
    with any_client.store() as store:
        store.add_dataset("mine", dataset)
        store.submit([JobRequest(config, "my own")])
        train_all(store)
        job, stored = store.job(1), {kind for kind in KINDS if store.plot(1, kind)}
        losses, snapshots = store.losses(1), store.snapshots(1)
        assert stored == set(STORED)
        for own in (dataset, None):
            any_client.done("fetch-plot", "1", "--kind", "evolution", "--output", "it.png", "--force")
            data = PlotData("job 1, my own", config, losses, snapshots, verdict=job.verdict, dataset=own)
            mark_of_it = mark("job", 1, "evolution", job.created_at)
            assert Path("it.png").read_bytes() == marked(render("evolution", data), mark_of_it)
            if own:
                store.remove_dataset("mine")


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_jobs_plot_is_drawn_from_its_newest_snapshot(half: Client, kind: str) -> None:
    half.done("fetch-plot", "1", "--kind", kind, "--output", "now.png")
    with Image.open("now.png") as image:
        image.load()
        assert image.width > 300
        assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_plot_that_is_not_there_yet_says_what_to_wait_for(any_client: Client, kind: str) -> None:
    any_client.submit()
    line = any_client.refused("fetch-plot", "1", "--kind", kind)
    assert f"no {kind} plot yet" in line
    assert "queued" in line
    assert list(Path().iterdir()) == []


def test_a_plot_to_stdout(trained: Client) -> None:
    result = trained("fetch-plot", "1", "--output", "-")
    assert result.stdout_bytes.startswith(b"\x89PNG")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", [("fetch-plot", "1"), ("fetch-checkpoint", "1")], ids=lambda words: words[0])
def test_an_output_that_cannot_be_written_is_one_line(trained: Client, command: tuple[str, ...]) -> None:
    Path("folder.png").mkdir()
    Path("there.png").write_text("mine")
    Path("full.png").symlink_to("/dev/full")
    assert "is a folder" in trained.refused(*command, "--output", "folder.png")
    assert "there is no folder none" in trained.refused(*command, "--output", "none/x.png")
    assert "--force" in trained.refused(*command, "--output", "there.png")
    assert "no regular file" in trained.refused(*command, "--output", "full.png", "--force")
    assert Path("there.png").read_text() == "mine"
    assert {str(path) for path in Path().rglob("*")} == {"folder.png", "there.png", "full.png"}
    trained.done(*command, "--output", "there.png", "--force")
    assert Path("there.png").read_bytes() != b"mine"


def test_a_checkpoint_is_a_safetensors_file(trained: Client) -> None:
    assert trained.done("fetch-checkpoint", "1") == "job-1-step-200.safetensors\n"
    assert "generator.0.weight" in load_file("job-1-step-200.safetensors")
    assert trained.done("fetch-checkpoint", "1", "--step", "100", "--output", "x") == "x\n"
    config = TrainConfig.parse(trained.json("show", "1")["config"])
    assert Checkpoint.from_bytes(Path("x").read_bytes(), config).step == 100
    assert "150" in trained.refused("fetch-checkpoint", "1", "--step", "150")


def test_results_need_no_torch(trained: Client) -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from curvegan_cli.main import main\n"
        "main(['--home', sys.argv[1], *sys.argv[2:]])"
    )
    for words in (
        ["sample", "1"],
        ["fetch-plot", "1"],
        ["fetch-checkpoint", "1"],
        ["show", "1"],
        ["losses", "1"],
        ["metrics", "1"],
    ):
        subprocess.run([sys.executable, "-c", code, str(trained.home), *words], check=True, capture_output=True)
