"""Values of the store in JSON's own types."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from curvegan.words import moment
from curvegan_web.views.asking import finite

# Beyond it a whole number is no number of a browser: seeds have 64 bits.
_EXACT = 2**53


def plain(value: Any) -> Any:
    """Return a value of the store, and all within it, as JSON has them; a whole number too large is a text."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return finite(value, 17)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < _EXACT else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
