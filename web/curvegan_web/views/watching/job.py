"""All that is known of one job. Asked with `after`, a step, it tells only what was recorded behind it."""

from typing import TYPE_CHECKING, Any

from curvegan.datasets import data_names, own_curves
from curvegan.watching.differences import asked_for
from curvegan.watching.facts import facts
from curvegan.watching.job_fields import job_fields, rmses_now
from curvegan.watching.reasons import explain
from curvegan.watching.ruling import rulings
from curvegan.words import moment
from curvegan_core.losses import equilibrium
from curvegan_core.plotting.plot_data import PlotData
from curvegan_core.records.loss_curve import COLUMNS, LossCurve, Snapshot
from curvegan_web.views.asking import Asked, finite, listed, whole
from curvegan_web.views.plain import plain
from curvegan_web.views.watching.jobs import best_rmses

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.store import Store
    from curvegan_db.values import Job

MOST_RECORDS = 4000
MOST_LINES = 300


def job_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return a job. Raises JobNotFound."""
    store, job_id, after = lab.store, whole(asked, "id", 0, 0, 2**31 - 1), whole(asked, "after", -1, -1, 2**31 - 1)
    details = store.details(job_id)
    job, snapshots = details.job, store.snapshots(job_id)
    [data] = data_names(store, [job.config])
    rmse, checkpoints = rmses_now(store, [job])[job_id], store.checkpoints(job_id)
    explanation = explain(details)
    lines, _ = store.log(job_id)
    return {
        "job": plain(job_fields(store, job)),
        "facts": facts(job, rmse, [row.step for row in checkpoints], data),
        "asked": asked_for(job.config, data),
        "reason": {"code": explanation.reason, "text": explanation.text, "commands": explanation.commands},
        "notes": explanation.notes,
        "rules": rulings(job, store.losses(job_id), snapshots) if job.verdict else None,
        "rmse": finite(rmse),
        "best": finite(best_rmses(store, [job]).get(job_id)),
        "events": [plain(event) for event in store.events(job_id)],
        "log": [plain(line) for line in lines[-MOST_LINES:]],
        "checkpoints": [{"step": row.step, "size": row.size, "sha256": row.sha256} for row in checkpoints],
        "equilibrium": equilibrium_of(job),
        "losses": losses_of(store.losses(job_id), after),
        "snapshots": [_judged(snapshot) for snapshot in snapshots if snapshot.step > after],
        "curves": curves_of(store, job, snapshots[-1:]) if snapshots and snapshots[-1].step > after else None,
        "last": after if after >= 0 and not job.step else job.step,
        "after": after,
    }


def equilibrium_of(job: "Job") -> dict[str, float | None]:
    """Return where the losses and P(real) of a job settle."""
    settled = equilibrium(job.config)
    return {"g_loss": settled.g_loss, "d_loss": settled.d_loss, "p_real": settled.p_real}


def losses_of(curve: LossCurve, after: int = -1, most: int = MOST_RECORDS) -> dict[str, Any]:
    """Return the records behind a step by column; of very many every n-th, and n as `every`."""
    newer = curve.rows(int((curve.steps <= after).sum()), len(curve))
    every = -(-len(newer) // most) or 1
    columns = zip(COLUMNS, newer.columns, strict=True)
    return {name if name != "step" else "steps": listed(column[::every]) for name, column in columns} | {"every": every}


def _judged(snapshot: Snapshot) -> dict[str, Any]:
    return {"step": snapshot.step, "metrics": {name: finite(value) for name, value in snapshot.metrics.items()}}


def curves_of(store: "Store", job: "Job", snapshots: list[Snapshot], most: int = 512) -> dict[str, Any]:
    """Return generated curves, newest last, with real ones of the family, the abscissas and titles of the axes."""
    shown = PlotData("", job.config, LossCurve.empty(), snapshots, dataset=own_curves(store, job))
    return {
        "kind": "points" if shown.dots else "numbers" if shown.numbers else "curves",
        "x": listed(shown.x),
        "titles": ["x", "y"] if shown.dots else list(shown.titles),
        "real": listed(shown.real[:most], 5),
        "generated": [{"step": one.step, "curves": listed(one.curves[:most], 5)} for one in snapshots],
        "created": moment(job.created_at),
    }
