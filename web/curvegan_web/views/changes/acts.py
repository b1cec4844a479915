"""What is done when somebody asks for it: by the store's verbs, with what the commands say of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from curvegan.submitting.forking import checked_fork, fork
from curvegan.submitting.starting import call_workers
from curvegan.submitting.stopping import CANCELLED, QUEUED_AGAIN
from curvegan_web.views.asking import Asked, Gone, Waited, whole
from curvegan_web.views.changes.plan import FORK, SUBMIT, check_names, job_id_of, step_of, typed_of

if TYPE_CHECKING:
    from curvegan.lab import Lab

Done = dict[str, Any]
Act = Callable[["Lab", Asked, Waited], Done]
_MOST_STEPS = 2**31 - 1


def submit(lab: "Lab", said: Asked, _: Waited) -> Done:
    """Queue a job. Raises what `submit` refuses."""
    check_names(said, SUBMIT)
    typed = typed_of(said)
    [job_id] = lab.store.submit([typed.request(typed.config(lab))])
    return _queued(lab, job_id, "is queued", typed.worker)


def cancel(lab: "Lab", said: Asked, _: Waited) -> Done:
    """Stop a job, by `force` at once. Raises JobNotFound, JobStateConflict, InvalidInput."""
    job_id = _named(said, "reason", "force")
    done = lab.store.cancel(job_id, said.get("reason", "").strip() or None, _yes(said, "force"))
    return _done(job_id, CANCELLED[done])


def retry(lab: "Lab", said: Asked, _: Waited) -> Done:
    """Run an ended job again from the start. Raises JobNotFound, JobStateConflict."""
    job_id = _named(said, "force")
    lab.store.retry(job_id, _yes(said, "force"))
    return _queued(lab, job_id, QUEUED_AGAIN, said.get("worker") != "no")


def resume(lab: "Lab", said: Asked, _: Waited) -> Done:
    """Let a failed or cancelled job go on. Raises JobNotFound, JobStateConflict."""
    job_id = _named(said, "force")
    lab.store.resume(job_id, _yes(said, "force"))
    return _queued(lab, job_id, QUEUED_AGAIN, said.get("worker") != "no")


def extend(lab: "Lab", said: Asked, _: Waited) -> Done:
    """Train a job further. Raises JobNotFound, JobStateConflict, InvalidConfig, InvalidInput."""
    job_id = _named(said, "steps")
    lab.store.extend(job_id, whole(said, "steps", 0, 0, _MOST_STEPS))
    return _queued(lab, job_id, QUEUED_AGAIN, said.get("worker") != "no")


def forked(lab: "Lab", said: Asked, waited: Waited) -> Done:
    """Queue a fork, whose state is replayed as the theatre does it, and with its states at hand.

    Raises what `fork` refuses, InvalidInput for a step far from any, and Gone, where nothing is queued.
    """
    from curvegan_web.views.replaying.theatre import performance

    check_names(said, FORK)
    job, typed = lab.store.job(job_id_of(said)), typed_of(said)
    step = step_of(said, job.step)
    checked_fork(job, step, typed.assigned)
    shown = performance(lab, job)
    with shown.taken(job, waited):
        state = shown.at(step, waited).checkpoint
    if not waited():
        raise Gone
    labels: dict[str, Any] = {"name": typed.name, "tags": typed.tags, "priority": typed.priority}
    job_id = fork(lab.store, job, step, typed.assigned, **labels, state=state)
    return _queued(lab, job_id, f"is queued: job {job.id} from step {step} on", typed.worker)


VERBS: dict[str, Act] = {
    "cancel": cancel,
    "retry": retry,
    "resume": resume,
    "extend": extend,
    "fork": forked,
}
"""What can be done to a job."""


def _named(said: Asked, *names: str) -> int:
    """Return the job that is meant, where nothing else is said. Raises InvalidInput."""
    check_names(said, ("id", "worker", *names), keyed=False)
    return job_id_of(said)


def _queued(lab: "Lab", job_id: int, what: str, worker: bool) -> Done:
    return _done(job_id, what) | {"remarks": call_workers(lab, [job_id], start=worker)}


def _done(job_id: int, what: str) -> Done:
    return {"job": job_id, "text": f"Job {job_id} {what}.", "remarks": []}


def _yes(said: Asked, name: str) -> bool:
    return said.get(name) == "yes"
