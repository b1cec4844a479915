"""Curves as files that other programs read: CSV, .npy and .parquet, on stdout or under a name."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curvegan_cli.shown import files
from curvegan_cli.shown.output import Sheet, emit, write_csv

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMS = ("csv", "npy", "parquet")


def check(form: str, path: Path | None, force: bool) -> None:
    """Find out before any work whether curves can be written in a form to a place. Raises InvalidInput."""
    from importlib.util import find_spec

    from curvegan_core.errors import InvalidInput

    if path is not None and form not in FORMS:
        raise InvalidInput(f"--output is for curves of -o {', '.join(FORMS)}; {form} goes to stdout")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise InvalidInput('-o parquet needs pyarrow, which is not installed: pip install "curvegan[parquet]"')
    if path is not None or form in ("npy", "parquet"):
        files.check_writable(path or files.STDOUT, force)


def write(
    form: str, path: Path | None, force: bool, header: Sequence[Any], curves: "NDArray[Any]", cells: list[list[Any]]
) -> None:
    """Write curves (n, points); `cells` are the same as CSV shows them."""
    if form == "csv" and path is None:
        emit(form, csv=lambda: Sheet(header, cells))
        return
    data = _csv(header, cells) if form == "csv" else _npy(curves) if form == "npy" else _parquet(header, curves)
    files.deliver(path or files.STDOUT, data, force)


def shortest(values: "NDArray[Any]") -> list[Any]:
    """Return numbers in the shortest form that reads back as the same float32: 0.1, not 0.10000000149011612."""
    return values.tolist() if values.dtype.kind == "i" else [float(str(value)) for value in values]


def _csv(header: Sequence[Any], cells: list[list[Any]]) -> bytes:
    text = io.StringIO()
    write_csv(text, Sheet(header, cells))
    return text.getvalue().encode()


def _npy(curves: "NDArray[Any]") -> bytes:
    import numpy as np

    file = io.BytesIO()
    np.save(file, curves, allow_pickle=False)
    return file.getvalue()


def _parquet(header: Sequence[Any], curves: "NDArray[Any]") -> bytes:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    file = io.BytesIO()
    write_table(pa.table([pa.array(column) for column in curves.T], names=[str(name) for name in header]), file)
    return file.getvalue()
