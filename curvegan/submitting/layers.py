"""How a job's config comes together: layers of keys, a later one over an earlier one. Stores nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curvegan import toml
from curvegan.datasets import data_layer
from curvegan.given import seed_of, whole
from curvegan.selecting import select_one
from curvegan.submitting.axes import plain

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan.submitting.axes import Axis
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.store import Store

_MOST_DOTS = 3


def job_layers(
    lab: "Services",
    keys: Mapping[str, Any],
    preset: str | None = None,
    file: Path | None = None,
    assigned: Mapping[str, Any] | None = None,
    data: str | None = None,
    start: "TrainConfig | None" = None,
) -> list[Mapping[str, Any]]:
    """Return the layers of a job, the lowest first: project file, preset, file, `assigned`, `keys`, data set.

    `start` is the config of another job, from which this one starts in place of the project file. A data set is learnt
    with the preset for it, where neither another one nor a job to start from is given.

    Raises:
        InvalidInput: a file that cannot be read, or a data set beside another curve.
        DatasetNotFound: no data set is called `data`.
    """
    from curvegan_core.errors import InvalidInput

    own, assigned = toml.read(file) if file else {}, assigned or {}
    if data is not None and ("curve" in keys or assigned.keys() & {"curve", "points"}):
        raise InvalidInput("--data says what the curve and its points are: leave out --curve and --set of either")
    # Below `assigned` too, so that parameters set there are those of the family chosen here.
    family = {key: keys[key] for key in ("curve",) if key in keys}
    dataset = data_layer(lab.store, data) if data is not None else {}
    lowest = job_layer(start) if start else lab.files["config"]
    return [lowest, preset_layer(preset or own_preset(data, start)), own, family, assigned, keys, dataset]


def data_layers(store: "Store", axes: Iterable["Axis"]) -> dict[str, dict[str, Any]]:
    """Return the layers of the data sets that an axis `data` names. Raises DatasetNotFound."""
    names = [str(value) for axis in axes if axis.key == "data" for value in axis.values]
    return {name: data_layer(store, name) for name in names}


def layered(layers: Iterable[Mapping[str, Any]]) -> "TrainConfig":
    """Return the config that the layers make together, a later one over an earlier one.

    Raises:
        InvalidConfig: an unknown key or a value out of range.
    """
    from curvegan_core.config.train import TrainConfig

    return TrainConfig.parse(merged(layers, TrainConfig().curve.family))


def merged(layers: Iterable[Mapping[str, Any]], family: str) -> dict[str, Any]:
    """Return the layers as one. A layer that changes the curve's family, at first `family`, drops its parameters."""
    values: dict[str, Any] = {}
    for layer in map(_spelled_out, layers):
        curve = layer.get("curve")
        chosen = curve.get("family", family) if isinstance(curve, Mapping) else family
        if chosen != family:
            values.pop("curve", None)
            family = chosen
        values = toml.overlay(values, layer)
    return values


def _spelled_out(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer's short forms in full, so that `lr` wins over an `lr_g` below and a family is seen to be one."""
    values = dict(layer)
    if "lr" in values:
        lr = values.pop("lr")
        values = {"lr_g": lr, "lr_d": lr} | values
    if isinstance(values.get("curve"), str):
        values["curve"] = {"family": values["curve"]}
    return values


def assignments(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the layer that keys and values as they are typed make; a dotted key reaches into a table."""
    layer: dict[str, Any] = {}
    for key, text in pairs:
        layer = toml.overlay(layer, layer_of(key, toml.value(text)))
    return layer


def keyed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the layer of keys and values, numpy's too; a dotted key reaches into a table. Raises InvalidConfig."""
    layer: dict[str, Any] = {}
    for key, value in values.items():
        spelled = {name: plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else plain(value)
        layer = toml.overlay(layer, layer_of(key, spelled))
    return layer


def repeats(seeds: int | str | Iterable[int] | None, keys: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return seeds as `--seeds` takes them, and the keys; of a single seed that is listed it is the key."""
    if seeds is None or isinstance(seeds, str):
        return seeds, keys
    if not isinstance(seeds, Iterable):
        return str(whole(seeds, "the number of seeds")), keys
    listed = list(map(seed_of, seeds))
    return (None, keys | {"seed": listed[0]}) if len(listed) == 1 else (",".join(map(str, listed)), keys)


def layer_of(key: str, value: Any) -> dict[str, Any]:
    """Return the layer of one key, which reaches into a table where it has dots. Raises InvalidConfig."""
    from curvegan_core.config.limits import check_size

    nested: Any = value
    for part in reversed(key.split(".", _MOST_DOTS)):
        nested = {part: nested}
    check_size(nested)
    return _spelled_out(nested)


def job_layer(config: "TrainConfig") -> dict[str, Any]:
    """Return the layer of a job's config; what follows from its steps or its family is left out, to follow a change."""
    values, fields = config.model_dump(), type(config).model_fields
    for name, declared in config.KEYS.items():
        if declared.most_rows and values[name] == min(fields[name].default, config.steps):
            del values[name]
    for name in ("fork_of", "fork_step"):
        del values[name]  # the state of the other job is not there to start from
    if config.points in config.curve.points_allowed[:1]:
        del values["points"]
    return values


def start_config(lab: "Services", selector: str | None) -> "TrainConfig | None":
    """Return the config of the job that somebody names to start from. Raises JobNotFound, InvalidInput."""
    return None if selector is None else lab.store.job(select_one(lab.store, selector)).config


def own_preset(data: str | None, start: "TrainConfig | None" = None) -> str | None:
    """Return the preset that a data set is learnt with where none is given; None where there is no data set."""
    return "data" if data is not None and start is None else None


def preset_layer(name: str | None) -> dict[str, Any]:
    """Return the layer of a preset, empty without one. Raises InvalidConfig for an unknown one."""
    from curvegan_core.config.presets import preset

    return preset(name).values if name is not None else {}
