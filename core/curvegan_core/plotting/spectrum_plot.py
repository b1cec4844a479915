"""The eigenvalues of a training's step in the complex plane, beside the unit circle. Computes none."""

import numpy as np
from numpy.typing import NDArray

from curvegan_core.plotting.axes import GREY, Axes, Key, Marks, fitted
from curvegan_core.plotting.canvas import Box, drawable
from curvegan_core.plotting.picture import Picture
from curvegan_core.plotting.ticks import round_ticks
from curvegan_core.spectrum import Spectrum

_VALUES, _CIRCLE = "#1F77C9", GREY
_LEFT, _RIGHT = (81, 58, 431, 408), (551, 58, 901, 408)
# Those that belong to what slowly changes; the others are of what an optimiser forgets within a few steps.
_SLOW = 0.5


def spectrum_picture(title: str, spectrum: Spectrum) -> Picture:
    """Draw all eigenvalues with the unit circle, and those near 1 once more, as far from 1 as they are."""
    slow = spectrum.values[np.abs(spectrum.values) > _SLOW] - 1
    reach = 1.2 * float(np.abs(slow).max(initial=0)) or 1.0
    whole = _panel(_LEFT, "all", spectrum.values, 0, max(1.15, 1.1 * spectrum.radius))
    near = _panel(_RIGHT, "near 1, less 1", slow, 1, reach)
    facts = f"step {spectrum.step:,}    largest {spectrum.radius:.6g}    {spectrum.growing} outside the unit circle"
    keys = [Key("eigenvalues of a step", _VALUES, 3, "dots"), Key("unit circle", _CIRCLE, 1)]
    return Picture(
        930, 532, drawable(title), facts, fitted([whole, near], [(6, 4, 468, 475), (474, 4, 926, 475)]), keys
    )


def _panel(box: Box, title: str, values: NDArray[np.complex128], centre: float, reach: float) -> Axes:
    """Draw values and the unit circle, both less `centre`, on a square of twice this reach."""
    limits = (-reach, reach)
    # As much of the circle as the square shows, so that it is round in a square of any size.
    half = min(np.pi, 3 * reach)
    angle = np.linspace(-half, half, 721)
    circle = Marks("circle", np.cos(angle) - centre, np.sin(angle)[None], _CIRCLE, 1)
    dots = Marks("values", values.real, values.imag[None], _VALUES, 4, 0.8, dots=True)
    grid = round_ticks(limits, 4)
    return Axes(
        box, limits, limits, [circle, dots], title=title, label_x="real", label_y="imaginary" if centre == 0 else "",
        grid_x=grid, grid_y=grid, one_scale=True,
    )  # fmt: skip
