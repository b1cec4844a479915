"""curvegan config, and how a job's config comes together from files, --set and options. Stores nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.submitting import toml
from curvegan_cli.shown.output import format_option, inert, print_json

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from curvegan_core.config.train import TrainConfig

_WIDTH = 24
_MOST_DOTS = 3


# The names of curvegan_core.config.presets, which is too heavy to import for --help; a test holds them together.
PRESETS = ("tutorial", "tuned", "collapse-demo", "collapse-fix", "sine8", "ring-unrolled", "ring-veegan", "grid-veegan")
preset_option = click.option("--preset", metavar="NAME", help=f"Keys to start from: {', '.join(PRESETS)}.")


@click.command()
@preset_option
@format_option("toml", "json")
def config(preset: str | None, form: str) -> None:
    """Print a job's config: every key and its default.

    What it prints is a file for `submit --config`.

    \b
    Examples:
      curvegan config > job.toml
      curvegan submit --config job.toml
      curvegan config --preset collapse-fix
    """
    print_config(layered([preset_layer(preset)]), form, f"preset {preset}: {_about(preset)}" if preset else "")


def _about(preset: str) -> str:
    from curvegan_core.config.presets import PRESETS

    return PRESETS[preset].purpose


def print_config(config: "TrainConfig", form: str, remark: str = "") -> None:
    """The complete config as JSON or as commented TOML, with a remark as its first line."""
    if form == "json":
        print_json(config.model_dump(mode="json"))
    else:
        click.echo((f"# {inert(remark)}\n" if remark else "") + commented(config), nl=False)


def commented(config: "TrainConfig") -> str:
    """The complete config as TOML with what each key means; `TrainConfig.parse` reads it back as the same."""
    from pydantic import BaseModel

    fields = type(config).model_fields
    tables = [name for name in fields if isinstance(getattr(config, name), BaseModel)]
    lines = [_line(name, getattr(config, name), field) for name, field in fields.items() if name not in tables]
    for name in tables:
        lines += ["", f"# {fields[name].description}", f"[{name}]", *_table(getattr(config, name))]
    return "\n".join(lines) + "\n"


def _table(model: "BaseModel") -> list[str]:
    return [_line(name, getattr(model, name), field) for name, field in type(model).model_fields.items()]


def _line(name: str, value: Any, field: "FieldInfo") -> str:
    line = f"{name} = {toml.literal(value)}"
    return f"{line:{_WIDTH - 1}} # {field.description}" if field.description else line


def layered(layers: Iterable[Mapping[str, Any]]) -> "TrainConfig":
    """The config that the layers make together, a later one over an earlier one.

    Raises:
        InvalidConfig: an unknown key or a value out of range.
    """
    from curvegan_core.config.train import TrainConfig

    return TrainConfig.parse(merged(layers, TrainConfig().curve.family))


def merged(layers: Iterable[Mapping[str, Any]], family: str) -> dict[str, Any]:
    """The layers as one. A layer that changes the curve's family, at first `family`, drops that family's parameters."""
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
    """A layer's short forms in full, so that its `lr` wins over an `lr_g` below and its family is seen to be one."""
    values = dict(layer)
    if "lr" in values:
        lr = values.pop("lr")
        values = {"lr_g": lr, "lr_d": lr} | values
    if isinstance(values.get("curve"), str):
        values["curve"] = {"family": values["curve"]}
    return values


def assignments(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The layer that `--set KEY VALUE` makes; a dotted key reaches into a table."""
    layer: dict[str, Any] = {}
    for key, text in pairs:
        layer = toml.overlay(layer, layer_of(key, toml.value(text)))
    return layer


def layer_of(key: str, value: Any) -> dict[str, Any]:
    """The layer of one key, which reaches into a table where it has dots. Raises InvalidConfig."""
    from curvegan_core.config.limits import check_size

    nested: Any = value
    for part in reversed(key.split(".", _MOST_DOTS)):
        nested = {part: nested}
    check_size(nested)
    return _spelled_out(nested)


def preset_layer(name: str | None) -> dict[str, Any]:
    """The layer of a `--preset`, empty without one. Raises InvalidConfig for an unknown one."""
    from curvegan_core.config.presets import preset

    return preset(name).values if name is not None else {}


def file_layer(path: Path | None) -> dict[str, Any]:
    """The layer of a `--config` file, empty without one."""
    return toml.read(path) if path else {}
