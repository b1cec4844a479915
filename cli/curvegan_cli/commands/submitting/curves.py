"""curvegan curves: the families there are to learn, with a drawing of each."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click

from curvegan_cli.options.completing import values_of
from curvegan_cli.shown.drawing import WIDTH, drawing
from curvegan_cli.shown.output import Column, Grid, Pairs, emit, form_options

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.family import Family

# The family that has no curves before somebody brings them.
OWN = "data"
_MOST_CURVES, _MOST_POINTS = 6, 400
_PARAMETERS = (
    Column("PARAMETER"),
    Column("DEFAULT", right=True),
    Column("VALID", spare=1),
    Column("MEANING", folds=True, least=40),
)


@click.command()
@click.argument("family", metavar="[FAMILY]", required=False, shell_complete=values_of("curve"))
@form_options("table", "json", quiet="Print names only, one a line.")
def curves(family: str | None, form: str) -> None:
    """List the families of curves, each with a drawing.

    With FAMILY all about that one: its parameters, their defaults and bounds. Parameters are set with --set.

    \b
    Examples:
      curvegan curves
      curvegan curves updown
      curvegan submit --curve updown --set curve.noise=0.1
    """
    names = _names(family)
    emit(
        form,
        text=lambda: _all_about(family) if family else _entries(names),
        json=lambda: _facts(family) if family else [_facts(name) for name in names],
        ids=lambda: names,
    )


def _names(family: str | None) -> list[str]:
    from curvegan_core.config.curve import CURVE_MODELS
    from curvegan_core.config.train import TrainConfig

    if family is not None and family not in CURVE_MODELS:
        TrainConfig.parse({"curve": family})  # which refuses it, with the names there are
    return [family] if family else list(CURVE_MODELS)


def _facts(name: str) -> dict[str, Any]:
    """Return a family as programs read it."""
    from curvegan_core.config.curve import CURVE_MODELS

    model = CURVE_MODELS[name]
    parameters = [
        {"name": key, "default": None if field.is_required() else field.default, "valid": _valid(field)}
        | {"meaning": field.description}
        for key, field in model.model_fields.items()
        if key != "family"
    ]
    modes = None if name == OWN else _family(name)[1].modes_kp
    facts = {
        "family": name,
        "about": model.__doc__,
        "plane": 2 in model.COORDINATES,
        "modes": None if modes is None else len(modes),
    }
    return facts | {"distance": model.distance(), "parameters": parameters}


def _family(name: str) -> "tuple[TrainConfig, Family]":
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families import curves

    config = TrainConfig.parse({"curve": name})
    return config, curves.family(config)


def _valid(field: "FieldInfo") -> str:
    """Return the bounds of a number, as `[0, 1)`, or the words there are; empty for a text."""
    if get_args(field.annotation):
        return ", ".join(get_args(field.annotation))
    kinds = ("ge", "gt", "le", "lt")
    bounds = {kind: getattr(bound, kind) for bound in field.metadata for kind in kinds if hasattr(bound, kind)}
    if not bounds:
        return ""
    low = f"[{bounds['ge']:g}" if "ge" in bounds else f"({bounds['gt']:g}"
    return f"{low}, {bounds['le']:g}]" if "le" in bounds else f"{low}, {bounds['lt']:g})"


def _entries(names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the list, a blank one between two families."""
    import textwrap

    for index, name in enumerate(names):
        yield from [""] if index else []
        facts = _facts(name)
        defaults = ", ".join(f"{row['name']} {_text(row['default'])}" for row in facts["parameters"] if name != OWN)
        remarks = {"parameters": defaults, "modes": facts["modes"], "distance": facts["distance"]}
        known = [facts["about"], *(f"{key}: {value}" for key, value in remarks.items() if value)]
        yield name
        yield from (f"  {line}" for fact in known for line in textwrap.wrap(fact, WIDTH - 2, subsequent_indent="  "))
        yield from _drawn(name, 6) or ["  `curvegan data add` stores them."]


def _all_about(name: str) -> Iterator[Grid | Pairs | str]:
    """Yield all that is shown of one family."""
    facts = _facts(name)
    modes = [("modes", str(facts["modes"]))] if facts["modes"] else []
    yield Pairs([("family", name), ("draws", facts["about"]), *modes, ("distance", facts["distance"])])
    rows = [[_text(row[key]) for key in ("name", "default", "valid", "meaning")] for row in facts["parameters"]]
    yield ""
    yield Grid(_PARAMETERS, rows)
    command = "--data NAME" if name == OWN else f"--curve {name}"
    yield from ["", *_drawn(name, 12), "", f"  curvegan submit {command}"]


def _text(value: float | str | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else value if isinstance(value, str) else f"{value:g}"


def _drawn(name: str, rows: int) -> list[str]:
    """Draw some of its real curves, or many of its points; nothing of a person's own."""
    if name == OWN:
        return []
    import numpy as np

    from curvegan_core.families.curves import points_x, real_curves
    from curvegan_core.noise import Stream

    config, family = _family(name)
    is_point = config.curve.is_point
    count = 1 if family.FIXED else _MOST_POINTS if is_point else _MOST_CURVES
    real = real_curves(config, family, Stream.EVALUATION, count).astype(np.float64)
    if not is_point:
        return drawing([np.stack([points_x(config), y], axis=1) for y in real], rows)
    # Numbers lie on a line, and one point needs no room.
    plane = np.pad(real, ((0, 0), (0, 2 - config.points)))
    return drawing([plane], rows if len(plane) > 1 else 2, joined=False)
