"""A password is in the settings and nowhere else: no output, no log, no error, no row, no process list has it."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psutil
import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import Store, open_store
from curvegan_db.tables.models import Base
from curvegan_db.values import JobRequest
from curvegan_worker.settings import Settings

from ...servers import RedisServer
from ...worker.fleet import CURVEGAN, run_fleet, wait_until

WORD = "geheim"
SECRET = f"{WORD}@/#%: 1"
ENCODED = quote(SECRET, safe="")
NOBODY = "127.0.0.1:1"


@dataclass
class Urls:
    """Settings of a person whose passwords need percent-encoding."""

    database: str
    broker: str
    home: Path

    def settings(self) -> Settings:
        return Settings.resolve(str(self.home), self.database, self.broker)


@pytest.fixture(params=["in its place", "as an option"])
def urls(request: pytest.FixtureRequest, postgres_url: str, database_url: str, tmp_path: Path) -> Iterator[Urls]:
    """A PostgreSQL role and a Redis server that ask for the password, in the two places where a URL may have it."""
    role = f"curvegan_{uuid.uuid4().hex[:8]}"
    _execute(postgres_url, "CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}", sql.Identifier(role), sql.Literal(SECRET))
    url = make_url(database_url)
    where = f"{url.host}:{url.port}/{url.database}"
    given = f"{role}:{ENCODED}@{where}" if request.param == "in its place" else f"{role}@{where}?password={ENCODED}"
    with RedisServer() as broker:
        with redis.Redis.from_url(broker.url) as client:
            client.config_set("requirepass", SECRET)
        yield Urls(f"postgresql+psycopg://{given}", broker.url.replace("//", f"//:{ENCODED}@"), tmp_path / "home")
        broker.stop()
    _execute(postgres_url, "DROP ROLE {}", sql.Identifier(role))


def _execute(url: str, statement: LiteralString, *parts: sql.Composable) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*parts))


def typed(settings: Settings, *words: str) -> str:
    """All that a command says."""
    environment = os.environ | settings.environment() | {"XDG_CONFIG_HOME": "/nonexistent"}
    done = subprocess.run(
        [CURVEGAN, *words], env=environment, capture_output=True, text=True, check=False, timeout=120, cwd="/"
    )
    assert "Traceback" not in done.stderr
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def all_rows(store: Store) -> str:
    with store.engine.connect() as connection:
        return repr([connection.execute(text(f"SELECT * FROM {table}")).all() for table in Base.metadata.tables])


def process_list(pid: int) -> str:
    supervisor = psutil.Process(pid)
    return repr([process.cmdline() for process in (supervisor, *supervisor.children(recursive=True))])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_live_servers(urls: Urls) -> None:
    settings = urls.settings()
    with open_store(urls.database) as store, run_fleet(settings, "--device", "cpu") as fleet:
        said = [typed(settings, "submit", "--steps", "50", "--set", "hidden_g", "8", "--name", "n")]
        wait_until(lambda: store.job(1).state == "succeeded", 90, fleet.log)
        for command in (
            "status",
            "show 1 -o json",
            "events 1",
            "logs 1",
            "explain 1",
            "workers",
            "doctor",
            "db status",
        ):
            said.append(typed(settings, *command.split()))
        assert said[0].startswith("0\nJob 1 is queued.")
        assert "postgresql+psycopg://curvegan_" in said[-1]
        assert WORD not in process_list(fleet.process.pid)
        assert WORD not in all_rows(store)
        assert WORD not in "".join(said)
    assert WORD not in fleet.log()
    for path in settings.home.rglob("*"):
        assert path.is_dir() or WORD not in path.read_text(errors="replace")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_servers_that_go_away(store: Store, urls: Urls, postgres_url: str) -> None:
    """The broker refuses a wrong password, then the database a role that may no longer log in; the log has neither."""
    wrong = Settings.resolve(str(urls.home), urls.database, urls.broker.replace(ENCODED, f"{WORD}-wrong"))
    store.submit([JobRequest(TrainConfig.parse({"steps": 1_000_000, "checkpoint_every": 1000, "record_every": 100}))])
    with run_fleet(wrong, "--device", "cpu") as fleet:
        wait_until(lambda: store.job(1).step > 0, 90, fleet.log)
        warned = typed(wrong, "submit", "--no-worker")
        assert "the broker cannot be used" in warned
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {} AND pid <> pg_backend_pid()"
        role = make_url(urls.database).username or ""
        _execute(postgres_url, "ALTER ROLE {} NOLOGIN", sql.Identifier(role))
        _execute(postgres_url, kill, sql.Literal(make_url(urls.database).database))
        wait_until(lambda: "cannot use the database" in fleet.log(), 60, fleet.log)
        refused = typed(wrong, "status")
        assert refused.startswith("3\n")
    assert "Cannot connect to redis://" in fleet.log()
    assert WORD not in fleet.log() + warned + refused + all_rows(store)


DEAD = [
    (f"postgresql+psycopg://u:{ENCODED}@{NOBODY}/d", None, "cannot use the database postgresql+psycopg://u:***@"),
    (f"postgresql+psycopg://u@{NOBODY}/d?password={ENCODED}", None, "cannot use the database postgresql+psycopg://u@"),
    (f"postgresql+psycopg://u@{NOBODY}/d?passwort={ENCODED}", None, "invalid connection option"),
    (f"postgresql+psycopg://u:{WORD}@x@{NOBODY}/d", None, "the database URL must be"),
    (f"postgresql+psycopg://u:{WORD}@{NOBODY}:x/d", None, "the database URL must be"),
    (None, f"redis://:{ENCODED}@{NOBODY}/0", "the broker cannot be used"),
    (None, f"redis://{NOBODY}/0?password={ENCODED}", "the broker URL must be"),
    (None, f"redis://:{WORD}#1@{NOBODY}/0", "the broker URL must be"),
    (None, f"redis://:{WORD}/1@{NOBODY}/0", "the broker URL must be"),
    (None, f"sqs://{WORD}@{NOBODY}/0", "the broker URL must be"),
]


COMMANDS = [("submit", "--no-worker"), ("worker", "--exit-when-idle", "0.1"), ("doctor",)]
# Every URL to submit; to the others only those that get past the check of their form.
ASKED = [(*case, command) for case in DEAD for command in (COMMANDS if ENCODED in str(case[:2]) else COMMANDS[:1])]


@pytest.mark.parametrize(("database", "broker", "said", "command"), ASKED, ids=range(len(ASKED)))
def test_dead_servers_and_wrong_urls(
    tmp_path: Path, database: str | None, broker: str | None, said: str, command: tuple[str, ...]
) -> None:
    options = ["--home", str(tmp_path / "home")]
    options += ["--database-url", database] if database else []
    options += ["--broker-url", broker] if broker else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CURVEGAN_")}
    done = subprocess.run(
        [CURVEGAN, *options, *command], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in done.stderr
    assert WORD not in done.stdout + done.stderr
    if command[0] == "submit":
        assert said in done.stderr
