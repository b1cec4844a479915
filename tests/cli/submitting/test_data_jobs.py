"""Jobs on a data set: what they ask for, draw and sample, how they are found, and what keeps their curves there."""

import csv
import io
from pathlib import Path

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import columns
from curvegan_core.families.dataset import Dataset

from ..client import SMALL, Client, PlayedWorker
from .loads import LOADS, described_csv, write_csv


def test_a_job_on_a_data_set(loaded: Client) -> None:
    job = loaded.json("submit", "--no-worker", "--data", "loads", "--set", "x_max", "5", "--preset", "collapse-fix")
    config = TrainConfig.parse(job["config"])
    assert config.curve == Dataset.checked(LOADS).parameters.model_copy(update={"components": 0, "name": "loads"})
    plain = loaded.json("submit", "--dry-run", "--data", "loads")
    assert (plain["front"], plain["holdout"], plain["curve"]["components"]) == ("pca", 0.2, 2)
    assert loaded.json("sweep", "--dry-run", "--grid", "data=loads", "--seeds", "2")["jobs"] == 2
    assert (config.points, config.x_max, config.loss) == (6, 5.0, "rpgan")
    loaded.done("data", "add", "loads.csv", "--name", "a later name", "--x-label", "hour")
    assert "asked for  data=loads x_max=5" in loaded.done("show", "1")
    loaded.done("data", "remove", "a later name", "--yes")
    dry = loaded.done("submit", "--dry-run", "--data", "loads")
    assert dry.startswith("# data set loads\n")
    Path("job.toml").write_text(dry)
    assert loaded.json("submit", "--dry-run", "--config", "job.toml") == loaded.json(
        "submit", "--dry-run", "--data", "loads"
    )


def test_plots_and_samples_are_in_the_units_of_the_file(loaded: Client) -> None:
    loaded.submit("--data", "loads", *SMALL)
    with loaded.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
        running = store.snapshots(1)[-1].curves
        assert 80 < running.mean() < 120
        loaded.done("fetch-plot", "1", "--output", "running.png")
        worker.train()
        shown = loaded.done("show", "1")
        assert "verdict" in shown
        assert "in standard deviations of the data set" in shown
    header, *rows = csv.reader(io.StringIO(loaded.done("sample", "1", "-n", "50", "-o", "csv")))
    values = np.array(rows, float)
    assert len(header) == len(columns(TrainConfig(points=6)))
    assert abs(values.mean() - LOADS.mean()) < 2 * LOADS.std()
    assert 1 < values.std() < 3 * LOADS.std()
    loaded.done("data", "remove", "loads", "--yes")
    assert "a data set that was removed" in loaded.done("show", "1")
    loaded.done("fetch-plot", "1", "--kind", "evolution")
    loaded.done("sample", "1")


def test_samples_have_the_header_and_the_digits_of_the_file(client: Client) -> None:
    Path("loads.csv").write_text(described_csv())
    client.done("data", "add", "loads.csv", "--name", "loads")
    client.submit("--data", "loads", *SMALL)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        snapshots = store.snapshots(1)
    client.done("fetch-plot", "1", "--kind", "evolution")
    header, *rows = csv.reader(io.StringIO(client.done("sample", "1", "-n", "40", "-o", "csv")))
    assert header == ["00:00", "01:00", "02:00", "03:00", "12:00", "18:00"]
    assert client.json("sample", "1")["x"] == [0, 1, 2, 3, 12, 18]
    for values in (np.array(rows, float), snapshots[-1].curves):
        # A float32 of 101325 has steps of 0.008, as wide as these curves are.
        assert len(np.unique(np.round(values, 6))) > 0.9 * values.size
        assert 101324 < values.mean() < 101326


def test_jobs_are_found_by_the_name_of_their_data_set(loaded: Client) -> None:
    loaded.submit("--data", "loads")
    loaded.submit()
    ids = {
        where: loaded.done("status", "--where", where, "-q").split()
        for where in ("data=loads", "data!=loads", "data~oa")
    }
    assert ids == {"data=loads": ["1"], "data!=loads": ["2"], "data~oa": ["1"]}


def test_data_sets_are_an_axis(loaded: Client) -> None:
    write_csv("others.csv", LOADS[:, :5] + 3)
    loaded.done("data", "add", "others.csv", "--name", "others")
    loaded.done(
        "sweep", "--no-worker", "--grid", "data=loads,others", "--grid", "lr=1e-3,1e-4", "--preset", "collapse-fix"
    )
    jobs = loaded.json("status", "--where", "data=others")
    assert [(job["id"], job["config"]["points"]) for job in jobs] == [(4, 5), (3, 5)]
    assert jobs[0]["name"] == "data=others lr=0.0001"
    assert {row["by"]["data"] for row in loaded.json("summary", "--sweep", "1")} == {"loads", "others"}
    assert loaded.json("compare", "1", "3")["config"]["data"] == ["loads", "others"]
    assert [row["data"] for row in csv.DictReader(io.StringIO(loaded.done("export")))] == ["loads"] * 2 + ["others"] * 2
    assert "no data set nope" in loaded.refused("sweep", "--grid", "data=loads,nope")
    assert "data" in loaded.refused("sweep", "--grid", "data=1..3", "--random", "2")


def test_a_data_set_that_jobs_need_stays(loaded: Client) -> None:
    loaded.submit("--data", "loads")
    assert "job 1 is queued and needs it; `curvegan cancel 1`" in loaded.refused("data", "remove", "loads")
    loaded.done("cancel", "1")
    said = loaded.refused("data", "remove", "loads")
    assert "1 job uses loads" in said
    assert "nothing of it can be trained again; nobody is there to be asked: say --yes" in said
    assert loaded.done("data", "list", "-q") == "loads\n"
    assert loaded.done("data", "remove", "loads", "--yes") == "Data set loads is removed.\n"
    assert "was removed; `curvegan data add`" in refused_rerun(loaded, "retry", "1")
    assert "was removed; `curvegan data add`" in refused_rerun(loaded, "resume", "1")
    assert loaded.json("show", "1")["state"] == "cancelled"
    loaded.done("data", "add", "loads.csv", "--name", "again")
    loaded.done("retry", "1", "--no-worker")


def refused_rerun(client: Client, *words: str) -> str:
    result = client(*words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr
