"""curvegan best, compare, summary: which jobs are best, where some differ, what many come to. Changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.groups import Group, Quartiles, group_rows, said, summed_up
from curvegan.comparing.keys import is_largest, usual_metric
from curvegan.datasets import data_names
from curvegan.lab import Lab
from curvegan.watching.differences import among_each_other, asked_for
from curvegan.watching.job_fields import fields_of
from curvegan.words import number, shown
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import (
    among,
    keys_option,
    keys_or_varied,
    metric_option,
    metrics_option,
    where_option,
)
from curvegan_cli.options.selectors import any_jobs, select, sweep_option
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.columns import state_style
from curvegan_cli.shown.output import IDS_ONLY, Column, Grid, Sheet, cell, emit, form_options

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job

_MOST_COMPARED = 100
_FACTS = ("name", "state", "verdict", "engine", "device", "step")


@click.command()
@metric_option("--by", default=None)
@click.option("--largest", "end", flag_value="largest", help="The largest values are the best.")
@click.option("--smallest", "end", flag_value="smallest", help="The smallest values are the best.")
@sweep_option
@where_option
@click.option("-n", "count", type=Whole(1, 10_000), default=5, show_default=True, help="How many jobs.")
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def best(
    lab: Lab,
    metric: "JobField | None",
    end: str | None,
    sweep: int | None,
    where: "Filter | None",
    count: int,
    form: str,
) -> None:
    """List the best jobs by a metric.

    Each with what it asked for beyond the defaults. By rmse, which is how near the curves are; where all of the jobs
    have your own curves held out, by the energy distance to those, of the weights that `sample` draws from.

    \b
    Examples:
      curvegan best --by rmse --where "loss=ns and lr<=1e-3" -n 10
      curvegan best --sweep 3 --by hq
    """
    where = among(lab, sweep, where)
    metric = metric or usual_metric(lab.store, where)
    jobs = lab.store.best(metric, is_largest(metric, end), where, count)
    values = [(job.metrics or {}).get(metric.name) for job in jobs]
    names = data_names(lab.store, [job.config for job in jobs])
    differences = [asked_for(job.config, name) for job, name in zip(jobs, names, strict=True)]
    rows = list(zip(jobs, values, differences, strict=True))
    emit(
        form,
        text=lambda: [_best_grid(rows, metric.name)],
        json=lambda: [
            fields | {"by": metric.name, "value": value}
            for fields, value in zip(fields_of(lab.store, jobs), values, strict=True)
        ],
        csv=lambda: Sheet(
            ("id", "name", "data", "state", "verdict", "metric", "value", "differences"),
            [
                (job.id, job.name, data or None, job.state, job.verdict, metric.name, value, asked)
                for (job, value, asked), data in zip(rows, names, strict=True)
            ],
        ),
        ids=lambda: [job.id for job in jobs],
    )


def _best_grid(rows: Sequence[tuple["Job", float | None, str]], metric: str) -> Grid:
    columns = (
        *(Column("ID", right=True), Column("NAME", folds=True), Column(metric.upper(), right=True)),
        Column("VERDICT", folds=True, least=12),
        Column("DIFFERS FROM THE DEFAULT IN", folds=True, least=12),
    )
    cells = [(job.id, job.name, value, job.verdict, asked or None) for job, value, asked in rows]
    remark = f"No such job has {metric}: it is measured at a job's end, and not for every curve."
    return Grid(columns, cells, "" if rows else remark)


@click.command()
@any_jobs
@sweep_option
@where_option
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def compare(lab: Lab, selectors: tuple[str, ...], sweep: int | None, where: "Filter | None", form: str) -> None:
    """Show in what jobs differ.

    The keys of their configs first, as far as they are not the same, then what came of them.

    \b
    Examples:
      curvegan compare 17 18 19
      curvegan compare --where "lr=1e-4 and seed=0" -o csv
    """
    jobs = _compared(lab, selectors, among(lab, sweep, where))
    ids = [job.id for job in jobs]
    facts = {name: [getattr(job, name) for job in jobs] for name in _FACTS}
    names = data_names(lab.store, [job.config for job in jobs])
    config, metrics = among_each_other([job.config for job in jobs], names), _measured(jobs)
    if any(names) and "data" not in config:
        facts = {"data": [name or None for name in names]} | facts
    lines = [[name, *values] for part in (config, facts, metrics) for name, values in part.items()]
    emit(
        form,
        text=lambda: [_compared_grid(ids, config, facts, metrics)],
        json=lambda: {"ids": ids, "config": config, **facts, "metrics": metrics},
        csv=lambda: Sheet(["id", *ids], lines),
        ids=lambda: ids,
    )


def _compared(lab: Lab, selectors: Sequence[str], where: "Filter | None") -> list["Job"]:
    from curvegan_core.errors import InvalidInput

    if not selectors and where is None:
        raise click.UsageError("name the jobs to compare, as in `curvegan compare 17 18`, or --sweep or --where")
    store = lab.store
    ids = select(store, selectors) if selectors else None
    jobs = store.jobs(ids=ids, where=where, limit=_MOST_COMPARED + 1, newest_first=False)
    if not 2 <= len(jobs) <= _MOST_COMPARED:
        count = f"more than {_MOST_COMPARED}" if len(jobs) > _MOST_COMPARED else str(len(jobs))
        raise InvalidInput(
            f"2 to {_MOST_COMPARED} jobs are compared, and these are {count}; `summary` takes any number"
        )
    by_id = {job.id: job for job in jobs}
    return [by_id[job_id] for job_id in ids or by_id if job_id in by_id]


def _measured(jobs: Sequence["Job"]) -> dict[str, list[float | None]]:
    names = dict.fromkeys(name for job in jobs for name in job.metrics or {})
    return {name: [(job.metrics or {}).get(name) for job in jobs] for name in names}


def _compared_grid(
    ids: Sequence[int],
    config: dict[str, list[Any]],
    facts: dict[str, list[Any]],
    metrics: dict[str, list[float | None]],
) -> Grid:
    columns = [Column("JOB"), *(Column(str(job_id), right=True, folds=True, style=state_style) for job_id in ids)]
    # Its names say more to a person than what follows from them.
    told = config.keys() - ({"curve.hash"} if "data" in config else set())
    rows = [(key, *map(shown, values)) for key, values in config.items() if key in told]
    rows += [(name, *map(shown, values)) for name, values in facts.items() if any(values)]
    rows += [(name, *map(cell, values)) for name, values in metrics.items()]
    return Grid(columns, rows, "" if config else "Their configs are the same.")


@click.command()
@sweep_option
@where_option
@keys_option
@metrics_option
@form_options("table", "json", "csv")
@pass_lab
def summary(
    lab: Lab,
    sweep: int | None,
    where: "Filter | None",
    keys: tuple[str, ...] | None,
    metrics: list["JobField"],
    form: str,
) -> None:
    """Sum up many jobs: median and quartiles over the seeds.

    Jobs with the same values of the keys make a line: how many there are, each metric's median with its quartiles, and
    how often they came to which verdict. Where jobs stopped early, how many steps that saved.

    \b
    Examples:
      curvegan summary --sweep 3 --by lr,loss
      curvegan summary --by curve,loss --where "state=succeeded" --metric rmse --metric hq -o csv
    """
    where, keys = among(lab, sweep, where), keys_or_varied(lab, keys, sweep)
    groups = summed_up(lab.store, keys, metrics, where)
    names = [metric.name for metric in metrics]
    emit(
        form,
        text=lambda: [_groups_grid(groups, keys, names)],
        json=lambda: [_group_json(group, keys, names) for group in groups],
        csv=lambda: Sheet(*group_rows(groups, keys, names)),
    )


def _group_json(group: Group, keys: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    measured = {name: vars(figures) for name, figures in zip(metrics, group.metrics, strict=True)}
    by = dict(zip(keys, group.key, strict=True))
    counts = {"jobs": group.jobs, "steps_saved": group.steps_saved}
    return {"by": by, **counts, "metrics": measured, "verdicts": group.verdicts}


def _groups_grid(groups: Sequence[Group], keys: Sequence[str], metrics: Sequence[str]) -> Grid:
    saved = [Column("STEPS SAVED", right=True)] if any(group.steps_saved for group in groups) else []
    names = [heading for metric in metrics for heading in (metric.upper(), "QUARTILES")]
    columns = [
        *(Column(key.upper(), right=True, folds=True) for key in keys),
        *(Column(name, right=True, spare=int(name == "QUARTILES")) for name in ("JOBS", *names)),
        Column("VERDICTS", folds=True, least=16),
        *saved,
    ]
    partly = any(quartiles.count < group.jobs for group in groups for quartiles in group.metrics)
    remark = "Some of these jobs have no such metric (yet), and count among the jobs alone." if partly else ""
    cells = [(*_group_cells(group), *([f"{group.steps_saved:,}"] if saved else [])) for group in groups]
    return Grid(columns, cells, remark if groups else "There is no such job.")


def _group_cells(group: Group) -> tuple[object, ...]:
    figures = [cell for quartiles in group.metrics for cell in (quartiles.median, _span(quartiles))]
    return (*map(shown, group.key), group.jobs, *figures, said(group.verdicts) or None)


def _span(quartiles: Quartiles) -> str | None:
    return f"{number(quartiles.q25)} to {number(quartiles.q75)}" if quartiles.count else None
