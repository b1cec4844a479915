"""Two to eight jobs beside each other: where they differ, what came of each, their losses and curves."""

from typing import TYPE_CHECKING, Any

from curvegan.datasets import data_names
from curvegan.watching.differences import among_each_other
from curvegan.watching.job_fields import LIVE, rmses_now
from curvegan.words import shown
from curvegan_core.errors import InvalidInput
from curvegan_core.metrics.names import LARGER_IS_BETTER, MEANINGS
from curvegan_web.views.asking import Asked, finite, listed, whole
from curvegan_web.views.watching.job import curves_of

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_core.records.loss_curve import LossCurve
    from curvegan_db.store import Store
    from curvegan_db.values import Job

MOST_JOBS, MOST_RECORDS, _MOST_CURVES, _MOST_CHOICE = 8, 600, 64, 100
_FACTS = ("id", "name", "state", "verdict", "engine", "device", "step", "steps")
_LOSSES = ("g_loss", "d_loss", "d_real", "d_fake", "rmse")


def compare_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the jobs that `jobs` names, as in 1,2,3; with fewer than two those there are. Raises JobNotFound."""
    ids = list(dict.fromkeys(_ids(asked.get("jobs", ""))))
    jobs = [lab.store.job(job_id) for job_id in ids] if len(ids) > 1 else []
    names = data_names(lab.store, [job.config for job in jobs])
    differing = among_each_other([job.config for job in jobs], names) if jobs else {}
    curves, rmse = dict(lab.store.loss_curves([job.id for job in jobs])), rmses_now(lab.store, jobs)
    return {
        "ids": ids,
        "jobs": [_told(lab.store, job, curves[job.id], rmse[job.id]) for job in jobs],
        "differing": {key: [shown(value) for value in values] for key, values in differing.items()},
        "metrics": _metrics(jobs),
        "live": any(job.state in LIVE for job in jobs),
        "choice": [] if jobs else choice(lab.store.jobs(limit=_MOST_CHOICE)),
    }


def choice(jobs: "list[Job]") -> list[dict[str, Any]]:
    """Return jobs as a page lists them to be chosen."""
    return [{"id": job.id, "name": job.name or ""} for job in jobs]


def _ids(text: str) -> list[int]:
    """Read the ids. Raises InvalidInput."""
    words = [word.strip() for word in text[:200].split(",") if word.strip()]
    if len(words) > MOST_JOBS:
        raise InvalidInput(f"at most {MOST_JOBS} jobs are compared here; `curvegan compare` takes more")
    return [whole({"jobs": word}, "jobs", 0, 1, 2**31 - 1) for word in words]


def _told(store: "Store", job: "Job", losses: "LossCurve", rmse: float | None) -> dict[str, Any]:
    snapshots = store.snapshots(job.id)[-1:]
    every = -(-len(losses) // MOST_RECORDS) or 1
    return {
        **{name: getattr(job, name) for name in _FACTS},
        "rmse": finite(rmse),
        "losses": {name: listed(getattr(losses, name)[::every], 5) for name in ("steps", *_LOSSES)},
        "curves": curves_of(store, job, snapshots, _MOST_CURVES) if snapshots else None,
    }


def _metrics(jobs: "list[Job]") -> list[dict[str, Any]]:
    """Return the metrics of the ends with what they mean, and which way is the better one."""
    measured = [dict(job.metrics or {}) for job in jobs]
    names = [name for name in dict.fromkeys(("rmse", "spread", *MEANINGS)) if any(name in known for known in measured)]
    return [
        {
            "name": name,
            "meaning": MEANINGS.get(name, ""),
            "larger": LARGER_IS_BETTER.get(name),
            "values": [finite(known.get(name), 5) for known in measured],
        }
        for name in names
    ]
