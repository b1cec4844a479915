"""curvegan plot: a picture of many jobs, drawn from what the store has. Changes nothing.

Gathers the numbers; `curvegan_core.plotting.sweep_plots` draws them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.groups import grouped, named, quartiles, shown
from curvegan.comparing.intervals import in_intervals
from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.comparing import is_largest
from curvegan_cli.commands.results import own_curves
from curvegan_cli.options.filtering import (
    among,
    key_field,
    keys_option,
    larger_is_better,
    metric_option,
    varied,
    where_option,
)
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown import files
from curvegan_cli.shown.output import number

if TYPE_CHECKING:
    from curvegan_core.plotting.job_plots import Picture, PlotData
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job

KINDS = ("heatmap", "fan", "best")
_MOST_CURVES = 5_000


class _Asked:
    """What a picture is to show, of which jobs."""

    def __init__(
        self, backend: Backend, sweep: int, where: "Filter | None", keys: Sequence[str], metric: "JobField"
    ) -> None:
        found = backend.store.sweep(sweep)
        self.store = backend.store
        self.title = f"sweep {sweep}" + (f", {found.name}" if found.name else "")
        self.where = among(backend, sweep, where)
        self.keys = keys
        self.fields = [key_field(key) for key in keys]
        self.metric = metric
        self.filtered = where is not None

    def facts(self, *facts: str) -> str:
        return "    ".join([*facts, *(["only those of --where"] if self.filtered else [])])


@click.command()
@sweep_option
@click.option("--kind", type=click.Choice(KINDS), help="Which picture; without it heatmap for two axes, else fan.")
@keys_option
@metric_option("--metric")
@where_option
@click.option("-n", "count", type=click.IntRange(1, 12), default=12, show_default=True, help="Panels of fan and best.")
@files.output_option("sweep-ID-KIND.png")
@files.force_option
@pass_backend
def plot(
    backend: Backend,
    sweep: int | None,
    kind: str | None,
    keys: tuple[str, ...] | None,
    metric: "JobField",
    where: "Filter | None",
    count: int,
    output: Path | None,
    force: bool,
) -> None:
    """Draw a sweep to a PNG file.

    Its path is printed. `heatmap` shows the metric's median over two keys, `fan` the RMSE along the steps with its
    quartiles over the seeds, a panel for each point of the sweep, `best` the curves of the best jobs.

    \b
    Examples:
      curvegan plot --sweep 3
      curvegan plot --sweep 3 --kind heatmap --by lr,beta1 --metric hq
      curvegan plot --sweep 3 --kind best -n 4 --where loss=rpgan --output best.png
    """
    if sweep is None:
        raise click.UsageError("say which sweep, as in --sweep 3; `curvegan sweeps` lists them")
    keys = keys if keys is not None else varied(backend, sweep)
    kind = kind or ("heatmap" if len(keys) >= 2 else "fan")
    path = output or Path(f"sweep-{sweep}-{kind}.png")
    files.check_writable(path, force)
    asked = _Asked(backend, sweep, where, keys, metric)
    drawn = _heatmap(asked) if kind == "heatmap" else _fan(asked, count) if kind == "fan" else _best(asked, count)
    files.write(path, drawn.png(), force)
    if path != files.STDOUT:
        click.echo(path)


def _heatmap(asked: _Asked) -> "Picture":
    import numpy as np

    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_plots import MOST_CELLS, Table, heatmap_picture

    if len(asked.keys) < 2:
        raise InvalidInput("a heat map needs two keys, as in --by lr,loss; `--kind fan` shows one")
    rows = _rows(asked, [*asked.fields[:2], asked.metric])
    x, y, _ = zip(*rows, strict=True)
    names_x, names_y = in_intervals(x, MOST_CELLS), in_intervals(y, MOST_CELLS)
    columns, lines = (_distinct(key, names) for key, names in zip(asked.keys, (names_x, names_y), strict=False))
    cells = np.full((len(lines), len(columns)), np.nan)
    places = zip(names_x, names_y, (value for *_, value in rows), strict=True)
    for (one, other), values in grouped(places, 2).items():
        median = quartiles(value for (value,) in values).median
        cells[lines.index(other), columns.index(one)] = np.nan if median is None else median
    names = [shown(name) for name in columns], [shown(name) for name in lines]
    table = Table(asked.keys[0], asked.keys[1], *names, cells)
    over = f", over {' and '.join(asked.keys[2:])} too" if len(asked.keys) > 2 else ""
    facts = asked.facts(f"{asked.metric.name}, median of the jobs of a cell{over}", f"{len(rows)} jobs")
    return heatmap_picture(asked.title, facts, table, asked.metric.name, not larger_is_better(asked.metric))


def _distinct(key: str, values: Sequence[Any]) -> list[Any]:
    """The values of an axis. Raises InvalidInput for words that are too many to be named."""
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_plots import MOST_CELLS

    found = [value for (value,) in grouped(((value,) for value in values), 1)]
    if len(found) > MOST_CELLS:
        raise InvalidInput(f"{key} has {len(found)} different values, and a heat map at most {MOST_CELLS}; see --where")
    return found


def _fan(asked: _Asked, count: int) -> "Picture":
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_plots import Fan, fan_picture
    from curvegan_db.filters.catalogue import FIELDS

    rows = _rows(asked, [*asked.fields, FIELDS["id"], asked.metric])
    groups = grouped(rows, len(asked.keys))
    chosen = _best_groups(asked, groups, count)
    ids = [job_id for key in chosen for job_id, _ in groups[key]]
    if len(ids) > _MOST_CURVES:
        raise InvalidInput(f"a fan chart reads at most {_MOST_CURVES} loss curves, these are {len(ids)}; see --where")
    curves = dict(asked.store.loss_curves(ids))
    fans = [Fan(named(asked.keys, key) or "all jobs", [curves[job_id] for job_id, _ in groups[key]]) for key in chosen]
    of_all = [f"the best {len(chosen)} of {len(groups)} points by {asked.metric.name}"]
    facts = asked.facts(f"{len(ids)} jobs", *(of_all if len(chosen) < len(groups) else []))
    return fan_picture(asked.title, facts, fans, columns=len({key[-1:] for key in chosen}))


def _best_groups(asked: _Asked, groups: dict[Any, list[Any]], count: int) -> list[Any]:
    """All groups if they are few, else those with the best medians; in their own order."""
    sign = -1 if larger_is_better(asked.metric) else 1
    medians = {key: quartiles(value for _, value in members).median for key, members in groups.items()}
    best = sorted(groups, key=lambda key: (medians[key] is None, sign * (medians[key] or 0)))[:count]
    return [key for key in groups if key in best]


def _best(asked: _Asked, count: int) -> "Picture":
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_plots import best_picture

    largest = is_largest(asked.metric)
    jobs = asked.store.best(asked.metric, largest, asked.where, count)
    if not jobs:
        raise InvalidInput(
            f"no job of {asked.title} has {asked.metric.name} yet; `curvegan wait` follows it to its end"
        )
    order = f"{'largest' if largest else 'smallest'} {asked.metric.name} first"
    points = _points(asked, jobs)
    panels = [_data(asked, job, points[job.id]) for job in jobs]
    return best_picture(f"best of {asked.title}", asked.facts(order, " ".join(asked.keys)), panels)


def _points(asked: _Asked, jobs: Sequence["Job"]) -> dict[int, str]:
    """What each job's point of the sweep is."""
    from curvegan_db.filters.catalogue import FIELDS
    from curvegan_db.filters.language import Filter

    these = Filter.parse(f"id in ({','.join(str(job.id) for job in jobs)})")
    rows = asked.store.values([FIELDS["id"], *asked.fields], these)
    return {job_id: " ".join(map(shown, key)) for job_id, *key in rows}


def _data(asked: _Asked, job: "Job", point: str) -> "PlotData":
    from curvegan_core.loss_curve import LossCurve
    from curvegan_core.plotting.job_plots import PlotData
    from curvegan_db.errors import ResultNotFound

    snapshots = asked.store.snapshots(job.id)[-1:]
    if not snapshots:
        raise ResultNotFound(f"job {job.id} has no snapshot to draw; leave it out with --where")
    title = f"job {job.id}: {number((job.metrics or {}).get(asked.metric.name), 3)}  {point}"
    return PlotData(title, job.config, LossCurve.empty(), snapshots, dataset=own_curves(asked.store, job))


def _rows(asked: _Asked, fields: Sequence["JobField"]) -> list[tuple[Any, ...]]:
    from curvegan_core.errors import InvalidInput

    rows = asked.store.values(fields, asked.where)
    if not rows:
        raise InvalidInput(f"no job of {asked.title} is such a one; `curvegan status --sweep` lists them")
    return rows
