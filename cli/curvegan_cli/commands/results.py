"""curvegan losses, metrics, sample, fetch-plot, fetch-checkpoint: what came of a job. Needs no torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.shown import files
from curvegan_cli.shown.output import Column, format_option, number, print_csv, print_json, print_table
from curvegan_cli.shown.view import LIVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curvegan_core.families.dataset import Dataset
    from curvegan_db.store import Store
    from curvegan_db.values import Job, Plot

# curvegan_core.plotting.job_plots.KINDS, which is too heavy to import for --help; a test holds them together.
KINDS = ("curve", "losses", "evolution")
_MOST_VALUES = 2_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


@click.command()
@one_job
@format_option("table", "json", "csv")
@pass_backend
def losses(backend: Backend, selector: str, form: str) -> None:
    """Print a job's loss curve, as far as it has been trained.

    \b
    Examples:
      curvegan losses 17 -o csv > losses.csv
      curvegan losses last -o json
    """
    from curvegan_core.loss_curve import COLUMNS

    curve = backend.store.losses(select_one(backend.store, selector))
    rows = list(zip(*(shortest(column) for column in curve.columns), strict=True))
    if form == "json":
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    elif form == "csv":
        print_csv(COLUMNS, rows)
    else:
        columns = [Column(name.upper(), right=True) for name in COLUMNS]
        print_table(columns, [[str(step), *map(number, figures)] for step, *figures in rows])


@click.command()
@one_job
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=10, show_default=True, help="How many curves.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Which curves.")
@format_option("table", "json", "csv")
@pass_backend
def sample(backend: Backend, selector: str, count: int, seed: int, form: str) -> None:
    """Draw curves from a job's generator.

    They are drawn as of its newest checkpoint. In CSV the header holds the x values, and each row one curve; of a point
    set each row is a point, x and y. Those of your own curves are in the units of their data set.

    \b
    Examples:
      curvegan sample 17 -n 100 -o csv > curves.csv
      curvegan sample last --seed 3
    """
    from curvegan_core.checkpoint import Checkpoint
    from curvegan_core.families.curves import columns, points_x
    from curvegan_core.sampling import samples

    job_id = select_one(backend.store, selector)
    config = backend.store.job(job_id).config
    _check_count(count, config.points)
    checkpoint = Checkpoint.from_bytes(backend.store.checkpoint(job_id).data, config)
    x = None if config.curve.is_point else shortest(points_x(config))
    curves = [shortest(curve) for curve in samples(checkpoint, config, count, seed)]
    if form == "json":
        print_json({"job": job_id, "step": checkpoint.step, "seed": seed, "x": x, "curves": curves})
    elif form == "csv":
        print_csv(x or columns(config), curves)
    else:
        headings = [Column(name, right=True) for name in columns(config)]
        print_table(headings, [[number(y) for y in curve] for curve in curves])


@click.command()
@one_job
@format_option("table", "json", "csv")
@pass_backend
def metrics(backend: Backend, selector: str, form: str) -> None:
    """Print a job's metrics along its way, at each snapshot.

    `ema_` before a name: of the averaged weights. What each means, `curvegan show ID` tells.

    \b
    Examples:
      curvegan metrics 17 -o csv > metrics.csv
      curvegan metrics last
    """
    snapshots = backend.store.snapshots(select_one(backend.store, selector))
    names = list(dict.fromkeys(name for snapshot in snapshots for name in snapshot.metrics))
    if form == "json":
        print_json([{"step": snapshot.step, **snapshot.metrics} for snapshot in snapshots])
    elif form == "csv":
        print_csv(["step", *names], [[each.step, *map(each.metrics.get, names)] for each in snapshots])
    else:
        columns = [Column(name.upper(), right=True) for name in ("step", *names)]
        rows = [[str(each.step), *(number(each.metrics.get(name)) for name in names)] for each in snapshots]
        print_table(columns, rows)


@click.command()
@one_job
@click.option("--kind", type=click.Choice(KINDS), default="curve", show_default=True, help="Which plot.")
@files.output_option("job-ID-KIND.png")
@files.force_option
@pass_backend
def fetch_plot(backend: Backend, selector: str, kind: str, output: Path | None, force: bool) -> None:
    """Write a job's plot to a PNG file.

    The file's path is printed. It works while the job is running, too: then the plot shows the newest snapshot.
    The worker stores the plots curve and losses at the end; evolution is drawn when it is asked for.

    \b
    Examples:
      curvegan fetch-plot 17
      curvegan fetch-plot last --kind losses --output losses.png --force
    """
    job_id = select_one(backend.store, selector)
    path = output or Path(f"job-{job_id}-{kind}.png")
    files.check_writable(path, force)
    _deliver(path, _png(backend.store, backend.store.job(job_id), kind), force)


@click.command()
@one_job
@click.option("--step", type=click.IntRange(0, 10_000_000), help="Which checkpoint; the newest without it.")
@files.output_option("job-ID-step-N.safetensors")
@files.force_option
@pass_backend
def fetch_checkpoint(backend: Backend, selector: str, step: int | None, output: Path | None, force: bool) -> None:
    """Write a job's checkpoint to a file.

    It is a safetensors file; its path is printed.

    \b
    Examples:
      curvegan fetch-checkpoint 17
      curvegan fetch-checkpoint last --step 5000 --output g.safetensors
    """
    from curvegan_core.checkpoint import Checkpoint

    job_id = select_one(backend.store, selector)
    if output:
        files.check_writable(output, force)
    stored = backend.store.checkpoint(job_id, step)
    Checkpoint.from_bytes(stored.data, backend.store.job(job_id).config)  # nobody gets a file that is something else
    _deliver(output or Path(f"job-{job_id}-step-{stored.step}.safetensors"), stored.data, force)


def _check_count(count: int, points: int) -> None:
    from curvegan_core.errors import InvalidInput

    if count * points > _MOST_VALUES:
        most = _MOST_VALUES // points
        raise InvalidInput(
            f"-n {count}: of {points} points each, {most} curves are the most; draw more with another --seed"
        )


def _deliver(path: Path, data: bytes, force: bool) -> None:
    files.write(path, data, force)
    if path != files.STDOUT:
        click.echo(path)


def _png(store: "Store", job: "Job", kind: str) -> bytes:
    """The stored plot, or one drawn now from what has been recorded so far."""
    stored = store.plot(job.id, kind)
    if stored:
        return _checked(stored)
    from curvegan_db.errors import ResultNotFound

    losses, snapshots = store.losses(job.id), store.snapshots(job.id)
    if not snapshots or not len(losses):
        raise ResultNotFound(f"job {job.id} has no {kind} plot yet: it is {job.state}; {_hint(job)}")
    from curvegan_core.plotting.job_plots import PlotData, render, titled

    title, own = titled(job.id, job.name), own_curves(store, job)
    return render(kind, PlotData(title, job.config, losses, snapshots, verdict=job.verdict, dataset=own))


def own_curves(store: "Store", job: "Job") -> "Dataset | None":
    """The user's curves that a job was trained on, if they are still there; else its plots have none beside its own."""
    from curvegan_core.config.curve import Data
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.errors import DatasetNotFound

    if not isinstance(job.config.curve, Data):
        return None
    try:
        return Dataset.from_bytes(store.dataset(job.config.curve.hash))
    except DatasetNotFound:
        return None


def _checked(stored: "Plot") -> bytes:
    """A picture, and nothing else under a picture's name."""
    from curvegan_db.errors import ResultDamaged

    if not stored.png.startswith(_PNG):
        raise ResultDamaged(stored.job_id, f"{stored.kind} plot", "it is no PNG")
    return stored.png


def _hint(job: "Job") -> str:
    if job.state in LIVE:
        return f"`curvegan wait {job.id}` waits for its end"
    return f"`curvegan retry {job.id}` runs it again"


def shortest(values: "NDArray[Any]") -> list[Any]:
    """Numbers in their shortest decimal form that reads back as the same float32: 0.1, not 0.10000000149011612."""
    return values.tolist() if values.dtype.kind == "i" else [float(str(value)) for value in values]
