"""The spectrum of a job's training at one of its checkpoints."""

from typing import TYPE_CHECKING

from curvegan.datasets import own_curves
from curvegan.services import engines_installed

if TYPE_CHECKING:
    from curvegan_core.spectrum import Spectrum
    from curvegan_db.store import Store
    from curvegan_db.values import Job


def job_spectrum(store: "Store", job: "Job", step: int | None = None) -> "Spectrum":
    """Return the eigenvalues of the step behind a checkpoint: the newest one, or that of this step.

    Raises:
        ResultNotFound: there is no such checkpoint.
        InvalidInput: the job is too large, or torch is not here.
        DatasetNotFound: its data set was removed.
    """
    from curvegan_core.errors import InvalidInput
    from curvegan_core.records.checkpoint import Checkpoint
    from curvegan_core.spectrum import check_size, spectrum

    check_size(job.config)
    if "torch" not in engines_installed():
        raise InvalidInput("a spectrum is computed with torch; `pip install 'curvegan[torch]'` brings it")
    checkpoint = Checkpoint.from_bytes(store.checkpoint(job.id, step).data, job.config)
    return spectrum(checkpoint, job.config, own_curves(store, job))
