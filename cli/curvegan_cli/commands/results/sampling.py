"""curvegan sample, baseline: curves from a trained generator, and from what needs no training. Needs no torch."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from curvegan.comparing.baselines import KINDS, baseline_curves, baseline_numbers
from curvegan.datasets import label_number, own_curves, stored_curves
from curvegan.lab import Lab
from curvegan.submitting.layers import job_layers, layered
from curvegan.words import digits_of, number
from curvegan_cli.options import completing, pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import curve_files, files
from curvegan_cli.shown.curve_files import shortest
from curvegan_cli.shown.output import Column, Grid, emit, form_options

_MOST_VALUES = 2_000_000
_count = click.option("-n", "count", type=Whole(1, 100_000), default=10, show_default=True, help="How many.")


@click.command()
@one_job
@_count
@click.option("--seed", type=Whole(0, 2**64 - 1), default=0, show_default=True, help="Which curves.")
@click.option("--last", is_flag=True, help="Of the last weights, where averaged ones are what you get.")
@click.option(
    "--label", metavar="LABEL", help="Of one label of your curves; without it as often as the rows have each."
)
@files.output_option("stdout; for csv, npy and parquet only")
@files.force_option
@form_options("table", "json", *curve_files.FORMS)
@pass_lab
def sample(
    lab: Lab,
    selector: str,
    count: int,
    seed: int,
    last: bool,
    label: str | None,
    output: Path | None,
    force: bool,
    form: str,
) -> None:
    """Draw curves from a job's generator.

    They are drawn as of its newest checkpoint, from averaged weights where its config has `ema`. In CSV the header
    holds the x values, and each row one curve; of a point set each row is a point, x and y. Those of your own curves
    have the header and the units of their file. Parquet needs pyarrow: pip install "curvegan[parquet]".

    \b
    Examples:
      curvegan sample 17 -n 100 -o csv > curves.csv
      curvegan sample last -n 1000 -o npy --output curves.npy
      curvegan sample last --seed 3
      curvegan sample last --label winter
    """
    from curvegan_core.families.curves import columns, points_x
    from curvegan_core.records.checkpoint import Checkpoint
    from curvegan_core.sampling import samples, told

    curve_files.check(form, output, force)
    job_id = select_one(lab.store, selector)
    job = lab.store.job(job_id)
    config, dataset = job.config, own_curves(lab.store, job)
    _check_count(count, config.points)
    number_of = None if label is None else label_number(lab.store, job, label)
    checkpoint = Checkpoint.from_bytes(lab.store.checkpoint(job_id).data, config)
    x = None if config.curve.is_point else shortest(points_x(config, dataset))
    curves = told(config, samples(checkpoint, config, count, seed, last, number_of))
    cells, names = [shortest(curve) for curve in curves], columns(config, dataset)
    header = dataset.description.columns if dataset else ()
    if form in curve_files.FORMS:
        curve_files.write(form, output, force, header or x or names, curves, cells)
        return
    emit(
        form,
        text=lambda: [Grid([Column(name, right=True) for name in names], _figures(cells))],
        json=lambda: {"job": job_id, "step": checkpoint.step, "seed": seed, "x": x, "curves": cells},
    )


@click.command()
@click.option("--data", "name", metavar="NAME", required=True, shell_complete=completing.datasets, help="Your curves.")
@click.option("--kind", type=click.Choice(KINDS), default="gaussian", show_default=True, help="What curves are of.")
@_count
@click.option("--seed", type=Whole(0, 2**64 - 1), default=0, show_default=True, help="Which rows, and curves.")
@files.output_option("stdout; for csv, npy and parquet only")
@files.force_option
@form_options("table", "json", *curve_files.FORMS)
@pass_lab
def baseline(
    lab: Lab, name: str, kind: str, count: int, seed: int, output: Path | None, force: bool, form: str
) -> None:
    """Judge and draw what needs no training on your own curves.

    The table, and JSON, say how near a Gaussian and a kernel estimate on principal components come to the rows that a
    job of this seed holds out, beside the rows that it trains on (floor): the same numbers as in its metrics. In CSV,
    npy and parquet it is curves of one of them, in the header and units of your file.

    \b
    Examples:
      curvegan baseline --data loads
      curvegan baseline --data loads --kind kde -n 1000 -o csv > kde.csv
    """
    from curvegan_core.families.curves import columns

    curve_files.check(form, output, force)
    _refuse_curves(form)
    config = layered(job_layers(lab, {"seed": seed}, data=name))
    dataset = stored_curves(lab.store, lab.store.named_dataset(name).hash, name)
    if form in curve_files.FORMS:
        _check_count(count, config.points)
        curves = baseline_curves(config, dataset, kind, count)
        curve_files.write(form, output, force, columns(config, dataset), curves, [shortest(row) for row in curves])
        return
    numbers = baseline_numbers(config, dataset)
    emit(form, text=lambda: [_grid(numbers)], json=lambda: {"data": name, "seed": seed} | numbers)


def _refuse_curves(form: str) -> None:
    """Raise UsageError where something is said of curves that this form has not."""
    typed = click.get_current_context().get_parameter_source
    said = [
        option for name, option in (("count", "-n"), ("kind", "--kind")) if typed(name) is ParameterSource.COMMANDLINE
    ]
    if said and form not in curve_files.FORMS:
        raise click.UsageError(f"{said[0]} is for curves, and -o {form} has numbers only: add -o csv")


def _grid(numbers: dict[str, dict[str, float]]) -> Grid:
    metrics = list(dict.fromkeys(metric for measured in numbers.values() for metric in measured))
    columns = [Column(""), *(Column(metric.upper(), right=True) for metric in metrics)]
    return Grid(columns, [[name, *(measured.get(metric) for metric in metrics)] for name, measured in numbers.items()])


def _figures(rows: list[list[Any]]) -> list[list[str]]:
    """Write numbers in as many digits as tell them apart."""
    values = [value for row in rows for value in row]
    digits = digits_of(min(values), max(values))
    return [[number(value, digits) for value in row] for row in rows]


def _check_count(count: int, points: int) -> None:
    from curvegan_core.errors import InvalidInput

    if count * points > _MOST_VALUES:
        most = _MOST_VALUES // points
        raise InvalidInput(
            f"-n {count}: of {points} points each, {most} curves are the most; draw more with another --seed"
        )
