"""A picture painted with one of matplotlib's renderers. Here in pixels, with Agg: a PNG file.

Called directly they take a tenth of the time of matplotlib's figures, which lay out every text and walk through
hundreds of artists for each picture. Places are the same for all kinds of files: pixels of a 120th of an inch, from the
lower left corner.
"""

import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from math import ceil
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import NDArray

DPI = 120
# Of the font's size. Texts are placed by the height of its digits, so that their lines do not jump with an "y" or "b".
DIGIT_HEIGHT = 0.729
_FONT = "DejaVu Sans"
_MOST_TEXTS = 1024
_Agg: Any = RendererAgg  # matplotlib has no types for it

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""


class Canvas(ABC):
    """A white sheet. Sizes of lines, dots and letters are in points, places in pixels of a 120th of an inch.

    A kind of sheet has a renderer, `_factor` units of which are a pixel, and paints rules and texts its own way.
    """

    def __init__(self, renderer: Any, factor: float) -> None:
        self._renderer, self._factor = renderer, factor
        self._scaled = Affine2D().scale(factor)

    @abstractmethod
    def rule(self, x: tuple[float, float], y: tuple[float, float], colour: str) -> None:
        """Fill from pixel to pixel, both inclusive: a line as thin as can be, and sharp."""

    @abstractmethod
    def text(
        self, anchor: tuple[float, float], text: str, size: float, colour: str, along: float = 0, up: float = 0
    ) -> None:
        """Write a line: `along` of its length lies left of the anchor, `up` of a digit's height below it."""

    @abstractmethod
    def upright(self, anchor: tuple[float, float], text: str, size: float, colour: str) -> None:
        """Write a line from below upwards, its middle at the anchor and its base right of it."""

    def lines(
        self,
        lines: Sequence[NDArray[np.float64]],
        colour: str,
        width: float,
        box: Box,
        alpha: float = 1,
        dashed: bool = False,
    ) -> None:
        """Draw lines, each (points, 2), as far as they lie in the box."""
        pen = self._pen(colour, width, box, alpha)
        if dashed:
            pen.set_dashes(0, [4 * width, 3 * width])
        for line in lines:
            self._renderer.draw_path(pen, Path(line), self._scaled)

    def fill(self, outline: NDArray[np.float64], colour: str, box: Box) -> None:
        """Fill what an outline (points, 2) encloses, as far as it lies in the box."""
        known = outline[np.isfinite(outline).all(axis=1)]
        if len(known):
            self._renderer.draw_path(self._pen(colour, 0, box, 1), Path(known), self._scaled, to_rgb(colour))

    def dots(self, centres: NDArray[np.float64], colour: str, size: float, box: Box, alpha: float = 1) -> None:
        """Draw a dot at each of the centres (n, 2), as far as they lie in the box."""
        pen = self._pen(colour, 0, box, alpha)
        disc = Affine2D().scale(pixels(size) / 2 * self._factor)
        self._renderer.draw_markers(pen, Path.unit_circle(), disc, Path(centres), self._scaled, to_rgb(colour))

    def _pen(self, colour: str, width: float, box: Box, alpha: float) -> GraphicsContextBase:
        pen: GraphicsContextBase = self._renderer.new_gc()
        pen.set_foreground(colour)
        pen.set_alpha(alpha)
        pen.set_linewidth(width)
        pen.set_joinstyle("round")
        pen.set_clip_rectangle(Bbox.from_extents(*(self._factor * edge for edge in box)))
        return pen


class Pixels(Canvas):
    """A sheet of pixels, `dpi` to the inch: a PNG file."""

    def __init__(self, width: int, height: int, dpi: int = DPI) -> None:
        factor = dpi / DPI
        super().__init__(_Agg(round(width * factor), round(height * factor), dpi), factor)
        self._dpi = dpi
        self._pixels: NDArray[np.uint8] = np.asarray(self._renderer.buffer_rgba())
        self._pixels[:] = 255

    def rule(self, x: tuple[float, float], y: tuple[float, float], colour: str) -> None:
        """Fill from pixel to pixel, both inclusive: a line as thin as can be, and sharp."""
        height = len(self._pixels)
        (left, right), (bottom, top) = self._span(x), self._span(y)
        self._pixels[height - top : height - bottom, left:right, :3] = _bytes(colour)

    def text(
        self, anchor: tuple[float, float], text: str, size: float, colour: str, along: float = 0, up: float = 0
    ) -> None:
        """Write a line: `along` of its length lies left of the anchor, `up` of a digit's height below it."""
        letters, base = _letters(text, size, self._dpi)
        x = self._factor * anchor[0] - along * (letters.shape[1] - 2)
        y = self._factor * (anchor[1] - up * DIGIT_HEIGHT * pixels(size))
        self._stamp(letters, round(x) - 1, len(self._pixels) - round(y) - base, colour)

    def upright(self, anchor: tuple[float, float], text: str, size: float, colour: str) -> None:
        """Write a line from below upwards, its middle at the anchor and its base right of it."""
        letters, base = _letters(text, size, self._dpi)
        turned = np.rot90(letters)
        x, y = self._factor * anchor[0], self._factor * anchor[1]
        self._stamp(turned, round(x) - base, len(self._pixels) - round(y + len(turned) / 2), colour)

    def to_bytes(self) -> bytes:
        """Return the PNG file."""
        height, width, _ = self._pixels.shape
        rows = np.zeros((height, 1 + 3 * width), np.uint8)
        for colour in range(3):  # one after the other: numpy takes four times as long over all three at once
            rows[:, 1 + colour :: 3] = self._pixels[:, :, colour]
        # Each row less the one above: what Pillow finds by trying five filters, in a quarter of the time.
        rows[1:, 0] = 2
        rows[1:, 1:] -= rows[:-1, 1:].copy()
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks(width, height, self._dpi, rows))

    def _span(self, ends: tuple[float, float]) -> tuple[int, int]:
        """Return the first pixel of ours from one to another of 120 to the inch, and the one behind the last."""
        first, last = round(ends[0]), round(ends[1])
        start = round(self._factor * first)
        thin = max(1, round(self._factor))
        return start, start + thin if first == last else round(self._factor * (last + 1))

    def _stamp(self, letters: NDArray[np.float32], x: int, row: int, colour: str) -> None:
        """Lay a colour over the pixels as densely as the letters say; what is outside is cut off."""
        height, width, _ = self._pixels.shape
        cut = letters[max(-row, 0) : max(height - row, 0), max(-x, 0) : max(width - x, 0), None]
        under = self._pixels[max(row, 0) :, max(x, 0) :, :3][: cut.shape[0], : cut.shape[1]]
        under[...] = np.rint(under + cut * (_bytes(colour) - under))


def pixels(points: float) -> float:
    """Return a size in points as pixels."""
    return points * DPI / 72


def text_width(text: str, size: float) -> int:
    """Return how many pixels a line of text takes."""
    return int(_letters(text, size, DPI)[0].shape[1]) - 2


def cut(text: str, size: float, width: float) -> str:
    """Return a line of text, its end replaced by an ellipsis where it takes more than so many pixels.

    A word with digits in it goes whole: what is left of a number would be another number.
    """
    shown = len(text)
    while shown and text_width(_ended(text, shown), size) > width:
        shown = min(shown - 1, int(shown * width / text_width(_ended(text, shown), size)))
    return _ended(text, shown)


def _ended(text: str, shown: int) -> str:
    if shown == len(text):
        return text
    left, rest = text[:shown], text[shown:].split(" ")[0]
    before, _, word = left.rpartition(" ")
    return f"{(before if before and rest and any(map(str.isdigit, word + rest)) else left).rstrip()}…"


def drawable(text: str) -> str:
    """Write "?" for a character that the font lacks."""
    letters = get_font(findfont(_FONT))
    return "".join(letter if letters.get_char_index(ord(letter)) else "?" for letter in text)


@cache
def _bytes(colour: str) -> NDArray[np.float32]:
    return 255 * np.array(to_rgb(colour), np.float32)


@lru_cache(maxsize=64)
def font(size: float) -> FontProperties:
    """Return the font of a size in points."""
    return FontProperties(family=_FONT, size=size)


@lru_cache(maxsize=_MOST_TEXTS)
def _letters(text: str, size: float, dpi: int) -> tuple[NDArray[np.float32], int]:
    """Return how densely each pixel of a line of text is covered, 0 to 1, and how many rows are above its base."""
    above, below = ceil(1.2 * size * dpi / 72), ceil(0.4 * size * dpi / 72)
    width, _, _ = _Agg(1, 1, dpi).get_text_width_height_descent(text, font(size), ismath=False)
    sheet = _Agg(ceil(width) + 2, above + below, dpi)
    sheet.draw_text(sheet.new_gc(), 1, above, text, font(size), 0)
    covered: NDArray[np.uint8] = np.asarray(sheet.buffer_rgba())[:, :, 3]
    return covered.astype(np.float32) / np.float32(255), above


def _chunks(width: int, height: int, dpi: int, rows: NDArray[np.uint8]) -> Iterator[bytes]:
    """Yield the parts of a PNG file behind its signature: eight bits a colour, no transparency, not interlaced."""
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    data = packer.compress(rows.data) + packer.flush()
    per_metre = round(dpi / 0.0254)
    yield from map(
        _chunk,
        (b"IHDR", b"pHYs", b"IDAT", b"IEND"),
        (
            struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
            struct.pack(">IIB", per_metre, per_metre, 1),
            data,
            b"",
        ),
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
