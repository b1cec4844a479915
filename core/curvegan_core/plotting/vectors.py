"""Pictures of lines and letters, of any size: SVG and PDF files, by matplotlib's own renderers.

The same picture gives the same bytes. Letters are outlines in SVG, whose reader may lack the font, and an embedded
TrueType font in PDF, where they can be found and copied.
"""

import io
from collections.abc import Callable
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_rgb
from matplotlib.path import Path

from curvegan_core.plotting.canvas import DIGIT_HEIGHT, DPI, Canvas, font, text_width

_POINTS = 72 / DPI
_SETTINGS: Any = {"svg.fonttype": "path", "svg.hashsalt": "curvegan", "svg.id": None, "pdf.fonttype": 42}
_PdfFile: Any = PdfFile  # matplotlib has no types for them
_RendererPdf: Any = RendererPdf
_RendererSVG: Any = RendererSVG


class _Vectors(Canvas):
    """A sheet of lines and letters. Its units are points."""

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
        size = self._fitting(text, size)
        x = self._factor * anchor[0] - along * self._width(text, size)
        self._write((x, self._factor * anchor[1] - up * DIGIT_HEIGHT * size), text, size, colour, 0)

    def upright(self, anchor: tuple[float, float], text: str, size: float, colour: str) -> None:
        """Write a line from below upwards, its middle at the anchor and its base right of it."""
        size = self._fitting(text, size)
        y = self._factor * anchor[1] - self._width(text, size) / 2
        self._write((self._factor * anchor[0], y), text, size, colour, 90)

    def _fitting(self, text: str, size: float) -> float:
        """Return a size that takes no more room than the same text in pixels, whose letters are hinted."""
        width = self._width(text, size)
        return size * min(1, self._factor * text_width(text, size) / width) if width else size

    def _width(self, text: str, size: float) -> float:
        return float(self._renderer.get_text_width_height_descent(text, font(size), False)[0])

    def _write(self, base: tuple[float, float], text: str, size: float, colour: str, angle: float) -> None:
        x, y = base
        pen = self._renderer.new_gc()
        pen.set_foreground(colour)
        down = self._renderer.height - y if self._renderer.flipy() else y
        self._renderer.draw_text(pen, x, down, text, font(size), angle)


def svg(width: int, height: int, paint: Callable[[Canvas], None]) -> bytes:
    """Return what is painted, of so many pixels, as an SVG file."""
    file = io.StringIO()
    with rc_context(_SETTINGS):
        renderer = _RendererSVG(width * _POINTS, height * _POINTS, file, image_dpi=DPI, metadata={"Date": None})
        canvas = _Vectors(renderer, _POINTS)
        canvas.rule((0, width), (0, height), "#FFFFFF")
        paint(canvas)
        renderer.finalize()
    return file.getvalue().encode()


def pdf(width: int, height: int, paint: Callable[[Canvas], None]) -> bytes:
    """Return what is painted, of so many pixels, as a PDF file of one page."""
    file = io.BytesIO()
    with rc_context(_SETTINGS):
        document = _PdfFile(file, metadata={"CreationDate": None})
        document.newPage(width / DPI, height / DPI)
        renderer = _RendererPdf(document, DPI, height * _POINTS, width * _POINTS)
        paint(_Vectors(renderer, _POINTS))
        renderer.finalize()
        document.finalize()
        document.close()
    return file.getvalue()
