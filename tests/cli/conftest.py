"""A client in an empty home, and a store with one trained job to copy."""

import shutil
from pathlib import Path

import pytest

from .client import SMALL, Client, PlayedWorker


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client whose home and current folder are empty."""
    monkeypatch.chdir(_made(tmp_path / "here"))
    return Client(tmp_path / "home")


@pytest.fixture
def any_client(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a fresh database, on SQLite and on PostgreSQL."""
    monkeypatch.chdir(_made(tmp_path / "here"))
    return Client(tmp_path / "home", database_url)


@pytest.fixture
def trained(client: Client, trained_home: Path) -> Client:
    """A client in a home with job 1, trained for 200 steps."""
    shutil.copytree(trained_home, client.home)
    return client


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with job 1, named "first" and tagged "a" and "b", trained for 200 steps."""
    client = Client(tmp_path_factory.mktemp("trained") / "home")
    client.submit(*SMALL, "--name", "first", "--tag", "a", "--tag", "b")
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        store.unregister_worker(worker.id)
    return client.home


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
