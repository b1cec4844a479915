"""curvegan spectrum: whether a small job's training settles, turns or leaves at a checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvegan.lab import Lab
from curvegan.pictures.job_spectrum import job_spectrum
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import files
from curvegan_cli.shown.output import Column, Grid, Pairs, Sheet, emit, form_options

if TYPE_CHECKING:
    from curvegan_core.spectrum import Spectrum

_NAMES = ("real", "imaginary", "absolute")


@click.command()
@one_job
@click.option("--step", type=Whole(0, 10_000_000), help="At which checkpoint; the newest without it.")
@click.option("-n", "count", type=Whole(1, 2000), default=10, show_default=True, help="How many in the table.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw them into this file, too.",
)
@files.dpi_option
@files.force_option
@form_options("table", "json", "csv")
@pass_lab
def spectrum(
    lab: Lab, selector: str, step: int | None, count: int, output: Path | None, dpi: int | None, force: bool, form: str
) -> None:
    """Print the eigenvalues of a small job's training step at a checkpoint.

    A step maps weights, and what optimisers keep, to the next ones. Of the eigenvalues of its Jacobian those within
    the unit circle die out, those on it stay, those outside grow; what is not real turns. At most 2,000 numbers.

    \b
    Examples:
      curvegan spectrum 17
      curvegan spectrum last --step 500 --output spectrum.png
      curvegan spectrum 17 -o csv > eigenvalues.csv
    """
    drawn_as = files.picture_form(output, dpi)
    job = lab.store.job(select_one(lab.store, selector))
    if output:
        files.check_writable(output, force)
    spectrum = job_spectrum(lab.store, job, step)
    if output:
        from curvegan_core.plotting.job_plots import titled
        from curvegan_core.plotting.spectrum_plot import spectrum_picture

        files.write(output, spectrum_picture(titled(job.id, job.name), spectrum).to_bytes(drawn_as, dpi), force)
    rows = [[value.real, value.imag, abs(value)] for value in spectrum.values.tolist()]
    emit(
        form,
        text=lambda: [
            Pairs(_facts(spectrum)),
            "",
            Grid([Column(name.upper(), right=True) for name in _NAMES], rows[:count]),
        ],
        json=lambda: (
            {"job": job.id, "step": spectrum.step, "radius": spectrum.radius, "growing": spectrum.growing}
            | {"turning": spectrum.turning, "eigenvalues": [dict(zip(_NAMES, row, strict=True)) for row in rows]}
        ),
        csv=lambda: Sheet(_NAMES, rows),
    )


def _facts(spectrum: "Spectrum") -> list[tuple[str, str]]:
    return [
        ("step", str(spectrum.step)),
        ("eigenvalues", str(len(spectrum.values))),
        ("largest", f"{spectrum.radius:.8g}"),
        ("outside the circle", str(spectrum.growing)),
        ("not real", str(spectrum.turning)),
    ]
