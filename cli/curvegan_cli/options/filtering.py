"""Which of many jobs a command is about, and by what they are compared: --where, --sweep, --by, metrics.

What a name means is the catalogue's. The form of all these is checked before any service is asked.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter

_MOST_KEYS = 16
# What groups jobs is what they were asked, and who trained them on what.
_ALSO = ("name", "device", "engine", "engine_version", "worker", "sweep")


def _filter(_: click.Context, __: click.Parameter, text: str | None) -> "Filter | None":
    if text is None:
        return None
    from curvegan_db.filters.language import Filter

    return Filter.parse(text)


def _metric(_: click.Context, __: click.Parameter, name: str | None) -> "JobField | None":
    return None if name is None else metric(name)


def _metrics(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> list["JobField"]:
    return [metric(name) for name in dict.fromkeys(names)]


def _keys(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    from curvegan_core.errors import InvalidInput

    keys = tuple(dict.fromkeys(key.strip() for key in text.split(",")))
    if len(keys) > _MOST_KEYS:
        raise InvalidInput(f"--by takes at most {_MOST_KEYS} keys, got {len(keys)}")
    for key in keys:
        key_field(key)
    return keys


where_option = click.option(
    "--where", metavar="FILTER", callback=_filter, help='Only these jobs, as in "loss=ns and rmse<0.1".'
)
keys_option = click.option(
    "--by", "keys", metavar="KEY,...", callback=_keys, help="Keys of the config; without it those the sweep varies."
)


def metric_option(name: str, default: str = "rmse") -> Callable[[Any], Any]:
    """Add an option that names one metric, as `metric`."""
    text = f"Which metric; `ema_` before it for averaged weights.  [default: {default}]"
    return click.option(name, "metric", metavar="METRIC", default=default, callback=_metric, help=text)


metrics_option = click.option(
    "--metric", "metrics", metavar="METRIC", multiple=True, default=("rmse",), callback=_metrics, show_default=True,
    help="Which metric; several times for more.",
)  # fmt: skip


def among(backend: Backend, sweep: int | None, where: "Filter | None") -> "Filter | None":
    """The filter for both options together; None for every job. Raises SweepNotFound."""
    if sweep is None:
        return where
    from curvegan_db.filters.language import Filter

    return Filter.of_sweep(backend.store.sweep(sweep).id) & where


def metric(name: str) -> "JobField":
    """A metric by its name. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput
    from curvegan_db.filters.catalogue import METRICS
    from curvegan_db.filters.fields import near

    if name not in METRICS:
        raise InvalidInput(f"no metric is called {name!r}{near(name, METRICS)}")
    return METRICS[name]


def key_field(key: str) -> "JobField":
    """What a key of `--by` means: `device` is where jobs were trained, `config.device` what they asked for.

    Raises InvalidInput.
    """
    from curvegan_core.errors import InvalidInput
    from curvegan_db.filters.catalogue import CONFIG_FIELDS, FIELDS
    from curvegan_db.filters.fields import near

    known = {name: FIELDS[name] for name in _ALSO} | {f"config.{name}": f for name, f in CONFIG_FIELDS.items()}
    known |= {name: field for name, field in CONFIG_FIELDS.items() if name not in known}
    if key not in known:
        raise InvalidInput(f"jobs cannot be grouped by {key!r}{near(key, known)}")
    return known[key]


def varied(backend: Backend, sweep: int | None) -> tuple[str, ...]:
    """The keys of the config that a sweep varies, but for the seed. Raises InvalidInput where there is no sweep."""
    from curvegan_core.errors import InvalidInput

    if sweep is None:
        raise InvalidInput("without --sweep ID say what to group the jobs by, as in --by lr,loss")
    return tuple(_key_of(axis) for axis in backend.store.sweep(sweep).axes if axis != "seed")


def _key_of(axis: str) -> str:
    """An axis is a key of the config, also where a job has a fact of that name."""
    return f"config.{axis}" if axis in _ALSO else axis


def larger_is_better(metric: "JobField") -> bool | None:
    """Whether a metric's best value is its largest; None for one whose best is neither end."""
    from curvegan_core.metrics.names import LARGER_IS_BETTER

    return LARGER_IS_BETTER.get(metric.name.removeprefix("ema_"))
