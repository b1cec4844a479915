"""curvegan sweep and every --sweep: what is queued, what is said, and what is refused before anything is stored."""

import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from curvegan_db.verbs.paces import Kind

from ...db.one_job import begin, finish
from ..client import SMALL, Client, PlayedWorker
from .queued_sweep import GRID, end, states_of, swept


def test_a_grid_is_a_job_for_every_point_and_seed(any_client: Client) -> None:
    sweep_id = swept(any_client, *GRID, "--seed", "7", "--steps", "300", "--tag", "night", "--priority", "4")
    jobs = any_client.json("status", "--sweep", str(sweep_id))
    assert len(jobs) == 12
    found = {(job["config"]["lr_g"], job["config"]["loss"], job["config"]["seed"]) for job in jobs}
    assert found == {(lr, loss, seed) for lr in (1e-4, 1e-3) for loss in ("ns", "rpgan") for seed in (7, 8, 9)}
    assert {(job["steps"], tuple(job["tags"]), job["priority"]) for job in jobs} == {(300, ("night",), 4)}
    assert jobs[-1]["name"] == "lr=0.0001 loss=ns seed=7"
    [sweep] = any_client.json("sweeps", str(sweep_id))
    assert sweep["axes"] == {"lr": [1e-4, 1e-3], "loss": ["ns", "rpgan"], "seed": [7, 8, 9]}


def test_what_a_sweep_says(client: Client) -> None:
    said = client.done("sweep", "--no-worker", *GRID, "--name", "night")
    assert said.startswith("Sweep 1 night is queued: 12 jobs, 1 to 12; how long is not known until a job has run.\n")
    assert "curvegan wait --sweep 1 " in said
    sweep = client.json("sweep", "--no-worker", *GRID)
    assert (sweep["id"], sweep["jobs"], sweep["states"]["queued"], sweep["left_s"]) == (2, 12, 12, None)
    assert client("sweep", "--no-worker", *GRID).stderr.startswith("Job 25 and 11 more wait for a worker")


def test_axes_win_over_options_which_win_over_files(client: Client) -> None:
    Path("base.toml").write_text("lr_g = 0.5\nbatch_size = 8\nbeta1 = 0.5\n[curve]\na = 3.0\n")
    words = ("--config", "base.toml", "--batch-size", "16", "--lr", "0.25")
    swept(client, *words, "--grid", "lr_d=1e-3", "--grid", "lr=1e-4,1e-2", "--grid", "curve.c=4")
    configs = [job["config"] for job in client.json("status", "1-2")]
    assert {(c["lr_g"], c["lr_d"], c["batch_size"], c["beta1"]) for c in configs} == {
        (1e-4, 1e-3, 16, 0.5),
        (1e-2, 1e-3, 16, 0.5),
    }
    assert configs[0]["curve"] == {"family": "quadratic", "a": 3.0, "c": 4.0}


def test_a_family_and_its_parameter_are_two_axes(client: Client) -> None:
    swept(client, "--grid", "curve.a=2,3", "--grid", "curve=quadratic,abs")
    curves = [job["config"]["curve"] for job in client.json("status")]
    assert {(curve["family"], curve["a"]) for curve in curves} == {
        (family, a) for family in ("quadratic", "abs") for a in (2.0, 3.0)
    }


def test_random_points_are_the_same_for_the_same_seed(client: Client) -> None:
    words = ("--random", "5", "--grid", "lr=1e-5..1e-2", "--grid", "hidden_g=8..128", "--seeds", "2", "--dry-run")
    first = client.json("sweep", *words)
    assert (first["jobs"], len(first["points"])) == (10, 10)
    assert first["axes"] == {"lr": {"low": 1e-5, "high": 0.01}, "hidden_g": {"low": 8, "high": 128}, "seed": [0, 1]}
    assert client.json("sweep", *words) == first
    assert client.json("sweep", *words, "--sweep-seed", "1")["points"] != first["points"]


def test_dry_run_shows_the_jobs_and_stores_nothing(client: Client) -> None:
    shown = client.done("sweep", *GRID, "--dry-run")
    assert re.search(r"^ *0.001 +rpgan +2$", shown, re.M)
    assert shown.endswith("12 jobs; how long is not known until a job has run.\n")
    many = client.done("sweep", "--seeds", "50", "--dry-run")
    assert "... and 30 more\n50 jobs; " in many
    assert not client.home.exists()


def test_how_long_it_takes_is_told_from_jobs_of_its_shape(any_client: Client) -> None:
    one = any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        pace = store.paces([Kind.of(store.job(one).config)])
        [seconds] = pace.values()
        left = any_client.json("sweep", *SMALL, "--seeds", "40", "--dry-run")["time_s"]
        assert left == pytest.approx(40 * 200 * seconds)
        store.register_worker("other", 1, ("auto", "cpu"), "0")
        assert any_client.json("sweep", *SMALL, "--seeds", "40", "--dry-run")["time_s"] == pytest.approx(left / 2)
        assert "about" in any_client.done("sweep", *SMALL, "--seeds", "40", "--dry-run")
        sweep = any_client.json("sweep", "--no-worker", *SMALL, "--seeds", "1,2", "--grid", "loss=ns,hinge")
        # What never ran is thought to go like the rest.
        assert (sweep["left_s"], sweep["workers"]) == (pytest.approx(4 * 200 * seconds / 2), 2)
        assert "2 workers" in any_client.done("status", "--sweep", str(sweep["id"]))


def test_how_long_is_told_from_jobs_of_the_engine_that_is_needed(any_client: Client) -> None:
    any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    assert "about" in any_client.done("sweep", *SMALL, "--set", "hidden_g", "32", "--seeds", "2", "--dry-run")
    torch = (*SMALL, "--set", "norm_d", "layer", "--seeds", "2")
    assert "how long is not known until a job has run with the torch engine" in any_client.done(
        "sweep", *torch, "--dry-run"
    )
    any_client.done("sweep", "--no-worker", *torch)
    ids = sorted(job["id"] for job in any_client.json("status", "--sweep", "last"))
    with any_client.store() as store:
        claim = store.claim(store.register_worker("host", 1, ("auto", "cpu"), "0"), ("auto", "cpu"), 1)
        assert claim is not None
        begin(store, claim.token, ids[0], 0, "cpu", "torch", "2")
        cancelling = threading.Timer(3.0, lambda: [store.cancel(job_id, force=True) for job_id in ids])
        cancelling.start()
        waited = any_client("wait", "--sweep", "last", "--no-worker").stderr
        cancelling.join()
    assert waited.count("How long is not known until a job has run with the torch engine.") == 1


def test_a_point_that_is_no_valid_job_refuses_the_whole_or_is_left_out(client: Client) -> None:
    words = ("--grid", "loss=ns,wgan", "--grid", "gp=0,10")
    said = client.refused("sweep", "--no-worker", *words)
    assert said.startswith("Error: loss=wgan gp=0: loss wgan needs gp or clip")
    assert said.endswith("; --skip-invalid leaves such points out")
    assert not client.home.exists()
    result = client("sweep", "--no-worker", "-q", *words, "--skip-invalid")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert "1 of the points make no valid job and are left out, the first for loss=wgan gp=0: loss wg" in result.stderr
    names = [job["name"] for job in client.json("status", "--sweep", "1")]
    assert names == ["loss=wgan gp=10", "loss=ns gp=10", "loss=ns gp=0"]


def test_needed_leaves_out_what_has_succeeded(any_client: Client) -> None:
    swept(any_client)
    end(any_client, "succeeded", "failed", "succeeded")
    result = any_client("sweep", "--no-worker", "--needed", *GRID)
    assert result.stdout.startswith("Sweep 2 is queued: 10 jobs")
    assert "2 jobs of it succeeded before and are left out." in result.stderr
    assert any_client.json("sweep", "--needed", *GRID, "--dry-run")["jobs"] == 10
    end(any_client, *["succeeded"] * 19)
    assert any_client.done("sweep", "--no-worker", "--needed", *GRID) == "Nothing is left to do.\n"
    assert any_client.json("sweep", "--no-worker", "--needed", *GRID) is None
    assert len(any_client.json("sweeps")) == 2


def test_status_of_a_sweep_sums_it_up(any_client: Client) -> None:
    other = any_client.submit()
    swept(any_client, *GRID, "--name", "\x1b[31mnight")
    end(any_client, "succeeded", "failed")
    shown = any_client.done("status", "--sweep", "1")
    assert shown.startswith("Sweep 1 \\x1b[31mnight: 12 jobs, 1 failed, 11 queued\nLeft: ")
    assert len(any_client.json("status", "--sweep", "1", "--state", "queued")) == 11
    assert any_client.done("status", "--sweep", "1", "-q").split() == [str(job) for job in range(13, 1, -1)]
    assert any_client.json("status", "--sweep", "1", str(other)) == []
    listed = any_client.done("sweeps")
    assert re.search(r"^ +1 +\\x1b\[31mnight +\S+ s +12 +- +1 +- +- +- +11 +lr loss seed$", listed, re.M)
    assert any_client.done("sweeps", "-q") == "1\n"
    header, row = any_client.done("sweeps", "-o", "csv").splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["failed"] == "1"


def test_verdicts_are_counted(client: Client) -> None:
    swept(client)
    with client.store() as store:
        worker = store.register_worker("host", 1, ("auto", "cpu"), "0")
        for verdict in ("converged", "collapsed 1/2", "converged"):
            claim = store.claim(worker, ("auto", "cpu"), 1)
            assert claim is not None
            finish(store, claim.token, claim.jobs[0].id, "succeeded", verdict=verdict)
    assert "\nVerdicts: 2 converged, 1 collapsed 1/2\n" in client.done("status", "--sweep", "1")
    assert client.json("sweeps", "1")[0]["verdicts"] == {"converged": 2, "collapsed 1/2": 1}


def test_an_empty_store_has_no_sweeps(any_client: Client) -> None:
    assert any_client.json("sweeps") == []
    assert "`curvegan sweep` makes one" in any_client("sweeps").stderr


def test_cancel_retry_and_resume_take_a_whole_sweep(any_client: Client) -> None:
    sweep_id = str(swept(any_client))
    other = any_client.submit()
    end(any_client, "succeeded", "failed")
    with any_client.store() as store:
        PlayedWorker(store).claim()
    said = any_client.done("cancel", "--sweep", sweep_id, "--reason", "enough")
    assert said == "Sweep 1: 9 jobs cancelled, 1 will be stopped by their workers within seconds.\n"
    assert states_of(any_client, 1) == {"succeeded": 1, "failed": 1, "cancelled": 9, "running": 1}
    assert any_client.json("show", "3")["cancel_requested"] is True
    assert any_client.json("show", str(other))["state"] == "queued"
    assert "Nothing to cancel" in any_client("cancel", "--sweep", sweep_id).stderr
    assert any_client.done("retry", "--sweep", sweep_id, "--failed", "--no-worker") == "Sweep 1: 1 job queued again.\n"
    assert any_client.done("resume", "--sweep", sweep_id, "--no-worker", "-q").split() == [str(n) for n in range(4, 13)]
    assert states_of(any_client, 1) == {"succeeded": 1, "queued": 10, "running": 1}
    nothing = any_client("retry", "--sweep", sweep_id)
    assert (nothing.exit_code, nothing.stderr) == (0, "Nothing to do: no failed or cancelled job in sweep 1.\n")
    assert any_client.done("cancel", "--sweep", sweep_id, "-q").split() == ["2", *(str(n) for n in range(4, 13))]


def test_failed_ones_only_among_jobs_too(client: Client) -> None:
    swept(client)
    end(client, "failed")
    client.done("cancel", "all")
    assert client.done("retry", "all", "--failed", "--no-worker", "-q") == "1\n"


@pytest.mark.parametrize("command", ["wait", "cancel", "retry", "resume"])
def test_either_jobs_or_a_sweep(client: Client, command: str) -> None:
    assert "give either the ID of jobs, as in 17 or all, or of a sweep" in client.refused(command)
    assert "give either the ID of jobs, as in 17 or all, or of a sweep" in client.refused(command, "1", "--sweep", "1")
    assert not client.home.exists()


@pytest.mark.parametrize("command", ["wait", "cancel", "retry", "resume", "status"])
def test_an_unknown_sweep_is_refused(any_client: Client, command: str) -> None:
    said = any_client.refused(command, "--sweep", "1")
    assert said == "Error: no sweep 1; `curvegan sweeps` lists them, `curvegan sweep` makes one"
    for name in ("0", "9" * 30, "rates"):
        said = any_client.refused(command, "--sweep", name)
        assert said == f"Error: no sweep is called '{name}'; `curvegan sweeps` lists all"
    assert "no sweep 2" in any_client.refused("sweeps", "2")


def test_nudges_are_a_few_for_any_sweep(any_client: Client, redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as broker:
        for sweep in (1, 2):
            any_client.done(
                "--broker-url", redis_url, "--queue-prefix", "sweeping", "sweep", "--no-worker", "--seeds", "200"
            )
            assert broker.llen("sweeping:sweeping.cpu") == sweep  # no worker is there to be woken
        broker.delete("sweeping:sweeping.cpu")


def test_ten_thousand_jobs_are_stored(client: Client) -> None:
    result = client("sweep", "--no-worker", "-q", "--grid", "lr=log:1e-5:1e-2:10", "--seeds", "1000")
    assert (result.exit_code, result.stdout) == (0, "1\n")
    assert result.stderr.startswith("Storing 10000 jobs.\n")
    assert states_of(client, 1) == {"queued": 10_000}


def test_ctrl_c_while_they_are_stored_leaves_nothing(client: Client) -> None:
    client.done("db", "upgrade")
    many = client.command("sweep", "--no-worker", "--grid", "lr=log:1e-5:1e-2:50", "--seeds", "1000")
    process = subprocess.Popen(**many, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == "Storing 50000 jobs.\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout, stderr) == (130, "", "Interrupted.\n")
    assert client.json("sweeps") == client.json("status") == []
