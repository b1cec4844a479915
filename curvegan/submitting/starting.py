"""See to it that queued jobs get a worker: the broker is told, and an embedded store gets one of its own."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from curvegan.watching.reasons import lacking, trains_here
from curvegan.words import sentence

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


def call_workers(lab: "Services", ids: Sequence[int], start: bool, followed: bool = False) -> list[str]:
    """See to it that jobs just queued get a worker; `start` one where the store is embedded.

    Returns what is to be said of it: a broker that is away, no worker started, what they wait for. Of jobs that are
    `followed` next the follower starts a worker, and says the rest.
    """
    lab.store.reap()
    warning = lab.nudge(ids)
    remarks = [f"Warning: {warning}."] if warning else []
    if followed:
        return remarks
    if problem := lab.start_worker() if start else None:
        return [*remarks, problem]
    missing = lacking(lab.store.needs(ids), lab.store.workers())
    comes = start and lab.settings.embedded
    return remarks + [sentence(text) for need, text in missing.items() if not (comes and trains_here(need))]


def have_workers(lab: "Services", ids: Sequence[int], start: bool = True) -> None:
    """See to it that jobs just queued get a worker, for who has no terminal: what keeps them from it is a warning."""
    import warnings

    for remark in call_workers(lab, ids, start):
        if start or remark.startswith("Warning"):
            warnings.warn(remark, stacklevel=4)
