"""Settings: where the database and the broker are. Light, for the client reads them before it knows what it will do."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from curvegan_core.errors import InvalidInput

_BROKERS = ("memory", "redis", "rediss")
_FILE = "sqlite:///"
MOST_WORKERS = 512
_QUEUE_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Settings:
    """Where things are kept; without any setting everything is embedded below `home`."""

    home: Path
    database_url: str
    broker_url: str
    queue_prefix: str = "curvegan"
    workers: int = 1
    """Worker processes that a submit to an embedded store starts."""

    @classmethod
    def resolve(
        cls,
        home: str | None = None,
        database_url: str | None = None,
        broker_url: str | None = None,
        queue_prefix: str | None = None,
        workers: str | int | None = None,
    ) -> "Settings":
        """Fill what is not set: a SQLite file in the user's data folder, and Celery's in-memory broker.

        Raises InvalidInput for what can be no folder, no broker, no prefix and no number of workers. The database's URL
        is checked where it is opened.
        """
        path = _folder(home) if home else _user_data_path()
        database_url = _absolute(database_url) if database_url else f"{_FILE}{path}/curvegan.db"
        broker_url = _broker(broker_url) if broker_url else "memory://localhost"
        prefix = _prefix(queue_prefix) if queue_prefix else cls.queue_prefix
        return cls(path, database_url, broker_url, prefix, cls.workers if workers is None else _count(workers))

    @property
    def embedded(self) -> bool:
        """Return whether the store is a file of this machine, so that workers must run here too."""
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path | None:
        """Return the file of an embedded store."""
        return Path(self.database_url.removeprefix(_FILE)) if self.embedded else None

    @property
    def has_broker(self) -> bool:
        """Return whether there is a broker apart from each worker's own memory."""
        return not self.broker_url.startswith("memory:")

    def environment(self) -> dict[str, str]:
        """Return the settings as the variables that a worker process reads."""
        return {variable(name): str(getattr(self, name)) for name in NAMES}


NAMES = tuple(field.name for field in fields(Settings))
"""The names of all settings, as files have them."""


def variable(name: str) -> str:
    """Return the variable of the environment that says a setting."""
    return f"CURVEGAN_{name.upper()}"


def duration(name: str, text: str) -> float:
    """Return the seconds that a variable says, a second to a day. Raises InvalidInput."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise InvalidInput(f"{name} must be 1 to 86400 seconds, got {text[:40]!r}")
    return seconds


def switch(name: str, text: str) -> bool:
    """Return whether a variable says 1, and not 0. Raises InvalidInput."""
    if text not in ("0", "1"):
        raise InvalidInput(f"{name} must be 0 or 1, got {text[:40]!r}")
    return text == "1"


WORKER_VARIABLES = {
    "CURVEGAN_LEASE_SECONDS": duration,
    "CURVEGAN_HANG_SECONDS": duration,
    "CURVEGAN_CELERY_EVENTS": switch,
}
"""What a worker reads besides the settings, and what reads it, or refuses it."""


def _folder(home: str) -> Path:
    try:
        path = Path(home).expanduser().absolute()
    except RuntimeError:  # there is no such user, or no home
        path = None
    if path is None or "\0" in home:
        raise InvalidInput(f"{home[:100]!r} is no path; check CURVEGAN_HOME (--home) and CURVEGAN_DATABASE_URL")
    return path


def _absolute(url: str) -> str:
    """Make a SQLite file's path absolute: it is meant from here, wherever its worker will run."""
    path = url.removeprefix(_FILE)
    return url if path in (url, "") or path.startswith("/") else _FILE + str(_folder(path))


def _broker(url: str) -> str:
    """Return the URL, if a broker can have it. It is not shown: it may hold a password where nobody looks for one."""
    if not _is_broker(url):
        raise InvalidInput(
            "the broker URL must be redis://:PASSWORD@HOST:PORT/NUMBER, rediss://... or memory://; in a password write "
            "@ as %40, / as %2F, # as %23; see CURVEGAN_BROKER_URL or --broker-url"
        )
    return _verifying(url) if url.startswith("rediss:") else url


def _verifying(url: str) -> str:
    """Have a server's certificate and name checked, unless the URL says otherwise: kombu by itself checks nothing."""
    parts = urlsplit(url)
    options = {"ssl_cert_reqs": "required"} | dict(parse_qsl(parts.query))
    if options["ssl_cert_reqs"] not in ("none", "CERT_NONE"):
        options = {"ssl_check_hostname": "true"} | options
    return urlunsplit(parts._replace(query=urlencode(options)))


def _prefix(text: str) -> str:
    if not _QUEUE_PREFIX.fullmatch(text):
        raise InvalidInput(
            f"the queues' prefix must be up to 40 letters, digits, - and _, got {text[:60]!r}; see "
            "CURVEGAN_QUEUE_PREFIX or --queue-prefix"
        )
    return text


def _count(workers: str | int) -> int:
    if isinstance(workers, bool) or not str(workers).isdecimal() or not 1 <= int(workers) <= MOST_WORKERS:
        raise InvalidInput(f"workers must be 1 to {MOST_WORKERS}, got {str(workers)[:40]!r}; see CURVEGAN_WORKERS")
    return int(workers)


def _is_broker(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port, options = parts.port, parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return False
    numbered = port != 0 and (parts.path in ("", "/") or parts.path[1:].isdecimal())
    # A password among the options is one that the driver would not take.
    known = parts.scheme in _BROKERS and all(name.startswith("ssl_") for name, _ in options)
    return known and numbered and not parts.fragment and url.isprintable()


def _user_data_path() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  --help needs no home

    return user_data_path("curvegan")
