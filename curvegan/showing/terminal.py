"""What a terminal reads: lines that fit it, and messages on stderr."""

import os
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

from curvegan.words import inert

if TYPE_CHECKING:
    from rich.console import Console

# As wide as no line is.
UNLIMITED_WIDTH = 100_000
_NARROWEST = 20
# A blank at which no line is parted, and the second cell of a wide character. No text has them that was made inert.
_KEPT, _FILLER = "\0", "\1"


def fitted(text: str, stream: TextIO) -> str:
    """Return the text inert, and for a terminal in lines that fit it."""
    text = inert(text)
    if not stream.isatty():
        return text
    size = shutil.get_terminal_size() if sys.stdout.isatty() else os.get_terminal_size(stream.fileno())
    return "\n".join(wrapped(text, size.columns, " " * (len(text) - len(text.lstrip()) + 2)))


def wrapped(text: str, room: int, indent: str = "") -> list[str]:
    """Return an inert text in lines of so many cells, parted at blanks, but at none of a command within backticks."""
    room = max(room, _NARROWEST)
    if width_of(text) <= room:
        return [text]
    if not text.isascii():  # a letter to a cell; one that is parted from its filler has the last cell for it
        text, room = "".join(c + _FILLER * (width_of(c) - 1) for c in text), room - 1
    whole = re.sub(f"`[^`]{{1,{room - 4}}}`", lambda command: command[0].replace(" ", _KEPT), text)
    lines = textwrap.wrap(whole, room, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace(_KEPT, " ").replace(_FILLER, "") for line in lines]


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def message(text: str) -> None:
    """Tell the user something that is no data."""
    print(fitted(text, sys.stderr), file=sys.stderr, flush=True)


def console(stream: TextIO) -> "Console":
    """Return a rich console that neither colours nor cuts what no terminal reads. NO_COLOR is rich's to obey."""
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream,
        width=None if terminal else UNLIMITED_WIDTH,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
