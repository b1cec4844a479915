"""What a command prints: one answer on stdout as a table, lines, JSON, CSV or ids, messages on stderr.

Foreign text is made inert.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from curvegan.words import moment, number

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

# No line of a table that goes to a file or a pipe is ever cut or wrapped.
_UNLIMITED_WIDTH = 100_000
_GAP = 3
# Where -q is kept until -o is read.
_QUIET = "curvegan_cli.quiet"


class Column(NamedTuple):
    """A column of a table: its heading, its side, and the rich style of a cell.

    A narrow terminal may fold it if it `folds`, to `least` characters, and goes without the `spare` ones, the highest
    first.
    """

    heading: str
    right: bool = False
    folds: bool = False
    least: int = 8
    spare: int = 0
    style: Callable[[str], str] = lambda _: ""


class Grid(NamedTuple):
    """A table for people: columns and rows of values, which `cell` writes out; and a remark on stderr below it."""

    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    remark: str = ""


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


def inert(text: str) -> str:
    """Return the text with all that could steer a terminal (controls, escapes, text direction) spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def message(text: str) -> None:
    """Tell the user something that is no data."""
    click.echo(inert(text), err=True)


def messages(texts: Iterable[str]) -> None:
    """Tell the user several such things, a line each."""
    for text in texts:
        message(text)


def _print_text(parts: Iterable[Grid | Pairs | str]) -> None:
    for part in parts:
        if isinstance(part, str):
            click.echo(inert(part))
        elif isinstance(part, Pairs):
            _print_table(_pairs_table(part))
        else:
            _print_table(table(part))
            if part.remark:
                message(part.remark)


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


def console(stream: TextIO) -> "Console":
    """Return a rich console that neither colours nor cuts what no terminal reads. NO_COLOR is rich's to obey."""
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream,
        width=None if terminal else _UNLIMITED_WIDTH,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        markup=False,
        highlight=False,
        emoji=False,
    )


def table(grid: Grid) -> "Table":
    """Return a rich table whose cells are text, never markup, of as many columns as the terminal has room for."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    columns, lines = grid.columns, [[inert(cell(value)) for value in row] for row in grid.rows]
    headed = [[column.heading for column in columns], *lines]
    widths = [max(cell_len(line[index]) for line in headed) for index in range(len(columns))]
    least = [min(width, c.least) if c.folds else width for c, width in zip(columns, widths, strict=True)]
    kept, narrow = _kept(columns, least, console(sys.stdout).width)
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1 - narrow))
    for index in kept:
        side: JustifyMethod = "right" if columns[index].right else "left"
        drawn.add_column(columns[index].heading, justify=side, overflow="fold", min_width=least[index])
    for line in lines:
        drawn.add_row(*(Text(line[index], style=columns[index].style(line[index])) for index in kept))
    return drawn


def _kept(columns: Sequence[Column], least: Sequence[int], room: int) -> tuple[list[int], bool]:
    """Return the indices of the columns that fit, and whether even they do only close together."""
    kept = list(range(len(columns)))
    for index in sorted(kept, key=lambda index: -columns[index].spare):
        if columns[index].spare and _wide(kept, least) > room:
            kept.remove(index)
    return kept, _wide(kept, least) > room


def _wide(kept: Sequence[int], least: Sequence[int]) -> int:
    return sum(least[index] + _GAP for index in kept) - _GAP


def _pairs_table(pairs: Pairs) -> "Table":
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, text in pairs.pairs:
        drawn.add_row(Text(name, style="dim"), Text(inert(text)))
    return drawn


def _print_table(drawn: "Table") -> None:
    """Print as rich draws it, unless it would cut; to no terminal without the blanks that fill up the columns."""
    screen = console(sys.stdout)
    if screen.is_terminal:
        unlimited = screen.options.update(width=_UNLIMITED_WIDTH)
        screen.width = max(screen.width, screen.measure(drawn, options=unlimited).minimum)
        screen.print(drawn)
        return
    with screen.capture() as capture:
        screen.print(drawn)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))
