"""Pictures of a sweep from what the store has: gathers what `curvegan_core.plotting.sweep_plots` draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curvegan.comparing.groups import grouped, quartiles
from curvegan.comparing.intervals import in_intervals
from curvegan.comparing.keys import is_largest, key_field, larger_is_better, of_sweep, value_of, varied_keys
from curvegan.datasets import own_curves
from curvegan.words import named, number, shown

if TYPE_CHECKING:
    from curvegan_core.plotting.picture import Picture
    from curvegan_core.plotting.plot_data import PlotData
    from curvegan_core.plotting.sweep_data import Fan
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

_MOST_CURVES = 5_000


class SweepPicture:
    """What a picture of a sweep shows, of which jobs; `kind` is heatmap, fan or best."""

    def __init__(
        self, store: "Store", sweep: "Sweep", kind: str | None, keys: Sequence[str] | None, metric: "JobField",
        where: "Filter | None" = None,
    ) -> None:  # fmt: skip
        """Make it; without a kind it is a heat map of two keys, else a fan chart; without keys those it varies."""
        self.keys = keys if keys is not None else varied_keys(sweep)
        self.kind = kind or ("heatmap" if len(self.keys) >= 2 else "fan")
        self.store = store
        self.title = f"sweep {sweep.id}" + (f", {sweep.name}" if sweep.name else "")
        self.where = of_sweep(sweep, where)
        self.fields = [key_field(key) for key in self.keys]
        self.metric = metric
        self.filtered = where is not None

    def draw(self, count: int = 12) -> "Picture":
        """Draw it, with at most so many panels. Raises InvalidInput, ResultNotFound."""
        return (
            _heatmap(self)
            if self.kind == "heatmap"
            else _fan(self, count)
            if self.kind == "fan"
            else _best(self, count)
        )

    def facts(self, *facts: str) -> str:
        """Return the line below the title."""
        return "    ".join([*facts, *(["only those of --where"] if self.filtered else [])])


@dataclass(frozen=True)
class Located:
    """Jobs in the cells of two axes: the axes' values in their order, and of each cell its jobs, (id, metric)."""

    columns: list[Any]
    rows: list[Any]
    cells: "dict[tuple[Any, ...], list[tuple[Any, ...]]]"


def located(picture: SweepPicture) -> Located:
    """Return the jobs of a heat map by the first two keys. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_data import MOST_CELLS
    from curvegan_db.filters.catalogue import FIELDS

    if len(picture.keys) < 2:
        raise InvalidInput("a heat map needs two keys, as in --by lr,loss; `--kind fan` shows one")
    x, y, *members = zip(*_rows(picture, [*picture.fields[:2], FIELDS["id"], picture.metric]), strict=True)
    names_x, names_y = in_intervals(x, MOST_CELLS), in_intervals(y, MOST_CELLS)
    columns, rows = (_distinct(key, names) for key, names in zip(picture.keys, (names_x, names_y), strict=False))
    return Located(columns, rows, grouped(zip(names_x, names_y, *members, strict=True), 2))


def _heatmap(picture: SweepPicture) -> "Picture":
    import numpy as np

    from curvegan_core.plotting.sweep_data import Table
    from curvegan_core.plotting.sweep_plots import heatmap_picture

    grid = located(picture)
    cells = np.full((len(grid.rows), len(grid.columns)), np.nan)
    for (name_x, name_y), members in grid.cells.items():
        median = quartiles(value for _, value in members).median
        cells[grid.rows.index(name_y), grid.columns.index(name_x)] = np.nan if median is None else median
    names = [shown(name) for name in grid.columns], [shown(name) for name in grid.rows]
    table = Table(picture.keys[0], picture.keys[1], *names, cells)
    over = f", over {' and '.join(picture.keys[2:])} too" if len(picture.keys) > 2 else ""
    jobs = sum(map(len, grid.cells.values()))
    facts = picture.facts(f"{picture.metric.name}, median of the jobs of a cell{over}", f"{jobs} jobs")
    return heatmap_picture(picture.title, facts, table, picture.metric.name, not larger_is_better(picture.metric))


def _distinct(key: str, values: Sequence[Any]) -> list[Any]:
    """Return the values of an axis. Raises InvalidInput for words that are too many to be named."""
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_data import MOST_CELLS

    distinct = [value for (value,) in grouped(((value,) for value in values), 1)]
    if len(distinct) > MOST_CELLS:
        raise InvalidInput(
            f"{key} has {len(distinct)} different values, and a heat map at most {MOST_CELLS}; see --where"
        )
    return distinct


def fans(picture: SweepPicture, count: int) -> "tuple[dict[Any, Fan], int]":
    """Return the loss curves of a sweep's best points by their values, and how many points there are.

    Raises InvalidInput.
    """
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_data import Fan
    from curvegan_db.filters.catalogue import FIELDS

    rows = _rows(picture, [*picture.fields, FIELDS["id"], picture.metric])
    groups = grouped(rows, len(picture.keys))
    chosen = _best_groups(picture, groups, count)
    ids = [job_id for key in chosen for job_id, _ in groups[key]]
    if len(ids) > _MOST_CURVES:
        raise InvalidInput(f"a fan chart reads at most {_MOST_CURVES} loss curves, these are {len(ids)}; see --where")
    curves = dict(picture.store.loss_curves(ids))
    members = {key: [curves[job_id] for job_id, _ in groups[key]] for key in chosen}
    return {key: Fan(named(picture.keys, key) or "all jobs", known) for key, known in members.items()}, len(groups)


def _fan(picture: SweepPicture, count: int) -> "Picture":
    from curvegan_core.plotting.sweep_plots import fan_picture

    chosen, points = fans(picture, count)
    jobs = sum(len(fan.curves) for fan in chosen.values())
    of_all = [f"the best {len(chosen)} of {points} points by {picture.metric.name}"]
    facts = picture.facts(f"{jobs} jobs", *(of_all if len(chosen) < points else []))
    return fan_picture(picture.title, facts, [*chosen.values()], columns=len({key[-1:] for key in chosen}))


def _best_groups(picture: SweepPicture, groups: dict[Any, list[Any]], count: int) -> list[Any]:
    """Return all groups if they are few, else those with the best medians; in their own order."""
    sign = -1 if larger_is_better(picture.metric) else 1
    medians = {key: quartiles(value for _, value in members).median for key, members in groups.items()}
    best = sorted(groups, key=lambda key: (medians[key] is None, sign * (medians[key] or 0)))[:count]
    return [key for key in groups if key in best]


def _best(picture: SweepPicture, count: int) -> "Picture":
    from curvegan_core.errors import InvalidInput
    from curvegan_core.plotting.sweep_plots import best_picture

    largest = is_largest(picture.metric)
    jobs = picture.store.best(picture.metric, largest, picture.where, count)
    if not jobs:
        raise InvalidInput(
            f"no job of {picture.title} has {picture.metric.name} yet; `curvegan wait` follows it to its end"
        )
    order = f"{'largest' if largest else 'smallest'} {picture.metric.name} first"
    points = _points(picture, jobs)
    panels = [_data(picture, job, points[job.id]) for job in jobs]
    return best_picture(f"best of {picture.title}", picture.facts(order, " ".join(picture.keys)), panels)


def _points(picture: SweepPicture, jobs: Sequence["Job"]) -> dict[int, str]:
    """Return what each job's point of the sweep is."""
    from curvegan_db.filters.catalogue import FIELDS
    from curvegan_db.filters.language import Filter

    these = Filter.parse(f"id in ({','.join(str(job.id) for job in jobs)})")
    rows = picture.store.values([FIELDS["id"], *picture.fields], these)
    return {job_id: " ".join(map(shown, key)) for job_id, *key in rows}


def _data(picture: SweepPicture, job: "Job", point: str) -> "PlotData":
    from curvegan_core.plotting.plot_data import PlotData
    from curvegan_core.records.loss_curve import LossCurve
    from curvegan_db.errors import ResultNotFound

    snapshots = picture.store.snapshots(job.id)[-1:]
    if not snapshots:
        raise ResultNotFound(f"job {job.id} has no snapshot to draw; leave it out with --where")
    title = f"job {job.id}: {number(value_of(job, picture.metric), 3)}  {point}"
    return PlotData(title, job.config, LossCurve.empty(), snapshots, dataset=own_curves(picture.store, job))


def _rows(picture: SweepPicture, fields: Sequence["JobField"]) -> list[tuple[Any, ...]]:
    from curvegan_core.errors import InvalidInput

    rows = picture.store.values(fields, picture.where)
    if not rows:
        raise InvalidInput(f"no job of {picture.title} is such a one; `curvegan status --sweep` lists them")
    return rows
