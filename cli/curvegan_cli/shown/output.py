"""What a command prints: one answer on stdout as a table, lines, JSON, CSV or ids, messages on stderr.

Foreign text is made inert.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from curvegan.showing.terminal import UNLIMITED_WIDTH, fitted, wrapped
from curvegan.showing.terminal import console as console
from curvegan.words import inert as inert
from curvegan.words import moment, number, plural
from curvegan_cli.shown.tables import Column as Column
from curvegan_cli.shown.tables import Grid as Grid
from curvegan_cli.shown.tables import laid

if TYPE_CHECKING:
    from rich.text import Text

# Where -q is kept until -o is read.
_QUIET = "curvegan_cli.quiet"


class Pairs(NamedTuple):
    """Names and what is said of each, a line each, for people."""

    pairs: Sequence[tuple[str, str]]


class Sheet(NamedTuple):
    """A table for programs: a header, and rows of values."""

    header: Sequence[object]
    rows: Iterable[Sequence[object]]


def form_options(*forms: str, quiet: str = "") -> Callable[[Any], Any]:
    """Add `-o`, the form of what goes to stdout, at first the first; and with its help `-q`, which is the form ids."""

    def add(command: Any) -> Any:
        if quiet:
            command = click.option(
                "-q", "--quiet", is_flag=True, is_eager=True, expose_value=False, callback=_remember, help=quiet
            )(command)
        return click.option(
            "-o", "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, callback=_form,
            help="Form of it.",
        )(command)  # fmt: skip

    return add


def _remember(ctx: click.Context, _: click.Parameter, quiet: bool) -> None:
    ctx.meta[_QUIET] = quiet


def _form(ctx: click.Context, _: click.Parameter, form: str) -> str:
    return "ids" if ctx.meta.get(_QUIET) else form


IDS_ONLY = "Print ids only, one a line."
# For commands that say what they do while they do it.
quiet_option = click.option(
    "-q", "--quiet", "form", is_flag=True, callback=lambda _, __, quiet: "ids" if quiet else "table", help=IDS_ONLY
)


def emit(
    form: str,
    *,
    text: Callable[[], Iterable[Grid | Pairs | str]] | None = None,
    json: Callable[[], Any] | None = None,
    csv: Callable[[], Sheet] | None = None,
    ids: Callable[[], Iterable[object]] | None = None,
) -> None:
    """Print what a command has to say in the form that was asked for: only that one is worked out.

    `text`, tables, pairs and single lines, is for people. A form that is not given says nothing.
    """
    answers: dict[str, Callable[[], Any] | None] = {"json": json, "csv": csv, "ids": ids}
    printers: dict[str, Callable[[Any], None]] = {"json": print_json, "csv": _print_sheet, "ids": _print_ids}
    answer = answers.get(form, text)
    if answer:
        printers.get(form, _print_text)(answer())


def emit_records(form: str, records: Sequence[object], fields: Sequence[str], grid: Callable[[], Grid]) -> None:
    """Print records: for programs their fields, the first of which identifies them; for people the table."""
    rows = [[getattr(record, name) for name in fields] for record in records]
    emit(
        form,
        text=lambda: [grid()],
        json=lambda: [dict(zip(fields, row, strict=True)) for row in rows],
        csv=lambda: Sheet(fields, rows),
        ids=lambda: [row[0] for row in rows],
    )


def message(text: str) -> None:
    """Tell the user something that is no data."""
    click.echo(fitted(text, sys.stderr), err=True)


def messages(texts: Iterable[str]) -> None:
    """Tell the user several such things, a line each."""
    for text in texts:
        message(text)


def _print_text(parts: Iterable[Grid | Pairs | str]) -> None:
    for part in parts:
        if isinstance(part, str):
            click.echo(fitted(part, sys.stdout))
        elif isinstance(part, Pairs):
            _print_pairs(part)
        else:
            _print_grid(part)


def _print_ids(ids: Iterable[object]) -> None:
    for identifier in ids:
        click.echo(inert(str(identifier)))


def print_json(value: Any) -> None:
    """Print one JSON value, ASCII only: names in it can steer no terminal either."""
    import json

    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """Return the value in JSON's own types: times as ISO 8601 in UTC, numbers that are not finite as null."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _print_sheet(sheet: Sheet) -> None:
    write_csv(sys.stdout, sheet)


def write_csv(stream: TextIO, sheet: Sheet) -> None:
    """Write a header and rows, commas between, `\\n` at the ends; an absent value is empty."""
    import csv

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_csv_cell(cell) for cell in sheet.header])
    writer.writerows([_csv_cell(cell) for cell in row] for row in sheet.rows)


def _csv_cell(value: object) -> object:
    """Return a value that can steer no terminal; several of them are parted by blanks."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list | tuple):
        return inert(" ".join(map(str, value)))
    return inert(value) if isinstance(value, str) else value


def cell(value: object) -> str:
    """Return a value as a table for people has it: a dash for none, figures in four digits, times in UTC."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _print_grid(grid: Grid) -> None:
    """Print a table: to a terminal as much of it as there is room for, elsewhere all of it."""
    if sys.stdout.isatty():
        screen = console(sys.stdout)
        lines, missing = grid_text(grid, screen.width)
        for line in lines:
            screen.print(line, soft_wrap=True)
        if missing:
            message(f"{plural(missing, 'column')} more in a wider terminal, and in a file or a pipe.")
    else:
        table = laid(grid.columns, _texts(grid), UNLIMITED_WIDTH)
        rows = (table.gap.join(text for text, _ in row).rstrip() for row in table.rows)
        click.echo("\n".join([table.heading.rstrip(), table.rule, *rows]))
    if grid.remark:
        message(grid.remark)


def grid_text(grid: Grid, room: int) -> "tuple[list[Text], int]":
    """Return a table's lines for a terminal, and how many columns are missing in them."""
    from rich.text import Text

    table = laid(grid.columns, _texts(grid), room)
    lines = [Text.assemble(*(part for text in row for part in (text, table.gap))) for row in table.rows]
    for line in lines:
        line.rstrip()
    return [Text(table.heading.rstrip(), style="bold"), Text(table.rule), *lines], table.missing


def _texts(grid: Grid) -> list[list[str]]:
    return [[inert(cell(value)) for value in row] for row in grid.rows]


def _print_pairs(pairs: Pairs) -> None:
    """Print names and facts; on a terminal a fact goes on below itself."""
    wide = max((len(name) for name, _ in pairs.pairs), default=0) + 2
    screen = console(sys.stdout) if sys.stdout.isatty() else None
    for name, text in pairs.pairs:
        if screen is None:
            click.echo(f"{name:{wide}}{inert(text)}".rstrip())
            continue
        from rich.text import Text

        first, *others = wrapped(inert(text), screen.width - wide)
        screen.print(Text.assemble((f"{name:{wide}}", "dim"), first.rstrip()), soft_wrap=True)
        for line in others:
            screen.print(Text(" " * wide + line), soft_wrap=True)
