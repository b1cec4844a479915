"""curvegan summary: jobs in groups, with median and quartiles of what came of them. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.groups import Key, Quartiles, counted, grouped, quartiles, said, shown
from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.options.filtering import (
    among,
    key_field,
    keys_option,
    metrics_option,
    varied,
    where_option,
)
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown.output import Column, format_option, message, number, print_csv, print_json, print_table

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter


@dataclass(frozen=True)
class Group:
    """Jobs with the same values of the keys: how many, their metrics in the order asked for, their verdicts."""

    key: Key
    jobs: int
    metrics: list[Quartiles]
    verdicts: dict[str, int]


@click.command()
@sweep_option
@where_option
@keys_option
@metrics_option
@format_option("table", "json", "csv")
@pass_backend
def summary(
    backend: Backend,
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
    where = among(backend, sweep, where)
    keys = keys if keys is not None else varied(backend, sweep)
    groups = _groups(backend, keys, metrics, where)
    if form == "json":
        print_json([_as_json(group, keys, metrics) for group in groups])
    elif form == "csv":
        _print_csv(groups, keys, metrics)
    else:
        _print_table(groups, keys, metrics)


def _groups(
    backend: Backend, keys: Sequence[str], metrics: Sequence["JobField"], where: "Filter | None"
) -> list[Group]:
    from curvegan_db.filters.catalogue import FIELDS

    rows = backend.store.values([*map(key_field, keys), FIELDS["verdict"], *metrics], where)
    return [_group(key, members) for key, members in grouped(rows, len(keys)).items()]


def _group(key: Key, members: Sequence[tuple[Any, ...]]) -> Group:
    verdicts, *columns = zip(*members, strict=True)
    return Group(key, len(members), [quartiles(column) for column in columns], counted(verdicts))


def _as_json(group: Group, keys: Sequence[str], metrics: Sequence["JobField"]) -> dict[str, Any]:
    measured = {metric.name: vars(found) for metric, found in zip(metrics, group.metrics, strict=True)}
    by = dict(zip(keys, group.key, strict=True))
    return {"by": by, "jobs": group.jobs, "metrics": measured, "verdicts": group.verdicts}


def _print_csv(groups: Sequence[Group], keys: Sequence[str], metrics: Sequence["JobField"]) -> None:
    verdicts = sorted({verdict for group in groups for verdict in group.verdicts})
    figures = [f"{metric.name}_{name}" for metric in metrics for name in ("count", "q25", "median", "q75")]
    header = [*keys, "jobs", *figures, *(f"verdict {verdict}" for verdict in verdicts)]
    print_csv(header, [[*group.key, group.jobs, *_figures(group), *_counts(group, verdicts)] for group in groups])


def _figures(group: Group) -> list[Any]:
    return [figure for found in group.metrics for figure in vars(found).values()]


def _counts(group: Group, verdicts: Sequence[str]) -> list[int]:
    return [group.verdicts.get(verdict, 0) for verdict in verdicts]


def _print_table(groups: Sequence[Group], keys: Sequence[str], metrics: Sequence["JobField"]) -> None:
    names = [heading for metric in metrics for heading in (metric.name.upper(), "QUARTILES")]
    columns = [
        *(Column(key.upper(), right=True) for key in (*keys, "jobs", *names)),
        Column("VERDICTS", folds=True),
    ]
    print_table(columns, [_cells(group) for group in groups])
    if not groups:
        message("There is no such job.")
    elif any(found.count < group.jobs for group in groups for found in group.metrics):
        message("Some of these jobs have no such metric (yet), and count among the jobs alone.")


def _cells(group: Group) -> tuple[str, ...]:
    figures = [cell for found in group.metrics for cell in (number(found.median), _span(found))]
    return (*map(shown, group.key), str(group.jobs), *figures, said(group.verdicts) or "-")


def _span(found: Quartiles) -> str:
    return f"{number(found.q25)} to {number(found.q75)}" if found.count else "-"
