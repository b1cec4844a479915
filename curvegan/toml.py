"""Read and write TOML: config files, a value on the command line, the user's and the project's own files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

PROJECT_FILE = "curvegan.toml"
_MOST_BYTES = 65_536
_MOST_CHARACTERS = 1000
# The parser's time for a key with dots grows with the square of their number.
_LONGEST_LINE = 4000
# Where the remarks of a commented table begin.
_WIDTH = 24


def read(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises InvalidInput: it is unreadable, no TOML, or too large."""
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
    """Return all of a file, or as much of it as shows that it is no config: a device has no size and no end."""
    from curvegan_core.errors import InvalidInput

    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InvalidInput(f"{path} is too large for a config: over {_MOST_BYTES} bytes")
    if any(len(line) > _LONGEST_LINE for line in data.splitlines()):
        raise InvalidInput(f"{path} has a line of more than {_LONGEST_LINE} bytes, which no config has")
    return data


def value(text: str) -> Any:
    """Return a value as TOML or Python spells it, `1e-3`, `.001`, `1.`, `true` or `True`; anything else is a string."""
    import re
    import tomllib

    if len(text) > _MOST_CHARACTERS:
        return text
    if text in ("True", "False"):
        return text == "True"
    if re.fullmatch(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return float(text)
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def literal(scalar: str | int | float | bool) -> str:
    """Return a scalar as TOML spells it."""
    import json

    if isinstance(scalar, bool | str):
        return json.dumps(scalar, ensure_ascii=False)
    return repr(scalar)


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings in one, `above` first; a table of both is merged key by key."""
    merged = dict(below)
    for key, new in above.items():
        old = merged.get(key)
        merged[key] = overlay(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new
    return merged


def personal_tables(folder: Path) -> dict[Path, dict[str, Any]]:
    """Return the tables `settings` and `config` of the user's file, and then of `folder`'s or its parents'."""
    paths = (_user_file(), _project_file(folder))
    return {path: _personal(path) for path in paths if path is not None and path.is_file()}


def _user_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("curvegan") / "config.toml"


def _project_file(folder: Path) -> Path | None:
    return next((path for parent in (folder, *folder.parents) if (path := parent / PROJECT_FILE).is_file()), None)


def _personal(path: Path) -> dict[str, Any]:
    from curvegan_core.errors import InvalidInput
    from curvegan_worker.settings import NAMES

    tables = read(path)
    for name, table in tables.items():
        if name not in ("settings", "config") or not isinstance(table, dict):
            raise InvalidInput(f"{path}: unknown entry {name!r}; it may have the tables [settings] and [config]")
    settings = tables.get("settings", {})
    for key, text in settings.items():
        if key not in NAMES or type(text) is not (int if key == "workers" else str):
            kinds = f"the texts {', '.join(NAMES[:-1])}, and the number workers"
            raise InvalidInput(f"{path}: wrong {key!r} in [settings]; it may have {kinds}")
    for key, prefix in (("home", ""), ("database_url", "sqlite:///")):  # below the file, wherever a command is typed
        relative = settings.get(key, "").removeprefix(prefix)
        if relative and prefix + relative == settings[key] and not relative.startswith("~"):
            settings[key] = f"{prefix}{path.parent / relative}"
    return tables


def commented(model: "BaseModel") -> str:
    """Return a pydantic model as TOML with what each key means; a field that is a model itself is a table."""
    from pydantic import BaseModel

    fields = type(model).model_fields
    tables = [name for name in fields if isinstance(getattr(model, name), BaseModel)]
    lines = [_line(name, getattr(model, name), info) for name, info in fields.items() if name not in tables]
    for name in tables:
        table = getattr(model, name)
        rows = [_line(key, getattr(table, key), info) for key, info in type(table).model_fields.items()]
        lines += ["", f"# {fields[name].description}", f"[{name}]", *rows]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, info: "FieldInfo") -> str:
    line = f"{key} = {literal(value)}"
    return f"{line:{_WIDTH - 1}} # {info.description}" if info.description else line
