"""curvegan losses, metrics, sample, fetch-plot, fetch-checkpoint: what came of a job. Needs no torch."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.datasets import own_curves
from curvegan.lab import Lab
from curvegan.watching.job_picture import job_picture
from curvegan.watching.marks import bears, mark, marked
from curvegan.words import digits_of, number
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.shown import files
from curvegan_cli.shown.graphics import PROTOCOL, show_png
from curvegan_cli.shown.job_drawing import drawn_curves, drawn_losses
from curvegan_cli.shown.output import Column, Grid, Sheet, emit, form_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curvegan_db.store import Store
    from curvegan_db.values import Job

# curvegan_core.plotting.job_plots.KINDS, which is too heavy to import for --help; a test holds them together.
KINDS = ("curve", "losses", "evolution")
_MOST_VALUES = 2_000_000


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
    from curvegan_core.loss_curve import COLUMNS

    curve = lab.store.losses(select_one(lab.store, selector))
    rows = list(zip(*(_shortest(column) for column in curve.columns), strict=True))
    emit(
        form,
        text=lambda: [_figures_grid(COLUMNS, rows)],
        json=lambda: [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        csv=lambda: Sheet(COLUMNS, rows),
    )


def _figures(rows: Sequence[Sequence[float]]) -> list[list[str]]:
    """Write numbers in as many digits as tell them apart."""
    values = [value for row in rows for value in row]
    digits = digits_of(min(values), max(values))
    return [[number(value, digits) for value in row] for row in rows]


def _figures_grid(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Grid:
    return Grid([Column(name.upper(), right=True) for name in names], rows)


@click.command()
@one_job
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=10, show_default=True, help="How many curves.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Which curves.")
@click.option("--last", is_flag=True, help="Of the last weights, where averaged ones are what you get.")
@form_options("table", "json", "csv")
@pass_lab
def sample(lab: Lab, selector: str, count: int, seed: int, last: bool, form: str) -> None:
    """Draw curves from a job's generator.

    They are drawn as of its newest checkpoint, from averaged weights where its config has `ema`. In CSV the header
    holds the x values, and each row one curve; of a point set each row is a point, x and y. Those of your own curves
    have the header and the units of their file.

    \b
    Examples:
      curvegan sample 17 -n 100 -o csv > curves.csv
      curvegan sample last --seed 3
    """
    from curvegan_core.checkpoint import Checkpoint
    from curvegan_core.families.curves import columns, points_x
    from curvegan_core.sampling import samples, told

    job_id = select_one(lab.store, selector)
    job = lab.store.job(job_id)
    config, dataset = job.config, own_curves(lab.store, job)
    _check_count(count, config.points)
    checkpoint = Checkpoint.from_bytes(lab.store.checkpoint(job_id).data, config)
    x = None if config.curve.is_point else _shortest(points_x(config, dataset))
    curves = [_shortest(curve) for curve in told(config, samples(checkpoint, config, count, seed, last))]
    names = columns(config, dataset)
    header = dataset.description.columns if dataset else ()
    emit(
        form,
        text=lambda: [Grid([Column(name, right=True) for name in names], _figures(curves))],
        json=lambda: {"job": job_id, "step": checkpoint.step, "seed": seed, "x": x, "curves": curves},
        csv=lambda: Sheet(header or x or names, curves),
    )


@click.command()
@one_job
@form_options("table", "json", "csv")
@pass_lab
def metrics(lab: Lab, selector: str, form: str) -> None:
    """Print a job's metrics along its way, at each snapshot.

    `ema_` before a name: of the averaged weights. What each means, `curvegan show ID` tells.

    \b
    Examples:
      curvegan metrics 17 -o csv > metrics.csv
      curvegan metrics last
    """
    snapshots = lab.store.snapshots(select_one(lab.store, selector))
    names = list(dict.fromkeys(name for snapshot in snapshots for name in snapshot.metrics))
    rows = [[snapshot.step, *map(snapshot.metrics.get, names)] for snapshot in snapshots]
    emit(
        form,
        text=lambda: [_figures_grid(["step", *names], rows)],
        json=lambda: [{"step": snapshot.step, **snapshot.metrics} for snapshot in snapshots],
        csv=lambda: Sheet(["step", *names], rows),
    )


@click.command()
@one_job
@click.option("--kind", type=click.Choice(KINDS), default="curve", show_default=True, help="Which plot.")
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
    the same plot of the same job is written over.

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
        _show(store, job, kind, job_picture(store, job, kind))


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
@click.option("--step", type=click.IntRange(0, 10_000_000), help="Which checkpoint; the newest without it.")
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
    from curvegan_core.checkpoint import Checkpoint

    job_id = select_one(lab.store, selector)
    if output:
        files.check_writable(output, force)
    stored = lab.store.checkpoint(job_id, step)
    Checkpoint.from_bytes(stored.data, lab.store.job(job_id).config)  # nobody gets a file that is something else
    files.deliver(output or Path(f"job-{job_id}-step-{stored.step}.safetensors"), stored.data, force)


def _check_count(count: int, points: int) -> None:
    from curvegan_core.errors import InvalidInput

    if count * points > _MOST_VALUES:
        most = _MOST_VALUES // points
        raise InvalidInput(
            f"-n {count}: of {points} points each, {most} curves are the most; draw more with another --seed"
        )


def _shortest(values: "NDArray[Any]") -> list[Any]:
    """Return numbers in the shortest form that reads back as the same float32: 0.1, not 0.10000000149011612."""
    return values.tolist() if values.dtype.kind == "i" else [float(str(value)) for value in values]
