"""Jobs as rows of one wide table: every fact, key of the config and metric."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from curvegan.watching.differences import flat

if TYPE_CHECKING:
    from curvegan_db.values import Job

# What leads the table and what ends its facts; all else that a job shows stands between them.
_FIRST, _LAST = ("id", "sweep", "name", "tags", "state", "verdict"), ("reason", "error")
_LEFT_OUT = ("cancel_requested",)
_WORDS = {"state", "verdict", "worker", "device", "engine", "engine_version", "curve.family", "data", "config.device"}


def _facts() -> dict[str, type]:
    """Return the columns that every job has, and their types."""
    from curvegan_db.columns import JOB_FIELDS

    between = [name for name in JOB_FIELDS if name not in (*_FIRST, *_LAST, *_LEFT_OUT)]
    return {name: JOB_FIELDS[name] for name in (*_FIRST, *between, *_LAST)}


def row_columns() -> dict[str, Any]:
    """Return the columns with their types; `config.` stands before the keys that a job has too."""
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.filters.catalogue import CURVE_KEYS, METRIC_NAMES

    facts, keys = _facts(), dict[str, Any]()
    for key, info in TrainConfig.model_fields.items():
        if key == "curve":
            kinds = {f"curve.{parameter}": _kind(annotation) for parameter, annotation in CURVE_KEYS.items()}
            keys |= {"curve.family": str, **kinds}
        else:
            keys[_column(key, facts)] = _kind(info.annotation)
    return facts | {"data": str} | keys | dict.fromkeys(METRIC_NAMES, float)


def word_columns() -> set[str]:
    """Return the columns that have a few different words."""
    from curvegan_core.config.train import TrainConfig

    facts = _facts()
    worded = {_column(key, facts) for key, info in TrainConfig.model_fields.items() if get_args(info.annotation)}
    return (worded & {name for name, kind in row_columns().items() if kind is str}) | _WORDS


def _kind(annotation: Any) -> Any:
    """Return the type of a key's values; that of its words where it has words."""
    words = get_args(annotation)
    return type(words[0]) if words else annotation


def job_row(job: "Job", columns: Iterable[str], data: str = "") -> dict[str, Any]:
    """Return a job's values by column, `data` what its data set is called; what does not apply is None."""
    facts = {name: getattr(job, name) for name in _facts()}
    keys = {} if job.unreadable else flat(job.config.model_dump())
    config = {_column(key, facts): value for key, value in keys.items()}
    known = facts | {"tags": list(job.tags), "data": data or None} | config | dict(job.metrics or {})
    return {name: known.get(name) for name in columns}


def _column(key: str, facts: Mapping[str, Any]) -> str:
    return f"config.{key}" if key in facts else key
