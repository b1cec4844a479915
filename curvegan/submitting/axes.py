"""The axes of a sweep: how they are typed, and the points they span.

lr=1e-5,1e-4,1e-3       these values
lr=log:1e-5:1e-2:7      seven values from 1e-5 to 1e-2, each the same factor above the one before; `lin:` the same step
lr=1e-5..1e-2           drawn from there, for `--random`
"""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, NoReturn

from curvegan import toml
from curvegan.given import whole

MOST_AXES, MOST_POINTS = 16, 100_000
_DIGITS = 6
_MOST = 1e300
_TRIES = 100
# From so large a ratio of its ends on a range is drawn on a logarithmic scale.
_DECADE = 10.0
_SAME = {"curve.family": "curve"}
_SPACED = ("lin:", "log:")

Value = str | int | float | bool
Point = tuple[Value, ...]


@dataclass(frozen=True)
class Axis:
    """A key of the config and the values it takes: several, or any from `low` to `high`."""

    key: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False

    def draw(self, generator: random.Random) -> Value:
        """Return one of its values, each as likely; of a range a number of six digits."""
        share = generator.random()
        return self.values[int(share * len(self.values))] if self.values else self.at(share)

    def at(self, share: float) -> Value:
        """Return the number of a range that lies so far from its low end, 0, to its high end, 1."""
        value = _between(self.low, self.high, share, self.logarithmic)
        return round(value) if self.whole else _rounded(value)

    def share(self, value: float) -> float:
        """Return how far a number of a range lies from its low end to its high end."""
        low, high = self.low, self.high
        share = math.log(value / low) / math.log(high / low) if self.logarithmic else (value - low) / (high - low)
        return min(max(share, 0.0), 1.0)

    @property
    def logarithmic(self) -> bool:
        """Whether a range is drawn from on a logarithmic scale."""
        return self.low > 0 and self.high >= _DECADE * self.low

    @property
    def room(self) -> float:
        """How many values it has; a range of numbers that need not be whole has no end of them."""
        return len(self.values) or (self.high - self.low + 1 if self.whole else math.inf)

    @property
    def described(self) -> list[Value] | dict[str, Value]:
        """The axis as JSON."""
        return list(self.values) if self.values else {"low": _rounded(self.low), "high": _rounded(self.high)}


def parse_axis(text: str) -> Axis:
    """Return an axis as it is typed, `lr=1e-5,1e-4`. Raises InvalidInput."""
    key, equals, typed = (part.strip() for part in text.partition("="))
    if not key or not equals or not typed:
        _refuse(f"{text!r:.60} is no axis: write it as KEY=VALUE,VALUE, as in lr=1e-4,1e-3")
    if typed.startswith(_SPACED):
        return Axis(key, _distinct(key, _spaced(key, typed)))
    if ".." in typed and "," not in typed:
        return _range(key, typed)
    return Axis(key, _distinct(key, [_scalar(key, item.strip()) for item in typed.split(",")]))


def axis_of(key: str, values: Any) -> Axis:
    """Return an axis of plain values, of a `Span` for `--random`, or of one value. Raises InvalidInput."""
    if isinstance(values, Span):
        return _between_ends(key, *values)
    values = plain(values)
    several = list(map(plain, values)) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    if not several:
        _refuse(f"the axis {key:.60} has no value")
    for value in several:
        if not isinstance(value, Value):
            _refuse(f"the axis {key:.60} takes numbers, words, true and false, not {value!r:.60}")
    return Axis(key, _distinct(key, several))


class Span(NamedTuple):
    """Any number from `low` to `high`, drawn for a random search."""

    low: float
    high: float


def log(low: float, high: float, count: int) -> list[Value]:
    """Return values from low to high, each the same factor above the one before. Raises InvalidInput."""
    return _spread("log", "log", *map(plain, (low, high, count)))


def span(low: float, high: float) -> Span:
    """Return a range to draw from, for `random`: on a logarithmic scale where high is 10 low or more, else evenly.

    Whole numbers are drawn where both ends are whole. Raises InvalidInput.
    """
    ends = plain(low), plain(high)
    if not all(map(_is_number, ends)):
        _refuse(f"span({low!r:.40}, {high!r:.40}): both ends of a range are numbers, as in span(1e-5, 1e-2)")
    if not ends[0] < ends[1]:
        _refuse(f"span({low!r:.40}, {high!r:.40}): the smaller end of a range comes first")
    return Span(*ends)


def lin(low: float, high: float, count: int) -> list[Value]:
    """Return values from low to high, each the same step above the one before. Raises InvalidInput."""
    return _spread("lin", "lin", *map(plain, (low, high, count)))


def plain(value: Any) -> Any:
    """Return what Python calls a number for one of numpy's."""
    return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value


def seed_axis(text: str, first: int) -> Axis:
    """Return the axis of `--seeds`: a number of them from `first` on, or a list. Raises InvalidInput."""
    words = [word.strip() for word in text.split(",")]
    # The length first: Python converts no integer of thousands of digits.
    if not all(word.isascii() and word.isdecimal() and len(word) <= len(str(2**64)) for word in words):
        _refuse(f"--seeds is a number of seeds, as in 16, or a list, as in 3,5,9; got {text!r:.60}")
    numbers = [int(word) for word in words]
    if len(numbers) > 1:
        return Axis("seed", _distinct("seed", numbers))
    if not 1 <= numbers[0] <= MOST_POINTS:
        _refuse(f"--seeds: a sweep has 1 to {MOST_POINTS} seeds, got {numbers[0]}")
    return Axis("seed", tuple(range(first, first + numbers[0])))


def check_axes(axes: Sequence[Axis], drawn: bool) -> None:
    """Raise InvalidInput unless the axes go together; `drawn` says that ranges may be among them."""
    if len(axes) > MOST_AXES:
        _refuse(f"a sweep has at most {MOST_AXES} axes, got {len(axes)}")
    keys = [_SAME.get(axis.key, axis.key) for axis in axes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        _refuse(f"{twice:.60} is an axis twice; give all its values in one, as in {twice:.60}=A,B")
    for axis in axes:
        if not axis.values and not drawn:
            _refuse(
                f"{axis.key:.60} has a range, which only --random N draws from; "
                f"a grid takes values, as in {axis.key:.60}=log:{axis.low:g}:{axis.high:g}:7"
            )


def grid_points(axes: Sequence[Axis]) -> tuple[int, Iterator[Point]]:
    """Return how many points there are, and every one of them, the last axis the fastest. Raises InvalidInput."""
    count = math.prod(len(axis.values) for axis in axes)
    _check_count(count)
    return count, product(*(axis.values for axis in axes))


def drawn_points(axes: Sequence[Axis], count: int, seed: int, repeated: Axis | None) -> tuple[int, Iterator[Point]]:
    """Return `count` different points drawn by the seed, each with every value of `repeated`, the last axis.

    Raises InvalidInput.
    """
    _check_count(count * len(repeated.values) if repeated else count)
    room = math.prod(axis.room for axis in axes)
    if count > room:
        _refuse(f"--random {count}: the axes have only {room:.0f} points; draw at most so many, or leave --random out")
    generator, points = random.Random(seed), dict[Point, None]()
    for _ in range(_TRIES * count):
        points[tuple(axis.draw(generator) for axis in axes)] = None
        if len(points) == count:
            break
    else:
        _refuse(f"--random {count}: only {len(points)} different points came in {_TRIES * count} draws; ask for fewer")
    ends = [(value,) for value in repeated.values] if repeated else [()]
    return count * len(ends), (point + end for point in points for end in ends)


def describe(axes: Sequence[Axis], point: Point) -> str:
    """Return a point in words, `lr=0.001 loss=ns`."""
    return " ".join(f"{axis.key}={shown(value)}" for axis, value in zip(axes, point, strict=True))


def shown(value: Value) -> str:
    """Return a value as it may be typed."""
    return value if isinstance(value, str) else toml.literal(value)


def _check_count(count: int) -> None:
    if count > MOST_POINTS:
        _refuse(f"a sweep has at most {MOST_POINTS} jobs, this one has {count}; take fewer values, or --random N")


def _scalar(key: str, text: str) -> Value:
    value: Any = toml.value(text)
    if not text:
        _refuse(f"the axis {key:.60} has an empty value; write it as {key:.60}=A,B")
    if not isinstance(value, Value):
        _refuse(f"the axis {key:.60} takes numbers, words, true and false, not {text!r:.60}")
    return value


def _distinct(key: str, values: Sequence[Value]) -> tuple[Value, ...]:
    if len(values) > MOST_POINTS:
        _refuse(f"the axis {key:.60} has {len(values)} values, more than the {MOST_POINTS} jobs of a sweep")
    seen: set[str] = set()
    for value in values:
        if repr(value) in seen:
            _refuse(f"the axis {key:.60} has the value {shown(value):.60} twice")
        seen.add(repr(value))
    return tuple(values)


def _spaced(key: str, text: str) -> list[Value]:
    """Return the values of `lin:A:B:N` and `log:A:B:N`."""
    kind, *parts = text.split(":")
    if len(parts) != 3 or not parts[2].isascii() or not parts[2].isdecimal() or len(parts[2]) > len(str(MOST_POINTS)):
        _refuse(f"{key:.60}={text:.60} is no row of values: write {kind}:FIRST:LAST:HOW_MANY, as in {kind}:1e-5:1e-2:7")
    return _spread(kind, f"{key:.60}={text:.60}", _number(key, parts[0]), _number(key, parts[1]), int(parts[2]))


def _spread(kind: str, typed: str, low: float, high: float, count: int) -> list[Value]:
    if not all(map(_is_number, (low, high, count))):
        _refuse(f"{typed}({low!r:.40}, {high!r:.40}, {count!r:.40}): all three are numbers, as in log(1e-5, 1e-2, 7)")
    count = whole(count, f"{typed}: how many values there are")
    if not low < high or not 2 <= count <= MOST_POINTS or (kind == "log" and low <= 0):
        positive = ", both above 0" if kind == "log" else ""
        _refuse(f"{typed}: the first value is below the last{positive}, and there are 2 or more")
    return [_rounded(_between(low, high, index / (count - 1), kind == "log")) for index in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


def _range(key: str, text: str) -> Axis:
    ends = [end.strip() for end in text.split("..", 1)]
    low, high = (_number(key, end) for end in ends)
    whole = all(isinstance(toml.value(end), int) for end in ends)
    return _between_ends(key, int(low) if whole else low, int(high) if whole else high)


def _between_ends(key: str, low: float, high: float) -> Axis:
    if not low < high:
        _refuse(f"{key:.60}={low:g}..{high:g}: the smaller end of a range comes first")
    return Axis(key, low=low, high=high, whole=isinstance(low, int) and isinstance(high, int))


def _number(key: str, text: str) -> float:
    value = toml.value(text)
    if not _is_number(value):
        _refuse(f"{key:.60}: {text!r:.60} is no number")
    return float(value)


def _between(low: float, high: float, share: float, logarithmic: bool) -> float:
    value = low * (high / low) ** share if logarithmic else low + (high - low) * share
    return min(max(value, low), high)


def _rounded(value: float) -> Value:
    """Return the number with six digits; a whole one is written whole, for keys that take no other."""
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
