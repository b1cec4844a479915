"""curvegan worker and workers, and the background worker of an embedded submit."""

import json
from typing import Any

import psutil

from .client import RUN, SMALL, Client

WITHOUT_TORCH = (
    "import importlib.util\n"
    "found = importlib.util.find_spec\n"
    "importlib.util.find_spec = lambda name, package=None: None if name == 'torch' else found(name, package)\n" + RUN
)


def test_workers_in_every_form(any_client: Client) -> None:
    assert any_client.json("workers") == []
    with any_client.store() as store:
        store.register_worker("host", 4711, ["auto", "cpu", "cuda", "cuda:0"], "0.1.0")
    [worker] = any_client.json("workers")
    found = {key: worker[key] for key in ("label", "state", "devices", "jobs")}
    assert found == {"label": "host:4711", "state": "idle", "devices": ["auto", "cpu", "cuda", "cuda:0"], "jobs": []}
    assert any_client.done("workers").splitlines()[-1].split()[:4] == ["host:4711", "idle", "cpu", "cuda:0"]
    assert ",host:4711,idle,auto cpu cuda cuda:0,,0.1.0," in any_client.done("workers", "-o", "csv")


def test_a_client_without_torch_queues_and_says_what_to_install(client: Client) -> None:
    done = client.alone("submit", "-q", code=WITHOUT_TORCH)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "pip install 'curvegan[worker]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_where_no_worker_can_start_is_a_message(client: Client) -> None:
    client.database_url = f"sqlite:///{client.home.parent}/elsewhere.db"
    client.home.write_text("no folder")
    client.home = client.home / "below"
    result = client("submit", "-q")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert "No worker was started" in result.stderr


def test_a_worker_without_torch_is_one_line(client: Client) -> None:
    done = client.alone("worker", code=WITHOUT_TORCH)
    assert done.returncode == 3
    assert done.stderr.startswith("Error: torch is not installed here")
    assert done.stderr.count("\n") == 1


def test_an_embedded_submit_starts_a_worker_that_trains_the_job(client: Client) -> None:
    try:
        job = submitted_alone(client)
        assert (job["state"], job["step"]) == ("succeeded", 200)
        [worker] = client.json("workers")
        assert worker["state"] in ("idle", "training")
        assert submitted_alone(client)["metrics"] == job["metrics"]
        assert [each["id"] for each in client.json("workers")] == [worker["id"]]
    finally:
        end_workers(client)


def submitted_alone(client: Client) -> dict[str, Any]:
    """The job of a `submit --wait` in a process of its own, as its background worker will be."""
    done = client.alone("submit", *SMALL, "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    job: dict[str, Any] = json.loads(done.stdout)
    return job


def end_workers(client: Client) -> None:
    """End the background workers of this home: only those, by their environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("CURVEGAN_HOME") == str(client.home):
                process.terminate()
                process.wait(20)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def test_a_worker_for_a_device_that_is_not_there_ends(client: Client) -> None:
    done = client.alone("worker", "--device", "cuda:7")
    assert done.returncode == 2
    assert "cuda:7" in done.stderr
