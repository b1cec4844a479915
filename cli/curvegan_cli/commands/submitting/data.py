"""curvegan data: a person's own curves, from a file into the store and back."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.datasets import as_table, stored_curves
from curvegan.lab import Lab
from curvegan.words import age, digits_of, moment, number, plural
from curvegan_cli.options import completing, pass_lab
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.output import Column, Grid, Pairs, Sheet, emit, emit_records, form_options

if TYPE_CHECKING:
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.values import NamedDataset

_MOST_DRAWN, _MOST_IDS = 12, 10
_FIELDS = ("name", "rows", "points", "hash", "mean", "scale", "size", "created_at", "jobs")
_COLUMNS = (
    *(Column("NAME", folds=True), Column("ROWS", right=True), Column("POINTS", right=True), Column("HASH", spare=1)),
    *(Column("JOBS", right=True), Column("AGE", right=True)),
)
_NAMES_ONLY = "Print names only, one a line."


@click.group()
def data() -> None:
    """Keep your own curves to train on.

    \b
    Examples:
      curvegan data add curves.csv --name loads
      curvegan submit --data loads
    """


@data.command()
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--name", required=True, help="What to call them.")
@click.option("--header/--no-header", default=None, help="Whether the first row names the points.")
@click.option("--index-column", metavar="COLUMN", help="Which column names the rows; none has no such column.")
@click.option("--label-column", metavar="COLUMN", help="Which column says of what class each row is; or none.")
@click.option("--transpose/--no-transpose", default=None, help="Take each column, or each row, for a curve.")
@click.option("--long", metavar="ID,X,Y", help="Columns of a file with one value a line; none for no such file.")
@click.option("--missing", type=click.Choice(["drop", "interpolate"]), help="What to do where a value is missing.")
@click.option("--resample", metavar="N", type=Whole(), help="Bring all curves to N points.")
@click.option("--x-label", default="", help="What the axis of x is called.")
@click.option("--y-label", default="", help="What the axis of y is called.")
@form_options("table", "json", quiet=_NAMES_ONLY)
@pass_lab
def add(lab: Lab, /, path: Path, name: str, form: str, **wished: Any) -> None:
    """Store the curves of a file, one curve a row.

    A row has 2 to 256 numbers. A header, an index and a label are recognised, and said: an option overrules it.
    A COLUMN is a name of the header, or a number from 1. Read are .csv, .tsv, .txt, .ts, .npy, .parquet and .xlsx.

    \b
    Examples:
      curvegan data add loads.csv --name loads
      curvegan data add long.csv --name days --long day,hour,GW
    """
    from curvegan.reading.curves import read
    from curvegan.reading.wishes import Wishes

    wishes = Wishes(**wished)
    reading = read(_read(path), "" if str(path) == "-" else path.name, wishes)
    lab.store.add_dataset(name, reading.dataset)
    stored = lab.store.named_dataset(name)
    typed = shlex.quote(name)
    emit(
        form,
        text=lambda: [
            f"Data set {name} has {stored.rows} curves of {stored.points} points.",
            Pairs([(f"  {what}", text) for what, text in reading.said]),
            f"  curvegan submit --data {typed}    train a job on it",
            f"  curvegan data show {typed}        see it",
        ],
        json=lambda: _fields(stored) | {"understood": [list(pair) for pair in reading.said]},
        ids=lambda: [name],
    )


@data.command("list")
@form_options("table", "json", "csv", quiet=_NAMES_ONLY)
@pass_lab
def list_(lab: Lab, form: str) -> None:
    """List the data sets.

    \b
    Example:
      curvegan data list
    """
    datasets = lab.store.datasets()
    emit_records(form, datasets, _FIELDS, lambda: _grid(datasets, lab.store.time()))


@data.command()
@click.argument("name", shell_complete=completing.datasets)
@form_options("table", "json", "csv")
@pass_lab
def show(lab: Lab, name: str, form: str) -> None:
    """Show a data set, with a drawing of some of its curves.

    In CSV it is the curves themselves, one a row, with the header of their file: `data add` reads it back.

    \b
    Examples:
      curvegan data show loads
      curvegan data show loads -o csv > loads.csv
    """
    stored = lab.store.named_dataset(name)
    jobs = lab.store.dataset_jobs(stored.hash)

    def curves() -> "Dataset":
        return stored_curves(lab.store, stored.hash, name)

    def text() -> Iterator[Pairs | str]:
        dataset = curves()
        yield Pairs([*_facts(stored, jobs), *_described(dataset)])
        yield from ["", *_drawn(dataset)]

    emit(
        form,
        text=text,
        json=lambda: _fields(stored) | {"jobs": jobs} | curves().description.as_dict(),
        csv=lambda: Sheet(*as_table(curves())),
    )


@data.command()
@click.argument("name", shell_complete=completing.datasets)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_lab
def remove(lab: Lab, name: str, yes: bool) -> None:
    """Forget a data set.

    It asks first where jobs use it. It is refused while a queued or running job needs it. Ended jobs keep their
    results, but cannot run again, and lose its name, axis and titles.

    \b
    Examples:
      curvegan data remove loads
      curvegan data remove loads --yes
    """
    loss = _loss(lab, name)
    if loss and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{loss}; nobody is there to be asked: say --yes")
        if not click.confirm(f"{loss}. Remove {name}?", err=True):
            return
    lab.store.remove_dataset(name)
    emit("table", text=lambda: [f"Data set {name} is removed."])


def _loss(lab: Lab, name: str) -> str:
    """Say what jobs lose with a name; nothing where none uses it."""
    last, jobs = lab.store.check_dataset_removable(name), lab.store.named_dataset(name).jobs
    if not jobs:
        return ""
    used = f"{plural(jobs, 'job')} {'uses' if jobs == 1 else 'use'} {name}"
    if last:
        return f"{used}: results stay, but its name and axis are lost, and nothing of it can be trained again"
    return f"{used}: its name and what it says of the axis are lost, its curves stay under another name"


def _read(path: Path) -> bytes:
    """Return all of a file, or of stdin. Raises InvalidInput."""
    from curvegan.reading.curves import limited
    from curvegan_core.errors import InvalidInput

    try:
        with click.open_file(str(path), "rb") as file:
            return limited(file, path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; name a readable file") from None


def _fields(stored: "NamedDataset") -> dict[str, Any]:
    return {name: getattr(stored, name) for name in _FIELDS}


def _grid(datasets: Sequence["NamedDataset"], now: datetime) -> Grid:
    rows = [(d.name, d.rows, d.points, d.hash[:12], d.jobs, age(d.created_at, now)) for d in datasets]
    return Grid(_COLUMNS, rows, "" if datasets else "There is no data set; `curvegan data add` makes one.")


def _facts(stored: "NamedDataset", jobs: list[int]) -> list[tuple[str, str]]:
    more = f" and {len(jobs) - _MOST_IDS} more" if len(jobs) > _MOST_IDS else ""
    mean = number(stored.mean, digits_of(stored.mean - stored.scale, stored.mean + stored.scale))
    return [
        ("data set", stored.name),
        ("curves", f"{stored.rows} of {stored.points} points"),
        ("hash", stored.hash),
        ("mean", f"{mean}  which training sees as 0"),
        ("deviation", f"{number(stored.scale)}  which training sees as 1"),
        ("added", moment(stored.created_at)),
        ("jobs", " ".join(map(str, jobs[:_MOST_IDS])) + more if jobs else "none"),
    ]


def _described(dataset: "Dataset") -> list[tuple[str, str]]:
    """Say what the file said."""
    described = dataset.description
    facts = [
        ("x", f"{dataset.x[0]:.15g} to {dataset.x[-1]:.15g} {described.x_label}" if described.x else ""),
        ("y", described.title_y),
        ("labels", _labels(dataset) if dataset.labels else ""),
    ]
    return [(name, text.strip()) for name, text in facts if text]


def _labels(dataset: "Dataset") -> str:
    labels = sorted(set(dataset.labels))
    return f"{' '.join(labels[:8])}{' …' if len(labels) > 8 else ''}{'' if dataset.learnt else ', not learnt'}"


def _drawn(dataset: "Dataset") -> list[str]:
    """Draw some of its curves, spread over the set, over their own x axis."""
    import numpy as np

    from curvegan_cli.shown.drawing import drawing

    count = min(len(dataset.rows), _MOST_DRAWN)
    rows = dataset.rows[np.arange(count) * len(dataset.rows) // count]
    return drawing([np.stack([dataset.x, row], axis=1) for row in rows], rows=12)
