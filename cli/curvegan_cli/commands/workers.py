"""curvegan worker, workers: who trains the jobs; and whether anybody there can train a given one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.shown.output import Column, age, format_option, message, plain, print_csv, print_json, print_table

if TYPE_CHECKING:
    from curvegan_db.values import Job, Worker

TORCH_MISSING = "torch is not installed here; `pip install 'curvegan[worker]'` makes this machine able to train"

_STYLES = {"idle": "green", "training": "cyan", "lost": "bold magenta", "stopped": "dim"}
_FIELDS = ("id", "label", "state", "devices", "jobs", "version", "started_at", "beat_at")
_COLUMNS = (
    Column("WORKER", folds=True),
    Column("STATE", style=lambda state: _STYLES.get(state, "")),
    Column("DEVICES", folds=True),
    Column("JOBS", folds=True),
    Column("VERSION"),
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
@click.option("--concurrency", type=click.IntRange(1, 512), default=1, show_default=True, help="Worker processes.")
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda:N", help="auto is CUDA where there is one."
)
@click.option(
    "--exit-when-idle",
    type=_Seconds(0, 31_536_000, min_open=True),
    metavar="SECONDS",
    help="End after idling so long.",
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
@pass_backend
def worker(backend: Backend, concurrency: int, device: str, exit_when_idle: float | None, hang_after: float) -> None:
    """Train queued jobs until stopped.

    SIGTERM and Ctrl-C drain: running jobs are checkpointed and go back to the queue.

    \b
    Examples:
      curvegan worker --concurrency 4
      curvegan worker --device cuda:0
    """
    from curvegan_core.errors import ServiceUnavailable

    if not torch_installed():
        raise ServiceUnavailable(TORCH_MISSING)
    from curvegan_worker.host.supervisor import supervise

    raise SystemExit(supervise(backend.settings, concurrency, _checked(device), exit_when_idle, hang_after))


@click.command()
@format_option("table", "json", "csv")
@pass_backend
def workers(backend: Backend, form: str) -> None:
    """List the workers that the store knows, live and lost ones.

    \b
    Example:
      curvegan workers -o json
    """
    rows = [_fields(worker) for worker in backend.store.workers()]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(_FIELDS, [[_joined(row[name]) for name in _FIELDS] for row in rows])
    else:
        now = datetime.now(UTC)
        print_table(_COLUMNS, [_cells(worker, now) for worker in backend.store.workers()])


def torch_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("torch") is not None


def start_if_embedded(backend: Backend) -> None:
    """Have a background worker on this machine where the store is embedded; say so where there can be none.

    Whether there is one already is told by a lock, not by the store, where a killed worker seems alive for a while.
    """
    if not backend.settings.embedded:
        return
    if not torch_installed():
        message(f"No worker was started: {TORCH_MISSING}.")
        return
    from curvegan_worker.host.background import start_background

    try:
        start_background(backend.settings)
    except OSError as error:
        message(f"No worker was started: {error.filename or 'its process'}: {error.strerror}.")


def waits_for(job: "Job", workers: Sequence["Worker"]) -> str | None:
    """What must come before a queued job can start, or None where a live worker will take it."""
    live = [worker for worker in workers if worker.state in ("idle", "training")]
    if any(job.config.device in worker.devices for worker in live):
        return None
    if job.config.device.startswith("cuda"):
        command = f"curvegan worker --device {_numbered(job.config.device)}"
        return f"a worker with {job.config.device}; start one on a machine that has it: `{command}`"
    return "a worker; `curvegan worker` starts one"


def _numbered(device: str) -> str:
    return device if ":" in device else f"{device}:0"


def _checked(device: str) -> str:
    from curvegan_core.config.train import TrainConfig

    return TrainConfig.parse({"device": device}).device


def _fields(worker: "Worker") -> dict[str, object]:
    return {name: getattr(worker, name) for name in _FIELDS}


def _joined(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else plain(value)


def _cells(worker: "Worker", now: datetime) -> tuple[str, ...]:
    jobs = " ".join(map(str, worker.jobs)) or "-"
    # `auto` and `cuda` are what a config may say; what the worker has are the others.
    devices = " ".join(device for device in worker.devices if device not in ("auto", "cuda"))
    return (worker.label, worker.state, devices, jobs, worker.version, age(worker.beat_at, now))
