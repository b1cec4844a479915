"""Your own curves: rows read from a file's bytes, checked, named by their content.

One curve a row, 2 to 256 points, all of one length. `Dataset.parse` reads .csv and .npy, `to_bytes` and `from_bytes`
are how a store keeps it. Training sees the values with mean 0 and standard deviation 1; one mean and one deviation for
the whole set, so that curves keep their shape. A config holds `parameters`: the content's hash and those two numbers,
which is all that samples and plots need to be mapped back.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config import curve as parameters
from curvegan_core.errors import DatasetRefused

LEAST_POINTS, MOST_POINTS = 2, 256
MOST_ROWS = 100_000
MOST_VALUES = 4_000_000
MOST_BYTES = 128 * 1024 * 1024
_LONGEST_LINE = 65_536
_DELIMITERS = (",", ";", "\t")

Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Curves in the units of their file, float64 (rows, points). Made by `parse` or `from_bytes`, which check them."""

    rows: Rows

    @classmethod
    def parse(cls, data: bytes, filename: str) -> Self:
        """Read the bytes of a .csv (a first row that is not numbers is a header) or .npy file.

        Raises:
            DatasetRefused: the name ends otherwise, the bytes are no such file, or a row is wrong; which and why.
        """
        if len(data) > MOST_BYTES:
            raise DatasetRefused(f"{filename} has {len(data):,} bytes; at most {MOST_BYTES:,} are taken")
        ending = filename.rpartition(".")[2].lower()
        if ending not in _READERS:
            raise DatasetRefused(f"{filename}: the name must end in .csv or .npy")
        return cls.checked(_READERS[ending](data))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises DatasetRefused when it is damaged."""
        return cls.checked(_read_npy(data))

    @classmethod
    def checked(cls, rows: Rows) -> Self:
        """Take rows (rows, points) that can be trained on. Raises DatasetRefused with the first that cannot."""
        _check_shape(*rows.shape)
        _refuse(~np.isfinite(rows), rows, "is not a finite number")
        _refuse(np.abs(rows) > parameters.MOST_SIZE, rows, f"is beyond {parameters.MOST_SIZE:g}")
        flat = np.ptp(rows, axis=1) == 0
        # Two equal numbers are a point of the plane as good as any.
        if rows.shape[1] > 2 and flat.any():
            raise DatasetRefused(f"row {np.argmax(flat) + 1} is constant: a curve has at least two different values")
        if np.std(rows) < parameters.LEAST_SCALE:
            raise DatasetRefused(f"all values lie within {parameters.LEAST_SCALE:g} of each other; use larger units")
        # Adding zero turns -0 into 0, so that equal rows have equal bytes.
        return cls(np.ascontiguousarray(rows, np.float64) + 0.0)

    @property
    def points(self) -> int:
        """Points of each curve."""
        return int(self.rows.shape[1])

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the content: the same rows have the same name, whatever file they came in."""
        shape = f"{self.rows.shape[0]}x{self.points}:".encode()
        return hashlib.sha256(shape + self.rows.astype("<f8").tobytes()).hexdigest()

    @cached_property
    def parameters(self) -> parameters.Data:
        """What a config holds of this set: `TrainConfig(curve=dataset.parameters, points=dataset.points)`."""
        return parameters.Data(hash=self.hash, mean=float(np.mean(self.rows)), scale=float(np.std(self.rows)))

    @property
    def standardised(self) -> NDArray[np.float32]:
        """The rows as training sees them, (rows, points)."""
        return ((self.rows - self.parameters.mean) / self.parameters.scale).astype(np.float32)

    def to_bytes(self) -> bytes:
        """Write a .npy file of little-endian float64."""
        stream = io.BytesIO()
        np.lib.format.write_array(stream, self.rows.astype("<f8"), version=(1, 0), allow_pickle=False)
        return stream.getvalue()


def _check_shape(rows: int, points: int) -> None:
    if not LEAST_POINTS <= points <= MOST_POINTS:
        raise DatasetRefused(f"row 1 has {points} points; a curve has {LEAST_POINTS} to {MOST_POINTS}")
    if rows < 2:
        raise DatasetRefused(f"a data set has at least 2 rows, one curve each; this one has {rows}")
    if rows > MOST_ROWS:
        raise DatasetRefused(f"row {MOST_ROWS + 1:,} is one too many: a data set has at most {MOST_ROWS:,} rows")
    if rows * points > MOST_VALUES:
        row = MOST_VALUES // points + 1
        raise DatasetRefused(f"row {row:,} is one too many: a data set has at most {MOST_VALUES:,} values")


def _refuse(wrong: NDArray[np.bool_], rows: Rows, why: str) -> None:
    if wrong.any():
        row, point = np.unravel_index(np.argmax(wrong), rows.shape)
        raise DatasetRefused(f"row {row + 1}, point {point + 1}: {rows[row, point]:g} {why}")


def _read_csv(data: bytes) -> Rows:
    try:
        text = data.decode("utf-8-sig")
        rows = _rows(csv.reader(_lines(text), delimiter=_delimiter(text)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetRefused(f"no CSV file: {error}") from None
    if not rows:
        raise DatasetRefused("a data set has at least 2 rows, one curve each; this one has none")
    return np.array(rows)


def _lines(text: str) -> Iterator[str]:
    """Give the lines of a text, none of them longer than any curve's is."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > _LONGEST_LINE:
            raise DatasetRefused(f"line {number} has more than {_LONGEST_LINE:,} characters, which no curve needs")
        yield line


def _rows(lines: Iterable[list[str]]) -> list[NDArray[np.float64]]:
    """Read the lines behind a header, no further than a data set may go: it is text that takes the room."""
    rows: list[NDArray[np.float64]] = []
    for index, line in enumerate(_to_the_last(lines)):
        if index == 0 and not any(map(_is_number, line)):
            continue
        rows.append(_row(len(rows) + 1, line, len(rows[0]) if rows else len(line)))
        _check_shape(max(len(rows), 2), len(rows[0]))
    return rows


def _to_the_last(lines: Iterable[list[str]]) -> Iterator[list[str]]:
    """Give the lines without the blank ones at the end."""
    blank = 0
    for line in lines:
        if line:
            yield from repeat([], blank)
            yield line
        blank = 0 if line else blank + 1


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return next((mark for mark in _DELIMITERS if mark in first), ",")


def _row(row: int, line: list[str], points: int) -> NDArray[np.float64]:
    if len(line) != points:
        raise DatasetRefused(f"row {row} has {len(line)} points, row 1 has {points}")
    try:
        return np.array(list(map(float, line)))
    except ValueError:
        point, cell = next((number, cell) for number, cell in enumerate(line, 1) if not _is_number(cell))
        raise DatasetRefused(f"row {row}, point {point}: {cell!r:.40} is not a number") from None


def _is_number(cell: str) -> bool:
    """Return whether it is one; "nan" and "inf" are refused later, as any number that is not finite."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_npy(data: bytes) -> Rows:
    stream = io.BytesIO(data)
    try:
        shape, kind = _npy_header(stream)
        # Checked before a number is read: a header may promise more than there is memory.
        if len(shape) != 2 or kind.kind not in "fiu":
            raise DatasetRefused(f"the array must be 2-D, one curve a row, and of numbers; it is {len(shape)}-D {kind}")
        _check_shape(*shape)
        stream.seek(0)
        array = np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DatasetRefused(f"no .npy file: {error}") from None
    return np.asarray(array, np.float64)


def _npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    return shape, kind


_READERS = {"csv": _read_csv, "npy": _read_npy}
