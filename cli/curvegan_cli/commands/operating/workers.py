"""curvegan worker, workers: train the jobs; and who trains them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from curvegan.lab import Lab
from curvegan.services import NO_ENGINE, engines_installed
from curvegan.words import age
from curvegan_cli.options import pass_lab
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.output import Column, Grid, emit_records, form_options

if TYPE_CHECKING:
    from curvegan_db.values import Worker

_STYLES = {
    "starting": "yellow",
    "failing": "bold red",
    "idle": "green",
    "training": "cyan",
    "lost": "bold magenta",
    "stopped": "dim",
}
_FIELDS = ("id", "label", "state", "devices", "jobs", "version", "started_at", "beat_at", "engines", "error")
_COLUMNS = (
    Column("WORKER", folds=True, least=16),
    Column("STATE", style=lambda state: _STYLES.get(state, "")),
    Column("DEVICES", folds=True),
    Column("ENGINES", spare=1),
    Column("JOBS", folds=True),
    Column("VERSION", spare=1),
    Column("LAST BEAT", right=True),
)


class _Seconds(click.FloatRange):
    """A duration: nan, which lies in no range and which no range refuses, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value!r} is no duration", param, ctx)
        return seconds


@click.command()
@click.option("--concurrency", type=Whole(1, 512), default=1, show_default=True, help="Worker processes.")
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda:N", help="auto is CUDA where there is one."
)
@click.option(
    "--exit-when-idle",
    type=_Seconds(0, 31_536_000, min_open=True),
    metavar="SECONDS",
    help="End after idling so long. It does not wait for jobs of other workers, not even of a dead one.",
)
@click.option(
    "--hang-after",
    type=_Seconds(1, 86_400),
    default=60,
    show_default=True,
    envvar="CURVEGAN_HANG_SECONDS",
    metavar="SECONDS",
    help="Give up a training that does not get on for so long.",
)
@pass_lab
def worker(lab: Lab, concurrency: int, device: str, exit_when_idle: float | None, hang_after: float) -> None:
    """Train queued jobs until stopped.

    SIGTERM and Ctrl-C drain: running jobs are checkpointed and go back to the queue.

    \b
    Examples:
      curvegan worker --concurrency 4
      curvegan worker --device cuda:0
    """
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.errors import ServiceUnavailable

    if not engines_installed():
        raise ServiceUnavailable(NO_ENGINE)
    from curvegan_worker.host.foreground import become_supervisor

    checked = TrainConfig.parse({"device": device}).device
    become_supervisor(lab.settings, concurrency, checked, exit_when_idle, hang_after)


@click.command()
@form_options("table", "json", "csv")
@pass_lab
def workers(lab: Lab, form: str) -> None:
    """List the workers that the store knows, live and lost ones.

    \b
    Example:
      curvegan workers -o json
    """
    known, now = lab.store.workers(), datetime.now(UTC)
    failing = [f"Workers of {worker.host} die at their start: {worker.error}" for worker in known if worker.error]
    rows = [_cells(worker, now) for worker in known]
    emit_records(form, known, _FIELDS, lambda: Grid(_COLUMNS, rows, "; ".join(failing)))


def _cells(worker: "Worker", now: datetime) -> tuple[object, ...]:
    # `auto` and `cuda` are what a config may say; what the worker has are the others.
    devices = " ".join(device for device in worker.devices if device not in ("auto", "cuda"))
    return (
        worker.label,
        worker.state,
        devices,
        " ".join(worker.engines),
        worker.jobs,
        worker.version,
        age(worker.beat_at, now),
    )
