"""curvegan losses, metrics, fetch-plot, fetch-checkpoint: what came of a job. Needs no torch."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvegan.lab import Lab
from curvegan.pictures.job_picture import OWN_KINDS, job_picture
from curvegan.pictures.marks import bears, mark, marked
from curvegan.words import number
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import files
from curvegan_cli.shown.curve_files import shortest
from curvegan_cli.shown.graphics import PROTOCOL, show_png
from curvegan_cli.shown.job_drawing import drawn_curves, drawn_losses
from curvegan_cli.shown.output import Column, Grid, Sheet, emit, form_options

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job

# Those of curvegan_core.plotting, which is too heavy to import for --help; a test holds them together.
KINDS = ("curve", "losses", "evolution")
_TOLD = ("energy", "energy_ratio", "c2st", "roughness", "memorisation")
_BASELINES = ("floor", "gaussian", "kde")


@click.command()
@one_job
@form_options("table", "json", "csv")
@pass_lab
def losses(lab: Lab, selector: str, form: str) -> None:
    """Print a job's loss curve, as far as it has been trained.

    \b
    Examples:
      curvegan losses 17 -o csv > losses.csv
      curvegan losses last -o json
    """
    from curvegan_core.records.loss_curve import COLUMNS

    curve = lab.store.losses(select_one(lab.store, selector))
    rows = list(zip(*(shortest(column) for column in curve.columns), strict=True))
    emit(
        form,
        text=lambda: [_figures_grid(COLUMNS, rows)],
        json=lambda: [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        csv=lambda: Sheet(COLUMNS, rows),
    )


def _figures_grid(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Grid:
    return Grid([Column(name.upper(), right=True) for name in names], rows)


@click.command()
@one_job
@form_options("table", "json", "csv")
@pass_lab
def metrics(lab: Lab, selector: str, form: str) -> None:
    """Print a job's metrics along its way, at each snapshot.

    `ema_` before a name: of the averaged weights. What each means, `curvegan show ID` tells. Of your own curves the
    table ends with what the rows held out tell, beside the rows trained on (floor), a Gaussian and a kernel estimate.

    \b
    Examples:
      curvegan metrics 17 -o csv > metrics.csv
      curvegan metrics last
    """
    job = lab.store.job(select_one(lab.store, selector))
    snapshots = lab.store.snapshots(job.id)
    names = list(dict.fromkeys(name for snapshot in snapshots for name in snapshot.metrics))
    rows = [[snapshot.step, *map(snapshot.metrics.get, names)] for snapshot in snapshots]
    emit(
        form,
        text=lambda: [_figures_grid(["step", *names], rows), *_held_out(job)],
        json=lambda: [{"step": snapshot.step, **snapshot.metrics} for snapshot in snapshots],
        csv=lambda: Sheet(["step", *names], rows),
    )


def _held_out(job: "Job") -> Iterator[Grid | str]:
    """Say what rows that were held out tell of the curves that people get, and of the baselines."""
    final = dict(job.metrics or {})
    if "energy_ratio" not in final:
        return
    ratios = {f"energy_ratio_{of}": final[f"energy_{of}"] / final["energy_gaussian"] for of in _BASELINES}
    known = final | ratios | {"energy": final.get("ema_energy", final["energy"])}

    def row(name: str) -> list[object]:
        low, high = (known.get(f"{name}_{end}") for end in ("low", "high"))
        sure = None if low is None else f"{number(low)} to {number(high)}"
        return [name, known.get(name), sure, *(known.get(f"{name}_{of}") for of in _BASELINES)]

    headings = ("HELD OUT", "CURVES", "95 %", *(of.upper() for of in _BASELINES))
    yield ""
    yield Grid([Column(heading, right=heading != "HELD OUT") for heading in headings], [row(name) for name in _TOLD])


@click.command()
@one_job
@click.option("--kind", type=click.Choice((*KINDS, *OWN_KINDS)), default="curve", show_default=True, help="Which plot.")
@files.picture_option("job-ID-KIND.png")
@files.dpi_option
@files.force_option
@click.option("--show", "on_terminal", is_flag=True, help="Show it in the terminal; a file only with --output, too.")
@pass_lab
def fetch_plot(
    lab: Lab, selector: str, kind: str, output: Path | None, dpi: int | None, force: bool, on_terminal: bool
) -> None:
    """Write a job's plot to a PNG, SVG or PDF file.

    The file's path is printed. It works while the job is running, too: then the plot shows the newest snapshot.
    The worker stores the plots curve and losses at the end; evolution is drawn when it is asked for. A file that shows
    the same plot of the same job is written over. Of your own curves there are quantiles (bands at each x), scores
    (principal components) and pairs (the curves nearest to a row trained on, and the farthest), too.

    With --show the terminal shows the picture where it can, as kitty, iTerm2, WezTerm and Ghostty do, and a drawing in
    characters elsewhere.

    \b
    Examples:
      curvegan fetch-plot 17
      curvegan fetch-plot last --show
      curvegan fetch-plot last --output curve.pdf
      curvegan fetch-plot last --kind losses --output losses.png --force
    """
    form, store = files.picture_form(output, dpi), lab.store
    job = store.job(select_one(store, selector))
    path = output or (None if on_terminal else Path(f"job-{job.id}-{kind}.png"))
    own = mark("job", job.id, kind, job.created_at)
    force = force or (path is not None and bears(path, own))
    if path:
        files.check_writable(path, force)
    if path:
        files.deliver(path, marked(job_picture(store, job, kind, form, dpi), own), force)
    if on_terminal:
        _show(store, job, kind, job_picture(store, job, kind, dpi=dpi))


def _show(store: "Store", job: "Job", kind: str, png: bytes) -> None:
    spoken = click.get_current_context().meta[PROTOCOL]
    if spoken:
        show_png(png, spoken)
    else:
        emit(
            "table",
            text=lambda: drawn_losses(store, job, rows=16) if kind == "losses" else drawn_curves(store, job, 16),
        )


@click.command()
@one_job
@click.option("--step", type=Whole(0, 10_000_000), help="Which checkpoint; the newest without it.")
@files.output_option("job-ID-step-N.safetensors")
@files.force_option
@pass_lab
def fetch_checkpoint(lab: Lab, selector: str, step: int | None, output: Path | None, force: bool) -> None:
    """Write a job's checkpoint to a file.

    It is a safetensors file; its path is printed.

    \b
    Examples:
      curvegan fetch-checkpoint 17
      curvegan fetch-checkpoint last --step 5000 --output g.safetensors
    """
    from curvegan_core.records.checkpoint import Checkpoint

    job_id = select_one(lab.store, selector)
    if output:
        files.check_writable(output, force)
    stored = lab.store.checkpoint(job_id, step)
    Checkpoint.from_bytes(stored.data, lab.store.job(job_id).config)  # nobody gets a file that is something else
    files.deliver(output or Path(f"job-{job_id}-step-{stored.step}.safetensors"), stored.data, force)
