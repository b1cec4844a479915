"""What a person gets of his own curves: one job on a data set, seen by every command that says more of such jobs."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ..client import SMALL, Client, PlayedWorker

HOURS = np.arange(12)
RANDOM = np.random.default_rng(1)
LOADS = 100 + RANDOM.normal(size=(150, 2)) @ np.stack([30 * np.sin(HOURS / 2), 9 * np.cos(HOURS)])
LOADS += RANDOM.normal(size=LOADS.shape)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with job 1 on the data set "loads", and job 2 on a family, both trained a little."""
    folder = tmp_path_factory.mktemp("own")
    client = Client(folder / "home")
    np.savetxt(folder / "loads.csv", LOADS, delimiter=",", header=",".join(f"h{hour}" for hour in HOURS), comments="")
    client.done("data", "add", str(folder / "loads.csv"), "--name", "loads", "--y-label", "load")
    for words in (["--data", "loads", "--set", "hidden_g=16", "--set", "hidden_d=16", *SMALL], SMALL):
        client.submit(*words)
        with client.store() as store:
            worker = PlayedWorker(store)
            worker.claim()
            worker.train()
            store.unregister_worker(worker.id)
    return client.home


@pytest.fixture
def own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of that home, in an empty folder. Nobody changes what is in it."""
    monkeypatch.chdir(tmp_path)
    return Client(home)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_name_of_the_data_set_is_a_column(own: Client) -> None:
    header, _, _, line = own.done("status").splitlines()
    assert (header.split()[2], line.split()[2]) == ("DATA", "loads")
    assert "DATA" not in own.done("status", "2")
    assert [job["data"] for job in own.json("status")] == [None, "loads"]
    assert own.json("show", "1")["data"] == "loads"
    for command in ("status", "best", "export"):
        words = () if command == "export" else ("-o", "csv")
        assert [row["data"] for row in rows(own.done(command, "--where", "data=loads", *words))] == ["loads"]
    assert "loads" in own.done("compare", "1", "2").splitlines()[2]


def test_the_best_of_own_curves_are_the_nearest_to_rows_held_out(own: Client) -> None:
    [found] = own.json("best", "--where", "data=loads")
    assert (found["by"], found["value"]) == ("ema_energy", found["metrics"]["ema_energy"])
    assert {job["by"] for job in own.json("best")} == {"rmse"}


def test_samples_are_the_same_in_every_form_and_read_back(own: Client) -> None:
    own.done("sample", "1", "-n", "40", "-o", "npy", "--output", "new.npy")
    own.done("sample", "1", "-n", "40", "-o", "parquet", "--output", "new.parquet")
    own.done("sample", "1", "-n", "40", "-o", "csv", "--output", "new.csv")
    curves, table = np.load("new.npy"), pq.read_table("new.parquet")
    assert curves.shape == (40, 12)
    assert table.column_names == [f"h{hour}" for hour in HOURS]
    assert Path("new.csv").read_text() == own.done("sample", "1", "-n", "40", "-o", "csv")
    np.testing.assert_array_equal(np.stack([column.to_numpy() for column in table.columns], axis=1), curves)
    elsewhere = Client(Path("other"))
    hashes = set()
    for form in ("npy", "parquet", "csv"):
        hashes.add(elsewhere.json("data", "add", f"new.{form}", "--name", form)["hash"])
    assert len(hashes) == 1
    assert "--force" in own.refused("sample", "1", "-o", "npy", "--output", "new.npy")
    assert "stdout" in own.refused("sample", "1", "-o", "json", "--output", "new.json")


def test_a_baseline_of_numbers_takes_no_count(own: Client) -> None:
    assert "-n is for curves" in own.refused("baseline", "--data", "loads", "-n", "5")


def test_a_data_set_of_several_names_is_called_as_it_was_typed(own: Client) -> None:
    Path("few.csv").write_text("\n".join(f"{row},{row % 3},{row % 5}.5,{row % 7}" for row in range(20)))
    for name in ("few", "again"):
        own.done("data", "add", "few.csv", "--name", name)
    for typed, other in (("few", "again"), ("again", "few")):
        said = own("submit", "--no-worker", "--set", f"data={typed}").stderr
        assert said.startswith(f"{typed} (the same as {other}) has only 20 curves")
    assert "curve.hash" not in own.done("compare", "1", "2")


def test_a_job_is_called_by_the_name_that_was_typed(client: Client) -> None:
    """Everywhere, and also where it was handed on; its hash is that of the same curves under any name."""
    np.savetxt("loads.csv", LOADS, delimiter=",")
    for name in ("loads", "second"):
        client.done("data", "add", "loads.csv", "--name", name, "--y-label", name)
    ids = {name: client.submit("--data", name, "--seed", "9") for name in ("loads", "second")}
    ids["from"] = client.submit("--from", str(ids["second"]))
    client.done("sweep", "--no-worker", "--grid", "data=loads,second")
    swept = sorted(job["id"] for job in client.json("status", "--sweep", "last"))
    called = {
        ids["loads"]: "loads",
        ids["second"]: "second",
        ids["from"]: "second",
        **dict(zip(swept, ("loads", "second"), strict=True)),
    }
    assert {int(row["id"]): row["data"] for row in rows(client.done("export"))} == called
    with client.store() as store:
        hashes = {store.job(job_id).config.hash for job_id in (ids["loads"], ids["second"])}
    assert len(hashes) == 1
    for job_id, name in called.items():
        assert client.json("show", str(job_id))["data"] == name
        assert re.search(rf"\b{name}\b", client.done("status", "--where", f"id={job_id}"))
    found = {
        name: {job["id"] for job in client.json("status", "--where", f"data={name}")} for name in ("loads", "second")
    }
    assert found["second"] == {job_id for job_id, name in called.items() if name == "second"}
    assert not found["loads"] & found["second"]
    assert client.json("compare", str(ids["loads"]), str(ids["second"]))["config"] == {"data": ["loads", "second"]}
    client.done("data", "remove", "second", "--yes")
    assert client.json("show", str(ids["second"]))["data"] == "loads"
    assert client.json("status", "--where", "data=second") == []


@pytest.mark.parametrize("kind", ["quantiles", "scores", "pairs"])
def test_pictures_of_own_curves_are_for_jobs_that_learn_them(own: Client, kind: str) -> None:
    assert own.done("fetch-plot", "1", "--kind", kind) == f"job-1-{kind}.png\n"
    assert Path(f"job-1-{kind}.png").stat().st_size > 5000
    assert "needs --data NAME" in own.refused("fetch-plot", "2", "--kind", kind)


def test_metrics_end_with_what_rows_held_out_tell(own: Client) -> None:
    found = own.json("show", "1")["metrics"]
    header, _, energy, ratio, told, rough, new = own.done("metrics", "1").splitlines()[-7:]
    assert header.split() == ["HELD", "OUT", "CURVES", "95", "%", "FLOOR", "GAUSSIAN", "KDE"]
    assert energy.split()[:2] == ["energy", f"{found['ema_energy']:.4g}"]
    assert ratio.split()[1:] == [
        *(f"{found[f'energy_ratio{end}']:.4g}" for end in ("", "_low")), "to", f"{found['energy_ratio_high']:.4g}",
        *(f"{found[f'energy_{of}'] / found['energy_gaussian']:.4g}" for of in ("floor", "gaussian", "kde")),
    ]  # fmt: skip
    assert told.split()[-3:] == [f"{found[f'c2st_{of}']:.4g}" for of in ("floor", "gaussian", "kde")]
    assert (rough.split()[0], new.split()[:2]) == ("roughness", ["memorisation", f"{found['memorisation']:.4g}"])
    assert "HELD" not in own.done("metrics", "2")


def test_few_curves_are_said_to_be_few_with_the_numbers(client: Client) -> None:
    np.savetxt("few.csv", LOADS[:40], delimiter=",")
    client.done("data", "add", "few.csv", "--name", "few")
    numbers = client.json("baseline", "--data", "few")
    [line, _] = client("submit", "--no-worker", "-q", "--data", "few").stderr.splitlines()
    assert line.startswith("few has only 40 curves")
    assert f"the 8 held out: rows trained on {numbers['floor']['energy']:.4g}, Gaussian " in line
    assert "few has only 40" in client("sweep", "--no-worker", "-q", "--grid", "data=few", "--seeds", "2").stderr
    np.savetxt("many.csv", LOADS, delimiter=",")
    client.done("data", "add", "many.csv", "--name", "many")
    assert "only" not in client("submit", "--no-worker", "-q", "--data", "many").stderr


def test_a_baseline_has_the_numbers_of_the_metrics_and_can_be_drawn_from(own: Client) -> None:
    numbers, metrics = own.json("baseline", "--data", "loads"), own.json("show", "1")["metrics"]
    for name in ("floor", "gaussian", "kde"):
        for metric in ("energy", "c2st"):
            assert numbers[name][metric] == metrics[f"{metric}_{name}"]
    assert numbers["floor"]["memorisation"] == 0
    header, *lines = own.done("baseline", "--data", "loads").splitlines()
    assert header.split() == ["ENERGY", "C2ST", "ROUGHNESS", "MEMORISATION"]
    assert len(lines) == 4
    own.done("baseline", "--data", "loads", "--kind", "kde", "-n", "500", "-o", "npy", "--output", "kde.npy")
    drawn = np.load("kde.npy")
    np.testing.assert_allclose(drawn.mean(axis=0), LOADS.mean(axis=0), atol=6)
    np.testing.assert_allclose(drawn.std(axis=0), LOADS.std(axis=0), rtol=0.3)
    assert "data list" in own.refused("baseline", "--data", "nothing")
