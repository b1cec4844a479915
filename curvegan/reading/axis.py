"""Abscissas from the names of points: 152, 400 nm, h7, 13:30, 2024-01-31."""

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from curvegan.reading.numbers import number

_AROUND = re.compile(r"(.*?)([+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)(\D*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?")

Abscissas = tuple[float, ...]


def abscissas(names: Sequence[str]) -> tuple[Abscissas, str]:
    """Return where points lie that are called so, and what to call that axis; nothing where the names do not tell.

    Those that do go up or down from point to point. Times of day are in hours, dates in days or hours since the first.
    """
    for read in (_numbers, _times, _dates, _numbered):
        x, label = read(names)
        steps = np.diff(x)
        if len(x) and np.isfinite(x).all() and ((steps > 0).all() or (steps < 0).all()):
            return x, label
    return (), ""


def even(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> bool:
    """Return whether values (n,) go up or down in steps of one size."""
    steps = np.diff(values)
    return bool(len(steps) and steps[0] != 0 and np.allclose(steps, steps.mean(), rtol=1e-6, atol=0))


def standard_names(points: int) -> list[str]:
    """Return what points are called whose file does not name them."""
    return [f"p{point}" for point in range(1, points + 1)]


def _numbers(names: Sequence[str]) -> tuple[Abscissas, str]:
    values = [number(name, comma="," in name) for name in names]
    return tuple(value for value in values if value is not None) if None not in values else (), ""


def _times(names: Sequence[str]) -> tuple[Abscissas, str]:
    clocks = [_CLOCK.fullmatch(name) for name in names]
    hours = tuple(int(c[1]) + int(c[2]) / 60 + float(c[3] or 0) / 3600 for c in clocks if c)
    return (hours, "hour") if len(hours) == len(names) else ((), "")


def _dates(names: Sequence[str]) -> tuple[Abscissas, str]:
    moments = [moment_of(name) for name in names]
    known = [moment.replace(tzinfo=None) for moment in moments if moment]
    if len(known) < len(names) or not known:
        return (), ""
    hours = [(moment - known[0]).total_seconds() / 3600 for moment in known]
    if all(value % 24 == 0 for value in hours):
        return tuple(value / 24 for value in hours), f"days since {known[0]:%Y-%m-%d}"
    return tuple(hours), f"hours since {known[0]:%Y-%m-%d %H:%M}"


def moment_of(name: str) -> datetime | None:
    """Return the moment that a text names: ISO 8601, or day, month and year as 31.01.2024 or 31/01/2024."""
    try:
        return datetime.fromisoformat(name) if len(name) >= 8 and not name.isdigit() else None
    except ValueError:
        parts = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[ T](\d{1,2}):(\d{2}))?", name)
    first, second, *rest = [int(part or 0) for part in parts.groups()] if parts else [0, 0, 0, 0, 0]
    for day, month in ((first, second), (second, first)):
        try:
            return datetime(rest[0], month, day, rest[1], rest[2])
        except ValueError:
            continue
    return None


def _numbered(names: Sequence[str]) -> tuple[Abscissas, str]:
    """Read numbers with one word before all of them, or one unit behind."""
    parts = [_AROUND.fullmatch(name) for name in names]
    matches = [part for part in parts if part]
    if len(matches) < len(names) or len({(part[1], part[3]) for part in matches}) != 1:
        return (), ""
    return tuple(float(part[2].replace(",", ".")) for part in matches), matches[0][3].strip(" ()[]")
