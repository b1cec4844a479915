"""Why a job is where it is, in a code and in words: computed from what the store knows. Opens no store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from curvegan_cli.shown.output import duration, number

if TYPE_CHECKING:
    from curvegan_db.values import Job, JobDetails, Worker

# Stable: programs read these codes. The texts may change.
REASONS = {
    "no_worker": "queued: no worker lives at all",
    "no_device": "queued: workers live, but none has its device",
    "behind": "queued: others go first",
    "busy": "queued: it is next, and every worker for it is training",
    "next": "queued: it is next, and a free worker takes it in a second",
    "starting": "running: its worker loads it",
    "training": "running: it trains",
    "recording": "running: trained to its end, its results are being stored",
    "cancel_requested": "running: its worker is about to stop it",
    "worker_silent": "running: its worker is not heard of, and the lease runs out",
    "lost": "its worker is lost, and nobody has taken the job back yet",
    "succeeded": "ended well",
    "cancelled": "ended: a user cancelled it",
    "diverged": "failed: a loss was no longer finite",
    "worker_lost": "failed: it lost its workers too often",
    "failed": "failed for another reason, as an exception",
    "schema_outdated": "the database does not have the schema of this curvegan",
}
NOTES = {
    "drained": "its last worker drained and gave it back",
    "lost_before": "it lost workers before",
    "cancel_requested": "it is cancelled as soon as its lease runs out",
    "broker_unreachable": "workers are not nudged, but find jobs by polling",
}
# Two heartbeats, 5 s apart, that did not come.
SILENT_S = 12.0
_LIVE = ("idle", "training")
_ENDED_BECAUSE = {"diverged": "diverged", "lost": "worker_lost"}


@dataclass(frozen=True)
class Explanation:
    """A code of REASONS, what it means for this job, what to type, codes of NOTES with their texts, and figures."""

    reason: str
    text: str
    commands: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float | None] = field(default_factory=dict)


def explain_job(found: "JobDetails") -> Explanation:
    """Why the job is where it is."""
    state = found.job.state
    if state == "queued":
        return _queued(found)
    if state == "running":
        return _running(found)
    return _lost(found) if state == "lost" else _ended(found.job)


def _queued(found: "JobDetails") -> Explanation:
    job, live = found.job, [worker for worker in found.workers if worker.state in _LIVE]
    useful = [worker for worker in live if job.config.device in worker.devices]
    figures: dict[str, float | None] = {"ahead": found.ahead, "workers": len(live), "useful_workers": len(useful)}
    reason, text, commands = _waits_for(job, found.ahead, live, useful)
    return Explanation(reason, text, commands, _history(found), figures)


def _waits_for(
    job: "Job", ahead: int, live: Sequence["Worker"], useful: Sequence["Worker"]
) -> tuple[str, str, tuple[str, ...]]:
    device = job.config.device
    command = "curvegan worker" if device in ("auto", "cpu") else f"curvegan worker --device {_numbered(device)}"
    if not live:
        return "no_worker", "no worker lives", (command,)
    if not useful:
        return "no_device", f"{_some(len(live), 'worker')} live, but none has {device}", (command, "curvegan workers")
    training = sum(worker.state == "training" for worker in useful)
    trained = f"{training} of {_some(len(useful), 'worker')} for {device} train now"
    if ahead:
        return "behind", f"{_some(ahead, 'queued job')} ahead of it; {trained}", ("curvegan status", "curvegan workers")
    if training == len(useful):
        return "busy", f"it is next; {trained}", ("curvegan workers",)
    return "next", "it is next, and a free worker takes it within a second or two", ()


def _history(found: "JobDetails") -> dict[str, str]:
    """Why it is queued once more."""
    job, last, notes = found.job, found.last_event, {}
    if last.kind == "released":
        notes["drained"] = f"{last.worker} gave it back at step {job.step} ({last.detail}); it goes on there"
    if job.lost:
        notes["lost_before"] = f"it lost {_some(job.lost, 'worker')} so far and goes on from its last checkpoint"
    return notes


def _running(found: "JobDetails") -> Explanation:
    job, figures = found.job, _figures(found)
    if figures["silent_s"] is None or figures["silent_s"] > SILENT_S:
        return _silent(found, figures)
    place = f"{job.worker} on {job.device}" if job.device else f"{job.worker}"
    if job.cancel_requested:
        why = f" ({found.cancel_reason})" if found.cancel_reason else ""
        return Explanation("cancel_requested", f"{place} stops it within seconds{why}", (), {}, figures)
    if job.device is None:
        return Explanation("starting", f"{place} has claimed it and loads it", (), {}, figures)
    if job.step >= job.steps:
        return Explanation("recording", f"{place} has trained it to its end and stores its results", (), {}, figures)
    return Explanation("training", f"{place}, {_advance(job, figures)}", (f"curvegan wait {job.id}",), {}, figures)


def _silent(found: "JobDetails", figures: dict[str, float | None]) -> Explanation:
    job, silent_s = found.job, figures["silent_s"]
    heard = "is not known any more" if silent_s is None else f"was not heard of for {duration(silent_s)}"
    text = f"its worker {job.worker} {heard}; the lease runs out in {duration(figures['lease_expires_s'] or 0)}"
    notes = {"cancel_requested": "then it is cancelled, as was asked for"} if job.cancel_requested else {}
    return Explanation("worker_silent", f"{text}, then another goes on", ("curvegan workers",), notes, figures)


def _figures(found: "JobDetails") -> dict[str, float | None]:
    """Seconds and steps that a running job is judged by; None where they are not known."""
    job = found.job
    beats = [worker.beat_at for worker in found.workers if job.id in worker.jobs]
    left = (job.steps - job.step) / job.steps_per_second if job.steps_per_second else None
    return {
        "step": job.step,
        "steps": job.steps,
        "steps_per_second": job.steps_per_second,
        "eta_s": left,
        "recorded_s": _seconds(found.recorded_at, found.at),
        "silent_s": _seconds(beats[0], found.at) if beats else None,
        "lease_expires_s": _seconds(found.at, found.lease_expires_at) if found.lease_expires_at else None,
    }


def _advance(job: "Job", figures: dict[str, float | None]) -> str:
    text = f"at step {job.step} of {job.steps}"
    if figures["recorded_s"] is not None:
        text += f", recorded {duration(figures['recorded_s'])} ago"
    if figures["eta_s"] is not None:
        text += f", {number(job.steps_per_second, 3)} steps/s, {duration(figures['eta_s'])} left"
    return text


def _lost(found: "JobDetails") -> Explanation:
    live = sum(worker.state in _LIVE for worker in found.workers)
    text = f"its worker {found.job.worker} is lost, and its lease has run out; "
    if live:
        return Explanation("lost", text + "the next look of a worker brings it back to the queue")
    return Explanation("lost", text + "no other worker lives", ("curvegan worker",))


def _ended(job: "Job") -> Explanation:
    if job.state == "succeeded":
        rmse = (job.metrics or {}).get("rmse")
        text = f"trained {job.steps} steps, RMSE {number(rmse)}"
        return Explanation("succeeded", text, (f"curvegan show {job.id}", f"curvegan extend {job.id} --steps N"))
    commands = (f"curvegan logs {job.id}", f"curvegan resume {job.id}", f"curvegan retry {job.id}")
    if job.state == "cancelled":
        return Explanation("cancelled", f"at step {job.step}{': ' + job.reason if job.reason else ''}", commands[1:])
    said = (job.error or job.reason or "").strip().splitlines() or ["without a word"]
    reason = _ENDED_BECAUSE.get(job.reason or "", "failed")
    return Explanation(reason, f"at step {job.step}: {said[-1]}", commands)


def _some(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _numbered(device: str) -> str:
    return device if ":" in device else f"{device}:0"


def _seconds(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else max(0.0, (at - since).total_seconds())
