"""The newest sweeps: what each varies, how its jobs stand, and what came of them."""

from typing import TYPE_CHECKING, Any

from curvegan_web.views.asking import Asked, whole
from curvegan_web.views.plain import plain

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.values import Sweep

MOST_SWEEPS = 200


def sweeps_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the newest sweeps, so many as `limit` says."""
    sweeps = lab.store.sweeps(whole(asked, "limit", 50, 1, MOST_SWEEPS))
    verdicts = lab.store.all_verdicts([sweep.id for sweep in sweeps])
    return {"sweeps": [told(sweep) | {"verdicts": verdicts[sweep.id]} for sweep in sweeps]}


def told(sweep: "Sweep") -> dict[str, Any]:
    """Return a sweep as a whole."""
    known = {name: plain(getattr(sweep, name)) for name in ("id", "name", "created_at", "jobs", "ended")}
    return known | {"states": dict(sweep.states), "axes": plain(dict(sweep.axes))}
