"""A store of an earlier version: every command reads it, and what its workers released is trained to the same end."""

import hashlib
import json
import lzma
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curvegan_core.records.checkpoint import Checkpoint
from curvegan_db.store import Store, open_store
from curvegan_worker.settings import Settings

from ...cli.client import Client
from ...worker.fleet import run_fleet
from ...worker.jobs import wait_for_state
from ...worker.undisturbed import undisturbed

DATA = Path(__file__).parents[2] / "db" / "data"
RELEASED: dict[str, dict[str, Any]] = json.loads((DATA / "store-0003.json").read_text())
SUCCEEDED = ("1", "2", "3", "4")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client in a home with the old store."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    (home / "curvegan.db").write_bytes(lzma.decompress((DATA / "store-0003.db.xz").read_bytes()))
    monkeypatch.chdir(here)
    return Client(home)


def test_every_command_reads_an_old_store(client: Client) -> None:
    states = {job["id"]: job["state"] for job in client.json("status")}
    assert states == dict.fromkeys((1, 2, 3, 4), "succeeded") | {5: "failed", 6: "cancelled", 7: "queued", 8: "queued"}
    first = client.json("show", "1")
    assert (first["name"], first["tags"], first["engine_version"]) == ("baseline", ["keep", "night run"], "1")
    assert [job["id"] for job in client.json("status", "--where", "sweep=1 and verdict=undertrained")] == [3, 2]
    assert client.json("show", "5")["error"].endswith("ValueError: no")
    assert "cancelled: not wanted" in client.done("logs", "6")
    assert client.json("data", "show", "waves")["jobs"] == [4]
    assert client.done("explain", "7").startswith("Job 7 is queued")


@pytest.mark.parametrize("job", SUCCEEDED)
def test_what_came_of_an_old_job_is_there(client: Client, job: str) -> None:
    metrics = client.json("show", job)["metrics"]
    assert [row["step"] for row in client.json("losses", job)] == list(range(0, 120, 10))
    assert client.json("metrics", job)[-1]["rmse"] == pytest.approx(metrics["rmse"])
    assert len(client.json("sample", job, "-n", "3")["curves"]) == 3
    for kind in ("curve", "losses", "evolution"):
        client.done("fetch-plot", job, "--kind", kind, "--output", f"{kind}.png")
        assert Path(f"{kind}.png").read_bytes().startswith(b"\x89PNG")
    client.done("fetch-checkpoint", job, "--output", "end.safetensors")
    assert Checkpoint.from_bytes(Path("end.safetensors").read_bytes()).step == 120


def test_released_jobs_of_an_old_store_resume_and_end_as_if_they_had_never_been_released(client: Client) -> None:
    settings = Settings.resolve(str(client.home))
    with open_store(settings.database_url) as store:
        with run_fleet(settings, "--device", "cpu") as fleet:
            for end in RELEASED.values():
                wait_for_state(store, end["job"], "succeeded", fleet, seconds=180)
        for engine, end in RELEASED.items():
            assert began_at(store, end["job"]) == [0, end["step"]]
            if engine == "fused" or rounds_as_there(store, end):
                assert store.checkpoint(end["job"]).sha256 == end["sha256"]


def began_at(store: Store, job: int) -> list[int]:
    """The steps at which the attempts of a job began."""
    return [int((event.detail or "").split()[2]) for event in store.events(job) if event.kind == "began"]


def rounds_as_there(store: Store, end: dict[str, Any]) -> bool:
    """Whether an undisturbed training ends here with the bits of there: torch's kernels differ by processor."""
    _, final = undisturbed(store.job(end["job"]).config)
    return bool(hashlib.sha256(replace(final, keys=None).to_bytes()).hexdigest() == end["sha256"])
