"""From a file's bytes, or an array, to a table: which format it is, and one reader for each."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import numpy as np

from curvegan.reading.decoding import decoded
from curvegan.reading.delimited import table_of
from curvegan.reading.table import MOST_CELLS, Rows, Table
from curvegan_core.errors import DatasetRefused
from curvegan_core.families.dataset import MOST_BYTES, read_npy

TEXTS = ("csv", "tsv", "txt", "dat", "tab", "asc", "ts")
_READ = ".csv, .tsv, .txt, .ts, .npy, .parquet and .xlsx"
_OTHERS = {
    b"\x1f\x8b": "it is compressed: unpack it with gunzip",
    b"\xd0\xcf\x11\xe0": "it is an old Excel file: save it as .xlsx or as CSV UTF-8",
    b"%PDF": "it is a PDF: copy its table into a spreadsheet and save that as CSV UTF-8",
    b"\x89HDF": "it is an HDF5 file: save the array with numpy.save",
}


def table_of_file(data: bytes, filename: str, most: int) -> tuple[Table, bool]:
    """Return a file's table, a text's of at most `most` rows, and whether its first column holds labels for sure.

    Raises:
        DatasetRefused: it is too large, damaged, or of no format that is read; what to do.
    """
    if len(data) > MOST_BYTES:
        raise DatasetRefused(f"{filename} has {len(data):,} bytes; at most {MOST_BYTES:,} are taken")
    reader = _reader(data, filename)
    if reader:
        return reader(data), False
    text = decoded(data)
    if filename.lower().endswith(".ts") or text.lstrip().lower().startswith("@"):
        return _series(text)
    return table_of(text, most), False


def _reader(data: bytes, filename: str) -> Callable[[bytes], Table] | None:
    """Return what reads a file that is no text; None for a text."""
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    for beginning, what in _OTHERS.items():
        if data.startswith(beginning):
            raise DatasetRefused(f"{filename} is not read: {what}")
    if data.startswith(b"\x93NUMPY") or ending == "npy":
        return _array
    if data.startswith(b"PAR1") or ending == "parquet":
        return _parquet
    if data.startswith(b"PK\x03\x04") or ending == "xlsx":
        return _workbook
    if ending not in ("", *TEXTS):
        raise DatasetRefused(f"{filename} is not read: its name must end in one of {_READ}")
    return None


def table_of_array(array: "np.ndarray[Any, Any]") -> Table:
    """Return the table of an array (rows, points) or, as aeon has it, (rows, 1, points). Raises DatasetRefused."""
    if array.ndim == 3 and 1 in array.shape[1:]:
        array = array.reshape(len(array), -1)
    if array.ndim == 3:
        raise DatasetRefused(f"each row has {array.shape[1]} curves, {array.shape}: give one of them, array[:, 0]")
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise DatasetRefused(
            f"the array must be 2-D, one curve a row, and of numbers; it is {array.ndim}-D {array.dtype}"
        )
    if array.size > MOST_CELLS:
        raise DatasetRefused(f"the array has {array.size:,} values; at most {MOST_CELLS:,} are taken")
    with np.errstate(invalid="ignore"):
        values = array.astype(np.float64)
    values[np.isnan(values)] = np.nan  # of all its kinds the one that no function warns of
    lengths = np.full(len(values), values.shape[1])
    return Table(values, {}, lengths, np.arange(1, len(values) + 1), unit="row", headed=False)


def _array(data: bytes) -> Table:
    return table_of_array(read_npy(io.BytesIO(data), MOST_CELLS))


def _series(text: str) -> tuple[Table, bool]:
    """Read sktime's and aeon's .ts: a head of @ lines, then curves `1,2,3:label`, `?` where a value is missing."""
    rows, labelled, inside = Rows(), False, False
    for line, row in enumerate(io.StringIO(text), 1):
        row = row.strip()
        word, _, rest = row.lower().partition(" ")
        if not row or row.startswith("#"):
            continue
        if not inside:
            labelled = labelled or (word == "@classlabel" and rest.startswith("true"))
            inside = word == "@data"
            continue
        *curves, label = row.split(":") if labelled else (row, "")
        if len(curves) != 1 or "(" in curves[0]:
            raise DatasetRefused(f"line {line} has {len(curves)} curves, or times beside values; one is read, without")
        rows.add(line, [*([label or "?"] if labelled else []), *curves[0].split(",")])
    if not inside:
        raise DatasetRefused("no .ts file: it has no line @data")
    return rows.table(), labelled


def _parquet(data: bytes) -> Table:
    try:
        from pyarrow import parquet
    except ImportError:
        raise DatasetRefused("a .parquet file needs pyarrow: pip install 'curvegan[files]'; or save a CSV") from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        shape = file.metadata.num_rows, len(file.schema_arrow.names)
        if shape[0] * shape[1] > MOST_CELLS:
            raise DatasetRefused(
                f"the table has {shape[0]:,} rows of {shape[1]:,}; at most {MOST_CELLS:,} cells are taken"
            )
        columns = [column.to_pylist() for column in file.read().columns]
        names = ["" if name.startswith("__index_level_") else name for name in file.schema_arrow.names]
    except DatasetRefused:
        raise
    except Exception as error:  # noqa: BLE001  whatever pyarrow says of a damaged file
        raise DatasetRefused(f"no .parquet file: {str(error).partition(chr(10))[0]:.200}") from None
    # pandas writes its index behind the columns.
    order = sorted(range(len(names)), key=lambda column: bool(names[column]))
    rows = zip(*(columns[column] for column in order), strict=True)
    return replace(_filled([[names[column] for column in order]], rows), headed=True)


def _workbook(data: bytes) -> Table:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise DatasetRefused("a .xlsx file needs openpyxl: pip install 'curvegan[files]'; or save a CSV") from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            names = archive.namelist()
            if "[Content_Types].xml" not in names and not any(name.endswith(".npy") for name in names):
                raise DatasetRefused("it is a .zip archive, no .xlsx file: unpack it, and add the file inside")
            if any(member.filename.endswith(".npy") for member in archive.infolist()):
                raise DatasetRefused("it is a .npz file of several arrays: save one with numpy.save")
        if size > 4 * MOST_BYTES:
            raise DatasetRefused(f"unpacked it has {size:,} bytes; at most {4 * MOST_BYTES:,} are taken")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return _filled([], book.worksheets[0].iter_rows(values_only=True))
    except DatasetRefused:
        raise
    except Exception as error:  # noqa: BLE001  whatever openpyxl says of a damaged file
        raise DatasetRefused(f"no .xlsx file: {str(error).partition(chr(10))[0]:.200}") from None


def _filled(header: list[list[str]], rows: Iterable[Iterable[Any]]) -> Table:
    table = Rows(unit="row")
    for line, cells in enumerate(_all_rows(header, rows), 1):
        table.add(line, [_cell(cell) for cell in cells])
    return table.table()


def _all_rows(header: list[list[str]], rows: Iterable[Iterable[Any]]) -> Iterator[Iterable[Any]]:
    yield from header
    yield from rows


def _cell(value: Any) -> str:
    """Return a cell as a CSV of it would have it."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)
