"""A picture that a notebook shows, and that is written to a file."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from curvegan.given import file_of, whole, written
from curvegan.words import inert

# Letters of fewer pixels to the inch cannot be read, and more than these no printer has.
DPI = 50, 600


class Picture:
    """A plot: shown by a notebook as SVG or PNG, written by `save`. It is drawn when it is first looked at."""

    def __init__(self, title: str, draw: Callable[[str, int | None], bytes]) -> None:
        """Make it; `draw` returns the bytes of a form, "png", "svg" or "pdf", with pixels to the inch for a PNG."""
        self.title = title
        self._draw = cache(draw)

    @property
    def png(self) -> bytes:
        """The bytes of its PNG file."""
        return self._draw("png", None)

    @property
    def svg(self) -> str:
        """The text of its SVG file."""
        return self._draw("svg", None).decode()

    def save(self, path: str | Path, dpi: int | None = None) -> Path:
        """Write it as a .png, .svg or .pdf file, over one that is there. Returns the path. Raises InvalidInput."""
        from curvegan_core.errors import InvalidInput

        form = (path := file_of(path)).suffix.removeprefix(".").lower()
        if form not in ("png", "svg", "pdf"):
            raise InvalidInput(f"{path} is no picture's name: it ends in .png, .svg or .pdf")
        return written(path, self._draw(form, None if dpi is None else whole(dpi, "dpi", *DPI)))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from base64 import b64encode

        return {"image/png": b64encode(self.png).decode(), "image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Picture: {inert(self.title)}; .save(path) writes it as .png, .svg or .pdf>"
