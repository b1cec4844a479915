"""Your own curves: what a file may hold, what is refused and where, and the way to training's units and back."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import DatasetRefused
from curvegan_core.families.curves import family, minibatches, restored
from curvegan_core.families.dataset import MOST_ROWS, Dataset

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0], [0.5, -1.0, 0.0]])


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n4,5,7\n0.5,-1,0\n",
        "a,b,c\n1,2,3\n4,5,7\n0.5,-1,-0.0",
        "\ufeff1;2;3\r\n4;5;7\r\n5e-1;-1;0\r\n\r\n",
        '"1"\t2\t3\n 4\t5\t7\n.5\t-1\t0',
    ],
)
def test_csv_in_any_dress_is_the_same_set(text: str) -> None:
    dataset = Dataset.parse(text.encode(), "loads.CSV")
    np.testing.assert_array_equal(dataset.rows, ROWS)
    assert dataset.hash == Dataset.parse(npy(ROWS), "x.npy").hash
    assert dataset.points == 3


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.dtype(">f8"), np.uint8])
def test_npy_of_any_number_type_is_read(kind: np.dtype) -> None:
    whole = np.array([[1, 2], [3, 9]]).astype(kind)
    np.testing.assert_array_equal(Dataset.parse(npy(np.asfortranarray(whole)), "a.npy").rows, [[1, 2], [3, 9]])


def a_header(shape: str) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": eval_free(shape)})
    return stream.getvalue()


def eval_free(shape: str) -> tuple[int, ...]:
    return tuple(int(size) for size in shape.split("x"))


REFUSED = {
    "1,2\n3,nan\n": "row 2, point 2: nan is not a finite number",
    "1,2\n3,4\n5,inf\n": "row 3, point 2: inf is not a finite",
    "h,i\n1,2\n3,4,5\n": "row 2 has 3 points, row 1 has 2",
    "1,2\n\n3,4\n": "row 2 has 0 points",
    "1,2\n3,x\n": "row 2, point 2: 'x' is not a number",
    "1,2\n3,\n": "row 2, point 2: '' is not a number",
    "1,2\n": "at least 2 rows",
    "h,i\n": "at least 2 rows",
    "": "at least 2 rows",
    "1\n2\n": "row 1 has 1 points; a curve has 2 to 256",
    ",".join(["1"] * 257) + "\n" + ",".join(["2"] * 257): "row 1 has 257 points",
    "1,2,3\n5,5,5\n": "row 2 is constant",
    "1,2\n3,1e99\n": "row 2, point 2: 1e\\+99 is beyond",
    "1e-300,2e-300\n1e-300,3e-300\n": "all values lie within 1e-100 of each other",
    "1,2\n" * (MOST_ROWS + 1): "row 100,001 is one too many",
    "1,2\n3,4" + ",5" * 100_000: "line 2 has more than 65,536 characters",
    "1,2\n3,4\n" + "\n" * 10_000 + "5,6\n": "row 3 has 0 points",
    "1" + ",2" * 255 + "\n" + ("3" + ",4" * 255 + "\n") * 15_625 + "x\n": "row 15,626 is one too many",
}


@pytest.mark.parametrize("text", REFUSED, ids=[text[:12] for text in REFUSED])
def test_refusals_of_csv_name_the_row(text: str) -> None:
    with pytest.raises(DatasetRefused, match=REFUSED[text]):
        Dataset.parse(text.encode(), "a.csv")


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (npy(ROWS), "a.txt", "must end in .csv or .npy"),
        (b"\xff\xfe1,2", "a.csv", "no CSV"),
        (npy(np.ones(5)), "a.npy", "2-D"),
        (npy(np.array([["a", "b"]])), "a.npy", "numbers"),
        (npy(np.array([[{}, {}], [1, 2]], object)), "a.npy", "numbers"),
        (pickle.dumps(ROWS), "a.npy", "no .npy file"),
        (npy(ROWS)[:-8], "a.npy", "no .npy file"),
        (npy(ROWS)[:20], "a.npy", "no .npy file"),
        (a_header("1000000000000x100"), "a.npy", "one too many"),
        (a_header("90000x200"), "a.npy", "row 20,001 is one too many"),
        (npy(np.array([[1, 2], [np.nan, 3]])), "a.npy", "row 2, point 1: nan"),
        (npy(np.array([[1 + 2j, 2], [2, 3]])), "a.npy", "numbers"),
    ],
)
def test_refusals_of_other_files(data: bytes, name: str, why: str) -> None:
    with pytest.raises(DatasetRefused, match=why):
        Dataset.parse(data, name)


@given(hnp.arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(2, 9)), elements=st.floats(-1e6, 1e6)))
def test_bytes_keep_every_set_and_its_name(rows: np.ndarray) -> None:
    try:
        dataset = Dataset.checked(rows)
    except DatasetRefused:
        assert (np.ptp(rows, axis=1) == 0).any() or np.std(rows) < 1e-100
        return
    back = Dataset.from_bytes(dataset.to_bytes())
    np.testing.assert_array_equal(back.rows, dataset.rows)
    assert (back.hash, back.parameters) == (dataset.hash, dataset.parameters)
    with pytest.raises(DatasetRefused):
        Dataset.from_bytes(dataset.to_bytes()[:-1])


def test_other_content_has_another_name() -> None:
    names = {Dataset.checked(rows).hash for rows in (ROWS, ROWS[::-1], ROWS[:2], ROWS.T, ROWS + 1e-12)}
    assert len(names) == 5


def test_training_sees_mean_0_and_deviation_1_and_plots_the_users_units() -> None:
    rows = np.random.default_rng(0).normal(500, 30, (200, 6))
    dataset = Dataset.checked(rows)
    config = TrainConfig(curve=dataset.parameters, points=6)
    assert dataset.standardised.mean() == pytest.approx(0, abs=1e-6)
    assert dataset.standardised.std() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(restored(config, dataset.standardised), rows, rtol=1e-5)


def test_minibatches_draw_every_row_about_equally_often() -> None:
    dataset = Dataset.checked(np.arange(40.0).reshape(20, 2) ** 2)
    config = TrainConfig(curve=dataset.parameters, points=2, batch_size=500)
    drawn = np.empty((8, 500, 2), np.float32)
    minibatches(config, family(config, dataset)).fill(drawn, 5)
    rows, counts = np.unique(drawn.reshape(-1, 2), axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, np.sort(dataset.standardised, axis=0))
    assert 140 < counts.min() <= counts.max() < 260


def test_distance_is_to_the_nearest_row() -> None:
    dataset = Dataset.checked(ROWS)
    rows = family(TrainConfig(curve=dataset.parameters, points=3), dataset)
    near = dataset.standardised[[2, 0]] + np.float32(0.01)
    np.testing.assert_allclose(rows.distances(near), 0.01, rtol=1e-3)
