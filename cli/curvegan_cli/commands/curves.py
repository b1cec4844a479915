"""curvegan curves: the families there are to learn, with a drawing of each. Opens no store."""

from typing import TYPE_CHECKING, Any, get_args

import click

from curvegan_cli.shown.drawing import WIDTH, drawing
from curvegan_cli.shown.output import Column, format_option, print_json, print_pairs, print_table

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.family import Family

# The family that has no curves before somebody brings them.
OWN = "data"
_MOST_CURVES, _MOST_POINTS = 6, 400
_PARAMETERS = (Column("PARAMETER"), Column("DEFAULT", right=True), Column("VALID"), Column("MEANING", folds=True))


@click.command()
@click.argument("family", metavar="[FAMILY]", required=False)
@click.option("-q", "--quiet", is_flag=True, help="Print names only, one a line.")
@format_option("table", "json")
def curves(family: str | None, quiet: bool, form: str) -> None:
    """List the families of curves, each with a drawing.

    With FAMILY all about that one: its parameters, their defaults and bounds. Parameters are set with --set.

    \b
    Examples:
      curvegan curves
      curvegan curves updown
      curvegan submit --curve updown --set curve.noise 0.1
    """
    names = _names(family)
    if quiet:
        click.echo("\n".join(names))
    elif form == "json":
        found = [_facts(name) for name in names]
        print_json(found[0] if family else found)
    elif family:
        _show(family)
    else:
        click.echo("\n\n".join(map(_entry, names)))


def _names(family: str | None) -> list[str]:
    from curvegan_core.config.curve import CURVE_MODELS
    from curvegan_core.config.train import TrainConfig

    if family is not None and family not in CURVE_MODELS:
        TrainConfig.parse({"curve": family})  # which refuses it, with the names there are
    return [family] if family else list(CURVE_MODELS)


def _facts(name: str) -> dict[str, Any]:
    """A family as programs read it."""
    from curvegan_core.config.curve import CURVE_MODELS

    model = CURVE_MODELS[name]
    parameters = [
        {"name": key, "default": None if field.is_required() else field.default, "valid": _valid(field)}
        | {"meaning": field.description}
        for key, field in model.model_fields.items()
        if key != "family"
    ]
    modes = None if name == OWN else _family(name)[1].modes_kp
    about = {
        "family": name,
        "about": model.__doc__,
        "plane": 2 in model.COORDINATES,
        "modes": modes if modes is None else len(modes),
    }
    return about | {"distance": model.distance(), "parameters": parameters}


def _family(name: str) -> "tuple[TrainConfig, Family]":
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families import curves

    config = TrainConfig.parse({"curve": name})
    return config, curves.family(config)


def _valid(field: "FieldInfo") -> str:
    """The bounds of a number, as `[0, 1)`, or the words there are; empty for a text."""
    if get_args(field.annotation):
        return ", ".join(get_args(field.annotation))
    kinds = ("ge", "gt", "le", "lt")
    bounds = {kind: getattr(each, kind) for each in field.metadata for kind in kinds if hasattr(each, kind)}
    if not bounds:
        return ""
    low = f"[{bounds['ge']:g}" if "ge" in bounds else f"({bounds['gt']:g}"
    return f"{low}, {bounds['le']:g}]" if "le" in bounds else f"{low}, {bounds['lt']:g})"


def _entry(name: str) -> str:
    """A family in the list."""
    import textwrap

    facts = _facts(name)
    defaults = ", ".join(f"{each['name']} {_text(each['default'])}" for each in facts["parameters"] if name != OWN)
    said = {"parameters": defaults, "modes": facts["modes"], "distance": facts["distance"]}
    known = [facts["about"], *(f"{key}: {value}" for key, value in said.items() if value)]
    lines = [f"  {line}" for fact in known for line in textwrap.wrap(fact, WIDTH - 2, subsequent_indent="  ")]
    return "\n".join([name, *lines, *(_drawn(name, 6) or ["  `curvegan data add` stores them."])])


def _show(name: str) -> None:
    """All about one family."""
    facts = _facts(name)
    modes = [("modes", str(facts["modes"]))] if facts["modes"] else []
    print_pairs([("family", name), ("draws", facts["about"]), *modes, ("distance", facts["distance"])])
    cells = [[_text(each[key]) for key in ("name", "default", "valid", "meaning")] for each in facts["parameters"]]
    click.echo()
    print_table(_PARAMETERS, cells)
    command = "--data NAME" if name == OWN else f"--curve {name}"
    click.echo("\n".join(["", *_drawn(name, 12), "", f"  curvegan submit {command}"]))


def _text(value: float | str | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else value if isinstance(value, str) else f"{value:g}"


def _drawn(name: str, rows: int) -> list[str]:
    """Some of its real curves, or many of its points; nothing of a person's own."""
    if name == OWN:
        return []
    import numpy as np

    from curvegan_core.families.curves import points_x, real_curves
    from curvegan_core.noise import Stream

    config, family = _family(name)
    is_point = config.curve.is_point
    count = 1 if family.FIXED else _MOST_POINTS if is_point else _MOST_CURVES
    real = real_curves(config, family, Stream.EVALUATION, count).astype(np.float64)
    if is_point and config.points == 1:
        real = np.pad(real, ((0, 0), (0, 1)))
    return drawing([real] if is_point else [np.stack([points_x(config), y], axis=1) for y in real], rows, not is_point)
