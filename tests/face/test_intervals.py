"""Values of an axis put into intervals."""

import numpy as np

from curvegan.comparing.intervals import in_intervals


def test_few_values_are_left_as_they_are_and_many_put_into_intervals() -> None:
    assert in_intervals([3, 1, 2, 1], 3) == [3, 1, 2, 1]
    rates = [10 ** (-5 + 3 * share) for share in np.linspace(0, 1, 200)]
    found = in_intervals([*rates, None], 60)
    assert found[-1] is None
    assert len(set(found)) == 25
    assert all(0.8 < one / other < 1.25 for one, other in zip(found[:-1], rates, strict=True))
