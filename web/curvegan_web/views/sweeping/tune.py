"""Studies: each search with its trials, the value of each, and where it stands."""

from typing import TYPE_CHECKING, Any

from curvegan.comparing.keys import larger_is_better, metric_field
from curvegan.tuning.ranking import front
from curvegan.tuning.study import Study
from curvegan.tuning.trials import trial_row
from curvegan_web.views.asking import Asked, whole
from curvegan_web.views.plain import plain
from curvegan_web.views.sweeping.sweeps import MOST_SWEEPS, told

if TYPE_CHECKING:
    from curvegan.lab import Lab


def tunes_view(lab: "Lab", _: Asked) -> dict[str, Any]:
    """Return the studies among the newest sweeps."""
    return {"studies": [told(sweep) for sweep in lab.store.sweeps(MOST_SWEEPS) if sweep.study is not None]}


def tune_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return a study with all its trials. Raises SweepNotFound, InvalidInput for a sweep that is none."""
    study = Study(lab, whole(asked, "id", 0, 0, 2**31 - 1))
    plan = study.plan
    trials = study.look()
    rows = [trial_row(plan, trial) for trial in trials]
    return {
        "study": told(lab.store.sweep(study.id)),
        "space": dict(plan.space),
        "metrics": [{"name": name, "larger": bool(larger_is_better(metric_field(name)))} for name in plan.metrics],
        "planned": plan.trials,
        "front": [trial.number for trial in front(plan, trials)],
        "how": {name: plain(getattr(plan, name)) for name in ("sampler", "batch", "seeds", "halving")},
        "trials": [{key: plain(value) for key, value in row.items()} for row in rows],
    }
