"""What is refused of a file, with the place and the one thing to do."""

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

from curvegan_core.errors import DatasetRefused, InvalidInput
from curvegan_core.families.dataset import MOST_ROWS

from .samples import NAMES, ROWS, lines, npy, text, understood

REFUSED = {
    "1,2\n3,nan\n": "line 2 has 1 points, line 1 has 2",
    "1,2\nnan,3\n": "line 2, column 1: a value is missing",
    "1,2\n3,4\n5,inf\n": "line 3, column 2: 'inf' is not a number",
    "1,2\n3,1e999\n": "line 2, point 2: inf is not a finite",
    "1,2\n3,1_0\n": "line 2, column 2: '1_0' is not a number",
    "1,2\n3,٣\n": "line 2, column 2: '٣' is not a number",
    "h,i\n1,2\n3,4,5\n": "line 2 has 2 points, line 3 has 3",
    "1,2\n\n3,4\n": "line 2 is blank",
    "1,2\n3,x\n5,6\n": "line 2, column 2: 'x' is not a number",
    "1,2\n": "at least 2 rows",
    "h,i\n": "at least 2 rows",
    "": "at least 2 rows",
    "1\n2\n": "row 1 has 1 points; a curve has 2 to 256",
    ",".join(["1"] * 257) + "\n" + ",".join(["2"] * 257): "row 1 has 257 points",
    "1,2,3\n5,5,5\n": "line 2 is constant",
    "1,2\n3,1e99\n": "line 2, point 2: 1e\\+99 is beyond",
    "1e-300,2e-300\n1e-300,3e-300\n": "all values lie within 1e-100 of each other",
    "1,2\n" * (MOST_ROWS + 1): "row 100,001 is one too many",
    "1,2\n3,4" + ",5" * 100_000: "line 2 has more than 65,536 characters",
    "1,2\n3,4\n" + "\n" * 10_000 + "5,6\n": "line 3 is blank",
    "1" + ",2" * 255 + "\n" + ("3" + ",4" * 255 + "\n") * 15_625 + "x\n": "row 15,626 is one too many",
    '"1,204","1,310"\n"1,101","1,290"\n': "line 1, column 1: '1,204' has a mark between thousands",
    "1.204,5;3,1\n2,0;4,1\n": "line 1, column 1: '1.204,5' has a mark between thousands",
    '"' + "a\n" * 100_000: "no CSV file: field larger than field limit",
    "a,b\nc,d\ne,f\n": "1 has 0 points",
    "a,b\n10%,12%\n11%,15%\n": "line 2, column 1: '10%' is not a number; write it without its sign or unit, as 10$",
    "-€2.95;3.10 €\n€1.95;€5.10\n": "line 1, column 1: '-€2.95' is not a number; write .* as -2.95$",
    "1'204.5,1'304.5\n1'104.5,1'404.5\n": "line 1, column 1: .* write it without one, as 1204.5$",
    "1 204,5;1 304,5\n1 104,5;1 404,5\n": "line 1, column 1: .* write it without one, as 1204.5$",
    "2.9D+01 3.0D+01\n1.9D+01 5.0D+01\n": r"line 1, column 1: .* write E for its D, as 2.9E\+01$",
    "0x1F,0x2F\n0x0F,0x3F\n": "line 1, column 1: .* hexadecimal: write 31$",
    "1:2:3\n4:5:7\n": "line 1, column 1: .* write commas between numbers",
    "1,2,3\n4,#DIV/0!,6\n": "line 2, column 2: '#DIV/0!' is not a number; .*`--missing drop`",
}


@pytest.mark.parametrize("data", REFUSED, ids=[data[:12] for data in REFUSED])
def test_refusals_name_the_line(data: str) -> None:
    with pytest.raises(DatasetRefused, match=REFUSED[data]) as refusal:
        understood(data, "a.csv")
    assert "\n" not in str(refusal.value)


def a_header(*shape: int) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "1,2\n3,4\n")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (npy(ROWS), "a.npz", None),
        (b"1,2\n3,4\n", "a.png", "its name must end in one of"),
        (b"\xff\xfe1,2", "a.csv", "no CSV"),
        (b"1,2\x81\n", "a.csv", "no CSV file: its byte 4 belongs to no text; save it as CSV UTF-8"),
        (bytes(range(256)), "a.csv", "no CSV"),
        (b"\x1f\x8b123", "a.csv.gz", "gunzip"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "save it as .xlsx"),
        (b"PK\x03\x04", "a.xlsx", "no .xlsx file"),
        (zipped("a.csv"), "a.xlsx", "it is a .zip archive, no .xlsx file: unpack it"),
        (npy(np.ones(5)), "a.npy", "2-D"),
        (npy(np.ones((5, 2, 3))), "a.npy", "each row has 2 curves"),
        (npy(np.array([["a", "b"]])), "a.npy", "numbers"),
        (npy(np.array([[{}, {}], [1, 2]], object)), "a.npy", "numbers"),
        (pickle.dumps(ROWS), "a.npy", "no .npy file"),
        (npy(ROWS)[:-8], "a.npy", "no .npy file"),
        (npy(ROWS)[:20], "a.npy", "no .npy file"),
        (npy(ROWS).replace(b"descr", b"d\x00scr"), "a.npy", "no .npy file"),
        (npy(ROWS).replace(b"(3, 3)", b"(3, -3"), "a.npy", "no .npy file"),
        (npy(ROWS).replace(b"(3, 3)", b"(-3,3)"), "a.npy", "the array has the shape"),
        (a_header(1000000000000, 100), "a.npy", "at most 16,000,000 values"),
        (npy(np.array([[1, 2], [np.nan, 3]])), "a.npy", "row 2, column 1: a value is missing"),
        (npy(np.array([[1, 2], [np.inf, 3]])), "a.npy", "row 2, point 1: inf"),
        (npy(np.array([[1 + 2j, 2], [2, 3]])), "a.npy", "numbers"),
    ],
)
def test_refusals_of_other_files(data: bytes, name: str, why: str | None) -> None:
    if why is None:
        assert understood(data, name).dataset.rows.shape == (3, 3)
        return
    with pytest.raises(DatasetRefused, match=why) as refusal:
        understood(data, name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "wishes",
    [{"resample": 1}, {"resample": 257}, {"missing": "zero"}, {"index_column": "no such"}, {"label_column": "99"}],
)
def test_wishes_that_no_file_fulfils(wishes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        understood(text(NAMES, *lines()), **wishes)
