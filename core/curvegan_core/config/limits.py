"""How large a value from outside may be, whatever its key, before anything else looks at it."""

from collections.abc import Mapping
from typing import Any

from curvegan_core.errors import InvalidConfig

MOST_DEPTH, MOST_ENTRIES, MOST_CHARACTERS = 4, 1000, 1000
_MOST_INTEGER = 2**64


def check_size(values: Mapping[str, Any], depth: int = 1) -> None:
    """Raise InvalidConfig where tables, lists, texts or integers are larger than any config has them.

    What passes can be compared, printed and merged at no cost: Python's own limits on nesting and on the digits of an
    integer lie far above.
    """
    if depth > MOST_DEPTH:
        raise InvalidConfig(f"tables are nested more than {MOST_DEPTH} deep; `curvegan config` prints all keys")
    if len(values) > MOST_ENTRIES:
        raise InvalidConfig(f"a table has {len(values)} keys, more than {MOST_ENTRIES}")
    for key, value in values.items():
        if len(key) > MOST_CHARACTERS:
            raise InvalidConfig(f"unknown key {key[:40]!r}..., of {len(key)} characters")
        _check_value(key, value, depth)


def _check_value(key: str, value: Any, depth: int) -> None:
    if isinstance(value, Mapping):
        check_size(value, depth + 1)
    elif isinstance(value, list | tuple):
        check_size({f"{key}[{index}]": item for index, item in enumerate(value[: MOST_ENTRIES + 1])}, depth + 1)
    elif isinstance(value, str) and len(value) > MOST_CHARACTERS:
        raise InvalidConfig(f"{key[:40]}: a text has at most {MOST_CHARACTERS} characters, got {len(value)}")
    elif isinstance(value, int) and abs(value) > _MOST_INTEGER:
        raise InvalidConfig(f"{key[:40]}: an integer lies within -2^64..2^64")
