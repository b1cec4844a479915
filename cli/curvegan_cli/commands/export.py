"""curvegan export: every fact, config key and metric of many jobs as one table. Changes nothing.

Jobs are read and written some at a time: 100,000 of them take no more memory than 1,000.
"""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_args

import click

from curvegan.watching.differences import flat
from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.options.filtering import among, where_option
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown import files
from curvegan_cli.shown.output import csv_cell, format_option, message, plain

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job

# What leads the table and what ends its facts; all else that a job shows stands between them.
_FIRST, _LAST = ("id", "sweep", "name", "tags", "state", "verdict"), ("reason", "error")
_LEFT_OUT = ("cancel_requested",)
Row = dict[str, Any]
Pages = Iterable[list[Row]]


@click.command()
@sweep_option
@where_option
@files.output_option("stdout, or jobs.parquet")
@files.force_option
@format_option("csv", "json", "parquet")
@pass_backend
def export(
    backend: Backend, sweep: int | None, where: "Filter | None", output: Path | None, force: bool, form: str
) -> None:
    """Write jobs as one table, a job a line.

    Its columns are all that is known of a job, every key of its config (`config.` before those that a job has too) and
    every metric; what does not apply is empty. Parquet needs pyarrow: pip install "curvegan[parquet]".

    \b
    Examples:
      curvegan export --sweep 3 > sweep-3.csv
      curvegan export --where "state=succeeded" -o parquet --output jobs.parquet
    """
    path = output or (Path(f"sweep-{sweep}.parquet" if sweep else "jobs.parquet") if form == "parquet" else None)
    if form == "parquet":
        _check_parquet(path)
    among_these, columns = among(backend, sweep, where), _columns()
    total = backend.store.count(among_these)
    write = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}[form]
    with _opened(path, force) as file, _bar(total) as bar:
        write(file, columns, _pages(backend, among_these, columns, bar))
    if path not in (None, files.STDOUT):
        click.echo(path)
        message(f"{total} jobs with {len(columns)} columns.")


def _facts() -> dict[str, type]:
    """The columns that every job has, and their types."""
    from curvegan_db.columns import JOB_FIELDS

    between = [name for name in JOB_FIELDS if name not in (*_FIRST, *_LAST, *_LEFT_OUT)]
    return {name: JOB_FIELDS[name] for name in (*_FIRST, *between, *_LAST)}


def _columns() -> dict[str, Any]:
    """The columns and their types."""
    from curvegan_core.config.train import TrainConfig
    from curvegan_db.filters.catalogue import CURVE_KEYS, METRIC_NAMES

    facts, keys = _facts(), dict[str, Any]()
    for key, info in TrainConfig.model_fields.items():
        name = f"config.{key}" if key in facts else key
        if key == "curve":
            keys |= {
                "curve.family": str,
                **{f"curve.{key}": _kind(annotation) for key, annotation in CURVE_KEYS.items()},
            }
        else:
            keys[name] = _kind(info.annotation)
    return facts | keys | dict.fromkeys(METRIC_NAMES, float)


def _kind(annotation: Any) -> Any:
    """The type of a key's values; that of its words where it has words."""
    return type(get_args(annotation)[0]) if get_args(annotation) else annotation


def _row(job: "Job", columns: Iterable[str]) -> Row:
    facts = {name: getattr(job, name) for name in _facts()}
    config = {f"config.{key}" if key in facts else key: value for key, value in flat(job.config.model_dump()).items()}
    known = facts | {"tags": list(job.tags)} | config | dict(job.metrics or {})
    return {name: known.get(name) for name in columns}


def _pages(backend: Backend, where: "Filter | None", columns: Iterable[str], bar: Any) -> Iterator[list[Row]]:
    for page in backend.store.pages(where):
        yield [_row(job, columns) for job in page]
        bar.update(len(page))


def _bar(total: int) -> Any:
    """A progress bar on stderr, where a person sees it and the table does not go to the same terminal."""
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    return click.progressbar(length=total, label="Exporting", file=sys.stderr, hidden=hidden)


def _opened(path: Path | None, force: bool) -> AbstractContextManager[BinaryIO]:
    """The file, or stdout, which for text may be a terminal."""
    return nullcontext(sys.stdout.buffer) if path is None else files.opened(path, force)


def _write_csv(file: BinaryIO, columns: Iterable[str], pages: Pages) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for page in pages:
        for row in page:
            cells = row | {"tags": " ".join(row["tags"])}
            writer.writerow([csv_cell(cell) for cell in cells.values()])
    text.flush()
    text.detach()


def _write_json(file: BinaryIO, columns: Iterable[str], pages: Pages) -> None:
    """An array with a job a line: it can be read as a whole, and line by line."""
    before = b"[\n"
    for page in pages:
        for row in page:
            file.write(before + json.dumps(plain(row), allow_nan=False).encode())
            before = b",\n"
    file.write(b"\n]\n" if before == b",\n" else b"[]\n")


def _check_parquet(path: Path | None) -> None:
    from importlib.util import find_spec

    from curvegan_core.errors import InvalidInput

    if find_spec("pyarrow") is None:
        raise InvalidInput('-o parquet needs pyarrow, which is not installed: pip install "curvegan[parquet]"')
    if path == files.STDOUT:
        raise InvalidInput("parquet is written to a file, not to stdout; give --output FILE")


def _write_parquet(file: BinaryIO, columns: dict[str, Any], pages: Pages) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        str: pa.string(),
        tuple: pa.list_(pa.string()),
        datetime: pa.timestamp("us", "UTC"),
    }
    schema = pa.schema([(name, pa.uint64() if name == "seed" else kinds[kind]) for name, kind in columns.items()])
    with ParquetWriter(file, schema) as writer:
        for page in pages:
            writer.write_table(pa.Table.from_pylist(page, schema))
