"""The picture of one job: as its worker stored it, or drawn from what has been recorded so far."""

from typing import TYPE_CHECKING

from curvegan.datasets import own_curves
from curvegan.watching.job_fields import LIVE

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job

_PNG = b"\x89PNG\r\n\x1a\n"


def job_picture(store: "Store", job: "Job", kind: str, form: str = "png", dpi: int | None = None) -> bytes:
    """Return a job's plot of a kind as a file: "png", of so many pixels to the inch, "svg" or "pdf".

    As its worker stored it, where that is what is asked for.

    Raises:
        ResultNotFound: nothing has been recorded yet.
        ResultDamaged: what is stored is no PNG file.
    """
    from curvegan_db.errors import ResultDamaged, ResultNotFound

    stored = store.plot(job.id, kind) if form == "png" and dpi is None else None
    if stored and not stored.png.startswith(_PNG):
        raise ResultDamaged(stored.job_id, f"{stored.kind} plot", "it is no PNG")
    if stored:
        return stored.png
    losses, snapshots = store.losses(job.id), store.snapshots(job.id)
    if not snapshots or not len(losses):
        raise ResultNotFound(f"job {job.id} has no {kind} plot yet: it is {job.state}; {_hint(job)}")
    from curvegan_core.plotting.job_plots import picture, titled
    from curvegan_core.plotting.plot_data import PlotData

    title, own = titled(job.id, job.name), own_curves(store, job)
    drawn = picture(kind, PlotData(title, job.config, losses, snapshots, verdict=job.verdict, dataset=own))
    return drawn.to_bytes(form, dpi)


def _hint(job: "Job") -> str:
    if job.state in LIVE:
        return f"`curvegan wait {job.id}` waits for its end"
    return f"`curvegan retry {job.id}` runs it again"
