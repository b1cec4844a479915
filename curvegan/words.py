"""Numbers, times, counts, values and foreign texts as people read them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


def number(value: float | None, digits: int = 4) -> str:
    """Return a figure in so many digits; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"


def digits_of(low: float, high: float) -> int:
    """Return how many digits tell numbers between these apart: four, and as many more as their span is smaller."""
    span, size = high - low, max(abs(low), abs(high))
    if not 0 < span < math.inf:
        return 4
    return min(17, max(4, 3 + math.ceil(math.log10(size / span))))


def moment(time: datetime) -> str:
    """Return a time as ISO 8601 in UTC."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(since: datetime | None, now: datetime) -> str:
    """Return the time since, in its largest unit; a clock that is behind the database's gives no negative age."""
    return "-" if since is None else duration(max(0.0, (now - since).total_seconds()))


def duration(seconds: float) -> str:
    """Return seconds in the largest unit that fits, as in `42 s`, `5 min`, `3 h`, `2 d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def plural(count: int, thing: str) -> str:
    """Return a count of things, `1 job` or `3 jobs`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def shown(value: Any) -> str:
    """Return a value of a config, as short as it can be typed; a dash where a job lacks it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def named(keys: Sequence[str], values: Sequence[Any]) -> str:
    """Return keys with their values, `lr=0.001 loss=ns`."""
    return " ".join(f"{key}={shown(value)}" for key, value in zip(keys, values, strict=True))


def inert(text: str) -> str:
    """Return the text with all that could steer a terminal (controls, escapes, text direction) spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
