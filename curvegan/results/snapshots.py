"""The snapshots of a job: the curves that it generated along its way from the same latents."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curvegan.results.table import Table
from curvegan.words import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Snapshots:
    """Curves (snapshots, 32, points) in units of y at `steps` (snapshots,); x of their points is `x` (points,).

    Of points of the plane there are more than 32. numpy takes it for the array of its curves; iterating gives pairs of
    a step and its curves.
    """

    steps: "NDArray[Any]"
    curves: "NDArray[Any]"
    x: "NDArray[Any]"
    metrics: Table

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> "Iterator[tuple[int, NDArray[Any]]]":
        """Yield each step with its curves."""
        return zip(self.steps.tolist(), self.curves, strict=True)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "NDArray[Any]":
        import numpy as np

        return np.array(self.curves, dtype) if copy or dtype else self.curves

    def __repr__(self) -> str:
        return f"<{plural(len(self), 'snapshot')}, curves {self.curves.shape}, steps {self.steps.tolist()}>"
