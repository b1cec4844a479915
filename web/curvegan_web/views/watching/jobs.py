"""The table of jobs: counted by state, filtered as `--where` does, sorted by anything that a filter knows."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from curvegan.datasets import data_names
from curvegan.watching.differences import asked_for
from curvegan.watching.job_fields import STATES, rmses_now, why
from curvegan.watching.sparing import Sparing
from curvegan.words import moment
from curvegan_core.errors import InvalidInput
from curvegan_db.filters.catalogue import FIELDS
from curvegan_db.filters.fields import JobField, near
from curvegan_web.views.asking import Asked, finite, where, whole, word

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.store import Store
    from curvegan_db.values import Job

MOST_ROWS = 500
# The least RMSE of a loss curve that has not changed since: by job, its attempt and its step.
_best: OrderedDict[tuple[int, int, int], float | None] = OrderedDict()
_MOST_KEPT = 10_000


def jobs_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the jobs that are asked for by `where`, `state`, `sort`, `limit`."""
    return _view(lab.store, asked, *_counted(lab.store, asked))


def jobs_frame(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the same for the first paint: without rows where those take a look at all jobs. Raises InvalidInput."""
    if not asked.get("sort") and where(asked) is None:
        return jobs_view(lab, asked)
    word(asked, "state", STATES)
    _order(asked.get("sort") or "id")
    return _view(lab.store, asked, {}, []) | {"rows": None}


def followed_jobs(lab: "Lab", asked: Asked) -> Callable[[], dict[str, Any]]:
    """Return the same for who looks again and again: all jobs are counted anew only as far as that costs little."""
    store = lab.store
    counted = Sparing(partial(_counted, store, asked), store.pulse)

    def look() -> dict[str, Any]:
        states, shown = counted()
        now = {job.id: job for job in store.jobs(ids=[job.id for job in shown])}
        return _view(store, asked, states, [now[job.id] for job in shown if job.id in now])

    return Sparing(look, store.pulse, rests=False)


def _counted(store: "Store", asked: Asked) -> "tuple[dict[str, int], list[Job]]":
    """Return how many jobs there are by state, and those to show: it takes a look at all."""
    chosen, state, limit = where(asked), word(asked, "state", STATES), _limit(asked)
    states = store.counted(chosen)
    if not state and not asked.get("sort"):
        return states, store.front(limit, chosen) if any(states.values()) else []
    by, descending = _order(asked.get("sort") or "-id")
    return states, store.ordered(by, descending, (state,) if state else (), chosen, limit)


def _limit(asked: Asked) -> int:
    return whole(asked, "limit", 50, 1, MOST_ROWS)


def _view(store: "Store", asked: Asked, states: dict[str, int], jobs: "list[Job]") -> dict[str, Any]:
    said = {name: asked.get(name, "") for name in ("where", "state", "sort")}
    return {
        "states": {name: states.get(name, 0) for name in STATES},
        "jobs": sum(states.values()),
        "shown": {**said, "limit": _limit(asked)},
        "rows": job_rows(store, jobs),
        "now": moment(datetime.now(UTC)).partition(".")[0] if any(job.state == "running" for job in jobs) else None,
    }


def _order(sort: str) -> tuple[JobField, bool]:
    """Return a field, and whether its largest value comes first: a minus before the name. Raises InvalidInput."""
    name = sort.removeprefix("-")
    if name not in FIELDS or name == "tag":
        raise InvalidInput(f"jobs cannot be sorted by {name!r:.60}{near(name, FIELDS)}")
    return FIELDS[name], sort.startswith("-")


def job_rows(store: "Store", jobs: "list[Job]") -> list[dict[str, Any]]:
    """Return jobs as rows of a table."""
    rmse, best = rmses_now(store, jobs), best_rmses(store, jobs)
    names = data_names(store, [job.config for job in jobs])
    return [
        {
            **{name: getattr(job, name) for name in ("id", "name", "state", "step", "steps", "verdict", "sweep")},
            "tags": list(job.tags),
            "rate": finite(job.steps_per_second, 4),
            "rmse": finite(rmse[job.id]),
            "best": finite(best.get(job.id)),
            "why": why(job).removeprefix(": ")[:300],
            "asked": asked_for(job.config, name)[:500],
            "created": moment(job.created_at),
        }
        for job, name in zip(jobs, names, strict=True)
    ]


def best_rmses(store: "Store", jobs: "list[Job]") -> dict[int, float | None]:
    """Return the least RMSE of each job's records, read once for each step that it is at."""
    keys = {job.id: (job.id, job.attempt, job.step) for job in jobs if job.step}
    unread = [job_id for job_id, key in keys.items() if key not in _best]
    for job_id, curve in store.loss_curves(unread):
        _best[keys[job_id]] = min((value for value in curve.rmse.tolist() if value == value), default=None)
    while len(_best) > _MOST_KEPT:
        _best.popitem(last=False)
    return {job_id: _best.get(key) for job_id, key in keys.items()}
