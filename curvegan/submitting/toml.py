"""Read and write TOML: config files, a value on the command line, the user's and the project's own files.

Knows nothing of which keys a config has.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT_FILE = "curvegan.toml"
_SETTINGS = ("home", "database_url", "broker_url", "queue_prefix")
_MOST_BYTES = 65_536
_MOST_CHARACTERS = 1000
# The parser's time for a key with dots grows with the square of their number.
_LONGEST_LINE = 4000


def read(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises InvalidInput where it cannot be read, is no TOML, or is larger than any is."""
    import tomllib

    from curvegan_core.config.limits import check_size
    from curvegan_core.errors import InvalidConfig, InvalidInput

    try:
        tables = tomllib.loads(_beginning(path).decode())
        check_size(tables)
    except InvalidConfig as error:
        raise InvalidInput(f"{path}: {error}") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; name a readable TOML file") from None
    except (ValueError, RecursionError) as error:  # an integer of 5000 digits is no TOMLDecodeError
        raise InvalidInput(f"{path} is not TOML: {error}; `curvegan config` prints a file to start from") from None
    return tables


def _beginning(path: Path) -> bytes:
    """All of a file, or as much of it as shows that it is no config: a device has no size and no end."""
    from curvegan_core.errors import InvalidInput

    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InvalidInput(f"{path} is too large for a config: over {_MOST_BYTES} bytes")
    if any(len(line) > _LONGEST_LINE for line in data.splitlines()):
        raise InvalidInput(f"{path} has a line of more than {_LONGEST_LINE} bytes, which no config has")
    return data


def value(text: str) -> Any:
    """A value as TOML spells it, `1e-3` or `true`; anything else is a string."""
    import tomllib

    if len(text) > _MOST_CHARACTERS:
        return text
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def literal(scalar: str | int | float | bool) -> str:
    """A scalar as TOML spells it."""
    import json

    if isinstance(scalar, bool | str):
        return json.dumps(scalar, ensure_ascii=False)
    return repr(scalar)


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one, `above` first; a table of both is merged key by key."""
    merged = dict(below)
    for key, new in above.items():
        old = merged.get(key)
        merged[key] = overlay(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new
    return merged


def personal_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """The `settings` and `config` tables of `folder`'s curvegan.toml (or its nearest parent's) over the user's."""
    tables: dict[str, dict[str, Any]] = {"settings": {}, "config": {}}
    for path in (_user_file(), _project_file(folder)):
        if path is not None and path.is_file():
            tables = overlay(tables, _personal(path))
    return tables


def _user_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("curvegan") / "config.toml"


def _project_file(folder: Path) -> Path | None:
    return next((path for at in (folder, *folder.parents) if (path := at / PROJECT_FILE).is_file()), None)


def _personal(path: Path) -> dict[str, Any]:
    from curvegan_core.errors import InvalidInput

    tables = read(path)
    for name, table in tables.items():
        if name not in ("settings", "config") or not isinstance(table, dict):
            raise InvalidInput(f"{path}: unknown entry {name!r}; it may have the tables [settings] and [config]")
    settings = tables.get("settings", {})
    for key, text in settings.items():
        if key not in _SETTINGS or not isinstance(text, str):
            raise InvalidInput(f"{path}: wrong {key!r} in [settings]; it may have the texts {', '.join(_SETTINGS)}")
    if "home" in settings:  # below the file, wherever the command is typed
        settings["home"] = settings["home"] if settings["home"].startswith("~") else str(path.parent / settings["home"])
    return tables
