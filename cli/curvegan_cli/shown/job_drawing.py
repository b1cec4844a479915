"""A job in the terminal: its losses along the steps and its newest curves, drawn in characters."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from curvegan.datasets import own_curves
from curvegan_cli.shown.drawing import drawing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curvegan_db.store import Store
    from curvegan_db.values import Job

_MOST_CURVES, _MOST_POINTS, _MOST_RECORDS = 12, 400, 400


def drawn_curves(store: "Store", job: "Job", rows: int = 10) -> list[str]:
    """Draw curves, or points of the plane, that its generator made at the newest snapshot; none before there is one."""
    import numpy as np

    from curvegan_core.families.curves import points_x

    snapshots = store.snapshots(job.id)[-1:]
    if not snapshots:
        return []
    curves, are_points = snapshots[0].curves.astype(np.float64), job.config.curve.is_point
    if not are_points:
        x = points_x(job.config, own_curves(store, job))
        lines = [np.stack([x, y], axis=1) for y in curves[:_MOST_CURVES]]
    elif job.config.points > 1:
        lines = [curves[:_MOST_POINTS, :2]]
    else:  # numbers: the share of them that lies below each
        lines = [np.stack([np.sort(curves[:, 0]), np.linspace(0, 1, len(curves))], axis=1)]
    finite, what = _finite(lines), "points" if are_points else "curves"
    title = f"generated {what} at step {snapshots[0].step}:"
    return [title, *drawing(finite, rows, joined=not are_points)] if finite else []


def drawn_losses(store: "Store", job: "Job", rows: int = 8) -> list[str]:
    """Draw both losses over the steps, as far as they are recorded."""
    import numpy as np

    losses = store.losses(job.id)
    if len(losses) < 2:
        return []
    kept = np.linspace(0, len(losses) - 1, min(len(losses), _MOST_RECORDS)).astype(int)
    steps = losses.steps[kept].astype(np.float64)
    lines = [np.stack([steps, loss[kept].astype(np.float64)], axis=1) for loss in (losses.g_loss, losses.d_loss)]
    finite = _finite(lines)
    return ["g_loss and d_loss over the steps:", *drawing(finite, rows)] if finite else []


def drawn_job(store: "Store", job: "Job") -> Iterator[str]:
    """Yield the lines of both drawings, a blank one before each."""
    for lines in (drawn_losses(store, job), drawn_curves(store, job)):
        yield from ["", *lines] if lines else []


def _finite(lines: "Sequence[NDArray[np.float64]]") -> "list[NDArray[np.float64]]":
    import numpy as np

    kept = [line[np.isfinite(line).all(axis=1)] for line in lines]
    return [line for line in kept if len(line)]
