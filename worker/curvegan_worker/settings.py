"""Settings: where the database and the broker are. Light, for the client reads them before it knows what it will do."""

from dataclasses import dataclass
from pathlib import Path


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
        """Fill what is not set: a SQLite file in the user's data folder, and Celery's in-memory broker."""
        path = Path(home).expanduser().absolute() if home else _user_data_path()
        return cls(path, database_url or f"sqlite:///{path}/curvegan.db", broker_url or "memory://localhost")

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


def _user_data_path() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  --help needs no home

    return user_data_path("curvegan")
