"""curvegan worker and workers, and the background worker of an embedded submit."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from ...worker.fleet import wait_until
from ..client import RUN, SMALL, Client

INSTALL_TORCH = "pip install 'curvegan[torch]'"
WITHOUT_ENGINES = (
    "import importlib.util\n"
    "found = importlib.util.find_spec\n"
    "importlib.util.find_spec = lambda name, package=None: None if name in ('torch', 'numba') else found(name)\n" + RUN
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


def test_a_client_without_engines_queues_and_says_what_to_install(client: Client) -> None:
    done = client.alone("submit", "-q", code=WITHOUT_ENGINES)
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


def test_a_worker_without_engines_is_one_line(client: Client) -> None:
    done = client.alone("worker", code=WITHOUT_ENGINES)
    assert done.returncode == 3
    assert done.stderr.startswith("Error: no engine is installed here")
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
    """End the background workers of this home."""
    for process in workers_of(client):
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            process.wait(20)


def workers_of(client: Client) -> list[psutil.Process]:
    """The background workers of this home, told by their environment: each supervisor before its processes."""
    workers = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("CURVEGAN_HOME") == str(client.home):
                workers.append(process)
    return workers


def test_who_waits_starts_a_worker_where_it_was_killed(client: Client) -> None:
    client.environment["CURVEGAN_LEASE_SECONDS"] = "3"
    try:
        assert client.alone("submit", "-q", *SMALL).returncode == 0
        for process in workers_of(client):
            process.kill()
            process.wait(20)
        client.done("submit", "--no-worker", "-q", *SMALL)
        done = client.alone("wait", "all", "-q")
        assert (done.returncode, done.stdout) == (0, "1\n2\n"), done.stderr
        assert len([worker for worker in client.json("workers") if worker["state"] in ("idle", "training")]) == 1
        assert "waits for" not in done.stderr
    finally:
        end_workers(client)


def test_who_waits_where_no_worker_is_started_says_so_at_once(any_client: Client) -> None:
    any_client.submit(*SMALL)
    process = subprocess.Popen(
        **any_client.command("wait", "1", "--no-worker"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "job 1 queued, step 0 of 200 (0 %)\n"
    assert process.stderr.readline() == "Job 1 waits for a worker; `curvegan worker` starts one.\n"
    process.kill()
    process.communicate()


def test_a_submit_starts_as_many_workers_as_the_settings_say(client: Client) -> None:
    Path("curvegan.toml").write_text("[settings]\nworkers = 2\n")
    try:
        assert client.alone("submit", "-q", *SMALL).returncode == 0
        # A supervisor, and two processes of its own; one that is started now finds them.
        wait_until(lambda: len(workers_of(client)) == 3, 60, "no two workers")
        assert client.alone("submit", "-q", *SMALL).returncode == 0
        assert len(workers_of(client)) == 3
    finally:
        end_workers(client)
    Path("curvegan.toml").write_text("[settings]\nworkers = 0\n")
    assert "workers must be 1 to 512, got '0'" in client.refused("status")


def test_a_submit_tells_of_an_engine_that_no_worker_has(any_client: Client) -> None:
    with any_client.store() as store:
        store.register_worker("host", 1, ["auto", "cpu"], "0", ["fused"])
    torch = ("submit", "--no-worker", "--engine", "torch")
    said = any_client(*torch).stderr
    assert said == "Job 1 waits for a worker with the torch engine; `curvegan worker` starts one.\n"
    found = any_client.json("explain", "1")
    assert (found["reason"], found["commands"]) == ("no_engine", ["curvegan worker", "curvegan workers"])
    assert any_client.alone(*torch, code=WITHOUT_ENGINES).stderr == (
        "Job 2 waits for a worker with the torch engine; `pip install 'curvegan[torch]'` where one runs, "
        "and start it again.\n"
    )
    found = json.loads(any_client.alone("explain", "2", "-o", "json", code=WITHOUT_ENGINES).stdout)
    assert (found["reason"], found["commands"]) == ("no_engine", [INSTALL_TORCH, "curvegan workers"])


def test_who_waits_for_a_first_worker_is_told_to_install_only_what_is_not_here(client: Client) -> None:
    torch = ("submit", "--no-worker", "--engine", "torch")
    assert "`" not in client(*torch).stderr.replace("`curvegan worker`", "", 1)
    assert client.json("explain", "1")["commands"] == ["curvegan worker"]
    said = client.alone(*torch, code=WITHOUT_ENGINES).stderr
    assert f"`{INSTALL_TORCH}` and `curvegan worker` start one" in said
    found = json.loads(client.alone("explain", "2", "-o", "json", code=WITHOUT_ENGINES).stdout)
    assert found["commands"] == [INSTALL_TORCH, "curvegan worker"]


def test_a_worker_for_a_device_that_is_not_there_ends(client: Client) -> None:
    done = client.alone("worker", "--device", "cuda:7")
    assert done.returncode == 2
    assert "cuda:7" in done.stderr
