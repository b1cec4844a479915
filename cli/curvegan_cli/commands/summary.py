"""curvegan summary: jobs in groups, with median and quartiles of what came of them. Changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.groups import Group, Quartiles, said, summed_up
from curvegan.lab import Lab
from curvegan.words import number, shown
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import among, keys_option, keys_or_varied, metrics_option, where_option
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown.output import Column, Grid, Sheet, emit, form_options

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter


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
    how often they came to which verdict.

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
        text=lambda: [_grid(groups, keys, names)],
        json=lambda: [_as_json(group, keys, names) for group in groups],
        csv=lambda: _sheet(groups, keys, names),
    )


def _as_json(group: Group, keys: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    measured = {name: vars(figures) for name, figures in zip(metrics, group.metrics, strict=True)}
    by = dict(zip(keys, group.key, strict=True))
    return {"by": by, "jobs": group.jobs, "metrics": measured, "verdicts": group.verdicts}


def _sheet(groups: Sequence[Group], keys: Sequence[str], metrics: Sequence[str]) -> Sheet:
    verdicts = sorted({verdict for group in groups for verdict in group.verdicts})
    figures = [f"{metric}_{name}" for metric in metrics for name in ("count", "q25", "median", "q75")]
    rows = []
    for group in groups:
        measured = [figure for quartiles in group.metrics for figure in vars(quartiles).values()]
        rows.append([*group.key, group.jobs, *measured, *(group.verdicts.get(verdict, 0) for verdict in verdicts)])
    return Sheet([*keys, "jobs", *figures, *(f"verdict {verdict}" for verdict in verdicts)], rows)


def _grid(groups: Sequence[Group], keys: Sequence[str], metrics: Sequence[str]) -> Grid:
    names = [heading for metric in metrics for heading in (metric.upper(), "QUARTILES")]
    columns = [*(Column(key.upper(), right=True) for key in (*keys, "jobs", *names)), Column("VERDICTS", folds=True)]
    partly = any(quartiles.count < group.jobs for group in groups for quartiles in group.metrics)
    remark = "Some of these jobs have no such metric (yet), and count among the jobs alone." if partly else ""
    return Grid(columns, map(_cells, groups), remark if groups else "There is no such job.")


def _cells(group: Group) -> tuple[object, ...]:
    figures = [cell for quartiles in group.metrics for cell in (quartiles.median, _span(quartiles))]
    return (*map(shown, group.key), group.jobs, *figures, said(group.verdicts) or None)


def _span(quartiles: Quartiles) -> str | None:
    return f"{number(quartiles.q25)} to {number(quartiles.q75)}" if quartiles.count else None
