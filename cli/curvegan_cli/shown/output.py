"""What a command prints: data on stdout as a table, JSON or CSV, messages on stderr, foreign text made inert.

Knows nothing of jobs.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

# No line of a table that goes to a file or a pipe is ever cut or wrapped.
_UNLIMITED_WIDTH = 100_000
_GAP = 3


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


def format_option(*formats: str) -> Callable[[Any], Any]:
    """Add `-o`, the form of what goes to stdout; the first form is the default."""
    return click.option(
        "-o", "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True, help="Form of it."
    )


quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print ids only, one a line.")


def inert(text: str) -> str:
    """The text with all that could steer a terminal (controls, escapes, text direction) spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def message(text: str) -> None:
    """Tell the user something that is no data."""
    click.echo(inert(text), err=True)


def print_ids(ids: Iterable[int]) -> None:
    for job_id in ids:
        click.echo(job_id)


def print_json(value: Any) -> None:
    """One JSON value, ASCII only: names in it can steer no terminal either."""
    import json

    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """The value in JSON's own types: times as ISO 8601 in UTC, numbers that are not finite as null."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_csv(header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """A header and rows, commas between, `\\n` at the ends; an absent value is empty."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(cell) for cell in header])
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)


def csv_cell(cell: object) -> object:
    """A cell that can steer no terminal."""
    if isinstance(cell, datetime):
        return plain(cell)
    return inert(cell) if isinstance(cell, str) else cell


def console(stream: TextIO) -> "Console":
    """A rich console that neither colours nor cuts what no terminal reads. NO_COLOR is rich's to obey."""
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


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> "Table":
    """A rich table whose cells are text, never markup, of as many of the columns as the terminal has room for."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    lines = [[inert(cell) for cell in row] for row in rows]
    shown = [[column.heading for column in columns], *lines]
    widths = [max(cell_len(line[place]) for line in shown) for place in range(len(columns))]
    least = [min(width, c.least) if c.folds else width for c, width in zip(columns, widths, strict=True)]
    kept, narrow = _kept(columns, least, console(sys.stdout).width)
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1 - narrow))
    for place in kept:
        side: JustifyMethod = "right" if columns[place].right else "left"
        grid.add_column(columns[place].heading, justify=side, overflow="fold", min_width=least[place])
    for line in lines:
        grid.add_row(*(Text(line[place], style=columns[place].style(line[place])) for place in kept))
    return grid


def _kept(columns: Sequence[Column], least: Sequence[int], room: int) -> tuple[list[int], bool]:
    """Places of the columns that fit, and whether even they do only close together."""
    kept = list(range(len(columns)))
    for place in sorted(kept, key=lambda place: -columns[place].spare):
        if columns[place].spare and _wide(kept, least) > room:
            kept.remove(place)
    return kept, _wide(kept, least) > room


def _wide(kept: Sequence[int], least: Sequence[int]) -> int:
    return sum(least[place] + _GAP for place in kept) - _GAP


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    print_grid(table(columns, rows))


def print_grid(grid: "Table") -> None:
    """To a terminal as rich draws it, unless it would cut; elsewhere without the blanks that fill up the columns."""
    screen = console(sys.stdout)
    if screen.is_terminal:
        unlimited = screen.options.update(width=_UNLIMITED_WIDTH)
        screen.width = max(screen.width, screen.measure(grid, options=unlimited).minimum)
        screen.print(grid)
        return
    with screen.capture() as capture:
        screen.print(grid)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """A name and what is said of it, a line each."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in pairs:
        grid.add_row(Text(name, style="dim"), Text(inert(text)))
    print_grid(grid)


def number(value: float | None, digits: int = 4) -> str:
    """A figure for a table; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"


def age(since: datetime | None, now: datetime) -> str:
    """The time since, in its largest unit; a clock that is behind the database's gives no negative age."""
    if since is None:
        return "-"
    seconds = max(0.0, (now - since).total_seconds())
    return duration(seconds)


def duration(seconds: float) -> str:
    """Seconds in the largest unit that fits, as in `42 s`, `5 min`, `3 h`, `2 d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
