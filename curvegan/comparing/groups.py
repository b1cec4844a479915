"""Jobs in groups that share some values, and what numbers of a group come to. Knows no store and no picture."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Key = tuple[Any, ...]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Quartiles:
    """How many numbers there are, and their quartiles; None where there is none."""

    count: int
    q25: float | None = None
    median: float | None = None
    q75: float | None = None


def quartiles(values: Iterable[float | None]) -> Quartiles:
    """The quartiles of the numbers that are there, interpolated between two where they fall between."""
    import numpy as np

    known = [value for value in values if value is not None]
    if not known:
        return Quartiles(0)
    return Quartiles(len(known), *(float(value) for value in np.percentile(known, (25, 50, 75))))


def grouped(rows: Iterable[Row], keys: int) -> dict[Key, list[Row]]:
    """The rows by their first so many values, in the order of those, without them."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[:keys], []).append(row[keys:])
    return {key: groups[key] for key in sorted(groups, key=_order)}


def counted(words: Iterable[str | None]) -> dict[str, int]:
    """How often each word is there, the most frequent first."""
    counts = Counter(word for word in words if word is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def said(counts: Mapping[str, int]) -> str:
    """Counts in a line, `12 converged, 4 oscillating`."""
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def shown(value: Any) -> str:
    """A value of a config, as short as it can be typed; a dash where a job lacks it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def named(keys: Sequence[str], values: Sequence[Any]) -> str:
    """What a group has in common, `lr=0.001 loss=ns`."""
    return " ".join(f"{key}={shown(value)}" for key, value in zip(keys, values, strict=True))


def _order(key: Key) -> list[tuple[int, Any]]:
    """Numbers before words before nothing, so that any two keys can be compared."""
    return [_place(value) for value in key]


def _place(value: Any) -> tuple[int, Any]:
    if value is None:
        return 2, 0
    return (1, value) if isinstance(value, str) else (0, value)
