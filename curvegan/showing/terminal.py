"""What a terminal reads: text that is made inert, and messages on stderr."""

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# As wide as no line is.
UNLIMITED_WIDTH = 100_000


def inert(text: str) -> str:
    """Return the text with all that could steer a terminal (controls, escapes, text direction) spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def message(text: str) -> None:
    """Tell the user something that is no data."""
    print(inert(text), file=sys.stderr, flush=True)


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
