"""Why a job is where it is, in a code and in words, from what the store and the broker say."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from curvegan.services import NO_ENGINE, WORKING, Services, engines_installed
from curvegan.words import duration, number, plural

if TYPE_CHECKING:
    from curvegan_db.values import Job, JobDetails, Need, Worker

NEW_KERNEL = "a kind of network that is new to this machine is compiled first, 10 to 30 s"
# Stable: programs read these codes. The texts may change.
REASONS = {
    "no_worker": "queued: no worker lives at all",
    "no_device": "queued: workers live, but none has its device",
    "no_engine": "queued: workers live, but none has the engine that it needs",
    "workers_fail": "queued: no worker for it lives, and workers die at their start",
    "behind": "queued: others go first",
    "busy": "queued: it is next, and every worker for it is training",
    "worker_starts": "queued: the only workers for it are starting; once on a machine they compile, 10 to 30 s",
    "starting": "queued: a worker has claimed it; it loads it, or trains others of its pack first",
    "next": "queued: it is next, and a free worker takes it in a second",
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
COMPILES = "once on a machine it compiles its kernel, 10 to 30 s"
# Two heartbeats, 5 s apart, that did not come.
SILENT_S = 12.0
_ENDED_BECAUSE = {"diverged": "diverged", "lost": "worker_lost"}


@dataclass(frozen=True)
class Explanation:
    """A code of REASONS, what it means for this job, what to type, codes of NOTES with their texts, and figures."""

    reason: str
    text: str
    commands: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float | None] = field(default_factory=dict)


def explained(lab: Services, job_id: int) -> tuple["Job", Explanation]:
    """Return a job and why it is where it is. Raises JobNotFound."""
    lab.reap()
    details = lab.store.details(job_id)
    explanation = explain(details)
    trains_nothing = lab.settings.embedded and not engines_installed()
    if trains_nothing and explanation.reason == "no_worker" and details.engine == "any":
        explanation = replace(
            explanation, text=f"{explanation.text}: {NO_ENGINE}", commands=("pip install 'curvegan[worker]'",)
        )
    problem = lab.broker_problem() if details.job.state == "queued" else None
    if problem:
        note = f"{problem}; workers look for jobs every second all the same"
        explanation = replace(explanation, notes=explanation.notes | {"broker_unreachable": note})
    return details.job, explanation


def explain(details: "JobDetails") -> Explanation:
    """Return why the job is where it is, as far as the store knows."""
    state = details.job.state
    if state == "queued":
        return _running(details) if details.lease_expires_at else _queued(details)
    if state == "running":
        return _running(details)
    return _lost(details) if state == "lost" else _ended(details.job)


def lacking(needs: Sequence["Need"], workers: Sequence["Worker"]) -> dict["Need", str]:
    """Return in words what queued jobs wait for, as far as no live worker can take them."""
    missing = {need: why for need in needs if (why := _waits_for(need.device, need.engine, workers))}
    return {need: f"{_who(need)} for {why}" for need, why in missing.items()}


def _who(need: "Need") -> str:
    return f"job {need.first} and {need.jobs - 1} more wait" if need.jobs > 1 else f"job {need.first} waits"


def trains_here(need: "Need") -> bool:
    """Return whether a worker of this machine could take such jobs, for all that can be told without asking torch."""
    return _is_here(need.engine) and not need.device.startswith("cuda")


def _waits_for(device: str, engine: str, workers: Sequence["Worker"]) -> str | None:
    """Return what must come before such a job can start, or None where a live worker will take it."""
    if any(worker.has(device, engine) for worker in workers if worker.state in WORKING):
        return None
    if device.startswith("cuda"):
        return f"a worker with {device}; start one on a machine that has it: `{_worker_command(device)}`"
    kind = "a worker" if engine == "any" else f"a worker with the {engine} engine"
    starts = f"{kind}; {_start(device, engine, workers)}"
    return next((f"{starts}; {_dying(worker)}" for worker in workers if worker.state == "failing"), starts)


def _start(device: str, engine: str, workers: Sequence["Worker"]) -> str:
    command = _worker_command(device)
    if _is_here(engine):
        return f"`{command}` starts one"
    live = any(worker.state in WORKING for worker in workers)
    return f"`{_install(engine)}` " + ("where one runs, and start it again" if live else f"and `{command}` start one")


def _is_here(engine: str) -> bool:
    here = engines_installed()
    return bool(here) and engine in ("any", *here)


def is_starting(need: "Need", workers: Sequence["Worker"]) -> bool:
    """Return whether all workers that could take such jobs are starting."""
    able = [worker for worker in workers if worker.has(need.device, need.engine)]
    return {worker.state for worker in able if worker.state in WORKING} == {"starting"}


def _install(engine: str) -> str:
    return f"pip install 'curvegan[{'torch' if engine == 'torch' else 'worker'}]'"


def _dying(worker: "Worker") -> str:
    return f"workers of {worker.host} die at their start: {worker.error}"


def _worker_command(device: str) -> str:
    """Return what to type for a worker that has the device."""
    if device in ("auto", "cpu"):
        return "curvegan worker"
    return f"curvegan worker --device {device if ':' in device else f'{device}:0'}"


def _queued(details: "JobDetails") -> Explanation:
    job, live = details.job, [worker for worker in details.workers if worker.state in WORKING]
    useful = [worker for worker in live if worker.has(job.config.device, details.engine)]
    counts = {"ahead": details.ahead, "workers": len(live), "useful_workers": len(useful)}
    reason, text, commands = _its_turn(details, live, useful)
    return Explanation(reason, text, commands, _history(details), dict(counts))


def _its_turn(
    details: "JobDetails", live: Sequence["Worker"], useful: Sequence["Worker"]
) -> tuple[str, str, tuple[str, ...]]:
    device, ahead = details.job.config.device, details.ahead
    if not useful:
        return _nobody(details, live)
    if all(worker.state == "starting" for worker in useful):
        return "worker_starts", f"its worker is starting; {COMPILES}", ("curvegan workers",)
    training = sum(worker.state == "training" for worker in useful)
    trained = f"{training} of {plural(len(useful), 'worker')} for {device} train now"
    if ahead:
        return (
            "behind",
            f"{plural(ahead, 'queued job')} ahead of it; {trained}",
            ("curvegan status", "curvegan workers"),
        )
    if training == len(useful):
        return "busy", f"it is next; {trained}", ("curvegan workers",)
    return "next", "it is next, and a free worker takes it within a second or two", ()


def _nobody(details: "JobDetails", live: Sequence["Worker"]) -> tuple[str, str, tuple[str, ...]]:
    """Say what is missing where no worker can take the job."""
    device, engine = details.job.config.device, details.engine
    command, dying = _worker_command(device), [worker for worker in details.workers if worker.state == "failing"]
    install = () if _is_here(engine) else (_install(engine),)
    if live and any(device in worker.devices for worker in live):
        why = f"{plural(len(live), 'worker')} live, but none has the {engine} engine"
        return "no_engine", why, (*(install or (command,)), "curvegan workers")
    if dying:
        return "workers_fail", f"no worker for it lives; {_dying(dying[-1])}", ("curvegan doctor", command)
    if live:
        return "no_device", f"{plural(len(live), 'worker')} live, but none has {device}", (command, "curvegan workers")
    if engine != "any" and not device.startswith("cuda"):
        return "no_worker", f"no worker lives, and it needs one with the {engine} engine", (*install, command)
    return "no_worker", "no worker lives", (command,)


def _history(details: "JobDetails") -> dict[str, str]:
    """Return why it is queued once more."""
    job, last, notes = details.job, details.last_event, {}
    if last.kind == "released":
        notes["drained"] = f"{last.worker} gave it back at step {job.step} ({last.detail}); it goes on there"
    if job.lost:
        notes["lost_before"] = f"it lost {plural(job.lost, 'worker')} so far and goes on from its last checkpoint"
    return notes


def _running(details: "JobDetails") -> Explanation:
    """Explain a job that a worker holds, begun or not."""
    job, figures = details.job, _figures(details)
    if figures["silent_s"] is None or figures["silent_s"] > SILENT_S:
        return _silent(details, figures)
    placed = f"{job.worker} on {job.device}" if job.device else f"{job.worker}"
    if job.cancel_requested:
        why = f" ({details.cancel_reason})" if details.cancel_reason else ""
        return Explanation("cancel_requested", f"{placed} stops it within seconds{why}", (), {}, figures)
    if job.state == "queued":
        text = f"{placed} has claimed it and loads it, or trains others of its pack first; {NEW_KERNEL}"
        return Explanation("starting", text, (f"curvegan wait {job.id}",), {}, figures)
    if job.step >= job.steps:
        return Explanation("recording", f"{placed} has trained it to its end and stores its results", (), {}, figures)
    return Explanation("training", f"{placed}, {_advance(job, figures)}", (f"curvegan wait {job.id}",), {}, figures)


def _silent(details: "JobDetails", figures: dict[str, float | None]) -> Explanation:
    job, silent_s = details.job, figures["silent_s"]
    heard = "is not known any more" if silent_s is None else f"was not heard of for {duration(silent_s)}"
    text = f"its worker {job.worker} {heard}; the lease runs out in {duration(figures['lease_expires_s'] or 0)}"
    notes = {"cancel_requested": "then it is cancelled, as was asked for"} if job.cancel_requested else {}
    return Explanation("worker_silent", f"{text}, then another goes on", ("curvegan workers",), notes, figures)


def _figures(details: "JobDetails") -> dict[str, float | None]:
    """Return the seconds and steps that a running job is judged by; None where they are not known."""
    job = details.job
    beats = [worker.beat_at for worker in details.workers if job.id in worker.jobs]
    left = (job.steps - job.step) / job.steps_per_second if job.steps_per_second else None
    return {
        "step": job.step,
        "steps": job.steps,
        "steps_per_second": job.steps_per_second,
        "eta_s": left,
        "recorded_s": _seconds(details.recorded_at, details.at),
        "silent_s": _seconds(beats[0], details.at) if beats else None,
        "lease_expires_s": _seconds(details.at, details.lease_expires_at) if details.lease_expires_at else None,
    }


def _advance(job: "Job", figures: dict[str, float | None]) -> str:
    text = f"at step {job.step} of {job.steps}"
    if figures["recorded_s"] is not None:
        text += f", recorded {duration(figures['recorded_s'])} ago"
    if figures["eta_s"] is not None:
        text += f", {number(job.steps_per_second, 3)} steps/s, {duration(figures['eta_s'])} left"
    return text


def _lost(details: "JobDetails") -> Explanation:
    live = sum(worker.state in WORKING for worker in details.workers)
    text = f"its worker {details.job.worker} is lost, and its lease has run out; "
    if live:
        return Explanation("lost", text + "the next look of a worker brings it back to the queue")
    return Explanation("lost", text + "no other worker lives", ("curvegan worker",))


def _ended(job: "Job") -> Explanation:
    if job.state == "succeeded":
        rmse = (job.metrics or {}).get("rmse")
        text = f"trained {job.steps} steps, RMSE {number(rmse)}"
        if job.reason:
            text = f"{job.reason}, RMSE {number(rmse)}"
        return Explanation("succeeded", text, (f"curvegan show {job.id}", f"curvegan extend {job.id} --steps N"))
    if job.state == "cancelled":
        return Explanation("cancelled", f"at step {job.step}{': ' + job.reason if job.reason else ''}", _again(job))
    lines = (job.error or job.reason or "").strip().splitlines() or ["without a word"]
    reason = _ENDED_BECAUSE.get(job.reason or "", "failed")
    return Explanation(reason, f"at step {job.step}: {lines[-1]}", (f"curvegan logs {job.id}", *_again(job)))


def _again(job: "Job") -> tuple[str, ...]:
    """Return what may end better: the same bits diverge again, and what cannot be gone on with is refused again."""
    if job.reason == "diverged":
        return (f"curvegan submit --from {job.id} --lr {min(job.config.lr_g, job.config.lr_d) / 10:g}",)
    retry = f"curvegan retry {job.id}"
    return (retry,) if job.reason == "refused" else (f"curvegan resume {job.id}", retry)


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())
