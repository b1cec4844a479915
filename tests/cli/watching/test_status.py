"""curvegan status, show, events: tables and JSON."""

import csv
import io
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from ..client import RUN, SMALL, Client, PlayedWorker
from ..submitting.test_submit import JOB_KEYS, METRICS


def test_an_empty_store(any_client: Client) -> None:
    assert any_client.json("status") == []
    assert any_client.done("status", "-q") == ""
    result = any_client("status")
    assert result.exit_code == 0
    header = ["ID", "NAME", "STATE", "PROGRESS", "STEPS/S", "RMSE", "VERDICT", "AGE", "WORKER"]
    assert result.stdout.split()[:9] == header
    assert "curvegan submit" in result.stderr
    assert "There is no such job in " in result.stderr
    assert (any_client.database_url or str(any_client.home)).rpartition("/")[2] in result.stderr


def test_a_trained_job_in_the_table(trained: Client) -> None:
    line = trained.done("status").splitlines()[-1].split()
    assert line[:4] == ["1", "first", "succeeded", "100"]
    assert line[-1] == "host:4711"


def test_json_of_a_trained_job(trained: Client) -> None:
    [listed], shown = trained.json("status"), trained.json("show", "last")
    assert listed.keys() >= JOB_KEYS
    assert {key: shown[key] for key in listed} == listed
    assert (listed["state"], listed["step"], listed["steps"], listed["attempt"]) == ("succeeded", 200, 200, 1)
    assert listed["metrics"].keys() == METRICS | {"relative_rmse", "equilibrium_gap"}
    assert (listed["verdict"], listed["sweep"]) == ("undertrained", None)
    assert all(isinstance(value, float) for value in listed["metrics"].values())
    assert (listed["tags"], listed["device"], listed["engine"]) == (["a", "b"], "cpu", "fused")
    for name in ("created_at", "started_at", "finished_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", listed[name])
    assert shown["checkpoints"] == [200, 100]


def test_csv_of_a_trained_job(trained: Client) -> None:
    [row] = csv.DictReader(io.StringIO(trained.done("status", "-o", "csv")))
    assert (row["id"], row["tags"], row["state"]) == ("1", "a b", "succeeded")
    assert float(row["rmse"]) == trained.json("show", "1")["metrics"]["rmse"]
    assert (row["verdict"], row["hq"], row["ema_rmse"]) == ("undertrained", "", "")
    assert float(row["relative_rmse"]) > 0.2


def test_show_says_where_equilibrium_is(trained: Client) -> None:
    shown = trained.done("show", "1")
    assert re.search(r"^g_loss +\S+  0.6931 at equilibrium", shown, re.M)
    assert re.search(r"^d_loss +\S+  1.386 at equilibrium", shown, re.M)
    assert "steps=200" in shown
    assert "curve." not in shown


def test_show_says_which_verdict_and_what_every_number_means(trained: Client) -> None:
    shown = trained.done("show", "1")
    assert re.search(r"^verdict +undertrained  not right, but still improving", shown, re.M)
    for name in trained.json("show", "1")["metrics"]:
        assert re.search(rf"^{name} +\S+  \w+", shown, re.M), name
    assert "averaged" not in shown.partition("rmse")[0]


def test_show_of_an_attempt_that_has_not_begun(client: Client) -> None:
    client.submit()
    with client.store() as store:
        store.claim(store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0"), ("auto", "cpu"), 1)
    assert re.search(r"^trained +on no device yet of host:4711, attempt 1$", client.done("show", "1"), re.M)


def test_averaged_weights_stand_beside_the_last_ones(client: Client) -> None:
    client.submit(*SMALL, "--set", "ema", "0.9")
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    metrics, shown = client.json("show", "1")["metrics"], client.done("show", "1")
    assert re.search(r"^metric +averaged  ", shown, re.M)
    beside = rf"^rmse +{metrics['rmse']:.4g} +{metrics['ema_rmse']:.4g}  root mean square"
    assert re.search(beside, shown, re.M)
    assert "ema_" not in shown
    rows = client.json("metrics", "1")
    assert [row["step"] for row in rows] == [0, 100, 200]
    assert rows[-1] == {"step": 200} | {name: value for name, value in metrics.items() if name in rows[-1]}
    assert {"rmse", "ema_rmse", "equilibrium_gap"} <= rows[0].keys()


def test_events_of_a_trained_job(trained: Client) -> None:
    kinds = [event["kind"] for event in trained.json("events", "1")]
    assert (kinds[0], kinds[-1]) == ("submitted", "succeeded")
    assert trained.done("events", "1", "-o", "csv").splitlines()[0] == "id,job_id,at,attempt,worker,kind,detail"
    assert "succeeded" in trained.done("events", "last")


def test_a_running_job_has_the_rmse_of_its_newest_record(any_client: Client) -> None:
    any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
    newest = any_client.json("losses", "1")[-1]["rmse"]
    line = any_client.done("status").splitlines()[-1].split()
    assert line[2:4] == ["running", "50"]
    assert f"{newest:.4g}" in line


def test_a_long_table_says_that_there_is_more(client: Client) -> None:
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.values import JobRequest

    with client.store() as store:
        store.submit([JobRequest(TrainConfig())] * 120)
    result = client("status")
    assert len(result.stdout.splitlines()) == 52
    assert "newest 50 jobs" in result.stderr
    assert len(client.done("status", "-q").splitlines()) == 120
    assert len(client.json("status", "--limit", "7")) == 7
    assert len(client.done("status", "--limit", "110").splitlines()) == 112


def on_a_terminal(client: Client, *words: str, seconds: float, code: str = RUN, **environment: str) -> tuple[int, str]:
    """Run on a pseudo-terminal; Ctrl-C after `seconds`. Returns the exit code and all that was shown."""
    master, slave = pty.openpty()
    command = client.command(*words, code=code)
    command["env"] |= {"TERM": "xterm", "COLUMNS": "100", **environment}
    process = subprocess.Popen(**command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown, deadline = b"", time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            shown += _read(master)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    while chunk := _read(master):
        shown += chunk
    os.close(master)
    return process.wait(), shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end was closed
        return b""


def test_watch_stays_until_ctrl_c(trained: Client) -> None:
    code, shown = on_a_terminal(trained, "status", "--watch", seconds=10)
    assert code == 130
    assert shown.count("succeeded") >= 2


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["", "NO_COLOR"])
def test_a_terminal_gets_colours_unless_asked_not_to(trained: Client, environment: dict[str, str]) -> None:
    _, shown = on_a_terminal(trained, "status", seconds=20, **environment)
    assert ("\x1b[32m" in shown) is not bool(environment)
    assert "succeeded" in shown
    assert "\x1b[3" not in trained.done("status")
