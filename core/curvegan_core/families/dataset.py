"""Your own curves: checked, named by their content, and how a store keeps them. Knows nothing of files.

One curve a row, 2 to 256 points, all of one length. Training sees the values with mean 0 and standard deviation 1; one
mean and one deviation for the whole set, so that curves keep their shape. A config holds `parameters`: the content's
hash and those two numbers, which is all that samples and plots need to be mapped back.
"""

import hashlib
import io
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config import curve as parameters
from curvegan_core.errors import DatasetRefused
from curvegan_core.families.description import NOTHING_SAID, Description
from curvegan_core.families.front import components_of

LEAST_POINTS, MOST_POINTS = 2, 256
MOST_ROWS = 100_000
MOST_VALUES = 4_000_000
MOST_BYTES = 128 * 1024 * 1024

Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Curves in the units of their file, float64 (rows, points). Made by `checked` or `from_bytes`, which check them.

    `labels` says of what class each row is; it is empty where nothing is known. Rows and labels are the content: they
    are hashed and stored as bytes. The description is beside it, and may change.
    """

    rows: Rows
    labels: tuple[str, ...] = ()
    description: Description = NOTHING_SAID

    @classmethod
    def from_bytes(cls, data: bytes, description: Description = NOTHING_SAID) -> Self:
        """Read what `to_bytes` wrote. Raises DatasetRefused when it is damaged."""
        stream = io.BytesIO(data)
        rows = read_npy(stream)
        return cls.checked(rows, _labels(stream.read(), len(rows)), description)

    @classmethod
    def checked(
        cls,
        rows: Rows,
        labels: Sequence[str] = (),
        description: Description = NOTHING_SAID,
        names: Sequence[str] = (),
    ) -> Self:
        """Take rows (rows, points) that can be trained on; `names` says what to call each, "line 7", in a refusal.

        Raises:
            DatasetRefused: the first row that cannot, and why.
        """
        check_shape(*rows.shape)
        _refuse(~np.isfinite(rows), rows, names, "is not a finite number")
        _refuse(np.abs(rows) > parameters.MOST_SIZE, rows, names, f"is beyond {parameters.MOST_SIZE:g}")
        flat = np.ptp(rows, axis=1) == 0
        # Two equal numbers are a point of the plane as good as any.
        if rows.shape[1] > 2 and flat.any():
            row = _row_name(names, int(np.argmax(flat)))
            raise DatasetRefused(f"{row} is constant: a curve has at least two different values")
        if np.std(rows) < parameters.LEAST_SCALE:
            raise DatasetRefused(f"all values lie within {parameters.LEAST_SCALE:g} of each other; use larger units")
        # Adding zero turns -0 into 0, so that equal rows have equal bytes.
        return cls(np.ascontiguousarray(rows, np.float64) + 0.0, tuple(labels), description)

    @property
    def points(self) -> int:
        """Points of each curve."""
        return int(self.rows.shape[1])

    @property
    def x(self) -> NDArray[np.float64]:
        """The abscissas of the points, (points,): the file's, or their numbers from 1."""
        return np.array(self.description.x or range(1, self.points + 1), np.float64)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the content: the same rows have the same name, whatever file they came in."""
        shape = f"{self.rows.shape[0]}x{self.points}:".encode()
        return hashlib.sha256(shape + self.rows.astype("<f8").tobytes() + self._label_bytes).hexdigest()

    @cached_property
    def parameters(self) -> parameters.Data:
        """What a config holds of this set: `TrainConfig(curve=dataset.parameters, points=dataset.points)`."""
        mean, scale = float(np.mean(self.rows)), float(np.std(self.rows))
        components = components_of((self.rows - mean) / scale)
        counts = "/".join(str(count) for count in self.learnt.values())
        return parameters.Data(hash=self.hash, mean=mean, scale=scale, components=components, labels=counts)

    @property
    def learnt(self) -> dict[str, int]:
        """The labels that a training learns, sorted, and how many rows each has; none where there are too few rows."""
        counts = dict(sorted(Counter(self.labels).items()))
        enough = 2 <= len(counts) <= parameters.MOST_LABELS and min(counts.values()) >= parameters.LEAST_LABELLED
        return counts if enough else {}

    @property
    def standardised(self) -> NDArray[np.float32]:
        """The rows as training sees them, (rows, points)."""
        return ((self.rows - self.parameters.mean) / self.parameters.scale).astype(np.float32)

    def to_bytes(self) -> bytes:
        """Write a .npy file of little-endian float64, and behind it the labels, if any, as one JSON list."""
        stream = io.BytesIO()
        np.lib.format.write_array(stream, self.rows.astype("<f8"), version=(1, 0), allow_pickle=False)
        return stream.getvalue() + self._label_bytes

    @property
    def _label_bytes(self) -> bytes:
        return json.dumps(self.labels).encode() if self.labels else b""


def _labels(data: bytes, rows: int) -> list[str]:
    if not data:
        return []
    try:
        labels = json.loads(data)
    except ValueError:
        raise DatasetRefused(f"the last {len(data)} bytes are no labels") from None
    if not isinstance(labels, list) or len(labels) != rows or not all(isinstance(label, str) for label in labels):
        raise DatasetRefused(f"the labels are not {rows} texts")
    return labels


def check_shape(rows: int, points: int) -> None:
    """Raise DatasetRefused unless a data set can have as many rows of as many points."""
    if not LEAST_POINTS <= points <= MOST_POINTS:
        more = f"; `--resample {MOST_POINTS}` makes fewer of them" if points > MOST_POINTS else ""
        raise DatasetRefused(f"row 1 has {points} points; a curve has {LEAST_POINTS} to {MOST_POINTS}{more}")
    if rows < 2:
        raise DatasetRefused(f"a data set has at least 2 rows, one curve each; this one has {rows or 'none'}")
    if rows > MOST_ROWS:
        raise DatasetRefused(f"row {MOST_ROWS + 1:,} is one too many: a data set has at most {MOST_ROWS:,} rows")
    if rows * points > MOST_VALUES:
        row = MOST_VALUES // points + 1
        raise DatasetRefused(f"row {row:,} is one too many: a data set has at most {MOST_VALUES:,} values")


def _refuse(wrong: NDArray[np.bool_], rows: Rows, names: Sequence[str], why: str) -> None:
    if wrong.any():
        row, point = np.unravel_index(np.argmax(wrong), rows.shape)
        raise DatasetRefused(f"{_row_name(names, int(row))}, point {point + 1}: {rows[row, point]:g} {why}")


def _row_name(names: Sequence[str], row: int) -> str:
    return names[row] if names else f"row {row + 1}"


def read_npy(stream: io.BytesIO, most_values: int = MOST_VALUES) -> NDArray[np.float64]:
    """Read an array of numbers from a .npy file and no further. Nothing is unpickled.

    Raises:
        DatasetRefused: it is no such file, or an array that is too large, or not of numbers.
    """
    try:
        # Checked before a number is read: a header may promise more than there is memory.
        shape, kind = _npy_header(stream)
        if kind.kind not in "fiu":
            raise DatasetRefused(f"the array must be 2-D, one curve a row, and of numbers; it is {len(shape)}-D {kind}")
        if any(size < 0 for size in shape) or math.prod(shape) > most_values:
            raise DatasetRefused(f"the array has the shape {shape}; at most {most_values:,} values are taken")
        stream.seek(0)
        array = np.lib.format.read_array(stream, allow_pickle=False)
        with np.errstate(invalid="ignore"):
            return np.asarray(array, np.float64)
    except DatasetRefused:
        raise
    except Exception as error:  # noqa: BLE001  numpy lets out whatever its parser of the header raises
        raise DatasetRefused(f"no .npy file: {str(error).partition(chr(10))[0]:.200}") from None


def _npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    return shape, kind
