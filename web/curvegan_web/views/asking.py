"""What a request asks for, checked as the commands check it; and numbers as JSON has them."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from curvegan_core.errors import InvalidInput
from curvegan_db.filters.language import Filter

Asked = Mapping[str, str]
Waited = Callable[[], bool]
"""Whether somebody still waits for what was asked."""


class Gone(Exception):
    """Whoever asked is gone."""


def whole(asked: Asked, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number within bounds. Raises InvalidInput."""
    text = asked.get(name) or str(default)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 20 and low <= int(text) <= high):
        raise InvalidInput(f"{name} is a whole number from {low} to {high}, not {text!r:.60}")
    return int(text)


def word(asked: Asked, name: str, words: Iterable[str], default: str = "") -> str:
    """Return one of some words. Raises InvalidInput."""
    text, known = asked.get(name) or default, [*words]
    if text and text not in known:
        raise InvalidInput(f"{name} is one of {', '.join(known)}, not {text!r:.60}")
    return text


def where(asked: Asked) -> Filter | None:
    """Return the filter, as `--where` reads it. Raises InvalidInput."""
    text = asked.get("where", "").strip()
    return Filter.parse(text) if text else None


def finite(value: float | None, digits: int = 7) -> float | None:
    """Return a number in so many digits, None for one that JSON has not; a float32 is told apart by 9 of them."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


def listed(values: Any, digits: int = 7) -> list[Any]:
    """Return an array of any shape as lists of such numbers."""
    return [listed(row, digits) for row in values] if values.ndim > 1 else [finite(v, digits) for v in values.tolist()]
