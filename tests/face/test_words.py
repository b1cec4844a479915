"""Numbers, times and counts as people read them."""

from datetime import UTC, datetime, timedelta

from curvegan.words import age, duration, named, plural


def test_durations_are_in_their_largest_unit() -> None:
    assert [duration(s) for s in (0.4, 59, 119, 120, 7199, 7200, 86400 * 3)] == [
        *("0 s", "59 s", "119 s", "2 min", "120 min", "2 h", "3 d")
    ]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert age(now + timedelta(seconds=5), now) == "0 s"


def test_counts_and_values_are_as_short_as_they_can_be() -> None:
    assert (plural(0, "job"), plural(1, "job"), plural(2, "job")) == ("0 jobs", "1 job", "2 jobs")
    assert named(("lr", "loss", "fixed", "gp"), (1e-3, "ns", True, None)) == "lr=0.001 loss=ns fixed=true gp=-"
