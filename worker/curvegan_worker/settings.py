"""Settings: where the database and the broker are. Light, for the client reads them before it knows what it will do."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from curvegan_core.errors import InvalidInput

_BROKERS = ("memory", "redis", "rediss")


@dataclass(frozen=True)
class Settings:
    """Where things are kept; without any setting everything is embedded below `home`."""

    home: Path
    database_url: str
    broker_url: str

    @classmethod
    def resolve(
        cls, home: str | None = None, database_url: str | None = None, broker_url: str | None = None
    ) -> "Settings":
        """Fill what is not set: a SQLite file in the user's data folder, and Celery's in-memory broker.

        Raises InvalidInput for what can be no folder and no broker. The database's URL is checked where it is opened.
        """
        path = _folder(home) if home else _user_data_path()
        database_url = _absolute(database_url) if database_url else f"sqlite:///{path}/curvegan.db"
        return cls(path, database_url, _broker(broker_url) if broker_url else "memory://localhost")

    @property
    def embedded(self) -> bool:
        """Whether the store is a file of this machine, so that workers must run here too."""
        return self.database_url.startswith("sqlite")

    def environment(self) -> dict[str, str]:
        """The settings as the variables that a worker process reads."""
        return {
            "CURVEGAN_HOME": str(self.home),
            "CURVEGAN_DATABASE_URL": self.database_url,
            "CURVEGAN_BROKER_URL": self.broker_url,
        }


def duration(name: str, text: str) -> float:
    """The seconds that a variable says, a second to a day. Raises InvalidInput."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise InvalidInput(f"{name} must be 1 to 86400 seconds, got {text[:40]!r}")
    return seconds


def _folder(home: str) -> Path:
    try:
        path = Path(home).expanduser().absolute()
    except RuntimeError:  # there is no such user, or no home
        path = None
    if path is None or "\0" in home:
        raise InvalidInput(f"{home[:100]!r} is no folder; check CURVEGAN_HOME or --home")
    return path


def _absolute(url: str) -> str:
    """A SQLite file's path is meant from here, wherever its worker will run."""
    path = url.removeprefix("sqlite:///")
    return url if path in (url, "") or path.startswith("/") else f"sqlite:///{Path(path).absolute()}"


def _broker(url: str) -> str:
    """The URL, if a broker can have it. It is not shown: it may hold a password in a place where nobody looks."""
    if not _is_broker(url):
        raise InvalidInput(
            "the broker URL must be redis://:PASSWORD@HOST:PORT/NUMBER, rediss://... or memory://; in a password write "
            "@ as %40, / as %2F, # as %23; see CURVEGAN_BROKER_URL or --broker-url"
        )
    return url


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
