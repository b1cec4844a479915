"""The picture of one job: as its worker stored it, or drawn from what has been recorded so far."""

from typing import TYPE_CHECKING

from curvegan.datasets import own_curves
from curvegan.watching.job_fields import LIVE

if TYPE_CHECKING:
    from curvegan_core.plotting.picture import Picture
    from curvegan_db.store import Store
    from curvegan_db.values import Job

# Those of curvegan_core.plotting.own_plots, which is too heavy to import before anything is refused.
OWN_KINDS = ("quantiles", "scores", "pairs", "labels")
"""The pictures that only jobs on somebody's own curves have."""
_PNG = b"\x89PNG\r\n\x1a\n"


def job_picture(store: "Store", job: "Job", kind: str, form: str = "png", dpi: int | None = None) -> bytes:
    """Return a job's plot of a kind as a file: "png", of so many pixels to the inch, "svg" or "pdf".

    As its worker stored it, where that is what is asked for. Those of own curves are drawn from the newest checkpoint.

    Raises:
        InvalidInput: the job did not learn own curves, or they were removed, and the picture is of those.
        ResultNotFound: nothing has been recorded yet.
        ResultDamaged: what is stored is no PNG file.
    """
    from curvegan_db.errors import ResultDamaged, ResultNotFound

    if kind in OWN_KINDS:
        return _own_picture(store, job, kind).to_bytes(form, dpi)
    stored = store.plot(job.id, kind) if form == "png" and dpi is None else None
    if stored and not stored.png.startswith(_PNG):
        raise ResultDamaged(stored.job_id, f"{stored.kind} plot", "it is no PNG")
    if stored:
        return stored.png
    losses, snapshots = store.losses(job.id), store.snapshots(job.id)
    if not snapshots or not len(losses):
        raise ResultNotFound(f"job {job.id} has no {kind} plot yet: it is {job.state}; {_hint(job)}")
    from curvegan_core.metrics.evaluation import Metrics
    from curvegan_core.plotting.job_plots import picture, titled
    from curvegan_core.plotting.plot_data import PlotData

    title, own = titled(job.id, job.name), own_curves(store, job)
    metrics = Metrics.from_dict(job.metrics) if job.metrics else None
    drawn = picture(kind, PlotData(title, job.config, losses, snapshots, metrics, job.verdict, own))
    return drawn.to_bytes(form, dpi)


def _own_picture(store: "Store", job: "Job", kind: str) -> "Picture":
    from curvegan_core.errors import InvalidInput
    from curvegan_core.networks import label_numbers, latents
    from curvegan_core.noise import Stream
    from curvegan_core.plotting.job_plots import titled
    from curvegan_core.plotting.own_plots import DRAWN, OwnData, own_picture
    from curvegan_core.records.checkpoint import Checkpoint
    from curvegan_core.sampling import samples

    dataset = own_curves(store, job)
    if dataset is None:
        raise InvalidInput(f"{kind} compares with your own curves, and job {job.id} has none: it needs --data NAME")
    checkpoint = Checkpoint.from_bytes(store.checkpoint(job.id).data, job.config)
    curves = samples(checkpoint, job.config, DRAWN, 0).astype(float)
    label_n = label_numbers(job.config, latents(job.config, 0, Stream.SAMPLE, DRAWN)) if job.config.labelled else None
    data = OwnData(titled(job.id, job.name), job.config, dataset, curves, checkpoint.step, label_n)
    return own_picture(kind, data)


def _hint(job: "Job") -> str:
    if job.state in LIVE:
        return f"`curvegan wait {job.id}` waits for its end"
    return f"`curvegan retry {job.id}` runs it again"
