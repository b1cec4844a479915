"""Series survive the way through bytes, whatever their numbers are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curvegan_core.records.loss_curve import COLUMNS, LossCurve, Snapshot

floats = st.floats(width=32)
steps = st.integers(0, 2**62)


@st.composite
def loss_curves(draw: st.DrawFn) -> LossCurve:
    count = draw(st.integers(0, 20))
    values = draw(hnp.arrays(np.float32, (len(COLUMNS) - 1, count), elements=floats))
    return LossCurve(draw(hnp.arrays(np.int64, count, elements=steps)), *values)


@given(loss_curves())
def test_loss_curve_survives_bytes(curve: LossCurve) -> None:
    back = LossCurve.from_bytes(curve.to_bytes())
    assert back == curve
    for there, here in zip(back.columns, curve.columns, strict=True):
        np.testing.assert_array_equal(there, here)
        assert there.dtype == here.dtype


@given(st.lists(loss_curves(), max_size=4))
def test_concatenate_keeps_every_record_in_order(curves: list[LossCurve]) -> None:
    whole = LossCurve.concatenate(curves)
    assert len(whole) == sum(map(len, curves))
    first = 0
    for curve in curves:
        assert whole.rows(first, first + len(curve)) == curve
        first += len(curve)


@given(loss_curves(), st.integers(1, 27))
def test_half_a_record_is_refused(curve: LossCurve, extra: int) -> None:
    with pytest.raises(ValueError, match="28 bytes a record"):
        LossCurve.from_bytes(curve.to_bytes() + bytes(extra))


@given(steps, hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=floats))
def test_snapshot_survives_bytes(step: int, curves: np.ndarray) -> None:
    snapshot = Snapshot(step, curves)
    back = Snapshot.from_bytes(snapshot.to_bytes())
    assert back == snapshot
    assert back.step == step
    np.testing.assert_array_equal(back.curves, curves)


@pytest.mark.parametrize("cut", [1, 4, 12, 20])
def test_cut_snapshot_is_refused(cut: int) -> None:
    data = Snapshot(7, np.ones((2, 2), np.float32)).to_bytes()
    with pytest.raises(ValueError, match="bytes"):
        Snapshot.from_bytes(data[:-cut])


def test_bytes_are_little_endian_and_fixed() -> None:
    curve = LossCurve(np.array([258]), *(np.array([value], np.float32) for value in (1, 2, 3, 4, 5)))
    assert curve.to_bytes()[:12].hex() == "02010000000000000000803f"
    assert Snapshot(1, np.ones((1, 1), np.float32)).to_bytes().hex() == "0100000000000000" + "01000000" * 2 + "0000803f"
