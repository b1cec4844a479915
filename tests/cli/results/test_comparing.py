"""curvegan best, compare, summary: the right jobs and numbers, in every form, and what is refused."""

import csv
import io
import re
import statistics
from pathlib import Path

import pytest

from curvegan_db.columns import JobState

from ...db.one_job import begin, finish
from ..client import Client
from ..swept import ended_sweep, rmse


@pytest.fixture
def swept(any_client: Client) -> Client:
    """A client of a store with sweep 1: 3 rates x 2 losses x 3 seeds, and a queued job 19."""
    ended_sweep(any_client)
    any_client.submit("--steps", "50", "--name", "later")
    return any_client


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_best_are_the_smallest_errors(swept: Client) -> None:
    with swept.store() as store:
        jobs = [job for job in store.jobs() if job.metrics]
    expected = [job.id for job in sorted(jobs, key=lambda job: (rmse(job), job.id))]
    assert swept.done("best", "-q", "-n", "7").split() == [str(each) for each in expected[:7]]
    assert len(swept.done("best", "-q").split()) == 5
    assert swept.done("best", "--largest", "-q", "-n", "1").split() == [str(expected[-1])]
    # A large share is good, and so is a small error.
    assert swept.done("best", "--by", "hq", "-q", "-n", "1").split() == [str(expected[0])]


def test_the_best_of_some(swept: Client) -> None:
    found = swept.json("best", "--sweep", "1", "--where", "loss=rpgan and lr>1e-4", "-n", "2")
    assert [(job["config"]["lr_g"], job["config"]["loss"], job["config"]["seed"]) for job in found] == [
        (1e-3, "rpgan", 0),
        (1e-3, "rpgan", 1),
    ]
    assert [(job["by"], job["value"]) for job in found] == [("rmse", 2.0), ("rmse", 2.01)]


def test_the_best_say_what_they_asked_for(swept: Client) -> None:
    [_, _, line, *_] = swept.done("best", "-n", "1").splitlines()
    assert "converged" in line
    assert "lr_g=" not in line  # it is the default's
    assert "steps=200" in line
    [row] = rows(swept.done("best", "-n", "1", "-o", "csv", "--where", "lr=1e-3"))
    assert row["value"] == "1.0"
    assert row["differences"].startswith("steps=200 lr_g=0.001 lr_d=0.001")


def test_show_and_best_agree_about_what_a_job_asked_for(client: Client) -> None:
    Path("loads.csv").write_text("1,2,3\n4,5,7\n")
    client.done("data", "add", "loads.csv", "--name", "loads")
    preset = client.submit("--preset", "collapse-demo", "--steps", "50")
    own = client.submit("--data", "loads", "--preset", "tutorial", "--seed", "3")
    plain = client.submit()
    gone = client.submit("--data", "loads", "--preset", "tutorial", "--lr", "1e-3")
    with client.store() as store:
        worker = store.register_worker("host", 1, ("auto", "cpu"), "0")
        while claim := store.claim(worker, ("auto", "cpu"), 1):
            begin(store, claim.token, claim.jobs[0].id, 0, "cpu", "torch", "2")
            finish(store, claim.token, claim.jobs[0].id, JobState.SUCCEEDED, metrics={"rmse": 1.0})

    def told() -> dict[int, str]:
        """What `best` says of each job, which `show` must say too."""
        rows = {
            int(row["id"]): row["differences"] for row in csv.DictReader(io.StringIO(client.done("best", "-o", "csv")))
        }
        for job, asked in rows.items():
            [line] = [line for line in client.done("show", str(job)).splitlines() if line.startswith("asked for")]
            assert line.removeprefix("asked for").strip() == (asked or "the defaults")
        return rows

    rows = told()
    assert rows[preset].startswith("curve.family=updown ")
    assert "curve.noise" not in rows[preset]  # the family's own default
    assert (rows[own], rows[plain]) == ("data=loads seed=3", "")
    client.done("data", "remove", "loads", "--yes")
    assert re.fullmatch(r"data=[0-9a-f]{12} \(a data set that was removed\) lr_g=0.001 lr_d=0.001", told()[gone])


def test_no_job_that_was_measured_is_said(client: Client) -> None:
    client.submit()
    result = client("best", "--by", "hq")
    assert result.exit_code == 0
    assert "No such job has hq" in result.stderr
    assert client.json("best") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["best", "--by", "rmsee"], "no metric is called 'rmsee', did you mean 'rmse'?"),
        (["best", "--by", "spread"], "neither end of spread is the better one; say --largest or --smallest"),
        (["best", "--sweep", "7"], "no sweep 7"),
        (["best", "--where", "losss=ns"], "filter, character 1: no job has 'losss', did you mean 'loss'?"),
        (["best", "-n", "0"], "0 is not in the range"),
        (["compare"], "name the jobs to compare"),
        (["compare", "1"], "2 to 100 jobs are compared, and these are 1"),
        (["compare", "--where", "rmse<1e-9"], "2 to 100 jobs are compared, and these are 0"),
        (["compare", "1", "99"], "no job 99"),
        (["summary"], "without --sweep ID say what to group the jobs by"),
        (["summary", "--by", "lrr"], "jobs cannot be grouped by 'lrr', did you mean 'lr'?"),
        (["summary", "--by", ""], "jobs cannot be grouped by ''"),
        (["summary", "--by", ",".join(f"k{n}" for n in range(17))], "--by takes at most 16 keys, got 17"),
        (["summary", "--by", "lr", "--metric", "x"], "no metric is called 'x'"),
        (["summary", "--sweep", "9"], "no sweep 9"),
        (["status", "--where", "rmse"], "filter, character 5: after rmse comes one of"),
        (["export", "--where", "x" * 3000 + "=1"], "a filter has at most 2000 characters, got 3002"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(client: Client, words: list[str], said: str) -> None:
    client.submit()
    assert said in client.refused(*words)


def test_spread_has_a_best_where_its_end_is_said(swept: Client) -> None:
    assert swept.done("best", "--by", "spread", "--smallest", "-q", "-n", "1").split() == ["1"]


def test_compare_shows_what_differs_first(swept: Client) -> None:
    found = swept.json("compare", "4", "1", "19")
    assert found["ids"] == [4, 1, 19]
    assert found["config"]["steps"] == [200, 200, 50]
    assert found["config"]["loss"] == ["rpgan", "ns", "ns"]
    assert "curve.a" not in found["config"]
    assert found["metrics"]["rmse"][2] is None
    lines = table(swept.done("compare", "4", "1"))
    assert lines[0] == ["JOB", "4", "1"]
    names = [line[0] for line in lines[2:]]
    assert names[0] == "loss"
    assert names.index("loss") < names.index("state") < names.index("rmse")


def test_compare_takes_those_that_a_filter_leaves(swept: Client) -> None:
    assert swept.done("compare", "--sweep", "1", "--where", "seed=0 and lr=1e-3", "-q").split() == ["7", "10"]
    assert swept.done("compare", "1-9", "--where", "seed=1", "-q").split() == ["2", "5", "8"]
    [header, first, *_] = csv.reader(io.StringIO(swept.done("compare", "1", "2", "-o", "csv")))
    assert (header, first) == (["id", "1", "2"], ["seed", "0", "1"])


def test_equal_configs_are_said_to_be(client: Client) -> None:
    client.submit()
    client.submit()
    assert "Their configs are the same." in client("compare", "1", "2").stderr


def test_summary_is_over_the_seeds(swept: Client) -> None:
    found = swept.json("summary", "--sweep", "1")
    assert [(group["by"]["lr"], group["by"]["loss"]) for group in found] == [
        (lr, loss) for lr in (1e-4, 1e-3, 1e-2) for loss in ("ns", "rpgan")
    ]
    first = found[0]
    values = [0.1, 0.11, 0.12]
    q25, median, q75 = statistics.quantiles(values, n=4, method="inclusive")
    assert first["jobs"] == first["metrics"]["rmse"]["count"] == 3
    assert first["metrics"]["rmse"] == pytest.approx({"count": 3, "q25": q25, "median": median, "q75": q75})
    assert first["verdicts"] == {"converged": 3}


def test_summary_by_other_keys_and_metrics(swept: Client) -> None:
    found = rows(swept.done("summary", "--by", "loss", "--metric", "hq", "--metric", "rmse", "-o", "csv"))
    assert [(row["loss"], row["jobs"], row["hq_count"]) for row in found] == [("ns", "10", "9"), ("rpgan", "9", "9")]
    assert float(found[1]["rmse_median"]) == pytest.approx(2.01)
    assert (found[1]["verdict converged"], found[1]["verdict oscillating"]) == ("3", "6")
    shown = swept("summary", "--by", "loss")
    assert "Some of these jobs have no such metric (yet)" in shown.stderr
    assert "3 converged, 7 oscillating" not in shown.stdout


def test_summary_of_nothing_is_empty(client: Client) -> None:
    assert client.json("summary", "--by", "lr") == []
    assert "There is no such job." in client("summary", "--by", "lr").stderr


def test_a_rate_that_differs_between_the_networks_is_no_lr(client: Client) -> None:
    client.submit("--lr-g", "1e-3")
    assert [group["by"] for group in client.json("summary", "--by", "lr,lr_g")] == [{"lr": None, "lr_g": 1e-3}]
