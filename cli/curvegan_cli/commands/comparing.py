"""curvegan best, compare: which jobs are best, and where some of them differ. Changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.groups import named, shown
from curvegan.watching.differences import among_each_other, from_defaults
from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.options.filtering import among, larger_is_better, metric_option, where_option
from curvegan_cli.options.selectors import any_jobs, select, sweep_option
from curvegan_cli.shown.output import (
    Column,
    format_option,
    message,
    number,
    print_csv,
    print_ids,
    print_json,
    print_table,
    quiet_option,
)
from curvegan_cli.shown.view import fields, state_style

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job

_MOST_COMPARED = 100
_FACTS = ("name", "state", "verdict", "engine", "device", "step")
_BEST_CSV = ("id", "name", "state", "verdict", "metric", "value", "differences")


@click.command()
@metric_option("--by")
@click.option("--largest", "end", flag_value="largest", help="The largest values are the best.")
@click.option("--smallest", "end", flag_value="smallest", help="The smallest values are the best.")
@sweep_option
@where_option
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=5, show_default=True, help="How many jobs.")
@format_option("table", "json", "csv")
@quiet_option
@pass_backend
def best(
    backend: Backend,
    metric: "JobField",
    end: str | None,
    sweep: int | None,
    where: "Filter | None",
    count: int,
    form: str,
    quiet: bool,
) -> None:
    """List the best jobs by a metric.

    Each with what it asked for beyond the defaults.

    \b
    Examples:
      curvegan best --by rmse --where "loss=ns and lr<=1e-3" -n 10
      curvegan best --sweep 3 --by hq
    """
    largest = is_largest(metric, end)
    jobs = backend.store.best(metric, largest, among(backend, sweep, where), count)
    if quiet:
        print_ids(job.id for job in jobs)
    elif form == "json":
        print_json([fields(job) | {"by": metric.name, "value": _value(job, metric)} for job in jobs])
    elif form == "csv":
        print_csv(_BEST_CSV, [_best_row(job, metric) for job in jobs])
    else:
        _print_best(jobs, metric)


def is_largest(metric: "JobField", end: str | None = None) -> bool:
    """Whether the best value of a metric is its largest. Raises InvalidInput where that has to be said."""
    from curvegan_core.errors import InvalidInput

    known = larger_is_better(metric)
    if end is None and known is None:
        raise InvalidInput(f"neither end of {metric.name} is the better one; say --largest or --smallest")
    return end == "largest" if end else bool(known)


def _value(job: "Job", metric: "JobField") -> float | None:
    return (job.metrics or {}).get(metric.name)


def _best_row(job: "Job", metric: "JobField") -> list[Any]:
    return [job.id, job.name, job.state, job.verdict, metric.name, _value(job, metric), _asked(job)]


def _asked(job: "Job") -> str:
    chosen = from_defaults(job.config)
    return named(tuple(chosen), tuple(chosen.values()))


def _print_best(jobs: Sequence["Job"], metric: "JobField") -> None:
    columns = (
        *(Column("ID", right=True), Column("NAME", folds=True), Column(metric.name.upper(), right=True)),
        *(Column("VERDICT"), Column("DIFFERS FROM THE DEFAULT IN", folds=True)),
    )
    rows = [(str(job.id), job.name or "-", number(_value(job, metric)), job.verdict or "-") for job in jobs]
    print_table(columns, [(*row, _asked(job) or "-") for row, job in zip(rows, jobs, strict=True)])
    if not jobs:
        message(f"No such job has {metric.name}: it is measured at a job's end, and not for every curve.")


@click.command()
@any_jobs
@sweep_option
@where_option
@format_option("table", "json", "csv")
@quiet_option
@pass_backend
def compare(
    backend: Backend,
    selectors: tuple[str, ...],
    sweep: int | None,
    where: "Filter | None",
    form: str,
    quiet: bool,
) -> None:
    """Show in what jobs differ.

    The keys of their configs first, as far as they are not the same, then what came of them.

    \b
    Examples:
      curvegan compare 17 18 19
      curvegan compare --where "lr=1e-4 and seed=0" -o csv
    """
    jobs = _compared(backend, selectors, among(backend, sweep, where))
    facts = {name: [getattr(job, name) for job in jobs] for name in _FACTS}
    config, metrics = among_each_other([job.config for job in jobs]), _measured(jobs)
    if quiet:
        print_ids(job.id for job in jobs)
    elif form == "json":
        print_json({"ids": [job.id for job in jobs], "config": config, **facts, "metrics": metrics})
    elif form == "csv":
        lines = [[name, *values] for part in (config, facts, metrics) for name, values in part.items()]
        print_csv(["id", *(job.id for job in jobs)], lines)
    else:
        _print_compared(jobs, config, facts, metrics)


def _compared(backend: Backend, selectors: Sequence[str], where: "Filter | None") -> list["Job"]:
    from curvegan_core.errors import InvalidInput

    if not selectors and where is None:
        raise click.UsageError("name the jobs to compare, as in `curvegan compare 17 18`, or --sweep or --where")
    store = backend.store
    ids = select(store, selectors) if selectors else None
    jobs = store.jobs(ids=ids, where=where, limit=_MOST_COMPARED + 1, newest_first=False)
    if not 2 <= len(jobs) <= _MOST_COMPARED:
        found = f"more than {_MOST_COMPARED}" if len(jobs) > _MOST_COMPARED else str(len(jobs))
        raise InvalidInput(
            f"2 to {_MOST_COMPARED} jobs are compared, and these are {found}; `summary` takes any number"
        )
    by_id = {job.id: job for job in jobs}
    return [by_id[job_id] for job_id in ids or by_id if job_id in by_id]


def _measured(jobs: Sequence["Job"]) -> dict[str, list[float | None]]:
    names = dict.fromkeys(name for job in jobs for name in job.metrics or {})
    return {name: [(job.metrics or {}).get(name) for job in jobs] for name in names}


def _print_compared(
    jobs: Sequence["Job"],
    config: dict[str, list[Any]],
    facts: dict[str, list[Any]],
    metrics: dict[str, list[float | None]],
) -> None:
    columns = [Column("JOB"), *(Column(str(job.id), right=True, style=state_style) for job in jobs)]
    rows = [(key, *map(shown, values)) for key, values in config.items()]
    rows += [(name, *map(shown, values)) for name, values in facts.items() if any(values)]
    rows += [(name, *map(number, values)) for name, values in metrics.items()]
    print_table(columns, rows)
    if not config:
        message("Their configs are the same.")
