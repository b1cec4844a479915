"""The files that pages load. Rooms are for who reads them: a browser knows each by its name alone."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable


def _all_of(room: Traversable) -> Iterator[Traversable]:
    for path in room.iterdir():
        yield from _all_of(path) if path.is_dir() else (path,)


FILES = {path.name: path.read_bytes() for path in _all_of(files("curvegan_web") / "static")}
"""Every file by its name: nothing else can be asked for."""
