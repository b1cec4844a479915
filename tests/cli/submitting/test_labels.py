"""Names are handles; jobs start from others; rename, tag, note and delete, on SQLite and PostgreSQL."""

import tomllib
from pathlib import Path

import pytest

from curvegan.submitting.layers import job_layer, layered
from curvegan_core.config.train import TrainConfig

from ..client import SMALL, Client, PlayedWorker


def swept(client: Client, name: str) -> int:
    """The id of a sweep of two queued jobs that no worker takes."""
    return int(client.done("sweep", "--no-worker", "-q", "--name", name, "--seeds", "2", *SMALL))


def test_a_name_stands_for_the_newest_job_that_has_it(any_client: Client) -> None:
    ids = [
        any_client.submit("--name", "demo"),
        any_client.submit("--name", "demo"),
        any_client.submit("--name", "it's"),
    ]
    assert any_client.json("show", "demo")["id"] == ids[1]
    assert any_client.json("show", "it's")["id"] == ids[2]
    assert any_client.done("status", "-q", "demo", "1").split() == ["2", "1"]
    assert any_client.done("cancel", "-q", "demo").split() == ["2"]
    assert any_client.done("events", "demo", "-o", "csv").count("cancelled") == 1


@pytest.mark.parametrize("name", ["nine", "x" * 300, "\x00", "\udcff", "-x", "", "1.5", "3-", "LAST"])
def test_a_name_that_nothing_has_is_one_line(any_client: Client, name: str) -> None:
    any_client.submit("--name", "demo")
    assert "is called" in any_client.refused("show", "--", name)
    assert "is called" in any_client.refused("wait", "--", name)
    assert "no sweep is called" in any_client.refused("status", f"--sweep={name}")


def test_a_sweep_is_meant_by_id_as_last_and_by_its_name(any_client: Client) -> None:
    assert "there is no sweep yet" in any_client.refused("status", "--sweep", "last")
    first, second, third = swept(any_client, "rates"), swept(any_client, "rates"), swept(any_client, "others")
    for typed, meant in (("rates", second), ("last", third), (str(first), first)):
        assert {job["sweep"] for job in any_client.json("status", "--sweep", typed)} == {meant}
        assert any_client.json("sweeps", typed)[0]["id"] == meant
    assert {job["sweep"] for job in any_client.json("status", "rates")} == {second}
    assert "is a sweep of 2 jobs" in any_client.refused("show", "rates")
    assert f"Sweep {second}: 2 jobs cancelled." in any_client.done("cancel", "rates")
    assert any_client("wait", "rates").exit_code == 1
    assert f"Sweep {second}" in any_client("wait", "rates").stdout


def test_a_job_goes_before_a_sweep_of_its_name(any_client: Client) -> None:
    swept(any_client, "demo")
    job_id = any_client.submit("--name", "demo")
    assert any_client.done("cancel", "-q", "demo").split() == [str(job_id)]


@pytest.mark.parametrize("name", ["17", "3-9", "last", " all "])
def test_what_is_an_id_or_a_word_is_no_name(any_client: Client, name: str) -> None:
    job_id = any_client.submit("--name", "other")
    assert "give another name" in any_client.refused("submit", "--name", name)
    assert "give another name" in any_client.refused("sweep", "--grid", "lr=1e-4,1e-3", "--name", name)
    assert "give another name" in any_client.refused("rename", str(job_id), name)
    assert any_client.done("status", "-q").split() == [str(job_id)]


def test_a_job_starts_from_anothers_config(client: Client) -> None:
    Path("curvegan.toml").write_text("[config]\nseed = 99\nbeta1 = 0.1\n")
    client.submit("--curve", "ring8", "--steps", "300", "--set", "beta2=0.9", "--seed", "5", "--name", "base")
    base = client.json("show", "base")["config"]
    again = client.json("submit", "--from", "base", "--dry-run")
    assert again == base
    assert client.json("config", "--from", "base") == base
    other = client.json("submit", "--from", "1", "--steps", "20", "--lr", "1e-3", "--curve", "sine", "--dry-run")
    assert (other["steps"], other["snapshot_every"], other["record_every"]) == (20, 20, 10)
    assert (other["curve"], other["points"]) == ({"family": "sine", "a": 1.0}, 15)
    assert (other["lr_g"], other["beta2"], other["seed"], other["beta1"]) == (1e-3, 0.9, 5, 0.1)
    assert client.json("config")["seed"] == 99
    assert client.json("sweep", "--from", "base", "--seeds", "3", "--dry-run")["points"][0]["seed"] == 5
    assert "job 9" in client.refused("submit", "--from", "9")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"steps": 7},
        {"curve": "spiral"},
        {"snapshot_every": 3, "steps": 9},
        {"curve": {"family": "updown", "c": 1.0}},
    ],
)
def test_the_layer_of_a_config_is_that_config(values: dict[str, object]) -> None:
    config = TrainConfig.parse(values)
    assert layered([job_layer(config)]) == config


def test_show_as_toml_is_a_file_for_submit(client: Client) -> None:
    client.submit("--loss", "hinge", "--set", "curve.a=3", "--name", "base")
    text = client.done("show", "base", "-o", "toml")
    assert TrainConfig.parse(tomllib.loads(text)).loss == "hinge"
    Path("job.toml").write_text(text)
    assert client.json("submit", "--config", "job.toml", "--dry-run") == client.json("show", "base")["config"]


def test_rename_jobs_and_sweeps(any_client: Client) -> None:
    any_client.submit("--name", "old")
    swept(any_client, "old sweep")
    assert any_client.done("rename", "old", "new") == "Job 1 is called new.\n"
    assert any_client.done("rename", "--sweep", "last", "rates") == "Sweep 1 is called rates.\n"
    assert any_client.json("sweeps", "rates")[0]["name"] == "rates"
    any_client.done("rename", "new", "")
    assert any_client.json("show", "1")["name"] is None
    assert "give a job and its new name" in any_client.refused("rename", "1")
    assert "1 to 200 characters" in any_client.refused("rename", "1", "x" * 201)
    assert "sweep 7" in any_client.refused("rename", "--sweep", "7", "x")


def test_tags_come_and_go(any_client: Client) -> None:
    any_client.submit("--tag", "a", "--tag", "b")
    any_client.submit()
    assert any_client.done("tag", "all", "--add", "c", "--remove", "a").splitlines() == ["Job 1: b c", "Job 2: c"]
    assert any_client.done("tag", "all", "--add", "c", "--remove", "nothing", "-q").split() == ["1", "2"]
    assert any_client.done("tag", "1") == "Job 1: b c\n"
    assert any_client.done("status", "-q", "--where", "tag=b").split() == ["1"]
    many = [word for number in range(32) for word in ("--add", f"t{number}")]
    assert "at most 32 tags" in any_client.refused("tag", "1", *many)
    assert any_client.json("show", "1")["tags"] == ["b", "c"]


def test_a_note_is_shown_and_found(any_client: Client) -> None:
    any_client.submit()
    any_client.done("note", "last", "keeps both modes")
    assert "keeps both modes" in any_client.done("show", "1")
    assert any_client.json("show", "1")["note"] == "keeps both modes"
    assert any_client.done("status", "-q", "--where", 'note~"both modes"').split() == ["1"]
    any_client.done("note", "1", "")
    assert any_client.json("show", "1")["note"] is None
    assert "2000 characters" in any_client.refused("note", "1", "x" * 2001)


def test_a_job_is_deleted_with_all_that_came_of_it(trained: Client) -> None:
    trained.submit("--name", "kept")
    assert "nobody is there to be asked" in trained.refused("delete", "1")
    assert trained.json("show", "1")["id"] == 1
    assert trained.done("delete", "first", "--yes") == "1 job deleted.\n"
    assert trained.done("status", "-q").split() == ["2"]
    assert "job 1" in trained.refused("losses", "1")
    assert trained.submit() == 3


def test_a_running_job_is_never_deleted(any_client: Client) -> None:
    any_client.submit(*SMALL)
    any_client.submit("--tag", "draft")
    with any_client.store() as store:
        PlayedWorker(store).claim()
        assert "it is running; `curvegan cancel 1`" in any_client.refused("delete", "1", "--yes")
        assert sum(store.delete([1])) == 0
        result = any_client("delete", "all", "--yes", "-q")
        assert (result.stdout, result.exit_code) == ("2\n", 0)
        assert "1 job of these is running and stay" in result.stderr
    assert any_client.done("status", "-q").split() == ["1"]
    assert any_client("delete", "--where", "tag=draft", "--yes").exit_code == 0


def test_a_sweep_goes_with_the_last_of_its_jobs(any_client: Client) -> None:
    swept(any_client, "rates")
    any_client.done("delete", "1", "--yes")
    assert any_client.json("sweeps")[0]["jobs"] == 1
    assert any_client.done("delete", "--sweep", "rates", "--yes") == "1 job deleted.\n"
    assert any_client.json("sweeps") == []
    assert swept(any_client, "next") == 2
