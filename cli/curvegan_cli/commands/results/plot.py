"""curvegan plot: a picture of a sweep. What it shows is gathered by curvegan.comparing.sweep_pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvegan.comparing.sweep_pictures import SweepPicture
from curvegan.lab import Lab
from curvegan.pictures.marks import bears, mark, marked
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import keys_option, metric_option, where_option
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import files

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter

KINDS = ("heatmap", "fan", "best")


@click.command()
@sweep_option
@click.option("--kind", type=click.Choice(KINDS), help="Which picture; without it heatmap for two axes, else fan.")
@keys_option
@metric_option("--metric")
@where_option
@click.option("-n", "count", type=Whole(1, 12), default=12, show_default=True, help="Panels of fan and best.")
@files.picture_option("sweep-ID-KIND.png")
@files.dpi_option
@files.force_option
@pass_lab
def plot(
    lab: Lab,
    sweep: int | None,
    kind: str | None,
    keys: tuple[str, ...] | None,
    metric: "JobField",
    where: "Filter | None",
    count: int,
    output: Path | None,
    dpi: int | None,
    force: bool,
) -> None:
    """Draw a sweep to a PNG, SVG or PDF file.

    Its path is printed. `heatmap` shows the metric's median over two keys, `fan` the RMSE along the steps with its
    quartiles over the seeds, a panel for each point of the sweep, `best` the curves of the best jobs. A file that shows
    the same kind of picture of the same sweep is written over.

    \b
    Examples:
      curvegan plot --sweep 3
      curvegan plot --sweep 3 --kind heatmap --by lr,beta1 --metric hq
      curvegan plot --sweep 3 --kind fan --output fan.svg
      curvegan plot --sweep 3 --kind best -n 4 --where loss=rpgan --output best.png
    """
    if sweep is None:
        raise click.UsageError("say which sweep, as in --sweep 3; `curvegan sweeps` lists them")
    form = files.picture_form(output, dpi)
    known = lab.store.sweep(sweep)
    picture = SweepPicture(lab.store, known, kind, keys, metric, where)
    path = output or Path(f"sweep-{sweep}-{picture.kind}.png")
    own = mark("sweep", sweep, picture.kind, known.created_at)
    force = force or bears(path, own)
    files.check_writable(path, force)
    files.deliver(path, marked(picture.draw(count).to_bytes(form, dpi), own), force)
