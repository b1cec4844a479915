"""See to it that queued jobs get a worker: the broker is told, and an embedded store gets one of its own."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from curvegan.services import engines_installed
from curvegan.watching.reasons import waits_for

if TYPE_CHECKING:
    from curvegan.services import Services


def cores_remark(lab: "Services", jobs: int) -> list[str]:
    """Return how jobs would use all cores of this machine, where the store is embedded and they do not."""
    cores, workers = os.cpu_count() or 1, lab.settings.workers
    if not lab.settings.embedded or workers >= min(cores, jobs):
        return []
    return [
        f"They train on {workers} of {cores} cores: `workers = {cores}` in [settings] of curvegan.toml, or "
        f"CURVEGAN_WORKERS={cores}, has the next submit that finds no worker start as many."
    ]


def call_workers(lab: "Services", ids: Sequence[int], start: bool) -> list[str]:
    """See to it that jobs just queued get a worker; `start` one where the store is embedded.

    Returns what is to be said of it: a broker that is away, no worker started, what the last of them waits for.
    """
    lab.store.reap()
    warning = lab.nudge(ids)
    remarks = [f"Warning: {warning}."] if warning else []
    remarks += [problem] if start and (problem := lab.start_worker()) else []
    job = lab.store.job(ids[-1])
    waiting = waits_for(job, lab.store.workers())
    engine, here = job.config.wanted_engine, engines_installed()
    able = not job.config.device.startswith("cuda") and (engine in here or (engine == "any" and here))
    if waiting and not (start and lab.settings.embedded and able):
        remarks.append(f"Job {ids[-1]} is queued and waits for {waiting}.")
    return remarks


def have_workers(lab: "Services", ids: Sequence[int], start: bool = True) -> None:
    """See to it that jobs just queued get a worker, for who has no terminal: what keeps them from it is a warning."""
    import warnings

    for remark in call_workers(lab, ids, start):
        if start or remark.startswith("Warning"):
            warnings.warn(remark, stacklevel=4)
