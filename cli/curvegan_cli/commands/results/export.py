"""curvegan export: every fact, config key and metric of many jobs as one table. Changes nothing.

Jobs are read and written some at a time: 100,000 of them take no more memory than 1,000.
"""

import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from curvegan.comparing.job_rows import job_row, row_columns
from curvegan.datasets import data_names
from curvegan.lab import Lab
from curvegan.results.table import SEED, arrow_types
from curvegan.words import plural
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import among, where_option
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown import files
from curvegan_cli.shown.output import Sheet, form_options, message, plain, write_csv

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter

Row = dict[str, Any]
Pages = Iterable[list[Row]]


@click.command()
@sweep_option
@where_option
@files.output_option("stdout, or jobs.parquet")
@files.force_option
@form_options("csv", "json", "parquet")
@pass_lab
def export(lab: Lab, sweep: int | None, where: "Filter | None", output: Path | None, force: bool, form: str) -> None:
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
    among_these, columns = among(lab, sweep, where), row_columns()
    total = lab.store.count(among_these)
    write = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}[form]
    with _opened(path, force) as file, _bar(total) as bar:
        write(file, columns, _pages(lab, among_these, columns, bar))
    if path not in (None, files.STDOUT):
        click.echo(path)
        message(f"{plural(total, 'job')} with {len(columns)} columns.")


def _pages(lab: Lab, where: "Filter | None", columns: Iterable[str], bar: Any) -> Iterator[list[Row]]:
    for page in lab.store.pages(where):
        names = data_names(lab.store, [job.config for job in page])
        yield [job_row(job, columns, name) for job, name in zip(page, names, strict=True)]
        bar.update(len(page))


def _bar(total: int) -> Any:
    """Return a progress bar on stderr, where a person sees it and the table does not go to the same terminal."""
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    return click.progressbar(length=total, label="Exporting", file=sys.stderr, hidden=hidden)


def _opened(path: Path | None, force: bool) -> AbstractContextManager[BinaryIO]:
    """Open the file, or stdout, which for text may be a terminal."""
    return nullcontext(sys.stdout.buffer) if path is None else files.opened(path, force)


def _write_csv(file: BinaryIO, columns: Iterable[str], pages: Pages) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    write_csv(text, Sheet(list(columns), (list(row.values()) for page in pages for row in page)))
    text.flush()
    text.detach()


def _write_json(file: BinaryIO, columns: Iterable[str], pages: Pages) -> None:
    """Write an array with a job a line: it can be read as a whole, and line by line."""
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

    kinds = arrow_types()
    schema = pa.schema([(name, kinds[SEED if name == "seed" else kind]) for name, kind in columns.items()])
    with ParquetWriter(file, schema) as writer:
        for page in pages:
            writer.write_table(pa.Table.from_pylist(page, schema))
