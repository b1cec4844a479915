"""The fields of a job, made from the config's own schema: kind, bounds, choices, meaning, what a fork may change."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from curvegan.submitting.typed import KEYS
from curvegan.words import shown
from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_web.views.asking import Asked
from curvegan_web.views.changes.plan import plan_view

if TYPE_CHECKING:
    from curvegan.lab import Lab

# A group goes from its first key to the next group's: a key that is added is in one by where it is declared.
_GROUPS = {
    "curve": "The curve",
    "latent": "The networks",
    "batch_size": "Steps and rates",
    "loss": "What is played",
    "seed": "Records and the end",
    "device": "Where it is trained",
}
_KINDS = {"integer": "whole", "number": "number", "boolean": "switch", "string": "text"}
_BOUNDS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
_OWN = "data"


def submit_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the form, what can be started from, and the plan of what is asked for so far."""
    return {
        **fields_view(lab, asked),
        "presets": [{"name": name, "purpose": preset.purpose} for name, preset in PRESETS.items()],
        "sets": [dataset.name for dataset in lab.store.datasets()],
        "asked": dict(asked),
        "plan": plan_view(lab, asked),
    }


def fields_view(_: "Lab", __: Asked) -> dict[str, Any]:
    """Return all fields, in groups, and those of each family; first the keys that are options by themselves."""
    return {"groups": _groups(), "families": _families()}


@cache
def _groups() -> list[dict[str, Any]]:
    schema = TrainConfig.model_json_schema()["properties"]
    usual = {key: _field(key, schema[key]) for key in KEYS if key in schema}
    usual = {"curve": usual["curve"], "loss": usual["loss"], "lr": _both_rates(schema)} | usual
    groups: list[dict[str, Any]] = [{"title": "What is usually chosen", "fields": [*usual.values()]}]
    for name, declared in schema.items():
        if name in _GROUPS:
            groups.append({"title": _GROUPS[name], "fields": []})
        if name not in usual and not name.startswith("fork_"):
            groups[-1]["fields"].append(_field(name, declared))
    return [group for group in groups if group["fields"]]


def _both_rates(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _field("lr", schema["lr_g"]) | {"meaning": "learning rate of both networks: lr_g and lr_d"}


@cache
def _families() -> dict[str, Any]:
    """Return what each family is, and its parameters; own curves come with their data set."""
    return {
        name: {
            "about": " ".join((model.__doc__ or "").split()),
            "fields": [
                _field(f"curve.{key}", declared)
                for key, declared in model.model_json_schema()["properties"].items()
                if key != "family" and name != _OWN
            ],
        }
        for name, model in CURVE_MODELS.items()
    }


def _size(bound: float) -> str:
    """Return a bound; a power of two that nobody reads is written as one."""
    return f"2^{bound.bit_length() - 1}" if isinstance(bound, int) and bound > 2**53 else shown(bound)


def _field(name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    choices = [family for family in CURVE_MODELS if family != _OWN] if name == "curve" else declared.get("enum")
    bounds = [text.format(_size(declared[bound])) for bound, text in _BOUNDS.items() if bound in declared]
    return {
        "name": name,
        "kind": "choice" if choices else _KINDS[declared["type"]],
        "choices": choices,
        "meaning": declared["description"],
        "bounds": " ".join(bounds),
        "fixed": declared.get("fixed"),
    }
