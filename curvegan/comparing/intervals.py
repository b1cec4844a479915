"""Values of an axis with so many of them that a picture cannot name each, put into intervals."""

from collections.abc import Sequence
from typing import Any

_INTERVALS = 24
_DECADE = 10


def in_intervals(values: Sequence[Any], most: int) -> list[Any]:
    """Return the values where at most so many differ, else the middle of each one's interval.

    Intervals are of equal width, in the logarithm where all values are positive and span a decade. What is no number
    stays as it is.
    """
    import numpy as np

    numbers = np.array([value for value in values if _is_number(value)], float)
    if len(set(values)) <= most or not len(numbers):
        return list(values)
    logarithmic = numbers.min() > 0 and numbers.max() >= _DECADE * numbers.min()
    to, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    edges = np.linspace(to(numbers.min()), to(numbers.max()), _INTERVALS + 1)
    middles = back((edges[:-1] + edges[1:]) / 2)
    indices = np.clip(np.searchsorted(edges, to(numbers), side="right") - 1, 0, _INTERVALS - 1)
    in_order = iter(middles[indices])
    return [float(f"{next(in_order):.3g}") if _is_number(value) else value for value in values]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
