"""See to it that queued jobs get a worker: the broker is told, and an embedded store gets one of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curvegan.watching.reasons import waits_for

if TYPE_CHECKING:
    from curvegan.lab import Lab


def call_workers(lab: "Lab", ids: Sequence[int], start: bool) -> list[str]:
    """See to it that jobs just queued get a worker; `start` one where the store is embedded.

    Returns what is to be said of it: a broker that is away, no worker started, what the last of them waits for.
    """
    lab.store.reap()
    warning = lab.nudge(ids)
    remarks = [f"Warning: {warning}."] if warning else []
    remarks += [problem] if start and (problem := lab.start_worker()) else []
    waiting = waits_for(lab.store.job(ids[-1]), lab.store.workers())
    on_its_way = start and lab.settings.embedded and "cuda" not in (waiting or "")
    if waiting and not on_its_way:
        remarks.append(f"Job {ids[-1]} is queued and waits for {waiting}.")
    return remarks
