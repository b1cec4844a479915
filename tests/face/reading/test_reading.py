"""Reading people's files: each way they have of writing curves gives the curves, or a line that says what to do."""

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pandas
import pytest

from curvegan.reading.curves import Reading, read, read_array
from curvegan.reading.wishes import Wishes
from curvegan_core.errors import DatasetRefused, InvalidInput
from curvegan_core.families.dataset import MOST_ROWS, Dataset

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0], [0.5, -1.0, 0.0]])
_HOURS = np.arange(24)
_PHASES = np.random.default_rng(7).uniform(0, 6, 30)
LOADS = np.round(3 + np.sin(_HOURS / 4 + _PHASES[:, None]) + np.random.default_rng(1).normal(0, 0.05, (30, 24)), 3)
HOURS = ",".join(map(str, _HOURS))
NAMES = ",".join(f"h{hour}" for hour in _HOURS)


def lines(rows: np.ndarray = LOADS, mark: str = ",") -> list[str]:
    return [mark.join(f"{value:.3f}" for value in row) for row in rows]


def text(*parts: str) -> str:
    return "\n".join(parts) + "\n"


def understood(data: str | bytes, filename: str = "loads.csv", **wishes: Any) -> Reading:
    return read(data.encode() if isinstance(data, str) else data, filename, Wishes(**wishes))


def said(reading: Reading, what: str) -> str:
    return " | ".join(text for word, text in reading.said if word == what)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return stream.getvalue()


GERMAN = [line.replace(".", ",") for line in lines(mark=";")]
DATES = [f"2024-01-{day:02}" for day in range(1, 31)]
DRESSES: dict[str, tuple[bytes, str]] = {
    "plain": (text(*lines()).encode(), "a.csv"),
    "no newline at the end": (text(*lines()).rstrip().encode(), "a.csv"),
    "semicolons": (text(*lines(mark=";")).encode(), "a.csv"),
    "european excel": (text("sep=;", *GERMAN).replace("\n", "\r\n").encode("utf-8-sig"), "a.csv"),
    "decimal commas, tabs": (text(*GERMAN).replace(";", "\t").encode(), "a.txt"),
    "decimal commas, blanks": (text(*GERMAN).replace(";", "  ").encode(), "a.txt"),
    "decimal commas, quoted": (
        text(*(f'"{line}"'.replace(";", '","') for line in [GERMAN[0] + "0", *GERMAN[1:]])).encode(),
        "a",
    ),
    "utf-16": (text(NAMES, *lines()).encode("utf-16"), "a.csv"),
    "utf-16 big endian": (b"\xfe\xff" + text(*lines()).encode("utf-16-be"), "a.csv"),
    "cp1252": (text(NAMES.replace("h", "größe"), *lines()).encode("cp1252"), "a.csv"),
    "tabs": (text(*lines(mark="\t")).encode(), "a.tsv"),
    "blanks": (text(*("   " + line for line in lines(mark="   "))).encode(), "a.txt"),
    "bars": (text(*lines(mark=" | ")).encode(), "a.txt"),
    "savetxt's header": (text("# " + NAMES.replace(",", " "), *lines(mark=" ")).encode(), "a.txt"),
    "a title above": (text("Loads of 2024", NAMES, *lines()).encode(), "a.csv"),
    "a comma at the ends": (text(NAMES + ",", *(line + "," for line in lines())).encode(), "a.csv"),
    "empty rows at the end": (text(*lines(), "," * 23, "," * 23).encode(), "a.csv"),
    "a minus sign": (text(*lines()).replace("-", "\u2212").encode(), "a.csv"),
    "npy": (npy(LOADS), "a.npy"),
    "aeon's array": (npy(LOADS[:, None]), "a.npy"),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_curves_in_any_dress_are_the_same(dress: str) -> None:
    dataset = understood(*DRESSES[dress]).dataset
    np.testing.assert_array_equal(dataset.rows, LOADS)
    assert dataset.hash == Dataset.checked(LOADS).hash


# What people's files look like, and what should come of them: the cases of the issue, made here.


def test_a_header_of_numbers_is_the_axis() -> None:
    reading = understood(text(HOURS, *lines()))
    assert reading.dataset.rows.shape == (30, 24)
    assert reading.dataset.description.x == tuple(range(24))
    assert said(reading, "header") == "line 1: 0, 1 … 23"
    assert said(reading, "x") == "0 to 23, evenly spaced"
    assert understood(text(HOURS, *lines()), header=False).dataset.rows.shape == (31, 24)


def test_an_uneven_axis_is_kept() -> None:
    wavelengths = np.array([152, 174, 201, 227, 258, 469, 496, 528, 556, 579, 613, 639, 674])
    growth = np.cumsum(np.random.default_rng(0).uniform(0.1, 0.4, (20, 13)), axis=1)
    reading = understood(text(",".join(map(str, wavelengths)), *lines(growth)))
    assert reading.dataset.rows.shape == (20, 13)
    np.testing.assert_array_equal(reading.dataset.x, wavelengths)
    assert said(reading, "x") == "152 to 674, uneven"


@pytest.mark.parametrize("axis", ["20,50,100,200,500", "0,10,100,1000,10000"])
def test_an_uneven_axis_above_whole_numbers_is_kept(axis: str) -> None:
    reading = understood(text(axis, "3,9,5,7,2", "4,8,6,1,3", "9,2,4,4,1"))
    assert reading.dataset.description.x == tuple(map(float, axis.split(",")))
    assert said(reading, "header").startswith("line 1")
    rising = text(axis, "1,3,5,7,9", "1,2,6,8,9", "0,2,4,5,11")  # as its curves rise too, it may be one
    assert "`--header`" in said(understood(rising), "note")
    assert said(understood(rising, header=False), "note") == ""


@pytest.mark.parametrize("mark", [",", " "])
def test_a_remark_is_left_out_and_said(mark: str) -> None:
    reading = understood(text("# made by me, 2024", *lines(mark=mark)))
    np.testing.assert_array_equal(reading.dataset.rows, LOADS)
    assert said(reading, "left out").startswith("line 1 (# made by me")


@pytest.mark.parametrize(
    ("names", "x", "label"),
    [
        (["00:00", "06:30", "12:00"], (0, 6.5, 12), "hour"),
        (["400 nm", "410 nm", "430.5 nm"], (400, 410, 430.5), "nm"),
        (["2024-01-01", "2024-01-02", "2024-01-05"], (0, 1, 4), "days since 2024-01-01"),
        (["V3", "V2", "V1"], (3, 2, 1), ""),
        (["JAN", "FEB", "MAR"], (), ""),
        (["p1", "p2", "p3"], (), ""),
    ],
)
def test_names_of_points_tell_where_they_lie(names: list[str], x: tuple[float, ...], label: str) -> None:
    described = understood(text(",".join(names), *lines(LOADS[:, :3]))).dataset.description
    assert (described.x, described.x_label) == (x, label)
    assert described.columns == (() if names[0] == "p1" else tuple(names))


@pytest.mark.parametrize(
    ("header", "column", "name"),
    [
        ("," + HOURS, list(map(str, range(30))), ""),
        ("," + NAMES, list(map(str, range(30))), ""),
        (None, list(map(str, range(30))), ""),
        ("date," + NAMES, DATES, "date"),
        ("YEAR," + NAMES, list(map(str, range(1990, 2020))), "YEAR"),
        ("," + NAMES, list(map(str, [*range(5, 20), *range(40, 55)])), ""),
        (NAMES, [f"plant {row}" for row in range(30)], ""),
    ],
    ids=["pandas, numbers", "pandas, names", "no header", "dates", "years", "gaps", "R"],
)
def test_an_index_is_no_point(header: str | None, column: list[str], name: str) -> None:
    rows = [f"{cell},{line}" for cell, line in zip(column, lines(), strict=True)]
    reading = understood(text(*([header] if header else []), *rows))
    np.testing.assert_array_equal(reading.dataset.rows, LOADS)
    assert reading.dataset.description.index == tuple(column)
    assert reading.dataset.description.index_name == name
    assert said(reading, "index").startswith("column 1")
    if column[0].isdigit():
        assert understood(text(*([header] if header else []), *rows), index_column="none").dataset.points == 25


def test_a_column_of_classes_is_the_label() -> None:
    classes = ["summer", "winter"] * 15
    words = [f"{line},{name}" for line, name in zip(lines(), classes, strict=True)]
    reading = understood(text(NAMES + ",season", *words))
    assert reading.dataset.labels == tuple(classes)
    assert said(reading, "label") == "column 25 (season): summer 15x, winter 15x"
    numbers = [f"{row % 2},{line}" for row, line in enumerate(lines())]
    reading = understood(text(*numbers))
    assert (reading.dataset.points, set(reading.dataset.labels)) == (24, {"0", "1"})
    assert "`--label-column none` takes it for a point" in said(reading, "label")
    assert understood(text(*numbers), label_column="none").dataset.points == 25
    assert understood(text(NAMES, *lines()), label_column="h3", index_column="1").dataset.points == 22
    counts = [",".join([*map(str, row), str(i % 3)]) for i, row in enumerate((1000 * LOADS).astype(int))]
    assert "`--label-column 25` takes it for a label" in said(understood(text(*counts)), "note")


def test_labels_are_content_and_the_description_is_not() -> None:
    plain, described = understood(text(*lines())).dataset, understood(text(NAMES, *lines())).dataset
    labelled = understood(text(*(f"{line},{row % 3}" for row, line in enumerate(lines())))).dataset
    assert plain.hash == described.hash != labelled.hash
    back = Dataset.from_bytes(labelled.to_bytes())
    assert (back.labels, back.hash) == (labelled.labels, labelled.hash)


def test_a_row_of_units_is_the_unit() -> None:
    reading = understood(text(NAMES, ",".join(["GW"] * 24), *lines()))
    assert reading.dataset.rows.shape == (30, 24)
    assert (reading.dataset.description.unit, said(reading, "unit")) == ("GW", "GW (line 2)")


def test_time_down_the_rows_is_asked_for() -> None:
    down = text(*(f"{hour},{line}" for hour, line in enumerate(lines(LOADS.T))))
    with pytest.raises(DatasetRefused, match=r"it looks transposed.*`--transpose`.*`--no-transpose`"):
        understood(down)
    reading = understood(down, transpose=True)
    np.testing.assert_array_equal(reading.dataset.rows, LOADS)
    assert reading.dataset.description.x == tuple(range(24))
    assert understood(down, transpose=False).dataset.rows.shape == (24, 30)
    assert "`--transpose`" in said(understood(text(*lines(LOADS.T))), "note")
    assert said(understood(text(*lines())), "note") == ""
    with pytest.raises(DatasetRefused, match=r"row 1 has 300 points.*--resample 256"):
        understood(text(*lines(np.random.default_rng(0).normal(size=(5, 300)))))


def test_a_long_table_is_asked_for() -> None:
    rows = [f"{DATES[day]},{hour},{LOADS[day, hour]}" for day in range(30) for hour in range(24)]
    long = text("day,hour,GW", *rows)
    with pytest.raises(DatasetRefused, match=r"it looks long.*`--long day,hour,GW`.*`--long none`"):
        understood(long)
    reading = understood(long, long="day,hour,GW")
    np.testing.assert_array_equal(reading.dataset.rows, LOADS)
    described = reading.dataset.description
    assert (described.x, described.x_label, described.y_label) == (tuple(range(24)), "hour", "GW")
    assert described.index == tuple(DATES)
    shuffled = text("day,hour,GW", *np.random.default_rng(0).permutation(rows).tolist())
    again = understood(shuffled, long="1,2,3").dataset
    assert sorted(again.rows.tolist()) == sorted(LOADS.tolist())
    with pytest.raises(DatasetRefused, match=r"curve 2024-01-01, x 3: a value is missing"):
        understood(text("day,hour,GW", *rows[:3], *rows[4:]), long="day,hour,GW")
    with pytest.raises(DatasetRefused, match=r"line 722: curve '2024-01-30' has x '23' a second time"):
        understood(long + rows[-1], long="day,hour,GW")
    for wrong in ("day,hour", "day,hour,MW"):
        with pytest.raises(InvalidInput, match="--long"):
            understood(long, long=wrong)


def test_missing_values_are_refused_filled_or_left_out() -> None:
    rows = lines()
    for row in (3, 10, 19, 28):
        cells = rows[row].split(",")
        rows[row] = ",".join([*cells[:5], "NA" if row == 10 else "", *cells[6:]])
    with pytest.raises(DatasetRefused, match=r"line 5, column 6: a value is missing; `--missing interpolate`"):
        understood(text(NAMES, *rows))
    filled = understood(text(*rows), missing="interpolate")
    assert filled.dataset.rows[3, 5] == pytest.approx((LOADS[3, 4] + LOADS[3, 6]) / 2)
    assert said(filled, "missing") == "4 values interpolated"
    dropped = understood(text("," + NAMES, *(f"{row},{line}" for row, line in enumerate(rows))), missing="drop")
    assert dropped.dataset.rows.shape == (26, 24)
    assert "3" not in dropped.dataset.description.index


def test_unequal_lengths_are_refused_or_resampled() -> None:
    rows = [",".join(line.split(",")[: 24 - row % 3]) for row, line in enumerate(lines())]
    with pytest.raises(DatasetRefused, match="line 2 has 23 points, line 1 has 24; `--resample 24`"):
        understood(text(*rows))
    padded = [line + "," * (row % 3) for row, line in enumerate(rows)]
    with pytest.raises(DatasetRefused, match="line 2 has 23 points, line 1 has 24; `--resample 24`"):
        understood(text(*padded))
    for ragged in (rows, padded):
        dataset = understood(text(*ragged), resample=24).dataset
        assert dataset.rows.shape == (30, 24)
        np.testing.assert_array_equal(dataset.rows[0], LOADS[0])
        np.testing.assert_allclose(dataset.rows[:, -1], [LOADS[row, 23 - row % 3] for row in range(30)], atol=1e-9)


def test_resampling_keeps_what_the_points_can_hold_and_no_more() -> None:
    x = np.linspace(0, 1, 2000)
    slow, fast = np.sin(2 * np.pi * 3 * x), np.sin(2 * np.pi * 500 * x)
    reading = understood(npy(np.stack([slow, slow + fast, 4 * x - 1])), "a.npy", resample=100)
    new = np.linspace(0, 1, 100)
    np.testing.assert_allclose(reading.dataset.rows[0], np.sin(2 * np.pi * 3 * new), atol=0.01)
    np.testing.assert_allclose(reading.dataset.rows[1, 5:-5], np.sin(2 * np.pi * 3 * new)[5:-5], atol=0.02)
    np.testing.assert_allclose(reading.dataset.rows[2], 4 * new - 1, atol=1e-6)
    assert said(reading, "resampled").startswith("2000 points to 100")


def test_resampling_goes_by_the_axis() -> None:
    x = np.array([0, 1, 2, 3, 10, 20, 30, 100])
    rows = [[slope * moment for moment in x] for slope in (1, 2, 5, -1)]
    reading = understood(
        text(",".join(map(str, x)), *(",".join(map(str, row)) for row in rows)), resample=5, header=True
    )
    np.testing.assert_allclose(reading.dataset.rows[0], [0, 25, 50, 75, 100], atol=1e-9)
    assert reading.dataset.description.columns == ("0", "25", "50", "75", "100")


def test_large_offsets_keep_their_digits() -> None:
    rows = 101325 + 0.01 * (LOADS - 3)
    dataset = understood(text(*(",".join(f"{value:.6f}" for value in row) for row in rows))).dataset
    np.testing.assert_array_equal(dataset.rows, np.round(rows, 6))


TS = "# a remark\n@problemName x\n@univariate true\n@classLabel true a b\n@data\n"


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


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.dtype(">f8"), np.uint8])
def test_npy_of_any_number_type_is_read(kind: np.dtype) -> None:
    whole = np.array([[1, 2], [3, 9]]).astype(kind)
    np.testing.assert_array_equal(understood(npy(np.asfortranarray(whole)), "a.npy").dataset.rows, [[1, 2], [3, 9]])


@pytest.mark.parametrize(
    "wishes",
    [{"resample": 1}, {"resample": 257}, {"missing": "zero"}, {"index_column": "no such"}, {"label_column": "99"}],
)
def test_wishes_that_no_file_fulfils(wishes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        understood(text(NAMES, *lines()), **wishes)
