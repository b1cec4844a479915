"""What a file to share tells of jobs: summary, heat map, fans, best jobs with generators, and how to run it again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from curvegan.comparing.groups import counted, grouped, quartiles
from curvegan.comparing.intervals import in_intervals
from curvegan.comparing.keys import is_largest, key_field, larger_is_better, value_of
from curvegan.datasets import data_names
from curvegan.toml import commented
from curvegan.watching.differences import among_each_other, asked_for
from curvegan.watching.facts import facts
from curvegan.watching.job_fields import rmses_now
from curvegan.words import moment, named, shown
from curvegan_core.errors import InvalidInput
from curvegan_core.plotting.sweep_data import MOST_CELLS
from curvegan_core.plotting.sweep_data import quartiles as quartiles_of
from curvegan_db.filters.catalogue import FIELDS
from curvegan_web.views.asking import finite, listed
from curvegan_web.views.sharing.again import command, sweep_command
from curvegan_web.views.sharing.generator import generator_of
from curvegan_web.views.watching.job import curves_of, equilibrium_of, losses_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Sweep

MOST_JOBS = 1000
# What tells of machines: hosts, and tracebacks with their paths.
_PRIVATE = ("trained", "error", "state")
_BEST, _FANS, _RECORDS, _CURVES, _KEYS = 6, 12, 400, 64, 3


@dataclass(frozen=True)
class Told:
    """Which jobs a report tells of, under which title, and by which metric; `sweep` where they are one's."""

    title: str
    where: "Filter"
    metric: "JobField"
    sweep: "Sweep | None" = None
    keys: tuple[str, ...] | None = None
    whole: bool = True


def report_view(store: "Store", told: Told) -> dict[str, Any]:
    """Return all that the page draws. Raises InvalidInput for no job, or too many."""
    jobs = store.jobs(where=told.where, limit=MOST_JOBS + 1, newest_first=False)
    if not 1 <= len(jobs) <= MOST_JOBS:
        count = "none" if not jobs else f"more than {MOST_JOBS}"
        raise InvalidInput(f"a report tells of 1 to {MOST_JOBS} jobs, and these are {count}; see --where")
    names = dict(zip((job.id for job in jobs), data_names(store, [job.config for job in jobs]), strict=True))
    keys = _keys(told, jobs)
    rows = store.values([*map(key_field, keys), FIELDS["id"], FIELDS["verdict"], told.metric], told.where)
    return {
        "title": told.title,
        "made": moment(datetime.now(UTC)).partition(".")[0] + "Z",
        "version": version("curvegan"),
        "metric": told.metric.name,
        "smaller": not larger_is_better(told.metric),
        "verdicts": counted(job.verdict or job.state for job in jobs),
        "jobs": [_row(job, told.metric, names[job.id]) for job in jobs],
        "groups": _groups(keys, rows) if len(jobs) > 1 else [],
        "heat": _heat(keys, rows) if len(keys) > 1 else None,
        "fans": _fans(store, keys, rows, told.metric),
        "best": [_best(store, job, told.metric, names[job.id]) for job in _chosen(store, told, jobs)],
        "again": sweep_command(told.sweep, jobs, [*names.values()]) if told.sweep and told.whole else "",
    }


def _keys(told: Told, jobs: "Sequence[Job]") -> tuple[str, ...]:
    """Return the keys to group by: those given, else the first that differ among the jobs, but for the seed."""
    if told.keys is not None:
        return told.keys
    differing = among_each_other([job.config for job in jobs])
    if differing.get("lr_g") == differing.get("lr_d"):
        differing = {"lr" if key == "lr_g" else key: values for key, values in differing.items() if key != "lr_d"}
    return tuple(key for key in differing if key in FIELDS and key != "seed")[:_KEYS]


def _row(job: "Job", metric: "JobField", data: str) -> dict[str, Any]:
    return {
        **{name: getattr(job, name) for name in ("id", "name", "state", "verdict", "step", "steps")},
        "engine": " ".join(filter(None, (job.engine, job.engine_version))),
        "value": finite(value_of(job, metric)),
        "seed": str(job.config.seed),
        "asked": asked_for(job.config, data)[:500],
        "hash": job.config.hash,
        "command": command(job, data),
    }


def _groups(keys: "Sequence[str]", rows: "Sequence[tuple[Any, ...]]") -> list[dict[str, Any]]:
    groups = []
    for key, members in grouped(rows, len(keys)).items():
        ids, verdicts, values = zip(*members, strict=True)
        figures = {name: finite(value) for name, value in vars(quartiles(values)).items() if name != "count"}
        groups.append(
            {"name": named(keys, key) or "all jobs", "jobs": len(ids), "verdicts": counted(verdicts), **figures}
        )
    return groups


def _heat(keys: "Sequence[str]", rows: "Sequence[tuple[Any, ...]]") -> dict[str, Any] | None:
    """Return the medians over the first two keys; None where their words are too many for axes."""
    x, y = (in_intervals([row[column] for row in rows], MOST_CELLS) for column in (0, 1))
    cells = grouped(zip(x, y, (row[-1] for row in rows), strict=True), 2)
    across, upwards = ([value for (value,) in grouped(((one,) for one in axis), 1)] for axis in (x, y))
    if max(len(across), len(upwards)) > MOST_CELLS:
        return None
    medians = {key: finite(quartiles(value for (value,) in members).median, 5) for key, members in cells.items()}
    table = [[medians.get((column, line)) for column in across] for line in upwards]
    return {
        "x": keys[0],
        "y": keys[1],
        "columns": [*map(shown, across)],
        "rows": [*map(shown, upwards)],
        "cells": table,
    }


def _fans(
    store: "Store", keys: "Sequence[str]", rows: "Sequence[tuple[Any, ...]]", metric: "JobField"
) -> list[dict[str, Any]]:
    """Return the quartiles of the RMSE over the steps of the best groups, in their own order."""
    groups = grouped(rows, len(keys))
    medians = {key: quartiles(value for *_, value in members).median for key, members in groups.items()}
    sign = -1 if larger_is_better(metric) else 1
    best = sorted(groups, key=lambda key: (medians[key] is None, sign * (medians[key] or 0)))[:_FANS]
    chosen = {key: [row[0] for row in members] for key, members in groups.items() if key in best}
    curves = dict(store.loss_curves([job_id for ids in chosen.values() for job_id in ids]))
    bands = {key: quartiles_of([curves[job_id] for job_id in ids]) for key, ids in chosen.items()}
    return [
        {"name": named(keys, key) or "all jobs", "steps": listed(steps), "quartiles": listed(band, 4)}
        for key, (steps, band) in bands.items()
        if len(steps)
    ]


def _chosen(store: "Store", told: Told, jobs: "Sequence[Job]") -> "Sequence[Job]":
    """Return the best jobs; of one, or where none is the best, the first."""
    if larger_is_better(told.metric) is None:
        return jobs[:_BEST]
    return store.best(told.metric, is_largest(told.metric), told.where, _BEST) or jobs[:_BEST]


def _best(store: "Store", job: "Job", metric: "JobField", data: str) -> dict[str, Any]:
    snapshots, checkpoints = store.snapshots(job.id)[-1:], store.checkpoints(job.id)
    newest = store.checkpoint(job.id) if checkpoints else None
    known = facts(job, rmses_now(store, [job])[job.id], [row.step for row in checkpoints], data)
    return {
        "id": job.id,
        "facts": [fact for fact in known if fact[0] not in _PRIVATE],
        "losses": losses_of(store.losses(job.id), most=_RECORDS),
        "equilibrium": equilibrium_of(job),
        "curves": curves_of(store, job, snapshots, _CURVES) if snapshots else None,
        "generator": generator_of(job, newest.data) if newest else None,
        "checkpoint": {"step": newest.step, "sha256": newest.sha256} if newest else None,
        "config": commented(job.config),
        "value": finite(value_of(job, metric)),
    }
