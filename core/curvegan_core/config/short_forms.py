"""What of a config may be written in short: one rate for two, a family's name for its table, intervals left out."""

from collections.abc import Mapping
from typing import Any

from curvegan_core.config.curve import CURVE_MODELS, Data
from curvegan_core.config.keys import Keyed, whole


def spelled_out(model: type[Keyed], given: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the short forms: `lr` for both rates, a family's name for a curve, intervals within steps."""
    values = whole(model, given)
    if "lr" in values:
        lr = values.pop("lr")
        values = {"lr_g": lr, "lr_d": lr} | values
    if isinstance(stop := values.get("stop"), str):
        values["stop"] = ",".join(sorted({word.strip() for word in stop.split(",")}))
    values = _without_components(_fill_curve(values))
    steps = values.get("steps", model.DEFAULTS["steps"])
    if isinstance(steps, int) and steps >= 1:
        if values.get("schedule", "constant") != "constant" and values.get("schedule_steps", 0) == 0:
            values["schedule_steps"] = steps
        intervals = [name for name, declared in model.KEYS.items() if declared.most_rows]
        values = {name: min(model.DEFAULTS[name], steps) for name in intervals} | values
    return values


def _without_components(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out how many components a data set has where the front end takes none: they would change the hash."""
    curve = values.get("curve")
    if values.get("front", "standardise") == "pca" or not curve:
        return values
    if isinstance(curve, Data):
        values["curve"] = curve.model_copy(update={"components": 0})
    elif isinstance(curve, Mapping) and curve.get("family") == "data":
        values["curve"] = {name: value for name, value in curve.items() if name != "components"}
    return values


def _fill_curve(values: dict[str, Any]) -> dict[str, Any]:
    """Write a family's name as its table, name the default family, and give a point set its coordinates."""
    curve = values.get("curve")
    if isinstance(curve, str):
        curve = {"family": curve}
    if isinstance(curve, Mapping):
        curve = {"family": "quadratic", **curve}
        model = CURVE_MODELS.get(str(curve["family"]))
        values["curve"] = curve = curve if model is None else whole(model, curve)
        if model is not None and (allowed := model.coordinates(curve)):
            values.setdefault("points", allowed[0])
    return values
