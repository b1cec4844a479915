"""What a search may choose from, key by key: values, ranges, or both.

lr=1e-5..1e-2           any number from there, on a logarithmic scale where `sweep --random` has one
loss=ns,rpgan,wgan      these values
r1=0,0.01..10           0, or any number from there
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from curvegan.submitting.axes import MOST_AXES, Axis, Span, Value, axis_of, parse_axis, shown

_SPACED = ("lin:", "log:")
# A search over these would compare what cannot be compared.
_OTHER = "trials on other curves say nothing of each other"
_FIXED = {
    "seed": "--seeds says how many each trial has",
    "data": _OTHER,
    "curve": _OTHER,
    "x_min": _OTHER,
    "x_max": _OTHER,
}
_BOTH = ("lr_g", "lr_d")


@dataclass(frozen=True)
class Dimension:
    """A key of the config, and what it may be: one of the values, or a number of one of the ranges."""

    key: str
    values: tuple[Value, ...]
    ranges: tuple[Axis, ...] = ()

    @property
    def options(self) -> tuple[Value | Axis, ...]:
        """The values, then the ranges."""
        return (*self.values, *self.ranges)

    @property
    def all_ends(self) -> list[Value]:
        """The values, and both ends of each range."""
        return [*self.values, *(int(end) if r.whole else float(end) for r in self.ranges for end in (r.low, r.high))]

    @property
    def text(self) -> str:
        """It as it is typed behind the key."""
        return ",".join([*map(shown, self.values), *(f"{_end(r, r.low)}..{_end(r, r.high)}" for r in self.ranges)])

    @property
    def described(self) -> Any:
        """It as the axis of a sweep, in JSON."""
        parts = [*self.values, *(part.described for part in self.ranges)]
        return parts[0] if self.ranges and len(parts) == 1 else parts

    def draw(self, generator: random.Random) -> Value:
        """Return a value: each of the options is as likely."""
        option = self.options[int(generator.random() * len(self.options))]
        return option.draw(generator) if isinstance(option, Axis) else option

    def option(self, value: Value) -> int | None:
        """Return which of the options a value is, or lies in; None where it is none of them."""
        if value in self.values:
            return self.values.index(value)
        within = isinstance(value, int | float) and not isinstance(value, bool)
        holding = (n for n, r in enumerate(self.ranges) if within and r.low <= value <= r.high)  # type: ignore[operator]
        index = next(holding, None)
        return None if index is None else len(self.values) + index


def parse_dimension(text: str) -> Dimension:
    """Return a dimension as it is typed, `r1=0,0.01..10`. Raises InvalidInput."""
    key, equals, typed = (part.strip() for part in text.partition("="))
    if not key or not equals or not typed:
        _refuse(f"{text!r:.60} says nothing to search: write it as KEY=A..B or KEY=VALUE,VALUE, as in lr=1e-5..1e-2")
    items = [typed] if typed.startswith(_SPACED) else typed.split(",")
    return _joined(key, [parse_axis(f"{key}={item}") if item.strip() else _empty(key) for item in items])


def dimension_of(key: str, values: Any) -> Dimension:
    """Return a dimension of plain values, spans, or both; a text is read as it is typed. Raises InvalidInput."""
    if isinstance(values, str):
        return parse_dimension(f"{key}={values}")
    several = [values] if isinstance(values, Span) or not isinstance(values, Iterable) else list(values)
    return _joined(key, [axis_of(key, value) for value in several])


def check_space(space: Sequence[Dimension]) -> None:
    """Raise InvalidInput unless the dimensions are keys of a config that go together."""
    from curvegan_db.filters.catalogue import CONFIG_FIELDS
    from curvegan_db.filters.fields import near

    keys = [dimension.key for dimension in space]
    if not 1 <= len(keys) <= MOST_AXES:
        _refuse(f"a search has 1 to {MOST_AXES} keys, got {len(keys)}; write one as in --space lr=1e-5..1e-2")
    for key in keys:
        if reason := _FIXED.get(key.split(".", maxsplit=1)[0]):
            _refuse(f"{key} is no key to search: {reason}")
        if key not in CONFIG_FIELDS:
            _refuse(f"there is no key {key!r:.60} to search{near(key, CONFIG_FIELDS)}")
        if keys.count(key) > 1 or (key == "lr" and {*_BOTH} & {*keys}):
            _refuse(f"{key} is there twice; give all that it may be at once, as in {key}=A,B")


def is_in(space: Sequence[Dimension], point: Mapping[str, Value]) -> None:
    """Raise InvalidInput unless the point has a value of each dimension, and nothing else."""
    if set(point) != {dimension.key for dimension in space}:
        _refuse(f"a point has the keys {', '.join(d.key for d in space)}; got {', '.join(point) or 'none'}")
    for dimension in space:
        if dimension.option(point[dimension.key]) is None:
            _refuse(f"{dimension.key}={shown(point[dimension.key]):.60} is not in {dimension.key}={dimension.text}")


def _joined(key: str, parts: Sequence[Axis]) -> Dimension:
    values = [value for part in parts for value in part.values]
    ranges = tuple(part for part in parts if not part.values)
    if not values and not ranges:
        _refuse(f"the key {key:.60} has no value")
    return Dimension(key, axis_of(key, values).values if values else (), ranges)


def _end(part: Axis, value: float) -> str:
    return shown(int(value) if part.whole else float(value))


def _empty(key: str) -> NoReturn:
    _refuse(f"{key:.60} has an empty value; write it as {key:.60}=A,B")


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
