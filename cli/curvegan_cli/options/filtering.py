"""Which of many jobs a command is about, and by what they are compared: --where, --sweep, --by, metrics.

The form of all these is checked before any service is asked.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.keys import key_field, metric_field, of_sweep, varied_keys
from curvegan.lab import Lab
from curvegan_cli.options import completing

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter

_MOST_KEYS = 16


def _filter(_: click.Context, __: click.Parameter, text: str | None) -> "Filter | None":
    if text is None:
        return None
    from curvegan_db.filters.language import Filter

    return Filter.parse(text)


def _metric(_: click.Context, __: click.Parameter, name: str | None) -> "JobField | None":
    return None if name is None else metric_field(name)


def _metrics(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> list["JobField"]:
    return [metric_field(name) for name in dict.fromkeys(names)]


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
    "--where",
    metavar="FILTER",
    callback=_filter,
    shell_complete=completing.filters,
    help='Only these jobs, as in "loss=ns and rmse<0.1".',
)
keys_option = click.option(
    "--by", "keys", metavar="KEY,...", callback=_keys, shell_complete=completing.keys,
    help="Keys of the config; without it those the sweep varies.",
)  # fmt: skip


def metric_option(name: str, default: str | None = "rmse") -> Callable[[Any], Any]:
    """Add an option that names one metric, as the argument `metric`; without a default it may be None."""
    usual = default or "rmse; of your own curves the energy distance to rows held out"
    text = f"Which metric; `ema_` before it for averaged weights.  [default: {usual}]"
    return click.option(
        name,
        "metric",
        metavar="METRIC",
        default=default,
        callback=_metric,
        shell_complete=completing.metrics,
        help=text,
    )


metrics_option = click.option(
    "--metric", "metrics", metavar="METRIC", multiple=True, default=("rmse",), callback=_metrics, show_default=True,
    shell_complete=completing.metrics,
    help="Which metric; several times for more.",
)  # fmt: skip


def among(lab: Lab, sweep: int | None, where: "Filter | None") -> "Filter | None":
    """Return the filter for both options together; None for every job. Raises SweepNotFound."""
    return where if sweep is None else of_sweep(lab.store.sweep(sweep), where)


def keys_or_varied(lab: Lab, keys: tuple[str, ...] | None, sweep: int | None) -> tuple[str, ...]:
    """Return the keys that were typed, else those that the sweep varies. Raises InvalidInput, SweepNotFound."""
    from curvegan_core.errors import InvalidInput

    if keys is not None:
        return keys
    if sweep is None:
        raise InvalidInput("without --sweep ID say what to group the jobs by, as in --by lr,loss")
    return varied_keys(lab.store.sweep(sweep))
