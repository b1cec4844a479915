"""The tour runs from its first cell to its last, and shows what is stored with it."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest

from curvegan_db.store import open_store

from .tour import TOUR, run


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose background worker is ended."""
    yield tmp_path
    with open_store(f"sqlite:///{tmp_path}/home/curvegan.db") as store:
        for worker in store.workers():
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)


def shown(notebook: Any) -> list[Counter[str]]:
    """What each cell shows: how many things of which kind, bars and messages left out."""
    return [
        Counter(kind for output in cell.outputs for kind in output.get("data", {}) if output.output_type != "stream")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_the_tour_runs_and_is_stored_with_its_pictures(folder: Path) -> None:
    stored = nbformat.read(TOUR, as_version=4)
    nbformat.validate(stored)
    assert shown(run(folder)) == shown(stored)
    assert sum(cell["image/png"] for cell in shown(stored)) >= 5
    assert sum(cell["text/html"] for cell in shown(stored)) >= 5
    texts = [str(cell) for cell in stored.cells]
    assert [text for text in texts if "Traceback" in text or str(Path.home()) in text or "/tmp" in text] == []
