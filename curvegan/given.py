"""What a person gives from Python, as the plain values that are meant: numpy's whole numbers too, and one word where
several may be. What is something else is refused in a line."""

from collections.abc import Iterable, Mapping
from operator import index
from pathlib import Path
from typing import Any, NoReturn

# The largest whole number that a database has.
MOST = 2**63 - 1


def whole(value: Any, what: str, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number, also of numpy, or one that pandas made a float. Raises InvalidInput."""
    number = _index(value)
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        least = "" if low is None else f" from {low}"
        bounds = f"{least} to {high}" if high is not None and high < MOST else f"{least} on" if least else ""
        _refuse(f"{what} is a whole number{bounds}, not {value!r:.60}")
    return number


def step_of(value: Any) -> int | None:
    """Return a step of a training; None where none is meant. Raises InvalidInput."""
    return None if value is None else whole(value, "a step", 0, MOST)


def seed_of(value: Any) -> int:
    """Return a seed. Raises InvalidInput."""
    return whole(value, "a seed", 0, 2**64 - 1)


def word(value: Any, what: str) -> str:
    """Return a text. Raises InvalidInput."""
    if not isinstance(value, str):
        _refuse(f"{what} is a text, not {value!r:.60}")
    return value


def words(values: Any, what: str) -> tuple[str, ...]:
    """Return texts; one alone may stand for a list of it. Raises InvalidInput."""
    listed = (values,) if isinstance(values, str) else tuple(values) if isinstance(values, Iterable) else (None,)
    if not all(isinstance(value, str) for value in listed):
        _refuse(f"{what} are texts, as in ['a', 'b'], not {values!r:.60}")
    return listed


def by_key(values: Any, what: str) -> Mapping[str, Any]:
    """Return a mapping whose keys are texts. Raises InvalidInput."""
    if not isinstance(values, Mapping) or not all(isinstance(key, str) for key in values):
        _refuse(f"{what} are said by their keys, as in {{'lr': [1e-4, 1e-3]}}, not {values!r:.60}")
    return values


def file_of(path: Any) -> Path:
    """Return the path of a file. Raises InvalidInput."""
    try:
        return Path(path)
    except TypeError:
        _refuse(f"a file is meant by its path, not {path!r:.60}")


def written(path: Any, data: bytes) -> Path:
    """Write a file, over one that is there; return its path. Raises InvalidInput."""
    file = file_of(path)
    try:
        file.write_bytes(data)
    except OSError as error:
        _refuse(f"{file} cannot be written: {error.strerror}; give another place")
    return file


def _index(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, float) and value.is_integer() else index(value)
    except TypeError:
        return None


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
