"""How to run jobs again: the commands that make the same configs, and what they depend on."""

import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curvegan.watching.differences import from_defaults
from curvegan.words import shown

if TYPE_CHECKING:
    from curvegan_db.values import Job, Sweep


def command(job: "Job", data: str = "") -> str:
    """Return the command that submits a job of this config; empty for a fork, whose start is in the store alone."""
    if job.config.fork_of:
        return ""
    return shlex.join(["curvegan", "submit", *_options(_keys(job, data), data)])


def sweep_command(sweep: "Sweep", jobs: Sequence["Job"], data: Sequence[str]) -> str:
    """Return the command that submits a whole sweep; empty where its axes do not tell its jobs, as drawn ones."""
    axes = sweep.axes
    if not all(isinstance(values, list) for values in axes.values()) or math.prod(map(len, axes.values())) != len(jobs):
        return ""
    own = {"lr_g", "lr_d"} if "lr" in axes else {"curve.family"} if "curve" in axes else set()
    tables = [_keys(job, name) for job, name in zip(jobs, data, strict=True)]
    same = {
        key: value
        for key, value in tables[0].items()
        if key not in axes and key not in own and all(table.get(key) == value for table in tables)
    }
    words = ["curvegan", "sweep", *(["--name", sweep.name] if sweep.name else [])]
    for key, values in axes.items():
        words += ["--grid", f"{key}={','.join(map(shown, values))}"]
    return shlex.join([*words, *_options(same, "" if "data" in axes else data[0])])


def _keys(job: "Job", data: str) -> dict[str, Any]:
    """Return the keys to set; those that a data set brings along are left out."""
    chosen = from_defaults(job.config)
    return {k: v for k, v in chosen.items() if not (data and (k.startswith("curve.") or k == "points"))}


def _options(keys: dict[str, Any], data: str) -> list[str]:
    settings = [word for key, value in keys.items() for word in ("--set", f"{key}={_typed(value)}")]
    return [*(["--data", data.partition(",")[0]] if data else []), *settings]


def _typed(value: Any) -> str:
    """Return a value so that it is read back to the last bit."""
    return repr(value) if isinstance(value, float) else shown(value)
