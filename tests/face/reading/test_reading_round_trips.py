"""What `data show -o csv` writes, `data add` reads back as it was; and no damage to a file is more than a line."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curvegan.datasets import as_table
from curvegan.reading.curves import read
from curvegan.reading.wishes import Wishes
from curvegan_core.errors import CurveganError, DatasetRefused
from curvegan_core.families.dataset import Dataset

from .samples import DATES, DRESSES, HOURS, LOADS, NAMES, TS, lines, npy, text

AS_RECOGNISED = Wishes()


def written(dataset: Dataset) -> bytes:
    stream = io.StringIO()
    header, rows = as_table(dataset)
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue().encode()


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(2, 9)), elements=st.floats(-1e6, 1e6)),
    st.booleans(),
)
def test_rows_come_back(rows: np.ndarray, whole: bool) -> None:
    try:
        dataset = Dataset.checked(np.rint(rows) if whole else rows)
    except DatasetRefused:
        return
    wishes = Wishes(long="none", transpose=False)
    assert read(written(dataset), "a.csv", wishes).dataset.hash == dataset.hash


COLUMNS = (
    [f"plant {row}" for row in range(30)],
    [str(row) for row in range(30)],
    DATES,
    [str(1990 + row) for row in range(30)],
)
FILES = {
    "plain": text(*lines()),
    "numbers above": text(HOURS, *lines()),
    "names above": text(NAMES, *lines()),
    "clock": text(",".join(f"{hour:02}:30" for hour in range(24)), *lines()),
    "unit": text(NAMES, ",".join(["kW"] * 24), *lines()),
    "label": text(NAMES + ",season", *(f"{line},{'abc'[row % 3]}" for row, line in enumerate(lines()))),
    "class": text(*(f"{row % 3},{line}" for row, line in enumerate(lines()))),
    "whole numbers": text(NAMES, *(",".join(map(str, row)) for row in (100 * LOADS).astype(int))),
    "german": text("sep=;", *(line.replace(".", ",") for line in lines(mark=";"))),
    "all": text(
        "day," + NAMES + ",class",
        "," + ",".join(["kW"] * 24) + ",",
        *(f"{DATES[row]},{line},{row % 2}" for row, line in enumerate(lines())),
    ),
    **{
        f"index {column[0]}": text(*header, *(f"{cell},{line}" for cell, line in zip(column, lines(), strict=True)))
        for column in COLUMNS
        for header in ([], ["," + NAMES])
    },
    "ts": TS + text(*(f"{line}:{'ab'[row % 2]}" for row, line in enumerate(lines()))),
}


@pytest.mark.parametrize("name", FILES)
def test_files_come_back(name: str) -> None:
    first = read(FILES[name].encode(), "a.ts" if name == "ts" else "a.csv", AS_RECOGNISED).dataset
    again = read(written(first), "b.csv", AS_RECOGNISED).dataset
    assert again.hash == first.hash
    assert again.description.as_dict() | {"label_name": ""} == first.description.as_dict() | {"label_name": ""}
    assert written(again) == written(first)


WHOLE = [
    *((data, name) for data, name in DRESSES.values()),
    *((data.encode(), "a.csv") for data in FILES.values()),
    (FILES["ts"].encode(), "a.ts"),
    (npy(LOADS.astype(">f4")), "a.npy"),
]


# The first file of a kind imports what reads it.
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(WHOLE), st.data())
def test_damage_is_read_or_refused_in_a_line(whole: tuple[bytes, str], data: st.DataObject) -> None:
    damaged, name = bytearray(whole[0]), whole[1]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(len(damaged) - 1, 0)))
        stop = start + data.draw(st.sampled_from([0, 1, 4, len(damaged)]))
        junk = st.sampled_from(
            [b"", b",", b"\n", b'"', b"x", b"\0", b"\xff", b"9e9", b"-", b";", b"#", b"1e999", b"(3,)"]
        )
        damaged[start:stop] = data.draw(junk)
    try:
        dataset = read(bytes(damaged), name, AS_RECOGNISED).dataset
    except CurveganError as error:
        assert error.exit_code == 2  # noqa: PT017 - or nothing is raised
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert np.isfinite(dataset.rows).all()


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.txt", "a.ts", "a.npy", "a.xlsx", "a.parquet", ""]))
def test_junk_is_refused_in_a_line(data: bytes, name: str) -> None:
    try:
        read(data, name, AS_RECOGNISED)
    except CurveganError as error:
        assert "\n" not in str(error)  # noqa: PT017
