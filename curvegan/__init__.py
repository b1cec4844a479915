"""The face: what a person imports. Commands stand on it. Importing it loads nothing heavy.

Its functions take a Lab or a Store and plain values, raise a CurveganError, print nothing and never exit.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvegan.lab import Lab

__all__ = ["Lab"]
_HOMES = {"Lab": "curvegan.lab"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for first."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'curvegan' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
