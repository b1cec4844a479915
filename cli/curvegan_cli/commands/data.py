"""curvegan data: a person's own curves, from a file into the store and back. Knows nothing of how they are trained."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.shown.output import (
    Column,
    age,
    format_option,
    inert,
    message,
    number,
    plain,
    print_csv,
    print_json,
    print_pairs,
    print_table,
)

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.values import NamedDataset

_NPY = b"\x93NUMPY"
_MOST_DRAWN, _MOST_IDS = 12, 10
_FIELDS = ("name", "rows", "points", "hash", "mean", "scale", "size", "created_at", "jobs")
_COLUMNS = (
    *(Column("NAME", folds=True), Column("ROWS", right=True), Column("POINTS", right=True), Column("HASH")),
    *(Column("JOBS", right=True), Column("AGE", right=True)),
)
_quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print names only, one a line.")


@click.group()
def data() -> None:
    """Keep your own curves to train on.

    \b
    Examples:
      curvegan data add curves.csv --name loads
      curvegan submit --data loads
    """


@data.command()
@click.argument("path", metavar="FILE.csv|FILE.npy|-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--name", required=True, help="What to call them.")
@format_option("table", "json")
@_quiet_option
@pass_backend
def add(backend: Backend, path: Path, name: str, form: str, quiet: bool) -> None:
    """Store the curves of a file, one curve a row.

    A row has 2 to 256 numbers; a first row that is no numbers is a header. Curves are stored once, whatever names they
    are given.

    \b
    Examples:
      curvegan data add curves.csv --name loads
      curvegan submit --data loads
    """
    from curvegan_core.families.dataset import Dataset

    content = _read(path)
    ending = ".npy" if content.startswith(_NPY) else ".csv"
    dataset = Dataset.parse(content, path.name if str(path) != "-" else f"stdin{ending}")
    backend.store.add_dataset(name, dataset)
    stored = backend.store.named_dataset(name)
    if quiet:
        click.echo(inert(name))
    elif form == "json":
        print_json(_fields(stored))
    else:
        click.echo(inert(f"Data set {name} has {stored.rows} curves of {stored.points} points."))
        typed = inert(shlex.quote(name))
        click.echo(f"  curvegan submit --data {typed}    train a job on it\n  curvegan data show {typed}        see it")


@data.command("list")
@format_option("table", "json", "csv")
@_quiet_option
@pass_backend
def list_(backend: Backend, form: str, quiet: bool) -> None:
    """List the data sets.

    \b
    Example:
      curvegan data list
    """
    found = backend.store.datasets()
    if quiet:
        click.echo("".join(f"{inert(each.name)}\n" for each in found), nl=False)
    elif form == "json":
        print_json([_fields(each) for each in found])
    elif form == "csv":
        print_csv(_FIELDS, [list(_fields(each).values()) for each in found])
    else:
        now = backend.store.time()
        print_table(_COLUMNS, [_cells(each, age(each.created_at, now)) for each in found])
        if not found:
            message("There is no data set; `curvegan data add` makes one.")


@data.command()
@click.argument("name")
@format_option("table", "json", "csv")
@pass_backend
def show(backend: Backend, name: str, form: str) -> None:
    """Show a data set, with a drawing of some of its curves.

    In CSV it is the curves themselves, one a row.

    \b
    Examples:
      curvegan data show loads
      curvegan data show loads -o csv > loads.csv
    """
    from curvegan_core.families.dataset import Dataset

    found = backend.store.named_dataset(name)
    jobs = backend.store.dataset_jobs(found.hash)
    if form == "json":
        print_json(_fields(found) | {"jobs": jobs})
        return
    dataset = Dataset.from_bytes(backend.store.dataset(found.hash))
    if form == "csv":
        print_csv([f"p{place}" for place in range(1, dataset.points + 1)], dataset.rows.tolist())
    else:
        print_pairs(_facts(found, jobs))
        click.echo("\n".join(["", *_drawn(dataset)]))


@data.command()
@click.argument("name")
@pass_backend
def remove(backend: Backend, name: str) -> None:
    """Forget a data set.

    It is refused while a queued or running job needs it. Ended jobs keep their results, but cannot run again.

    \b
    Example:
      curvegan data remove loads
    """
    backend.store.remove_dataset(name)
    click.echo(inert(f"Data set {name} is removed."))


data_option = click.option("--data", metavar="NAME", help="Learn your own curves, stored by `curvegan data add`.")


def data_layer(backend: Backend, given: Mapping[str, Any], assigned: Mapping[str, Any]) -> dict[str, Any]:
    """The layer of a config that `--data` makes, empty without it. `assigned` is the layer of --set."""
    from curvegan_core.errors import InvalidInput

    if given["data"] is None:
        return {}
    if given["curve"] is not None or assigned.keys() & {"curve", "points"}:
        raise InvalidInput("--data says what the curve and its points are: leave out --curve and --set of either")
    found = backend.store.named_dataset(given["data"])
    return {"curve": found.curve.model_dump(), "points": found.points}


def data_remark(backend: Backend, config: "TrainConfig") -> str:
    """What a config's data set is called; empty for any other curve. Raises DatasetNotFound."""
    from curvegan_core.config.curve import Data
    from curvegan_db.errors import DatasetNotFound

    if not isinstance(config.curve, Data):
        return ""
    names = backend.store.dataset_names(config.curve.hash)
    if not names:
        raise DatasetNotFound(config.curve.hash[:12])
    return f"data set {', '.join(names)}"


def data_fact(backend: Backend, config: "TrainConfig") -> str:
    """The same of a job that is there already, whether its data set still is or not."""
    from curvegan_db.errors import DatasetNotFound

    try:
        return data_remark(backend, config)
    except DatasetNotFound:
        return "a data set that was removed"


def _read(path: Path) -> bytes:
    """All of a file, or a refusal as soon as it is too large: a device has no size and no end. Raises InvalidInput."""
    from curvegan_core.errors import InvalidInput
    from curvegan_core.families.dataset import MOST_BYTES

    try:
        with click.open_file(str(path), "rb") as file:
            content: bytes = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}; name a readable .csv or .npy file") from None
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"{path} is too large for a data set: over {MOST_BYTES:,} bytes")
    return content


def _fields(found: "NamedDataset") -> dict[str, Any]:
    return {name: getattr(found, name) for name in _FIELDS}


def _cells(found: "NamedDataset", since: str) -> tuple[str, ...]:
    return found.name, str(found.rows), str(found.points), found.hash[:12], str(found.jobs), since


def _facts(found: "NamedDataset", jobs: list[int]) -> list[tuple[str, str]]:
    more = f" and {len(jobs) - _MOST_IDS} more" if len(jobs) > _MOST_IDS else ""
    return [
        ("data set", found.name),
        ("curves", f"{found.rows} of {found.points} points"),
        ("hash", found.hash),
        ("mean", f"{number(found.mean)}  which training sees as 0"),
        ("deviation", f"{number(found.scale)}  which training sees as 1"),
        ("added", str(plain(found.created_at))),
        ("jobs", " ".join(map(str, jobs[:_MOST_IDS])) + more if jobs else "none"),
    ]


def _drawn(dataset: "Dataset") -> list[str]:
    """Some of its curves, spread over the set, over the numbers of their points."""
    import numpy as np

    from curvegan_cli.shown.drawing import drawing

    count = min(len(dataset.rows), _MOST_DRAWN)
    rows = dataset.rows[np.arange(count) * len(dataset.rows) // count]
    return drawing([np.stack([np.arange(1.0, dataset.points + 1), row], axis=1) for row in rows], rows=12)
