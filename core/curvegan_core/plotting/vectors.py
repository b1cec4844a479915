"""Pictures of lines and letters, of any size: SVG and PDF files, by matplotlib's own renderers.

The same picture gives the same bytes. Letters are outlines in SVG, whose reader may lack the font, and an embedded
TrueType font in PDF, where they can be found and copied.
"""

import io
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_rgb
from matplotlib.path import Path

from curvegan_core.plotting.canvas import DIGIT_HEIGHT, DPI, Canvas, font

_POINTS = 72 / DPI
_SETTINGS: Any = {"svg.fonttype": "path", "svg.hashsalt": "curvegan", "svg.id": None, "pdf.fonttype": 42}
_PdfFile: Any = PdfFile  # matplotlib has no types for them
_RendererPdf: Any = RendererPdf
_RendererSVG: Any = RendererSVG


class _Vectors(Canvas):
    """A sheet of lines and letters, of any size. Its units are points."""

    def rule(self, x: tuple[float, float], y: tuple[float, float], colour: str) -> None:
        """Fill from pixel to pixel, both inclusive; what is no line a little beyond, so that no gap shines through."""
        left, right, bottom, top = round(x[0]), round(x[1]) + 1, round(y[0]), round(y[1]) + 1
        width = 0.2 if min(right - left, top - bottom) > 1 else 0
        pen = self._pen(colour, width, (left - 1, bottom - 1, right + 1, top + 1), 1)
        corners = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        self._renderer.draw_path(pen, Path(corners, closed=True), self._scaled, to_rgb(colour))

    def text(
        self, anchor: tuple[float, float], text: str, size: float, colour: str, along: float = 0, up: float = 0
    ) -> None:
        """Write a line: `along` of its length lies left of the anchor, `up` of a digit's height below it."""
        x = self._factor * anchor[0] - along * self._width(text, size)
        self._write((x, self._factor * anchor[1] - up * DIGIT_HEIGHT * size), text, size, colour, 0)

    def upright(self, anchor: tuple[float, float], text: str, size: float, colour: str) -> None:
        """Write a line from below upwards, its middle at the anchor and its base right of it."""
        y = self._factor * anchor[1] - self._width(text, size) / 2
        self._write((self._factor * anchor[0], y), text, size, colour, 90)

    def _width(self, text: str, size: float) -> float:
        return float(self._renderer.get_text_width_height_descent(text, font(size), False)[0])

    def _write(self, base: tuple[float, float], text: str, size: float, colour: str, angle: float) -> None:
        x, y = base
        pen = self._renderer.new_gc()
        pen.set_foreground(colour)
        down = self._renderer.height - y if self._renderer.flipy() else y
        with rc_context(_SETTINGS):
            self._renderer.draw_text(pen, x, down, text, font(size), angle)


class Svg(_Vectors):
    """An SVG file."""

    def __init__(self, width: int, height: int) -> None:
        self._file = io.StringIO()
        with rc_context(_SETTINGS):
            size = width * _POINTS, height * _POINTS
            super().__init__(_RendererSVG(*size, self._file, image_dpi=DPI, metadata={"Date": None}), _POINTS)
        self.rule((0, width), (0, height), "#FFFFFF")

    def to_bytes(self) -> bytes:
        """Return the SVG file."""
        self._renderer.finalize()
        return self._file.getvalue().encode()


class Pdf(_Vectors):
    """A PDF file of one page."""

    def __init__(self, width: int, height: int) -> None:
        self._file = io.BytesIO()
        with rc_context(_SETTINGS):
            self._document = _PdfFile(self._file, metadata={"CreationDate": None})
            self._document.newPage(width / DPI, height / DPI)
            super().__init__(_RendererPdf(self._document, DPI, height * _POINTS, width * _POINTS), _POINTS)

    def to_bytes(self) -> bytes:
        """Return the PDF file."""
        with rc_context(_SETTINGS):
            self._renderer.finalize()
            self._document.finalize()
            self._document.close()
        return self._file.getvalue()
