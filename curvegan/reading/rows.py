"""Rows of numbers made into curves of one length without gaps: left out, interpolated, resampled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curvegan.reading.axis import even
from curvegan.reading.table import Values
from curvegan.reading.wishes import Wishes
from curvegan_core.errors import DatasetRefused

Said = list[tuple[str, str]]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
_LOBES = 3


@dataclass(frozen=True)
class Curves:
    """Rows (curves, points), NaN where a value is missing, and what the file says of them.

    `names` says what to call each row in a message, `place` where a point of it stands; `lengths` is how many points
    each has in the file.
    """

    rows: Values
    names: Sequence[str]
    lengths: Whole
    place: Callable[[int, int], str]
    columns: tuple[str, ...] = ()
    x: tuple[float, ...] = ()
    x_label: str = ""
    y_label: str = ""
    index: tuple[str, ...] = ()
    index_name: str = ""
    labels: tuple[str, ...] = ()
    label_name: str = ""
    unit: str = ""

    def kept(self, rows: Flags) -> "Curves":
        """Return those of the rows (curves,) that are kept."""
        chosen = np.flatnonzero(rows).tolist()
        return replace(
            self,
            rows=self.rows[chosen],
            names=[self.names[row] for row in chosen],
            lengths=self.lengths[chosen],
            place=lambda row, point: self.place(chosen[row], point),
            index=tuple(self.index[row] for row in chosen) if self.index else (),
            labels=tuple(self.labels[row] for row in chosen) if self.labels else (),
        )


def without_missing(curves: Curves, wishes: Wishes) -> tuple[Curves, Said]:
    """Fill in or leave out what is missing, as wished; what a row lacks at its end is left to `of_one_length`.

    Raises:
        DatasetRefused: a value is missing and nothing is wished; where.
    """
    empty = np.isnan(curves.rows)
    ends = np.minimum(curves.lengths, empty.shape[1] - np.argmin(empty[:, ::-1], axis=1))
    inside = np.arange(empty.shape[1]) < ends[:, None]
    gaps: Flags = empty & inside if wishes.resample or wishes.missing is None else empty
    wrong = np.asarray(gaps.any(axis=1))
    short = (curves.lengths if wishes.missing else ends) < empty.shape[1]
    if wishes.resample is None and short.any() and not wrong[: np.argmax(short)].any():
        raise DatasetRefused(_unequal(replace(curves, lengths=ends), int(np.argmax(short))))
    curves = replace(curves, lengths=ends) if wishes.resample else curves
    if not wrong.any():
        return curves, []
    row, point = (int(number) for number in np.unravel_index(np.argmax(gaps), gaps.shape))
    if wishes.missing is None:
        raise DatasetRefused(
            f"{curves.place(row, point)}: a value is missing; `--missing interpolate` fills it from its neighbours, "
            "`--missing drop` leaves such curves out"
        )
    if wishes.missing == "drop":
        return curves.kept(~wrong), [("left out", f"{_counted(wrong, 'curve')} with missing values")]
    return _interpolated(curves, gaps), [("missing", f"{_counted(gaps, 'value')} interpolated")]


def _counted(flags: Flags, thing: str) -> str:
    count = int(flags.sum())
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _unequal(curves: Curves, row: int) -> str:
    points = curves.rows.shape[1]
    longest = int(np.argmax(curves.lengths == points))
    return (
        f"{curves.names[row]} has {curves.lengths[row]} points, {curves.names[longest]} has {points}; "
        f"`--resample {min(points, 256)}` brings all curves to one length"
    )


def _interpolated(curves: Curves, gaps: Flags) -> Curves:
    rows, x = curves.rows.copy(), _rising(curves)
    for row in np.flatnonzero(gaps.any(axis=1)).tolist():
        known = ~np.isnan(rows[row])
        if known.sum() < 2:
            raise DatasetRefused(f"{curves.names[row]} has fewer than two values to interpolate between")
        rows[row, gaps[row]] = np.interp(x[gaps[row]], x[known], rows[row, known])
    return replace(curves, rows=rows)


def _rising(curves: Curves) -> Values:
    """Return the abscissas, turned where they fall."""
    x = np.array(curves.x or range(curves.rows.shape[1]), np.float64)
    return x if x[-1] > x[0] else -x


def of_one_length(curves: Curves, points: int | None) -> tuple[Curves, Said]:
    """Bring all curves to so many points; as they are without a wish, or where they have that many already.

    Raises:
        DatasetRefused: a row has fewer than two points.
    """
    if points is None or ((curves.lengths == points).all() and curves.rows.shape[1] == points):
        return curves, []
    if (curves.lengths < 2).any():
        raise DatasetRefused(f"{curves.names[int(np.argmax(curves.lengths < 2))]} has fewer than 2 points")
    rows = np.empty((len(curves.rows), points))
    shortest, longest = int(curves.lengths.min()), int(curves.lengths.max())
    x = _rising(curves) if shortest == longest else np.arange(longest, dtype=np.float64)
    for length in np.unique(curves.lengths).tolist():
        same = curves.lengths == length
        rows[same] = resampled(_evenly(curves.rows[same, :length], x[:length]), points)
    ends = (curves.x[0], curves.x[-1]) if curves.x and shortest == longest else None
    axis = tuple(np.linspace(*ends, points).tolist()) if ends else ()
    columns = tuple(f"{value:.15g}" for value in axis)
    said = f"{shortest} points" if shortest == longest else f"{shortest} to {longest} points"
    label = curves.x_label if axis else ""
    curves = replace(curves, rows=rows, columns=columns, x=axis, x_label=label, lengths=np.full(len(rows), points))
    return curves, [("resampled", f"{said} to {points}, from end to end of each curve")]


def _evenly(rows: Values, x: Values) -> Values:
    """Return curves (n, points) at even abscissas, as many as the closest of theirs need."""
    if even(x):
        return rows
    count = min(int(np.ceil((x[-1] - x[0]) / np.diff(x).min())) + 1, 8 * len(x))
    return np.stack([np.interp(np.linspace(x[0], x[-1], count), x, row) for row in rows])


def resampled(rows: Values, points: int) -> Values:
    """Return curves (n, points) of another number of evenly spaced points, both ends kept, without aliases.

    Each new point is a mean of the old ones near it, weighted by a Lanczos window that is as wide as the new points lie
    apart (Duchon 1979, doi:10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2). Beyond its ends a curve goes on as its
    own image, turned about its last point, so that a straight line stays one to a part in a million. As many points as
    there are stay as they are.
    """
    if points == rows.shape[1]:
        return rows
    stride = (rows.shape[1] - 1) / (points - 1)
    scale = max(stride, 1.0)
    reach = int(np.ceil(_LOBES * scale))
    padded = np.pad(rows, ((0, 0), (reach, reach)), mode="reflect", reflect_type="odd")
    result = np.empty((len(rows), points))
    for point in range(points):
        centre = point * stride
        first = max(int(np.floor(centre)) - reach + 1, -reach)
        old = np.arange(first, min(int(np.floor(centre)) + reach, rows.shape[1] - 1 + reach) + 1)
        distance = (old - centre) / scale
        weights = np.sinc(distance) * np.sinc(distance / _LOBES) * (np.abs(distance) < _LOBES)
        # In a fixed order: the last digits of a product of matrices are another machine's.
        shares = zip(old + reach, weights / weights.sum(), strict=True)
        result[:, point] = sum(share * padded[:, place] for place, share in shares)
    return result
