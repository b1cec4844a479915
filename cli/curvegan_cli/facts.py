"""What `show` says of a job, a name and a fact a line. Knows no other form of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curvegan_cli.shown.output import number, plain
from curvegan_cli.shown.view import METRICS, why

if TYPE_CHECKING:
    from curvegan_db.values import Job

_AVERAGED = "averaged"


def facts(job: "Job", rmse: float | None, checkpoints: list[int], data: str) -> list[tuple[str, str]]:
    """All that is known of a job, by name; what is not known is left out. `data` is what its data set is called."""
    known = [
        ("job", f"{job.id} {job.name or ''}".strip()),
        ("state", job.state + why(job)),
        ("verdict", _verdict(job)),
        ("progress", f"{job.step} of {job.steps} steps{_speed(job)}"),
        ("tags", " ".join(job.tags)),
        ("asked for", _asked(job, data) or "the defaults"),
        ("priority", str(job.priority) if job.priority else ""),
        ("trained", _place(job)),
        *((name, _moment(getattr(job, f"{name}_at"))) for name in ("created", "started", "finished")),
        ("checkpoints", _steps(checkpoints)),
        *(_metrics(job, data) if job.metrics else [("RMSE", "" if rmse is None else f"{number(rmse)}  so far")]),
        *(("error", line) for line in (job.error or "").splitlines()),
    ]
    return [(name, fact) for name, fact in known if fact]


def _speed(job: "Job") -> str:
    return f", {job.steps_per_second:.0f} steps/s" if job.steps_per_second else ""


def _asked(job: "Job", data: str) -> str:
    """The keys of the config that are not the default's; a data set stands for its hash, mean and scale."""
    defaults, chosen = _flat(type(job.config)().model_dump()), _flat(job.config.model_dump())
    if data:
        chosen = {key: value for key, value in chosen.items() if not key.startswith("curve.") and key != "points"}
    keys = [f"{key} = {value}" for key, value in chosen.items() if defaults.get(key) != value]
    return ", ".join([data, *keys] if data else keys)


def _verdict(job: "Job") -> str:
    from curvegan_core.metrics.names import RULES

    return f"{job.verdict}  {RULES[job.verdict.partition(' ')[0]]}" if job.verdict else ""


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """A table's keys with dots, as `--set` takes them."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def _place(job: "Job") -> str:
    if not job.worker:
        return ""
    engine = f" by {job.engine} {job.engine_version or ''}".rstrip() if job.engine else ""
    return f"on {job.device} of {job.worker}{engine}, attempt {job.attempt}"


def _moment(at: datetime | None) -> str:
    return str(plain(at)) if at else ""


def _steps(checkpoints: list[int]) -> str:
    if not checkpoints:
        return ""
    return f"{len(checkpoints)}, the newest at step {max(checkpoints)}"


def _metrics(job: "Job", data: str) -> list[tuple[str, str]]:
    """Every metric of the end with what it means; those of the averaged weights stand beside."""
    from curvegan_core.metrics.names import MEANINGS

    metrics, meanings = job.metrics or {}, _at_equilibrium(job) | MEANINGS
    if data:
        meanings["rmse"] += ", in standard deviations of the data set"
    names = [name for name in (*METRICS, *MEANINGS) if name in metrics]
    figures = {name: (number(metrics[name]), _number(metrics.get(f"ema_{name}"))) for name in dict.fromkeys(names)}
    wide, beside = (max(map(len, column)) for column in zip(("", ""), *figures.values(), strict=True))
    if beside:
        beside = max(beside, len(_AVERAGED))
        figures = {"metric": (" " * wide, _AVERAGED)} | figures
    return [
        (name, f"{last:>{wide}}{f'  {ema:>{beside}}' if beside else ''}  {meanings.get(name, 'what it means')}")
        for name, (last, ema) in figures.items()
    ]


def _number(value: float | None) -> str:
    return "" if value is None else number(value)


def _at_equilibrium(job: "Job") -> dict[str, str]:
    from curvegan_core.losses import equilibrium

    at = equilibrium(job.config)
    return {
        "g_loss": _settles(at.g_loss),
        "d_loss": _settles(at.d_loss),
        "d_real": _settles(at.p_real, ", which alone does not mean that the curves are right"),
        "d_fake": _settles(at.p_real),
    }


def _settles(value: float | None, remark: str = "") -> str:
    """Where a number is at equilibrium; some losses leave it open."""
    return "" if value is None else f"{number(value)} at equilibrium{remark}"
