"""In what configs differ: from the defaults, which is what they ask for, and from each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curvegan.words import named

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig

# They follow from the hash of a data set, or its name does.
_FOLLOWING = ("curve.mean", "curve.scale", "curve.name")


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table's keys with dots, as `--set` takes them."""
    keys: dict[str, Any] = {}
    for key, value in values.items():
        keys |= {f"{key}.{name}": inner for name, inner in value.items()} if isinstance(value, dict) else {key: value}
    return keys


def asked_for(config: "TrainConfig", data: str = "") -> str:
    """Return what a config asks for beyond the defaults, `loss=rpgan lr_g=0.001`; empty where that is nothing.

    `data` is what its data set is called, which stands for the curve and its points. Where a fork comes from is a fact
    of its own.
    """
    chosen = {key: value for key, value in from_defaults(config).items() if not key.startswith("fork_")}
    if data:
        own = {key: value for key, value in chosen.items() if not key.startswith("curve.") and key != "points"}
        chosen = {"data": data} | own
    return named(tuple(chosen), tuple(chosen.values()))


def from_defaults(config: "TrainConfig") -> dict[str, Any]:
    """Return a config's keys and values that are not the default's; a parameter is compared to its family's."""
    defaults, chosen = flat(type(config)().model_dump()), flat(config.model_dump())
    parameters = {key: info.default for key, info in type(config.curve).model_fields.items()}
    defaults |= {f"curve.{key}": value for key, value in parameters.items() if key != "family"}
    return {key: value for key, value in chosen.items() if defaults.get(key) != value and key not in _FOLLOWING}


def among_each_other(configs: Sequence["TrainConfig"], data: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Return the keys that are not the same in all, with each one's value; None where a curve has no such parameter.

    `data` is what their data sets are called, empty for a config without one: the first of the keys, which stands for
    the hash. An empty text is none.
    """
    called = [{"data": name} if name else {} for name in data or [""] * len(configs)]
    tables = [names | flat(config.model_dump()) for names, config in zip(called, configs, strict=True)]
    following = (*_FOLLOWING, "curve.hash") if data else _FOLLOWING
    keys = dict.fromkeys(key for table in tables for key in table if key not in following)
    columns = {key: [None if table.get(key) == "" else table.get(key) for table in tables] for key in keys}
    return {key: values for key, values in columns.items() if any(value != values[0] for value in values)}
