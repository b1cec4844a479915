"""A laboratory of a fresh store on each database, and one whose jobs have been trained."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curvegan import Lab

from ..worker.inline import train_all

SMALL: dict[str, Any] = {
    "steps": 100,
    "snapshot_every": 50,
    "checkpoint_every": 50,
    "hidden_g": 16,
    "hidden_d": 16,
    "batch_size": 8,
}


@pytest.fixture
def lab(database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """A laboratory in a fresh store, on SQLite and on PostgreSQL."""
    with Lab(home=str(tmp_path / "home"), database_url=database_url, broker_url="memory://") as lab:
        yield lab


@pytest.fixture(scope="session")
def trained_store(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The file of a store with job 1 and a sweep of four, trained."""
    file = tmp_path_factory.mktemp("trained") / "curvegan.db"
    shutil.copyfile(sqlite_template, file)
    with Lab(database_url=f"sqlite:///{file}") as lab:
        lab.submit(name="first", tags=["a", "b"], seed=7, ema=0.9, worker=False, **SMALL)
        axes = {"lr": [1e-3, 1e-2], "loss": ["ns", "rpgan"]}
        lab.sweep(axes, curve="updown", name="rates", worker=False, **SMALL)
        train_all(lab.store)
    return file


@pytest.fixture
def trained(trained_store: Path, tmp_path: Path) -> Iterator[Lab]:
    """A laboratory with job 1 and a sweep of four, trained."""
    shutil.copyfile(trained_store, tmp_path / "curvegan.db")
    with Lab(home=str(tmp_path), database_url=f"sqlite:///{tmp_path}/curvegan.db") as lab:
        yield lab


@pytest.fixture
def one_lab(sqlite_template: Path, tmp_path: Path) -> Iterator[Lab]:
    """A laboratory in a fresh store, on SQLite alone: for what no database could do otherwise."""
    shutil.copyfile(sqlite_template, tmp_path / "curvegan.db")
    with Lab(home=str(tmp_path), database_url=f"sqlite:///{tmp_path}/curvegan.db") as lab:
        yield lab
