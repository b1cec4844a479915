"""How to run jobs again: the commands that make the same configs, and what they depend on."""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curvegan.submitting.typed import Typed
from curvegan.tuning.plan import Plan
from curvegan.watching.differences import from_defaults
from curvegan.words import shown

if TYPE_CHECKING:
    from curvegan_db.values import Job, Sweep

# What `extend` changes of a config.
_EXTENDED = ("steps", "stop", "stop_patience")


def command(job: "Job", data: str = "") -> str:
    """Return the command that submits a job of this config; empty for a fork, whose start is in the store alone."""
    if job.config.fork_of:
        return ""
    return shlex.join(["curvegan", "submit", *_words(_keys(job, data), data)])


def sweep_command(sweep: "Sweep", jobs: Sequence["Job"], data: Sequence[str]) -> str:
    """Return the command that submits a whole sweep; empty where its axes do not tell its jobs, as drawn ones.

    Some that were extended are not told either: they have other steps than the rest, and perhaps lost their `stop`.
    """
    if sweep.study is not None:
        return study_command(sweep, data[0])
    axes = sweep.axes
    if not all(isinstance(values, list) for values in axes.values()) or math.prod(map(len, axes.values())) != len(jobs):
        return ""
    own = {"lr_g", "lr_d"} if "lr" in axes else {"curve.family"} if "curve" in axes else set()
    tables = [_keys(job, name) for job, name in zip(jobs, data, strict=True)]
    if any(len({table.get(key) for table in tables}) > 1 for key in _EXTENDED if key not in axes):
        return ""
    same = {
        key: value
        for key, value in tables[0].items()
        if key not in axes and key not in own and all(table.get(key) == value for table in tables)
    }
    words = ["curvegan", "sweep", *(["--name", sweep.name] if sweep.name else [])]
    for key, values in axes.items():
        words += ["--grid", f"{key}={','.join(map(shown, values))}"]
    return shlex.join([*words, *_words(same, "" if "data" in axes else data[0])])


def study_command(sweep: "Sweep", data: str) -> str:
    """Return the command that searches as a study did; with `--batch` it tries the very same points."""
    plan = Plan.of(sweep.study or {})
    words = ["curvegan", "tune", *(["--name", sweep.name] if sweep.name else [])]
    for key, text in plan.space.items():
        words += ["--space", f"{key}={text}"]
    given: list[tuple[str, Any]] = [("--by", name) for name in plan.metrics]
    given += [("--seeds", plan.seeds), ("--trials", plan.trials), ("--batch", plan.batch), ("--halving", plan.halving)]
    given += [("--sampler", plan.sampler), ("--sampler-seed", plan.seed), *(("--tag", tag) for tag in plan.tags)]
    words += [word for option, value in given if value is not None for word in (option, str(value))]
    return shlex.join([*words, *_words(_brought(_dotted(plan.base), data), data)])


def _dotted(layer: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the keys of a config as they are set, `curve.a`."""
    keys: dict[str, Any] = {}
    for key, value in layer.items():
        keys |= _dotted(value, f"{above}{key}.") if isinstance(value, Mapping) else {above + key: value}
    return keys


def _keys(job: "Job", data: str) -> dict[str, Any]:
    return _brought(from_defaults(job.config), data)


def _brought(keys: dict[str, Any], data: str) -> dict[str, Any]:
    """Return the keys to set; those that a data set brings along are left out."""
    return {k: v for k, v in keys.items() if not (data and (k.startswith("curve.") or k == "points"))}


def _words(keys: dict[str, Any], data: str) -> list[str]:
    texts = {key: repr(value) if isinstance(value, float) else shown(value) for key, value in keys.items()}
    return Typed(texts, data=data.partition(",")[0] or None).config_words
