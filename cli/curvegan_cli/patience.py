"""Patience of the commands that follow jobs with a database that is away for a while. Knows no job."""

import time
from collections.abc import Callable
from typing import TypeVar

from curvegan_cli.shown.output import message

PATIENCE_S = 300.0
_RETRY_S = 1.0
T = TypeVar("T")


def patiently(look: Callable[[], T]) -> T:
    """Look; while the database is away look again, and say so in two lines. Raises DatabaseUnreachable in the end."""
    from curvegan_db.errors import DatabaseUnreachable

    since = None
    while True:
        try:
            found = look()
        except DatabaseUnreachable as error:
            since = since or _gone(error)
            if time.monotonic() - since > PATIENCE_S:
                raise
            time.sleep(_RETRY_S)
        else:
            if since:
                message(f"The database is back after {time.monotonic() - since:.0f} s.")
            return found


def _gone(error: Exception) -> float:
    message(f"Warning: {error}; trying again for {PATIENCE_S:.0f} s.")
    return time.monotonic()
