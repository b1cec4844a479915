"""`stop` from the command line to the numbers: said, resumed, extended, counted."""

from pathlib import Path

import pytest

from curvegan_db.store import Store

from ...cli.client import Client
from ...worker.inline import train_all, train_some

EVERY = ("--set", "snapshot_every", "100", "--set", "checkpoint_every", "750")
TUNED = ("--preset", "tuned", "--steps", "7000", *EVERY)
STOP = ("--set", "stop=converged", "--set", "keep_checkpoints=final")


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Client:
    """A client of a fresh database, on SQLite and on PostgreSQL."""
    return Client(tmp_path / "home", database_url)


def test_a_job_stops_says_so_and_goes_on_as_if_it_never_had(client: Client, store: Store) -> None:
    stopped, resumed, whole = client.submit(*TUNED, *STOP), client.submit(*TUNED, *STOP), client.submit(*TUNED)
    store.cancel(resumed)
    train_all(store)
    store.resume(resumed)
    train_some(store, 9)
    assert store.job(resumed).state == "queued"
    assert store.job(resumed).step > 0
    train_all(store)

    job = store.job(stopped)
    said = f"stopped at step {job.step}: converged for 3 snapshots"
    assert (job.state, job.verdict, job.reason) == ("succeeded", "converged", said)
    assert job.step < job.steps == 7000
    assert store.job(resumed).reason == said
    assert [row.step for row in store.checkpoints(stopped)] == [job.step]
    assert store.checkpoint(resumed).data == store.checkpoint(stopped).data
    assert said in client.done("show", str(stopped))
    assert f"succeeded: {said}" in client.done("logs", str(stopped))
    assert f"stopped {100 * job.step // 7000} %" in client.done("status")
    assert "it has succeeded" in client.refused("resume", str(stopped))

    client.done("extend", str(stopped), "--steps", "7000", "--no-worker")
    train_all(store)
    assert (store.job(stopped).step, store.job(stopped).reason) == (7000, None)
    assert "without stop converged" in client.done("logs", str(stopped))
    assert store.checkpoint(stopped).data == store.checkpoint(whole).data
    assert store.losses(stopped) == store.losses(whole)
    assert store.snapshots(stopped) == store.snapshots(whole)
    assert client.json("show", str(stopped))["metrics"] == client.json("show", str(whole))["metrics"]


def test_a_sweep_says_what_its_stops_saved(client: Client, store: Store) -> None:
    grid = ("sweep", "--no-worker", *TUNED, "--grid", "stop=none,converged")
    client.done(*grid)
    train_all(store)
    saved = 7000 - store.job(2).step
    assert f"Stopped early: 1 job, which saved {saved:,} steps" in client.done("status", "--sweep", "1")
    [shown] = client.json("sweeps", "1")
    assert (shown["stopped_early"], shown["steps_saved"]) == (1, saved)
    groups = {group["by"]["stop"]: group["steps_saved"] for group in client.json("summary", "--sweep", "1")}
    assert groups == {"none": 0, "converged": saved}
    assert f"{saved:,}" in client.done("summary", "--sweep", "1")
    # What a stop cut short is not what a training without one gives; what ran to its end serves both.
    list(store.delete([1]))
    submitted = client.done(*grid, "--needed")
    assert "1 job" in submitted
    assert store.job(3).config.stop == "none"
