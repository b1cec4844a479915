"""Numbers at an axis: which are round, and how they are written in few digits.

What all numbers of an axis share is written once at its end: a power of ten, and an offset that is large beside their
differences. A value is its number times the power, plus the offset.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

Range = tuple[float, float]

MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_MOST_DECADES = 8
_MOST_LETTERS = 8
_LEAST, _MOST = 1e-3, 1e7
"""What is smaller or not as small is written with a power of ten."""
_FAR = 1e4
"""How many times the span of the numbers an offset has at least."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def round_ticks(limits: Range, most: int = 6) -> list[float]:
    """Return round numbers within the limits; round beside their offset where they have one."""
    offset, _ = _offset(*limits)
    low, high = limits[0] - offset, limits[1] - offset
    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return list(dict.fromkeys(float(offset + tick) for tick in ticks if low <= tick <= high))


def decades(limits: Range) -> list[float]:
    """Return powers of ten within the limits: not all if they are many, and with 2 and 5 between if they are few."""
    low, high = limits
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = range(first, last + 1, 1 + (last - first) // _MOST_DECADES)
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    shown = [tick for tick in ticks if low <= tick <= high]
    return shown if len(shown) > 1 else round_ticks(limits)


def labels(ticks: Sequence[float], same: bool = True) -> tuple[list[str], str]:
    """Write numbers, all with the same decimals or, where that is short, each with its own; and what they share.

    The second is empty where they share nothing, else a power of ten, an offset as in "+101,325", or both.
    """
    alone = [f"{tick:.6g}".replace("-", MINUS) for tick in ticks]
    if len(ticks) < 2 or (not same and len(set(alone)) == len(alone) and max(map(len, alone)) < _MOST_LETTERS):
        return alone, ""
    offset, shared = _offset(min(ticks), max(ticks))
    numbers = np.subtract(ticks, offset)
    largest = float(np.abs(numbers).max())
    power = 0 if _LEAST <= largest < _MOST or not largest else math.floor(math.log10(largest))
    numbers /= 10.0**power
    decimals = _decimals(numbers, float(np.spacing(np.abs(ticks).max())) / 10.0**power)
    # Adding zero turns -0 into 0.
    texts = [f"{round(number, decimals) + 0.0:,.{decimals}f}".replace("-", MINUS) for number in numbers.tolist()]
    scale = f"{_TIMES}10{str(power).translate(_SUPERSCRIPTS)}" if power else ""
    return texts, f"{scale} {shared[0]} {shared[1:]}" if scale and shared else scale + shared


def _offset(low: float, high: float) -> tuple[float, str]:
    """Return a number near the middle of the limits, as round as their span, and its text; 0 where they are not far."""
    span, largest = high - low, max(abs(low), abs(high))
    if not 0 < span * _FAR <= largest:
        return 0.0, ""
    decimals = -math.ceil(math.log10(span))
    offset = round((low + high) / 2, decimals)
    size = abs(offset)
    if 1 <= size < 1e15:
        text = f"{size:,.{decimals}f}".rstrip("0").rstrip(".") if decimals > 0 else f"{size:,.0f}"
    else:
        text = f"{size:.{min(17, math.floor(math.log10(size)) + decimals + 1)}g}".replace("-", MINUS)
    return offset, (MINUS if offset < 0 else "+") + text


def _decimals(numbers: "np.typing.NDArray[np.float64]", resolution: float) -> int:
    """Return how many decimals show the numbers to a thousandth of their smallest difference, at most two more than it.

    `resolution` is how far the numbers are off at worst.
    """
    step = float(np.abs(np.diff(numbers)).min())
    most = max(0, 2 - math.floor(math.log10(step))) if step else 0
    exact = max(1e-3 * step, resolution)
    return next((n for n in range(most) if np.abs(np.round(numbers, n) - numbers).max() <= exact), most)
