"""A sweep as a whole, as programs and people read it: counts, verdicts, how long it takes. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curvegan.services import WORKING
from curvegan.words import duration, plural

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Sweep
    from curvegan_db.verbs.paces import Kind

COUNTED_STATES = ("succeeded", "failed", "cancelled", "running", "lost", "queued")
SWEEP_FIELDS = ("id", "name", "created_at", "jobs", "ended")


@dataclass(frozen=True)
class Estimate:
    """How long steps take on all live workers: seconds, and how many workers.

    The seconds are None where no job has run yet, or none with an engine that some of them need: `engine`.
    """

    seconds: float | None
    workers: int
    engine: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            engine = f" with the {self.engine} engine" if self.engine else ""
            return f"how long is not known until a job has run{engine}"
        return f"about {duration(self.seconds)} on {plural(max(1, self.workers), 'worker')}"


def estimate(store: "Store", steps: "Mapping[Kind, int]") -> Estimate:
    """Return how long steps by kind take, if nothing else is trained."""
    paces = store.paces(steps)
    workers = sum(worker.state in WORKING for worker in store.workers())
    if unknown := sorted(kind.engine for kind in steps if kind not in paces):
        return Estimate(None, workers, unknown[-1].replace("any", ""))
    seconds = sum(count * paces[kind] for kind, count in steps.items())
    return Estimate(seconds / max(1, workers), workers)


def time_left(store: "Store", sweep_id: int) -> Estimate:
    """Return how long the queued and running jobs of a sweep take."""
    return estimate(store, store.steps_left(sweep_id))


def sweep_fields(sweep: "Sweep") -> dict[str, Any]:
    """Return every field of a sweep."""
    return {name: getattr(sweep, name) for name in SWEEP_FIELDS} | {"states": sweep.states, "axes": sweep.axes}


def prospects(store: "Store", sweep: "Sweep") -> dict[str, Any]:
    """Return what takes a look at its jobs: the verdicts, and the seconds left on so many workers."""
    left = time_left(store, sweep.id)
    stopped, saved = store.steps_saved(sweep.id)
    return {
        "verdicts": store.verdicts(sweep.id),
        "stopped_early": stopped,
        "steps_saved": saved,
        "left_s": left.seconds,
        "workers": left.workers,
    }


def state_counts(sweep: "Sweep") -> str:
    """Return how its jobs stand, `12 succeeded, 36 queued`."""
    counts = [f"{sweep.states[state]} {state}" for state in COUNTED_STATES if sweep.states[state]]
    return ", ".join(counts) or "no jobs"


def sweep_lines(store: "Store", sweep: "Sweep") -> list[str]:
    """Return a sweep in a few lines."""
    lines = [f"{titled(sweep)}: {plural(sweep.jobs, 'job')}, {state_counts(sweep)}"]
    verdicts = store.verdicts(sweep.id)
    if verdicts:
        lines.append("Verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    stopped, saved = store.steps_saved(sweep.id)
    if stopped:
        lines.append(f"Stopped early: {plural(stopped, 'job')}, which saved {saved:,} steps")
    if sweep.ended < sweep.jobs:
        lines.append(f"Left: {time_left(store, sweep.id)}")
    return lines


def titled(sweep: "Sweep") -> str:
    """Return a sweep's id and name."""
    return f"Sweep {sweep.id}" + (f" {sweep.name}" if sweep.name else "")
