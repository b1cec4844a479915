"""curvegan export: every field, config key and metric in each form, some jobs at a time."""

import csv
import io
import json
import sys
from datetime import datetime
from pathlib import Path

import pytest
from pyarrow import parquet

from curvegan_core.config.train import TrainConfig
from curvegan_db.filters.catalogue import CURVE_KEYS, METRIC_NAMES
from curvegan_db.verbs.looking import comparing

from ..client import Client
from ..swept import ended_sweep


@pytest.fixture
def swept(any_client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a store with sweep 1 of 18 jobs, and job 19 with the largest seed; read five at a time."""
    monkeypatch.setattr(comparing, "PAGE", 5)
    ended_sweep(any_client)
    any_client.submit("--seed", str(2**64 - 1), "--curve", "sine_modes", "--tag", "night run", "--tag", "a")
    return any_client


def test_csv_has_every_field_key_and_metric(swept: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(swept.done("export"))))
    assert [row["id"] for row in rows] == [str(number) for number in range(1, 20)]
    keys = {key for key in TrainConfig.model_fields if key != "curve"}
    columns = {name.removeprefix("config.") for name in rows[0]}
    assert keys | set(METRIC_NAMES) | {f"curve.{key}" for key in (*CURVE_KEYS, "family")} <= columns
    assert len(rows[0]) == len(set(rows[0]))
    assert (rows[0]["rmse"], rows[0]["lr_g"], rows[0]["verdict"], rows[0]["sweep"]) == (
        "0.1",
        "0.0001",
        "converged",
        "1",
    )
    last = rows[-1]
    assert (last["seed"], last["tags"], last["curve.modes"], last["curve.a"]) == (
        str(2**64 - 1),
        "a night run",
        "8",
        "",
    )
    assert (last["device"], last["config.device"], last["rmse"]) == ("", "auto", "")


def test_json_is_an_array_with_a_job_a_line(swept: Client) -> None:
    text = swept.done("export", "--sweep", "1", "-o", "json")
    jobs = json.loads(text)
    lines = [json.loads(line.rstrip(",")) for line in text.splitlines()[1:-1]]
    assert lines == jobs
    assert [job["id"] for job in jobs] == list(range(1, 19))
    assert jobs[0]["rmse"] == 0.1
    assert jobs[0]["ema_rmse"] is None


def test_parquet_has_the_types_of_the_fields(swept: Client) -> None:
    assert swept.done("export", "-o", "parquet").strip() == "jobs.parquet"
    table = parquet.read_table("jobs.parquet")
    assert table.num_rows == 19
    rows = table.to_pylist()
    assert rows[-1]["seed"] == 2**64 - 1
    assert rows[-1]["tags"] == ["a", "night run"]
    assert rows[0]["rmse"] == 0.1
    assert rows[0]["spectral_norm"] is False
    assert isinstance(rows[0]["created_at"], datetime)
    assert table.schema.names == next(csv.reader(io.StringIO(swept.done("export"))))


def test_a_filter_chooses_the_jobs(swept: Client) -> None:
    found = json.loads(swept.done("export", "-o", "json", "--where", "lr=1e-2 and loss=ns"))
    assert [job["id"] for job in found] == [13, 14, 15]


@pytest.mark.parametrize(("form", "empty"), [("csv", 1), ("json", 0), ("parquet", 0)])
def test_no_jobs_are_an_empty_table(client: Client, form: str, empty: int) -> None:
    client.done("export", "-o", form, "--output", "jobs")
    if form == "parquet":
        assert parquet.read_table("jobs").num_rows == 0
    else:
        text = Path("jobs").read_text()
        assert len(text.splitlines() if form == "csv" else json.loads(text)) == empty


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_file_is_whole_or_not_there_and_never_written_over(swept: Client, form: str) -> None:
    done = swept("export", "-o", form, "--output", "jobs")
    assert (done.exit_code, done.stdout.strip()) == (0, "jobs")
    assert "19 jobs with" in done.stderr
    before = Path("jobs").read_bytes()
    assert "jobs is there already" in swept.refused("export", "-o", form, "--output", "jobs")
    assert Path("jobs").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["jobs"]
    swept.done("export", "-o", form, "--output", "jobs", "--where", "id=1", "--force")
    assert len(Path("jobs").read_bytes()) < len(before)


def test_parquet_goes_to_no_pipe(client: Client) -> None:
    assert "parquet is written to a file" in client.refused("export", "-o", "parquet", "--output", "-")


def test_without_pyarrow_one_line_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.submit()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = client.refused("export", "-o", "parquet")
    assert 'pip install "curvegan[parquet]"' in said
    assert list(Path().iterdir()) == []


def test_names_of_jobs_steer_no_terminal(client: Client) -> None:
    client.submit("--name", "\x1b[2Jx")
    assert "\x1b" not in client.done("export")
    assert "\x1b" not in client.done("export", "-o", "json")


def test_copying_to_another_store(trained: Client, tmp_path: Path) -> None:
    trained.submit("--no-worker", "--name", "waiting")
    url = f"sqlite:///{tmp_path}/other.db"
    first = trained.json("copy", "--to", url, "--where", "id>0")
    assert (first, trained.json("copy", "--to", url, "--where", "id>0")["copied"]) == (
        {"copied": {"1": 1}, "there": {}, "unfinished": 1},
        {},
    )
    other = Client(tmp_path / "elsewhere", url)
    assert other.json("show", "first")["metrics"] == trained.json("show", "first")["metrics"]
    assert other.done("sample", "first", "-o", "csv") == trained.done("sample", "first", "-o", "csv")
    refused = trained("copy", "--to", url)
    assert (refused.exit_code, "say which jobs" in refused.stderr) == (2, True)
    assert trained("copy", "--to", "mysql://x", "--where", "id=1").exit_code == 2
