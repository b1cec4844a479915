"""The bad input that the product promises to answer in one line, each by name, through the real `curvegan`."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import open_store
from curvegan_db.tables import models
from curvegan_db.values import JobRequest

CURVEGAN = str(Path(sys.executable).parent / "curvegan")
SETTINGS = ("CURVEGAN_HOME", "CURVEGAN_DATABASE_URL", "CURVEGAN_BROKER_URL")


@dataclass
class Desk:
    """A person's folder, and a home whose store has the queued job 1."""

    home: Path
    folder: Path

    def type(self, *words: str | bytes, code: int = 2, **settings: str) -> str:
        """The one line that `curvegan WORDS` must end with: nothing on stdout, nothing changed anywhere."""
        environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
        environment |= {"CURVEGAN_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "no-config"), **settings}
        before = self.state()
        done = subprocess.run(
            [CURVEGAN, *words], env=environment, cwd=self.folder, capture_output=True, check=False, timeout=60
        )
        said = done.stderr.decode()
        assert (done.returncode, done.stdout) == (code, b""), said
        assert said.startswith("Error: ")
        assert said.count("\n") == 1
        assert said[:-1].isprintable()
        assert self.state() == before
        return said

    def state(self) -> tuple[object, ...]:
        """Every row of the store, and every file of both folders but the store's own three."""
        files = {path for folder in (self.home, self.folder) for path in folder.rglob("*")}
        return self.rows(), frozenset(path for path in files if not path.name.startswith("curvegan.db"))

    def rows(self) -> str:
        engine = create_engine(f"sqlite:///{self.home}/curvegan.db")
        with engine.connect() as connection:
            tables = ("jobs", "job_tags", "events", "workers", "attempts", "plots", "checkpoints")
            found = {table: connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables}
        engine.dispose()
        return repr(found)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "folder").mkdir()
    with open_store(f"sqlite:///{tmp_path}/home/curvegan.db") as store:
        store.submit([JobRequest(TrainConfig(), "waits", ("night",))])
        with store.engine.begin() as connection:
            connection.execute(insert(models.Plot).values(job_id=1, kind="curve", step=0, png=b"\x89PNG\r\n\x1a\n"))
    return Desk(tmp_path / "home", tmp_path / "folder")


def test_an_unknown_config_key_and_the_nearest_name(desk: Desk) -> None:
    assert "unknown key 'stepz', did you mean 'steps'?" in desk.type("submit", "--set", "stepz", "3")
    (desk.folder / "job.toml").write_text("hiden_g = 3\n")
    assert "did you mean 'hidden_g'?" in desk.type("submit", "--config", "job.toml")


@pytest.mark.parametrize("words", ["--steps 0", "--lr nan", "--set points 0", "--set x_max -2"])
def test_a_value_out_of_range(desk: Desk, words: str) -> None:
    key = words.removeprefix("--").removeprefix("set ").partition(" ")[0].replace("-", "_")
    assert key in desk.type("submit", *words.split())


def test_a_config_file_that_is_missing_or_not_toml(desk: Desk) -> None:
    assert "none.toml cannot be read: No such file" in desk.type("submit", "--config", "none.toml")
    (desk.folder / "job.toml").write_bytes(b"\xff\xfe\x00 = = 3")
    assert "job.toml is not TOML" in desk.type("submit", "--config", "job.toml")
    (desk.folder / "secret.toml").mkdir()
    assert "Is a directory" in desk.type("submit", "--config", "secret.toml")


@pytest.mark.parametrize("command", ["show", "wait", "cancel", "fetch-plot", "status"])
def test_an_id_that_does_not_exist(desk: Desk, command: str) -> None:
    assert "no job 17; `curvegan status` lists the jobs" in desk.type(command, "17")


def test_a_plot_kind_that_is_not_there_yet(desk: Desk) -> None:
    assert "job 1 has no losses plot yet: it is queued" in desk.type("fetch-plot", "1", "--kind", "losses")
    assert "'pie' is not one of" in desk.type("fetch-plot", "1", "--kind", "pie")
    assert "job 1 has no checkpoint yet" in desk.type("fetch-checkpoint", "1")
    assert "job 1 has no checkpoint yet" in desk.type("sample", "1")


def _file(folder: Path) -> None:
    (folder / "x.png").write_text("mine")


def _folder(folder: Path) -> None:
    (folder / "x.png").mkdir()


def _link_to_a_folder(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "x.png").symlink_to("deep")


def _link_to_a_file(folder: Path) -> None:
    (folder / "target").write_text("mine")
    (folder / "x.png").symlink_to("target")


def _link_to_nothing(folder: Path) -> None:
    (folder / "x.png").symlink_to("nothing")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.png")


def _full_device(folder: Path) -> None:
    (folder / "x.png").symlink_to("/dev/full")


PLACES = [_file, _folder, _link_to_a_folder, _link_to_a_file, _link_to_nothing, _pipe, _full_device]


@pytest.mark.parametrize("make", PLACES, ids=lambda make: make.__name__.strip("_"))
def test_an_output_that_is_there_already_or_leads_elsewhere(desk: Desk, make: Callable[[Path], None]) -> None:
    make(desk.folder)
    assert "Error: x.png " in desk.type("fetch-plot", "1", "--output", "x.png")


@pytest.mark.parametrize("output", ["none/x.png", "/dev/full", "/proc/x.png", "x" * 300 + ".png"])
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_an_output_that_cannot_be_written(desk: Desk, output: str, force: tuple[str, ...]) -> None:
    desk.type("fetch-plot", "1", "--output", output, *force)


@pytest.mark.parametrize("command", [("submit", "--no-worker"), ("worker",), ("db", "status")])
def test_an_unreachable_database(desk: Desk, command: tuple[str, ...]) -> None:
    url = "postgresql+psycopg://curvegan:geheim@127.0.0.1:1/curvegan"
    said = desk.type(*command, code=3, CURVEGAN_DATABASE_URL=url)
    assert "cannot use the database postgresql+psycopg://curvegan:***@127.0.0.1:1/curvegan" in said
    assert "check CURVEGAN_DATABASE_URL (--database-url)" in said


@pytest.mark.parametrize(
    "url", ["mysql://u:geheim@h/d", "nonsense", "sqlite:///:memory:", "postgresql://u:ge@heim@h/d"]
)
def test_a_database_url_that_is_none(desk: Desk, url: str) -> None:
    said = desk.type("status", CURVEGAN_DATABASE_URL=url)
    assert "the database URL must be sqlite:///PATH or postgresql+psycopg://" in said
    assert "geheim" not in said


@pytest.mark.parametrize("url", ["amqp://u:geheim@h", "redis://:geheim@h:port/0", "redis://h/0?password=geheim"])
def test_a_broker_url_that_is_none(desk: Desk, url: str) -> None:
    said = desk.type("submit", CURVEGAN_BROKER_URL=url)
    assert "the broker URL must be redis://" in said
    assert "geheim" not in said


def test_a_damaged_database(desk: Desk) -> None:
    (desk.home / "other.db").write_bytes(b"no database at all, " * 100)
    said = desk.type("status", code=3, CURVEGAN_DATABASE_URL=f"sqlite:///{desk.home}/other.db")
    assert "file is not a database" in said


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("command", ["status", "worker"])
def test_an_outdated_schema(desk: Desk, empty_database_url: str, command: str) -> None:
    said = desk.type(command, code=3, CURVEGAN_DATABASE_URL=empty_database_url)
    assert "run `curvegan db upgrade`" in said


def test_a_device_that_no_worker_has_queues_the_job_and_says_so(desk: Desk) -> None:
    environment = os.environ | {"CURVEGAN_HOME": str(desk.home)}
    command = [CURVEGAN, "submit", "--device", "cuda", "--no-worker", "-q"]
    done = subprocess.run(command, env=environment, cwd=desk.folder, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
    assert "Job 2 waits for a worker with cuda" in done.stderr


@pytest.mark.parametrize("word", [b"\xff\xfe", "\x1b[31m", "[bold]x", "--no-such"])
def test_what_is_no_command_is_shown_inert(desk: Desk, word: str | bytes) -> None:
    assert "; see `curvegan --help`" in desk.type(word)


def test_a_home_that_is_a_file_or_cannot_be_made(desk: Desk) -> None:
    (desk.folder / "file").touch()
    assert "Not a directory" in desk.type("status", code=3, CURVEGAN_HOME=str(desk.folder / "file" / "home"))
    assert "is a file" in desk.type("status", CURVEGAN_HOME=str(desk.folder / "file"))
