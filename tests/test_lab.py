"""The laboratory: its sweeps are what the command takes, and its pages hold the tables that it writes."""

import re
from pathlib import Path

import pytest

from benchmarks.lab import experiments

from .cli.client import Client

ROOT = Path(__file__).parent.parent
PAGES = ("mode-collapse.md", "science.md")


def test_every_experiment_is_a_sweep_of_the_command(tmp_path: Path) -> None:
    client = Client(tmp_path)
    for experiment in experiments.ALL:
        words = (*experiment.words.split(), "--seed", "100", "--seeds", "16", "--name", experiment.name)
        found = client.json("sweep", *words, "--dry-run")
        assert found["jobs"] == 16 * (len(experiments.RATES) if experiment in experiments.SINE_MODES else 1)


def test_names_of_experiments_differ() -> None:
    names = [experiment.name for experiment in experiments.ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("page", PAGES)
def test_every_table_of_the_laboratory_is_filled(page: str) -> None:
    tables = re.findall(r"<!-- lab \S+ -->(.*?)<!-- end -->", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert tables
    assert all(table.count("\n|") > 2 for table in tables)
