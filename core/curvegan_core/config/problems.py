"""What is wrong with a user's values: one line that names the keys, says why, and what was perhaps meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.keys import Keyed
from curvegan_core.config.synonyms import meant

_MOST_SAID = 5
_TRUTHS = dict.fromkeys(("yes", "on", "1", "y", "t"), "true") | dict.fromkeys(("no", "off", "0", "n", "f"), "false")
_DEVICES = ("auto", "cpu", "cuda")


def problems_of(model: type[Keyed], errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return pydantic's errors as sentences, each behind the key that it is about; empty where keys do not agree."""
    return [(path := _path(error), _problem(model, error, path)) for error in errors]


def one_line(problems: Sequence[tuple[str, str]]) -> str:
    """Return problems in one line; of many the first few, and how many more there are."""
    more = f"; and {len(problems) - _MOST_SAID} more" if len(problems) > _MOST_SAID else ""
    return "; ".join(sentence for _, sentence in problems[:_MOST_SAID]) + more


def _path(error: Mapping[str, Any]) -> str:
    # The second part of a curve's path is the family that pydantic took it for; the user typed no such part.
    location = error["loc"][:1] + error["loc"][2:] if error["loc"][:1] == ("curve",) else error["loc"]
    return ".".join(str(part) for part in location)


def _problem(model: type[Keyed], error: Mapping[str, Any], path: str) -> str:
    if error["type"] == "union_tag_invalid":
        family = error["ctx"]["tag"]
        return f"curve: no family {family!r}{_near(family, list(CURVE_MODELS), 'the families are')}"
    if error["type"] == "extra_forbidden":
        curves = [CURVE_MODELS[error["loc"][1]]] if len(error["loc"]) > 2 else CURVE_MODELS.values()
        typed = [name for name in model.model_fields if not name.startswith("fork_")]  # nobody but `fork` sets those
        known = [*typed, "lr", *(f"curve.{name}" for curve in curves for name in curve.model_fields)]
        return f"unknown key {path!r}{_near(path, known)}"
    message = error["msg"].removeprefix("Value error, ")
    if path == "device" and error["type"] == "string_pattern_mismatch":
        message = "input should be auto, cpu, cuda or cuda:N"
    if error["type"] in ("bool_parsing", "bool_type"):
        message = "input should be true or false"
    near = _near_word(error)
    return message if not path else f"{path}: {message[0].lower()}{message[1:]} (got {error['input']!r:.60}){near}"


def _near_word(error: Mapping[str, Any]) -> str:
    """Return what a wrong word was perhaps meant to be, where a key takes one of a few."""
    typed = error["input"]
    if error["type"] == "bool_type" and str(typed).lower() in _TRUTHS:
        return f", did you mean {_TRUTHS[str(typed).lower()]}?"
    if not isinstance(typed, str) or error["type"] not in ("literal_error", "string_pattern_mismatch"):
        return ""
    words = re.findall("'([^']+)'", error.get("ctx", {}).get("expected", ""))
    near = meant(typed, words) if words else _near_device(typed)
    return f", did you mean {near!r}?" if near else ""


def _near_device(typed: str) -> str | None:
    """Return the device that was perhaps meant: with its number, which says nothing of the word."""
    word = typed.rstrip("0123456789")
    near, number = meant(word.rstrip(":_ "), _DEVICES), typed.removeprefix(word)
    return f"{near}:{number}" if near == "cuda" and 0 < len(number) < 4 else near


def _near(path: str, known: list[str], listed: str = "") -> str:
    near = meant(path, known, cutoff=0.5)
    if near:
        return f", did you mean {near!r}?"
    return f"; {listed} {', '.join(known)}" if listed else "; `curvegan config` prints all keys"
