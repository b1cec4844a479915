"""All that is known of a job for who looks at it alone, a name and a fact a line."""

from typing import TYPE_CHECKING

from curvegan.watching.differences import asked_for
from curvegan.watching.job_fields import METRICS, rmses_now, why
from curvegan.words import moment, number

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job

_AVERAGED = "averaged"


def facts_of(store: "Store", job: "Job") -> list[tuple[str, str]]:
    """Return all that is known of a job, by name. Raises JobNotFound."""
    from curvegan.datasets import data_names

    [data] = data_names(store, [job.config])
    steps = [row.step for row in store.checkpoints(job.id)]
    return facts(job, rmses_now(store, [job])[job.id], steps, data)


def facts(job: "Job", rmse: float | None, checkpoints: list[int], data: str) -> list[tuple[str, str]]:
    """Return all that is known of a job, by name; what is not is left out. `data` is what its data set is called."""
    speed = f", {job.steps_per_second:.0f} steps/s" if job.steps_per_second else ""
    stored = f"{len(checkpoints)}, the newest at step {max(checkpoints)}" if checkpoints else ""
    times = {"created": job.created_at, "started": job.started_at, "finished": job.finished_at}
    known = [
        ("job", f"{job.id} {job.name or ''}".strip()),
        ("state", job.state + why(job)),
        ("verdict", _verdict(job)),
        ("progress", f"{job.step} of {job.steps} steps{speed}"),
        ("forked from", "" if job.parent is None else f"job {job.parent} at step {job.parent_step}"),
        ("tags", " ".join(job.tags)),
        ("note", job.note or ""),
        ("asked for", asked_for(job.config, data) or "the defaults"),
        ("priority", str(job.priority) if job.priority else ""),
        ("trained", _trained(job)),
        *((name, moment(time) if time else "") for name, time in times.items()),
        ("checkpoints", stored),
        *(_metrics(job, data) if job.metrics else [("RMSE", "" if rmse is None else f"{number(rmse)}  so far")]),
        *(("error", line) for line in (job.error or "").splitlines()),
    ]
    return [(name, fact) for name, fact in known if fact]


def _verdict(job: "Job") -> str:
    from curvegan_core.metrics.names import RULES

    return f"{job.verdict}  {RULES[job.verdict.partition(' ')[0]]}" if job.verdict else ""


def _trained(job: "Job") -> str:
    if not job.worker:
        return ""
    engine = f" by {job.engine} {job.engine_version or ''}".rstrip() if job.engine else ""
    device = f"on {job.device}" if job.device else "on no device yet"
    return f"{device} of {job.worker}{engine}, attempt {job.attempt}"


def _metrics(job: "Job", data: str) -> list[tuple[str, str]]:
    """Return every metric of the end with what it means; those of the averaged weights stand beside."""
    from curvegan_core.metrics.names import MEANINGS

    metrics, meanings = job.metrics or {}, _at_equilibrium(job) | MEANINGS
    if data:
        meanings["rmse"] += ", in standard deviations of the data set"
    of_labels = {name: "energy distance of this label's curves to its rows held out" for name in metrics if "[" in name}
    meanings |= of_labels
    names = [name for name in dict.fromkeys((*METRICS, *MEANINGS, *of_labels)) if name in metrics]
    averaged = {name: metrics.get(f"ema_{name}") for name in names}
    figures = {
        name: (number(metrics[name]), number(ema) if (ema := averaged[name]) is not None else "") for name in names
    }
    wide, beside = (max(map(len, column)) for column in zip(("", ""), *figures.values(), strict=True))
    if beside:
        beside = max(beside, len(_AVERAGED))
        figures = {"metric": (" " * wide, _AVERAGED)} | figures
    return [
        (name, f"{last:>{wide}}{f'  {ema:>{beside}}' if beside else ''}  {meanings.get(name, 'what it means')}")
        for name, (last, ema) in figures.items()
    ]


def _at_equilibrium(job: "Job") -> dict[str, str]:
    from curvegan_core.losses import equilibrium

    settled = equilibrium(job.config)
    return {
        "g_loss": _settles(settled.g_loss),
        "d_loss": _settles(settled.d_loss),
        "d_real": _settles(settled.p_real, ", which alone does not mean that the curves are right"),
        "d_fake": _settles(settled.p_real),
    }


def _settles(value: float | None, remark: str = "") -> str:
    """Return where a number is at equilibrium; some losses leave it open."""
    return "" if value is None else f"{number(value)} at equilibrium{remark}"
