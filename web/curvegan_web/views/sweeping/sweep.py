"""A sweep: each job as a cell and as a line over all axes, its points as groups, and a metric over two of its axes."""

from typing import TYPE_CHECKING, Any

from curvegan.comparing.groups import grouped, quartiles
from curvegan.comparing.keys import larger_is_better, metric_field, varied_keys
from curvegan.comparing.sweep_pictures import SweepPicture, located
from curvegan.watching.sweep_fields import time_left
from curvegan.words import named, shown
from curvegan_core.errors import InvalidInput
from curvegan_db.filters.catalogue import FIELDS, METRIC_NAMES
from curvegan_db.filters.language import Filter
from curvegan_web.views.asking import Asked, finite, where, whole, word
from curvegan_web.views.plain import plain
from curvegan_web.views.sweeping.sweeps import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curvegan.lab import Lab
    from curvegan_db.filters.fields import JobField
    from curvegan_db.store import Store
    from curvegan_db.values import Sweep

MOST_JOBS = 3000
_MOST_ID = 2**31 - 1
_FACTS = ("id", "state", "verdict", "step", "steps")


def sweep_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return a sweep, `metric` of its jobs that `where` means, and it over the keys `x` and `y`.

    Raises SweepNotFound, InvalidInput.
    """
    store, sweep = lab.store, lab.store.sweep(whole(asked, "id", 0, 0, _MOST_ID))
    keys, metric, left = varied_keys(sweep), metric_field(asked.get("metric") or "rmse"), time_left(store, sweep.id)
    axes = (*keys, *(["seed"] if "seed" in sweep.axes else []))
    chosen = of_first(sweep, asked)
    x, y = (word(asked, name, axes, axes[n] if n < len(axes) else "") for n, name in enumerate("xy"))
    return {
        "sweep": told(sweep),
        "left": None if left.seconds == 0 else str(left),
        "verdicts": store.verdicts(sweep.id),
        "matching": store.count(chosen) if asked.get("where") else None,
        "metrics": _metrics(store, sweep),
        "smaller": not larger_is_better(metric),
        "shown": {"metric": metric.name, "x": x, "y": y, "where": asked.get("where", "").strip()},
        "axes": axes,
        "lines": _lines(store, sweep, axes, metric),
        "groups": _groups(store, chosen, keys, metric),
        "heat": _heat(SweepPicture(store, sweep, "heatmap", (x, y), metric, chosen)) if x and y and x != y else None,
    }


def of_first(sweep: "Sweep", asked: Asked) -> Filter:
    """Return the filter for the jobs of a sweep that a page shows: of very many the first. Raises InvalidInput."""
    return Filter.window(Filter.of_sweep(sweep.id), 0, MOST_JOBS) & where(asked)


def _lines(store: "Store", sweep: "Sweep", axes: "Sequence[str]", metric: "JobField") -> list[list[Any]]:
    """Return of each job, those of no filter too, its id, its values of the axes and the metric."""
    rows = store.values([FIELDS["id"], *(FIELDS[axis] for axis in axes), metric], of_first(sweep, {}))
    return [[plain(value) for value in row] for row in rows]


def _metrics(store: "Store", sweep: "Sweep") -> list[str]:
    """Return the metrics that its jobs have."""
    ended = store.jobs(sweep=sweep.id, states=("succeeded",), limit=1)
    return [name for name in METRIC_NAMES if name in (ended[0].metrics or {})] if ended else ["rmse"]


def _groups(store: "Store", chosen: Filter, keys: "Sequence[str]", metric: "JobField") -> list[dict[str, Any]]:
    """Return its points, each with its jobs and the quartiles of the metric among them."""
    facts = [FIELDS[name] for name in (*_FACTS, "seed")]
    rows = store.values([*(FIELDS[key] for key in keys), *facts, metric], chosen)
    groups = grouped(rows, len(keys))
    if len(keys) > 1 and len(groups) == len(rows):  # no point has two jobs: in one row those that share the first key
        keys, groups = keys[:1], grouped([(row[0], *row[len(keys) :]) for row in rows], 1)
    return [_group(named(keys, key), members) for key, members in groups.items()]


def _group(name: str, members: "Sequence[tuple[Any, ...]]") -> dict[str, Any]:
    jobs = [
        dict(zip(_FACTS, facts, strict=True)) | {"seed": str(seed), "value": finite(value, 5)}
        for *facts, seed, value in members
    ]
    figures = quartiles(value for *_, value in members)
    return {"name": name, "jobs": jobs, **{key: plain(value) for key, value in vars(figures).items()}}


def _heat(picture: SweepPicture) -> dict[str, Any]:
    """Return the medians over two keys, with the jobs of each cell; or why there are none."""
    try:
        places = located(picture)
    except InvalidInput as error:
        return {"problem": str(error)}
    cells = [
        {
            "at": [places.rows.index(y), places.columns.index(x)],
            "median": finite(quartiles(value for _, value in members).median, 5),
            "jobs": [job_id for job_id, _ in members],
        }
        for (x, y), members in places.cells.items()
    ]
    return {"columns": [*map(shown, places.columns)], "rows": [*map(shown, places.rows)], "cells": cells}
