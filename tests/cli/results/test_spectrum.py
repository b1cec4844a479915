"""curvegan spectrum, on a Dirac-GAN that was really trained: the theory's eigenvalues, as a table and as a picture."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curvegan_core import theory

from ..client import Client, PlayedWorker
from ..shown.test_tables import plain, table_of
from ..watching.test_status import on_a_terminal

DIRAC = ("--curve", "dirac", "--loss", "ns", "--lr", "0.1", "--steps", "400", "--engine", "torch")
LINEAR = "latent=0 layers_g=0 layers_d=0 optimiser=sgd r1=0.5 batch_size=4 checkpoint_every=200 snapshot_every=400"
SETTINGS = [word for pair in LINEAR.split() for word in ("--set", pair)]


@pytest.fixture
def settled(client: Client) -> Client:
    """A client of a store with a trained Dirac-GAN."""
    client.submit(*DIRAC, *SETTINGS)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    return client


def test_the_eigenvalues_are_the_theorys_in_every_form(settled: Client) -> None:
    found = settled.json("spectrum", "1")
    assert (found["job"], found["step"], found["growing"], found["turning"]) == (1, 400, 0, 2)
    values = [complex(value["real"], value["imaginary"]) for value in found["eigenvalues"]]
    known = np.linalg.eigvals(theory.step("ns", 0.1, 0.5, "alternating"))
    assert np.abs(np.array(values)[:, None] - known).min(axis=0).max() < 1e-3
    assert found["radius"] == pytest.approx(np.abs(known).max(), abs=1e-3)
    rows = list(csv.DictReader(io.StringIO(settled.done("spectrum", "last", "-o", "csv"))))
    assert [complex(float(row["real"]), float(row["imaginary"])) for row in rows] == values
    table = settled.done("spectrum", "1", "-n", "2")
    assert "outside the circle  0" in table
    assert len(table.splitlines()) == 5 + 1 + 2 + 2
    _, shown = on_a_terminal(settled, "spectrum", "1", seconds=60, COLUMNS="60", NO_COLOR="1")
    header, rule, *lines = table_of(plain(shown))
    assert header.split() == ["REAL", "IMAGINARY", "ABSOLUTE"]
    assert max(map(len, (header, rule, *lines))) <= 60


def test_another_checkpoint_and_a_picture(settled: Client, tmp_path: Path) -> None:
    picture = tmp_path / "spectrum.png"
    assert settled.json("spectrum", "1", "--step", "200", "--output", str(picture))["step"] == 200
    with Image.open(picture) as image:
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 10
    assert "is there already" in settled.refused("spectrum", "1", "--output", str(picture))
    settled.done("spectrum", "1", "--output", str(picture), "--force")
    assert "no checkpoint" in settled.refused("spectrum", "1", "--step", "300")


def test_a_job_that_is_too_large_says_what_is(trained: Client) -> None:
    said = trained.refused("spectrum", "1")
    assert "a spectrum is of a small job: this state has" in said
    assert "lower hidden_g and hidden_d" in said
    assert list(Path.cwd().glob("*.png")) == []
