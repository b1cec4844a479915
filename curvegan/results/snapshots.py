"""The snapshots of a job: the curves that it generated along its way from the same latents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from curvegan.results.table import Table
from curvegan.words import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curvegan_core.records.loss_curve import Snapshot


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

    @classmethod
    def of_rows(cls, stored: "Sequence[Snapshot]", x: "NDArray[Any]") -> Self:
        """Return those that a store holds of a job, one or more."""
        import numpy as np

        names = list(dict.fromkeys(name for snapshot in stored for name in snapshot.metrics))
        kinds: dict[str, Any] = {"step": int, **dict.fromkeys(names, float)}
        rows = [{"step": snapshot.step, **dict.fromkeys(names), **snapshot.metrics} for snapshot in stored]
        steps = np.array([snapshot.step for snapshot in stored], np.int64)
        curves = np.stack([snapshot.curves for snapshot in stored])
        return cls(steps, curves, x, Table.of_rows(rows, kinds, plural(len(stored), "snapshot")))

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
