"""Your own curves: what a file may hold, what is refused and where, and the way to training's units and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import DatasetRefused
from curvegan_core.families.curves import family, minibatches, restored
from curvegan_core.families.dataset import MOST_ROWS, Dataset
from curvegan_core.families.description import Description
from curvegan_core.records.loss_curve import Snapshot

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0], [0.5, -1.0, 0.0]])


REFUSED = {
    "row 2, point 2: inf is not a finite": [[1, 2], [3, np.inf]],
    "row 2, point 1: nan is not a finite": [[1, 2], [np.nan, 3]],
    "at least 2 rows": [[1, 2]],
    "row 1 has 1 points; a curve has 2 to 256": [[1], [2]],
    "row 1 has 257 points": np.ones((2, 257)),
    "row 2 is constant": [[1, 2, 3], [5, 5, 5]],
    "row 2, point 2: 1e\\+99 is beyond": [[1, 2], [3, 1e99]],
    "all values lie within 1e-100 of each other": [[1e-300, 2e-300], [1e-300, 3e-300]],
    "row 100,001 is one too many": np.ones((MOST_ROWS + 1, 2)),
    "row 15,626 is one too many": np.ones((15_626, 256)),
}


@pytest.mark.parametrize("why", REFUSED)
def test_rows_that_cannot_be_trained_on_are_refused(why: str) -> None:
    with pytest.raises(DatasetRefused, match=why):
        Dataset.checked(np.array(REFUSED[why], float))


@pytest.mark.parametrize("data", [b"", b"[1]", b'["a"]', b'["a", "b", 3]', b"x", b'{"a": 1}'])
def test_labels_that_are_damaged(data: bytes) -> None:
    whole = Dataset.checked(ROWS, ("a", "b", "a")).to_bytes()
    assert Dataset.from_bytes(whole).labels == ("a", "b", "a")
    if data:
        with pytest.raises(DatasetRefused, match="labels"):
            Dataset.from_bytes(Dataset.checked(ROWS).to_bytes() + data)


def test_a_hash_never_moves() -> None:
    assert Dataset.checked(ROWS).hash == "7289b18266fc78f65b380f69edea409483c5bb64244e93d0ab0e86e56039e653"


def test_a_description_survives_its_dict() -> None:
    described = Description(
        columns=("a", "b"), x=(1.0, 2.5), index=("r",), label_name="season", y_label="load", unit="GW"
    )
    assert Description.from_dict(described.as_dict() | {"newer": 1}) == described
    assert Description.from_dict({}) == Description()
    assert (described.title_y, Description(unit="GW").title_y) == ("load (GW)", "GW")


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


def test_a_large_offset_keeps_its_digits() -> None:
    rows = 1.7e9 + 0.5 * np.sin(np.arange(40)[:, None] + np.arange(12))
    dataset = Dataset.checked(rows)
    config = TrainConfig(curve=dataset.parameters, points=12)
    np.testing.assert_allclose(restored(config, dataset.standardised), rows, rtol=0, atol=1e-6)
    snapshot = Snapshot(3, restored(config, dataset.standardised), {"rmse": 0.5})
    back = Snapshot.from_bytes(snapshot.to_bytes())
    np.testing.assert_array_equal(back.curves, snapshot.curves)
    assert back.curves.dtype == np.float64
    assert back == snapshot
    with pytest.raises(ValueError, match="bytes"):
        Snapshot.from_bytes(snapshot.to_bytes()[: 16 + 8 * 40 * 12 - 1])
