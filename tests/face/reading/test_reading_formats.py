"""Files that are no CSV: aeon's, workbooks, parquet, npy."""

import io

import numpy as np
import pandas
import pytest

from curvegan.reading.curves import read_array
from curvegan.reading.wishes import Wishes
from curvegan_core.errors import DatasetRefused

from .samples import DATES, LOADS, NAMES, TS, lines, npy, text, understood


def test_ts_files_of_aeon() -> None:
    reading = understood(TS + text(*(f"{line}:{'ab'[row % 2]}" for row, line in enumerate(lines()))), "x.ts")
    np.testing.assert_array_equal(reading.dataset.rows, LOADS)
    assert reading.dataset.labels == ("a", "b") * 15
    plain = understood("@classLabel false\n@data\n" + text(*lines()), "")
    np.testing.assert_array_equal(plain.dataset.rows, LOADS)
    with pytest.raises(DatasetRefused, match="line 6 has 2 curves"):
        understood(TS + "1,2:3,4:a\n", "x.ts")
    with pytest.raises(DatasetRefused, match="line 7, column 3: a value is missing"):
        understood(TS + "1,2,3:a\n1,?,3:b\n", "x.ts")


def test_a_workbook_a_parquet_file_and_a_frame() -> None:
    frame = pandas.DataFrame(LOADS, columns=NAMES.split(","), index=pandas.to_datetime(DATES).rename("date"))
    frame["season"] = ["summer", "winter"] * 15
    book, columns = io.BytesIO(), io.BytesIO()
    frame.to_excel(book)
    frame.to_parquet(columns)
    whole = read_array(frame, Wishes()).dataset
    assert whole.hash == understood(book.getvalue(), "a.xlsx").dataset.hash
    np.testing.assert_array_equal(read_array(LOADS, Wishes()).dataset.rows, LOADS)
    for data, name in ((book.getvalue(), "a.xlsx"), (columns.getvalue(), "a.parquet")):
        dataset = understood(data, name).dataset
        np.testing.assert_array_equal(dataset.rows, LOADS)
        assert dataset.labels == ("summer", "winter") * 15
        assert dataset.description.index == tuple(DATES)
        with pytest.raises(DatasetRefused, match=f"no .{name[2:]} file"):
            understood(data[: len(data) // 2], name)


@pytest.mark.parametrize("names", [np.linspace(0, 1, 24), np.arange(24), np.linspace(400.5, 700.5, 24)], ids=str)
@pytest.mark.parametrize("index", [False, True])
def test_columns_that_are_numbers_are_no_curve(names: np.ndarray, index: bool) -> None:
    frame = pandas.DataFrame(LOADS[:, :24], columns=names, index=pandas.to_datetime(DATES) if index else None)
    book, columns = io.BytesIO(), io.BytesIO()
    frame.to_excel(book, index=index)
    frame.to_parquet(columns, index=index)
    text = frame.to_csv(index=index)
    for data, name in ((text.encode(), "a.csv"), (book.getvalue(), "a.xlsx"), (columns.getvalue(), "a.parquet")):
        dataset = understood(data, name).dataset
        np.testing.assert_array_equal(dataset.rows, LOADS[:, :24], err_msg=name)
        np.testing.assert_allclose(dataset.description.x, names, err_msg=name)


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.dtype(">f8"), np.uint8])
def test_npy_of_any_number_type_is_read(kind: np.dtype) -> None:
    whole = np.array([[1, 2], [3, 9]]).astype(kind)
    np.testing.assert_array_equal(understood(npy(np.asfortranarray(whole)), "a.npy").dataset.rows, [[1, 2], [3, 9]])
