"""What of a sweep takes reading curves: quartiles over the steps, and the generated curves of the best jobs."""

from typing import TYPE_CHECKING, Any

from curvegan.comparing.keys import is_largest, larger_is_better, metric_field, value_of
from curvegan.comparing.sweep_pictures import SweepPicture, fans
from curvegan.datasets import data_names
from curvegan.watching.differences import asked_for
from curvegan_core.errors import InvalidInput
from curvegan_core.plotting.sweep_data import MOST_PANELS, quartiles
from curvegan_web.views.asking import Asked, finite, listed, whole
from curvegan_web.views.sweeping.sweep import of_first
from curvegan_web.views.watching.job import curves_of

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.filters.fields import JobField
    from curvegan_db.values import Job, Sweep

_MOST_BEST, _MOST_CURVES = 6, 64


def fan_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the fans of a sweep's best points by `metric`, and its best jobs, of those that `where` means.

    Raises SweepNotFound, InvalidInput.
    """
    sweep = lab.store.sweep(whole(asked, "id", 0, 0, 2**31 - 1))
    chosen_by, where = metric_field(asked.get("metric") or "rmse"), of_first(sweep, asked)
    picture = SweepPicture(lab.store, sweep, "fan", None, chosen_by, where)
    try:
        chosen, points = fans(picture, MOST_PANELS)
    except InvalidInput as error:
        return {"problem": str(error), "fans": [], "points": 0, "best": []}
    bands = {fan.name: quartiles(fan.curves) for fan in chosen.values()}
    return {
        "fans": [
            {"name": name, "steps": listed(steps), "quartiles": listed(band, 4)}
            for name, (steps, band) in bands.items()
            if len(steps)
        ],
        "points": points,
        "best": _best(lab, sweep, picture),
    }


def _best(lab: "Lab", sweep: "Sweep", picture: SweepPicture) -> list[dict[str, Any]]:
    if larger_is_better(picture.metric) is None:
        return []  # neither end of it is the better one
    jobs = lab.store.best(picture.metric, is_largest(picture.metric), picture.where, _MOST_BEST)
    names = data_names(lab.store, [job.config for job in jobs])
    return [_shown(lab, job, name, picture.metric) for job, name in zip(jobs, names, strict=True)]


def _shown(lab: "Lab", job: "Job", data: str, metric: "JobField") -> dict[str, Any]:
    snapshots = lab.store.snapshots(job.id)[-1:]
    return {
        **{name: getattr(job, name) for name in ("id", "name", "verdict")},
        "value": finite(value_of(job, metric), 5),
        "asked": asked_for(job.config, data)[:500],
        "curves": curves_of(lab.store, job, snapshots, _MOST_CURVES) if snapshots else None,
    }
