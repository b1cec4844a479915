"""A plot before it is painted, and the files that it is painted into."""

from collections.abc import Sequence
from dataclasses import dataclass

from curvegan_core.plotting.axes import GREY, INK, SMALL, Axes, Key, draw_keys
from curvegan_core.plotting.canvas import DPI, Canvas, Pixels, cut

FORMS = ("png", "svg", "pdf")
"""The kinds of files that a picture is written as."""


@dataclass(frozen=True)
class Picture:
    """A plot before it is painted. Width and height are in pixels."""

    width: int
    height: int
    title: str
    facts: str
    axes: Sequence[Axes]
    keys: Sequence[Key] = ()

    def to_bytes(self, form: str = "png", dpi: int | None = None) -> bytes:
        """Return the file: "png", of so many pixels to the inch (120 without it), "svg" or "pdf".

        Raises ValueError for another form.
        """
        if form not in FORMS:
            raise ValueError(f"no picture is written as {form!r}; there are {', '.join(FORMS)}")
        if form == "png":
            canvas = Pixels(self.width, self.height, dpi or DPI)
            self.paint(canvas)
            return canvas.to_bytes()
        from curvegan_core.plotting import vectors  # noqa: PLC0415  no worker waits for renderers that it does not use

        return (vectors.svg if form == "svg" else vectors.pdf)(self.width, self.height, self.paint)

    def paint(self, canvas: Canvas) -> None:
        """Paint it on a sheet. Titles that are wider than it are cut."""
        width = self.width - 30
        canvas.text((15, self.height - 12), cut(self.title, SMALL + 2, width), SMALL + 2, INK, up=1)
        canvas.text((15, self.height - 42), cut(self.facts, SMALL, width), SMALL, GREY, up=1)
        draw_keys(canvas, (self.width - 19, self.height - 68), self.keys)
        for axes in self.axes:
            axes.draw(canvas)
