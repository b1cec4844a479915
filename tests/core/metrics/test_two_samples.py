"""A classifier that tells two samples apart, and intervals: right for what they promise, over many samples."""

import numpy as np
import pytest

from curvegan_core.metrics.two_samples import interval, ratio_interval, told_apart

RANDOM = np.random.default_rng(11)


def normal(count: int, shift: float = 0.0) -> np.ndarray:
    return RANDOM.normal(size=(count, 3)) + shift


def test_samples_of_one_distribution_are_not_told_apart_and_others_are() -> None:
    told, of = np.array([told_apart(normal(40), normal(60)) for _ in range(100)]).T
    assert set(of) == {80}
    assert np.mean(told / of) == pytest.approx(0.5, abs=0.03)
    assert told_apart(normal(50), normal(50, 9.0)) == (100, 100)
    assert told_apart(3 * normal(200), normal(200))[0] > 270
    for same in (normal(50) for _ in range(20)):
        assert told_apart(same, same)[0] == 50


def test_the_interval_of_a_share_is_the_one_of_the_books() -> None:
    # Clopper and Pearson's of 4 of 10, as R's binom.test prints it.
    assert interval(4, 10) == pytest.approx((0.1215523, 0.7376219), abs=1e-6)
    assert interval(0, 10) == pytest.approx((0.0, 0.3084971), abs=1e-6)
    assert interval(10, 10)[1] == 1


def test_the_interval_of_a_ratio_holds_what_endless_rows_would_give() -> None:
    """Both samples are shifted: their squared distances are those of many rows, three times of ten within."""
    near, far, endless = normal(1024, 0.6), normal(1024, 1.2), normal(1024)
    exact = np.mean(ratio_interval(near, far, endless, 0) or ())
    held = [ratio_interval(near, far, normal(60), seed) for seed in range(40)]
    assert sum(found is not None and found[0] <= exact <= found[1] for found in held) >= 34
    assert ratio_interval(near, far, normal(1), 0) is None
    assert ratio_interval(near, near, normal(60), 0) == pytest.approx((1, 1))
