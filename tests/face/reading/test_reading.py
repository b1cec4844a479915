"""Reading people's files: each way they have of writing curves gives the curves, or a line that says what to do."""

import numpy as np
import pytest

from curvegan_core.errors import DatasetRefused, InvalidInput
from curvegan_core.families.dataset import Dataset

from .samples import DATES, DRESSES, HOURS, LOADS, NAMES, lines, npy, said, text, understood


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


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    for header, known in ((None, ""), ("a,b,c", " or one of: a, b, c")):
        with pytest.raises(InvalidInput) as error:
            understood(text(*filter(None, [header]), "1,2,3", "4,6,5"), label_column="last")
        assert str(error.value).endswith(f"it is a number from 1 to 3{known}")


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
    assert said(understood(text("1,,3", "4,6,5"), missing="interpolate"), "missing") == "1 value interpolated"
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
