"""Who trains, what each trains now, and why each job that waits does so."""

from typing import TYPE_CHECKING, Any

from curvegan.watching.reasons import REASONS, explain
from curvegan_web.views.asking import Asked
from curvegan_web.views.plain import plain

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.values import Job, JobDetails

MOST_WAITING, _MOST_TRAINED = 25, 200
_WAITING = ("queued", "lost")


def workers_view(lab: "Lab", _: Asked) -> dict[str, Any]:
    """Return all workers, the jobs that they hold, and the first of those that wait, each with its reason."""
    store, workers = lab.store, lab.store.workers()
    held = [job_id for worker in workers for job_id in worker.jobs][:_MOST_TRAINED]
    states = store.counted()
    waiting = [*store.jobs(states=("lost",), limit=MOST_WAITING), *store.queue(MOST_WAITING)][:MOST_WAITING]
    return {
        "workers": [plain(worker) for worker in workers],
        "jobs": {str(job.id): _progress(job) for job in (store.jobs(ids=held) if held else [])},
        "waiting": [_waiting(store.details(job.id)) for job in waiting],
        "waits": sum(states.get(state, 0) for state in _WAITING),
    }


def _progress(job: "Job") -> dict[str, Any]:
    return {name: plain(getattr(job, name)) for name in ("name", "step", "steps", "steps_per_second")}


def _waiting(details: "JobDetails") -> dict[str, Any]:
    job, why = details.job, explain(details)
    return {
        **{name: getattr(job, name) for name in ("id", "name", "state", "priority", "step")},
        "device": "" if job.unreadable else job.config.device,
        "reason": why.reason,
        "meaning": REASONS[why.reason].partition(": ")[2] or REASONS[why.reason],
        "text": why.text,
        "notes": [*why.notes.values()],
        "commands": why.commands,
        "created": plain(job.created_at),
    }
