"""Everything that a job can be filtered, ordered and grouped by, by name: the job's own facts, config, metrics.

A name that the job and its config share is the job's, `device` the one it was trained on; `config.device` is what was
asked for. Any key of the config has that longer name too. Knows no syntax.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from sqlalchemy import Boolean, ColumnElement, Double, String, case, cast, func, inspect, literal, not_, or_, select
from sqlalchemy.types import TypeEngine

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.train import TrainConfig
from curvegan_core.metrics.names import MEANINGS, VERDICTS
from curvegan_db.columns import JOB_FIELDS
from curvegan_db.filters.fields import (
    Digits,
    JobField,
    Key,
    Number,
    Seed,
    Text,
    Truth,
    Whole,
    Word,
    contains,
    near,
    within,
)
from curvegan_db.tables.column_types import UtcDateTime
from curvegan_db.tables.models import Dataset, Job, JobTag
from curvegan_db.tables.states import displayed_as
from curvegan_db.values import DISPLAYED_STATES

METRIC_NAMES = (
    *dict.fromkeys(("rmse", "spread", "g_loss", "d_loss", "d_real", "d_fake", *MEANINGS)),
    *(f"ema_{name}" for name in MEANINGS if name != "equilibrium_gap"),
)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_MOST_AGE_S = 1e9
_VERDICT = re.compile(rf"({'|'.join(VERDICTS)})( [0-9]{{1,4}}/[0-9]{{1,4}})?")


class State(Word):
    """The state as users see it, which depends on the time."""

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Compare with states as they are displayed."""
        condition = or_(*(displayed_as(value, moment) for value in values))
        return not_(condition) if operator == "!=" else condition


class Verdict(Text):
    """A verdict, by its name or with how many modes of how many there are."""

    OPERATORS = ("=", "!=", "in")

    def read(self, text: str) -> str:
        """Read `collapsed` or `collapsed 1/2`."""
        if not _VERDICT.fullmatch(text):
            raise ValueError(f"no verdict is called {text!r}{near(text, VERDICTS)}")
        return text

    def _compare(self, operator: str, value: str) -> ColumnElement[bool]:
        condition = or_(self.sql == value, func.substr(self.sql, 1, len(value) + 1) == f"{value} ")
        return condition if operator == "=" else not_(condition)


class Tag(Text):
    """Any of a job's tags: it has a tag or it has it not, so that `!=` holds for a job without tags."""

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Look whether there is such a tag."""
        condition = contains(self.sql, values[0]) if operator == "~" else self.sql.in_(values)
        tagged = Job.id.in_(select(JobTag.job_id).where(condition))
        return not_(tagged) if operator == "!=" else tagged


class DataName(Text):
    """What the data set of a job is called; `!=` holds for a job without one. `sql` is that name."""

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Look whether it is called so, among the jobs whose curves have such a name at all: few, by an index."""
        name = Dataset.name.expression
        called = [contains(one, values[0]) if operator == "~" else one.in_(values) for one in (name, self.sql)]
        named = Job.dataset.in_(select(Dataset.hash).where(called[0]))
        found = Job.id.in_(select(Job.id).where(named, called[1]))
        return not_(found) if operator == "!=" else found


class Age(JobField):
    """The time since a job was submitted; `sql` is that moment."""

    OPERATORS = ("<", "<=", ">", ">=")

    def read(self, text: str) -> timedelta:
        """Read a number and its unit, as in `90s`, `5min`, `2h` or `1.5d`."""
        match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(s|min|h|d)", text)
        seconds = float(match[1]) * _UNITS[match[2]] if match else _MOST_AGE_S + 1
        if seconds > _MOST_AGE_S:
            raise ValueError(f"{self.name} is compared with a time such as 90s, 5min, 2h or 1.5d, not with {text!r}")
        return timedelta(seconds=seconds)

    def condition(self, operator: str, values: Sequence[Any], moment: datetime) -> ColumnElement[bool]:
        """Compare with the moment that was so long ago."""
        then = literal(moment - values[0], UtcDateTime())
        # The younger a job, the later it was submitted.
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return within(self.sql, turned[operator], then, then)


def _facts() -> Iterator[JobField]:
    own: dict[str, Callable[..., JobField]] = {"state": partial(State, words=DISPLAYED_STATES), "verdict": Verdict}
    for name, attribute in inspect(Job).column_attrs.items():
        if attribute.columns[0].info["filtered"]:
            kind = own.get(name, {int: Whole, float: Number}.get(JOB_FIELDS[name], Text))
            yield kind(name, getattr(Job, name).expression)
    yield Tag("tag", JobTag.tag.expression)
    yield DataName("data", _data_name())
    yield Age("age", Job.created_at.expression)


def _data_name() -> ColumnElement[Any]:
    """Return what a job's data set was called when it was chosen, or where it has not that name the one added first."""
    names = select(Dataset.name).where(Dataset.hash == Job.dataset)
    chosen = names.where(Dataset.name == Job.config["curve", "name"].as_string())
    first = names.order_by(Dataset.created_at, Dataset.name).limit(1)
    return func.coalesce(chosen.scalar_subquery(), first.scalar_subquery())


def _config_fields() -> Iterator[JobField]:
    """Yield the keys of a config; one that an old job does not have yet is at its default."""
    for key, info in TrainConfig.model_fields.items():
        if key == "curve":
            yield from _curve_fields()
        else:
            yield _config_field(key, info)
    rate_g, rate_d = (_number(key, TrainConfig.model_fields[key]) for key in ("lr_g", "lr_d"))
    yield Number("lr", case((rate_g == rate_d, rate_g)))


def _config_field(key: str, info: FieldInfo) -> JobField:
    if key == "seed":
        return Seed(key, Digits(Job.config, key))
    if info.annotation is bool:
        return Truth(key, _known(key, Boolean(), info.default))
    if info.annotation in (int, float):
        return Number(key, _number(key, info))
    text = _known(key, String(), info.default)
    return Word(key, text, get_args(info.annotation)) if get_origin(info.annotation) is Literal else Text(key, text)


def _number(key: str, info: FieldInfo) -> ColumnElement[Any]:
    return _known(key, Double(), float(info.default))


def _known(key: str, kind: TypeEngine[Any], default: Any) -> ColumnElement[Any]:
    return func.coalesce(cast(Key(Job.config, key), kind), literal(default, kind, literal_execute=True))


def _curve_fields() -> Iterator[JobField]:
    family = cast(Key(Job.config, "curve", "family"), String())
    yield Word("curve", family, tuple(CURVE_MODELS))
    yield Word("curve.family", family, tuple(CURVE_MODELS))
    for key, annotation in CURVE_KEYS.items():
        name, value = f"curve.{key}", Key(Job.config, "curve", key)
        if annotation is bool:
            yield Truth(name, cast(value, Boolean()))
        elif get_origin(annotation) is Literal:
            yield Word(name, cast(value, String()), get_args(annotation))
        else:
            text = annotation is str
            yield Text(name, cast(value, String())) if text else Number(name, cast(value, Double()))


def _metrics() -> Iterator[JobField]:
    for name in METRIC_NAMES:
        yield Number(name, cast(Key(Job.metrics, name), Double()))


CURVE_KEYS: dict[str, Any] = {
    key: info.annotation
    for model in CURVE_MODELS.values()
    for key, info in model.model_fields.items()
    if key != "family"
}
"""The parameters of all families, with their types."""
CONFIG_FIELDS: dict[str, JobField] = {field.name: field for field in _config_fields()}
METRICS: dict[str, JobField] = {field.name: field for field in _metrics()}
FIELDS: dict[str, JobField] = {
    **{f"config.{name}": field for name, field in CONFIG_FIELDS.items()},
    **METRICS,
    **CONFIG_FIELDS,
    **{field.name: field for field in _facts()},
}
