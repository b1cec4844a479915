"""curvegan settings: what holds, and who said so."""

import os
from pathlib import Path

import pytest

from curvegan_cli.commands.operating.installation import WORKER_DEFAULTS
from curvegan_worker import options
from curvegan_worker.settings import WORKER_VARIABLES, Settings

from ..client import Client


def shown(client: Client, *words: str) -> dict[str, tuple[str, str]]:
    """Each setting's value and source."""
    return {row["setting"]: (row["value"], row["from"]) for row in client.json(*words, "settings")}


def test_each_place_that_can_say_a_setting(client: Client, tmp_path: Path) -> None:
    client.environment["CURVEGAN_BROKER_URL"] = "redis://ann:opensesame@h/0"
    client.environment["CURVEGAN_HANG_SECONDS"] = "90"
    user = client.home / "config" / "curvegan" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("[settings]\nqueue_prefix = 'theirs'\ndatabase_url = 'postgresql://ann:opensesame@h/user'\n")
    project = Path("curvegan.toml").absolute()
    project.write_text("[settings]\ndatabase_url = 'postgresql://ann:opensesame@h/project'\nworkers = 2\n")
    found = shown(client, "--home", str(tmp_path / "x"))
    assert found == {
        "home": (str(tmp_path / "x"), "option --home"),
        "database_url": ("postgresql+psycopg://ann:***@h/project", str(project)),
        "broker_url": ("redis://ann@h/0", "environment CURVEGAN_BROKER_URL"),
        "queue_prefix": ("theirs", str(user)),
        "workers": ("2", str(project)),
        "lease_seconds": ("30", "default"),
        "hang_seconds": ("90", "environment CURVEGAN_HANG_SECONDS"),
        "celery_events": ("0", "default"),
    }
    assert "opensesame" not in client.done("settings")
    assert shown(client)["home"] == (str(client.home), "environment CURVEGAN_HOME")


def test_without_any(client: Client) -> None:
    found = shown(client)
    assert found["database_url"] == (f"sqlite:///{client.home}/curvegan.db", "default")
    assert not (client.home / "curvegan.db").exists()
    assert "CURVEGAN_HOME" in client.done("settings")


def test_what_is_said_to_be_a_workers_default_is_it() -> None:
    assert WORKER_DEFAULTS.keys() == WORKER_VARIABLES.keys()
    found = (WORKER_DEFAULTS["CURVEGAN_LEASE_SECONDS"], WORKER_DEFAULTS["CURVEGAN_HANG_SECONDS"])
    assert found == (f"{options.LEASE_S:.0f}", f"{options.HANG_S:.0f}")


def test_a_config_follows_the_files_as_a_submit_does(client: Client) -> None:
    Path("curvegan.toml").write_text("[config]\nsteps = 77\nrecord_every = 7\ncurve = 'sine'\n")
    assert client.json("config") == client.json("submit", "--dry-run")
    assert client.json("config")["steps"] == 77
    assert client.json("config", "--preset", "sine8") == client.json("submit", "--preset", "sine8", "--dry-run")


@pytest.mark.parametrize("path", ["jobs.db", "a/jobs.db", "../jobs.db"])
def test_a_relative_database_is_below_the_file_that_names_it(client: Client, path: str) -> None:
    Path("curvegan.toml").write_text(f"[settings]\ndatabase_url = 'sqlite:///{path}'\n")
    expected = Path(path).absolute()
    below = Path("below/it")
    below.mkdir(parents=True)
    os.chdir(below)
    client.submit()
    assert expected.resolve().exists()
    assert list(Path.cwd().iterdir()) == []


def test_a_tilde_is_the_users_folder(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    Path("curvegan.toml").write_text("[settings]\ndatabase_url = 'sqlite:///~/jobs.db'\n")
    client.submit()
    assert (tmp_path / "ann" / "jobs.db").exists()
    assert Settings.resolve("~/x").home == tmp_path / "ann" / "x"


NAMES = {
    "tilde": "a~b", "percent": "100%", "encoded": "%41%20", "question": "what?", "options": "a?b=c&d", "hash": "#1",
    "blanks": " two  blanks ", "unicode": "曲線 ünïcödé", "long": "x" * 200, "quotes": "it's \"so\"",
    "shell": "$HOME;`ls`", "colon": "file:a@b:1", "dash": "-rf", "backslash": "a\\b",
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMES)
def test_a_home_of_any_name(client: Client, tmp_path: Path, kind: str) -> None:
    client.home = tmp_path / NAMES[kind] / NAMES[kind]
    job = client.submit("--name", kind)
    assert (client.home / "curvegan.db").stat().st_size > 0
    assert client.json("show", str(job))["name"] == kind
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"here", NAMES[kind]})


@pytest.mark.parametrize("kind", [kind for kind in NAMES if kind != "options"])
def test_a_database_file_of_any_name(client: Client, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"{NAMES[kind]}.db"
    client.database_url = f"sqlite:///{file}"
    client.submit()
    assert file.stat().st_size > 0
    [shown] = [row["value"] for row in client.json("settings") if row["setting"] == "database_url"]
    assert shown == client.database_url


def test_options_of_a_file_are_refused(client: Client, tmp_path: Path) -> None:
    client.database_url = f"sqlite:///{tmp_path}/c.db?timeout=5"
    assert "sqlite:///PATH" in client.refused("submit")
    assert not list(tmp_path.glob("c.db*"))
