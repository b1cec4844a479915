"""A key of a config is one line: its type, and with `key` its default, its meaning, its bounds and how it counts.

What a config is called by is derived from these lines: `numbers` gives `TrainConfig.hash`, `pack_words` its `pack_key`.
A model refuses to be defined with a field that does not say how it counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, Field


class Counts(StrEnum):
    """What a key is to a pack, whose jobs do the same operations on tensors of the same shapes."""

    SHAPE = "shape"
    """Sizes the tensors: a pack has one value of it."""
    CHOICE = "choice"
    """Chooses an operation or how often it is done: a pack has one value of it."""
    SWITCH = "switch"
    """Off at zero or false: in a pack it is on for all jobs or for none, and its number is each job's own."""
    FREE = "free"
    """Each job's own."""


SHAPE, CHOICE, SWITCH, FREE = Counts
# The first keys are in every hash, those of 2 only where they are not at their default. So are those of 3, which
# `pack_key` names too: names that stores and checkpoints have stay what they are when a key is added.
FIRST, LATER, NEWEST = 1, 2, 3
# Below it every whole number is a float of its own.
_EXACT = 2**53


class Fixed(StrEnum):
    """Why a fork may not change a key: what it would contradict in the state or the records that it goes on from."""

    STATE = "the state at that step has tensors for the present one"
    PAST = "it says what happened before that step"


STATE, PAST = Fixed


@dataclass(frozen=True)
class Key:
    """How a key counts.

    Attributes:
        counts: what it is to a pack.
        numbers: whether a training's numbers depend on it.
        since: FIRST, LATER, or NEWEST for every key that is added.
        fused: the values that the fused engine can train with; None if it can with all.
        most_rows: of an interval in steps, how many rows of the store a job may fill with it.
        fixed: why a fork may not change it; STATE where that would need other tensors. None if it may.
    """

    counts: Counts
    numbers: bool = True
    since: int = NEWEST
    fused: tuple[Any, ...] | None = None
    most_rows: int | None = None
    fixed: Fixed | None = None


def key(
    default: Any,
    counts: Counts,
    meaning: str | None = None,
    *,
    numbers: bool = True,
    since: int = NEWEST,
    fused: tuple[Any, ...] | None = None,
    most_rows: int | None = None,
    fixed: Fixed | None = None,
    **bounds: Any,
) -> Any:
    """Declare a field of a model: `...` for a default says that it has none; bounds are those of pydantic's `Field`."""
    declared = Key(counts, numbers, since, fused, most_rows, fixed)
    return Field(default, description=meaning, json_schema_extra=asdict(declared), **bounds)


class Keyed(BaseModel):
    """A config, or a part of one: never changed, nothing unknown in it, no text read as a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    KEYS: ClassVar[dict[str, Key]] = {}
    DEFAULTS: ClassVar[dict[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Read how each field counts. Raises TypeError for one that does not say it."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.KEYS = {}
        cls.DEFAULTS = {name: field.default for name, field in cls.model_fields.items()}
        for name, field in cls.model_fields.items():
            if not isinstance(field.json_schema_extra, dict):
                raise TypeError(f"{cls.__name__}.{name} does not say how it counts: declare it with `key`")
            cls.KEYS[name] = Key(**cast(dict[str, Any], field.json_schema_extra))


def whole(model: type[Keyed], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in which 1e5 is 100000 where a key takes whole numbers; what has a fraction stays as it is."""
    counts = [name for name, field in model.model_fields.items() if field.annotation is int]
    given = {name: values[name] for name in counts if isinstance(values.get(name), float)}
    exact = {name: int(value) for name, value in given.items() if value.is_integer() and abs(value) < _EXACT}
    return {**values, **exact}


def numbers(model: Keyed) -> dict[str, Any]:
    """Return the values that a training's numbers depend on, as JSON has them; later keys only off their default."""
    values = model.model_dump(mode="json")
    for name, declared in model.KEYS.items():
        value = getattr(model, name)
        if not declared.numbers or (declared.since > FIRST and value == model.DEFAULTS[name]):
            del values[name]
        elif isinstance(value, Keyed):
            values[name] = numbers(value)
    return values


def pack_words(model: Keyed) -> Iterator[str]:
    """Yield what the jobs of a pack have in common: values in a fixed order, then the switches that are on.

    A newer key is named with its value, where that is not the default.
    """
    for counts in (SHAPE, CHOICE):
        for name, declared in model.KEYS.items():
            if declared.counts is counts and declared.since < NEWEST:
                yield _word(getattr(model, name))
    for name, declared in model.KEYS.items():
        value = getattr(model, name)
        if declared.counts is SWITCH and value:
            yield name
        elif declared.counts in (SHAPE, CHOICE) and declared.since >= NEWEST and value != model.DEFAULTS[name]:
            yield f"{name}={_word(value)}"


def _word(value: Any) -> str:
    return "/".join(pack_words(value)) if isinstance(value, Keyed) else str(value)
