"""What is wrong with a user's values: one line that names the keys, says why, and what was perhaps meant."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.keys import Keyed

_MOST_SAID = 5


def one_line(model: type[Keyed], errors: Iterable[Mapping[str, Any]]) -> str:
    """Return pydantic's errors in one line; of many the first few, and how many more there are."""
    problems = [_problem(model, error) for error in errors]
    more = f"; and {len(problems) - _MOST_SAID} more" if len(problems) > _MOST_SAID else ""
    return "; ".join(problems[:_MOST_SAID]) + more


def _problem(model: type[Keyed], error: Mapping[str, Any]) -> str:
    # The second part of a curve's path is the family that pydantic took it for; the user typed no such part.
    location = error["loc"][:1] + error["loc"][2:] if error["loc"][:1] == ("curve",) else error["loc"]
    path = ".".join(str(part) for part in location)
    if error["type"] == "union_tag_invalid":
        family = error["ctx"]["tag"]
        return f"curve: no family {family!r}{_near(family, list(CURVE_MODELS), 'the families are')}"
    if error["type"] == "extra_forbidden":
        curve = CURVE_MODELS[error["loc"][1] if len(error["loc"]) > 2 else "quadratic"]
        known = [*model.model_fields, "lr", *(f"curve.{name}" for name in curve.model_fields)]
        return f"unknown key {path!r}{_near(path, known)}"
    message = error["msg"].removeprefix("Value error, ")
    return message if not path else f"{path}: {message[0].lower()}{message[1:]} (got {error['input']!r:.60})"


def _near(path: str, known: list[str], listed: str = "") -> str:
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    if near:
        return f", did you mean {near[0]!r}?"
    return f"; {listed} {', '.join(known)}" if listed else "; `curvegan config` prints all keys"
