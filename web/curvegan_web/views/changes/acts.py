"""What is done when somebody asks for it: by the store's verbs, with what the commands say of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from curvegan.submitting.forking import fork
from curvegan.submitting.starting import call_workers
from curvegan.submitting.stopping import CANCELLED, QUEUED_AGAIN
from curvegan_core.errors import InvalidInput
from curvegan_web.views.asking import Asked, whole
from curvegan_web.views.changes.plan import job_id_of, step_of, typed_of
from curvegan_web.views.replaying.theatre import MOST_STEPS

if TYPE_CHECKING:
    from curvegan.lab import Lab

Done = dict[str, Any]
_MOST_STEPS = 2**31 - 1


def submit(lab: "Lab", said: Asked) -> Done:
    """Queue a job. Raises what `submit` refuses."""
    typed = typed_of(said)
    [job_id] = lab.store.submit([typed.request(typed.config(lab))])
    return _queued(lab, job_id, "is queued", typed.worker)


def cancel(lab: "Lab", said: Asked) -> Done:
    """Stop a job, by `force` at once. Raises JobNotFound, JobStateConflict, InvalidInput."""
    job_id = job_id_of(said)
    done = lab.store.cancel(job_id, said.get("reason", "").strip() or None, _yes(said, "force"))
    return _done(job_id, CANCELLED[done])


def retry(lab: "Lab", said: Asked) -> Done:
    """Run an ended job again from the start. Raises JobNotFound, JobStateConflict."""
    lab.store.retry(job_id_of(said), _yes(said, "force"))
    return _queued(lab, job_id_of(said), QUEUED_AGAIN, said.get("worker") != "no")


def resume(lab: "Lab", said: Asked) -> Done:
    """Let a failed or cancelled job go on. Raises JobNotFound, JobStateConflict."""
    lab.store.resume(job_id_of(said), _yes(said, "force"))
    return _queued(lab, job_id_of(said), QUEUED_AGAIN, said.get("worker") != "no")


def extend(lab: "Lab", said: Asked) -> Done:
    """Train a job further. Raises JobNotFound, JobStateConflict, InvalidConfig, InvalidInput."""
    job_id = job_id_of(said)
    lab.store.extend(job_id, whole(said, "steps", 0, 0, _MOST_STEPS))
    return _queued(lab, job_id, QUEUED_AGAIN, said.get("worker") != "no")


def forked(lab: "Lab", said: Asked) -> Done:
    """Queue a fork, whose state is replayed. Raises what `fork` refuses, and InvalidInput for a step far from any."""
    job, typed = lab.store.job(job_id_of(said)), typed_of(said)
    at = step_of(said, job.step)
    if at - max((row.step for row in lab.store.checkpoints(job.id) if row.step <= at), default=0) > MOST_STEPS:
        raise InvalidInput(
            f"step {at} is more than {MOST_STEPS} steps from any checkpoint, too long to wait for here; "
            f"`curvegan fork {job.id} --at {at}` does it"
        )
    labels: dict[str, Any] = {"name": typed.name, "tags": typed.tags, "priority": typed.priority}
    job_id = fork(lab.store, job, at, typed.assigned, **labels)
    return _queued(lab, job_id, f"is queued: job {job.id} from step {at} on", typed.worker)


VERBS: dict[str, Callable[["Lab", Asked], Done]] = {
    "cancel": cancel,
    "retry": retry,
    "resume": resume,
    "extend": extend,
    "fork": forked,
}
"""What can be done to a job."""


def _queued(lab: "Lab", job_id: int, what: str, worker: bool) -> Done:
    return _done(job_id, what) | {"remarks": call_workers(lab, [job_id], start=worker)}


def _done(job_id: int, what: str) -> Done:
    return {"job": job_id, "text": f"Job {job_id} {what}.", "remarks": []}


def _yes(said: Asked, name: str) -> bool:
    return said.get(name) == "yes"
