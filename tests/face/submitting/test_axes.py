"""The axes of a sweep: what may be typed, the points they span, and what is refused."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan.submitting.axes import (
    MOST_POINTS,
    Axis,
    Value,
    check_axes,
    describe,
    drawn_points,
    grid_points,
    parse_axis,
    seed_axis,
)
from curvegan_core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=1e-5,1e-4", (1e-5, 1e-4)),
        (" loss = ns , rpgan ", ("ns", "rpgan")),
        ("spectral_norm=true,false", (True, False)),
        ("curve.a=2,-3", (2, -3)),
        ("steps=5", (5,)),
        ("lr=log:1e-5:1e-2:4", (1e-5, 1e-4, 1e-3, 1e-2)),
        ("lr=log:1e-3:1e-2:3", (1e-3, 0.00316228, 1e-2)),
        ("hidden_g=log:8:64:4", (8, 16, 32, 64)),
        ("gp=lin:0:1:5", (0, 0.25, 0.5, 0.75, 1)),
        ("x_min=lin:-2:-1:2", (-2, -1)),
    ],
)
def test_values_as_they_are_typed(text: str, values: tuple[Value, ...]) -> None:
    axis = parse_axis(text)
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]
    assert axis.described == list(values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no axis: write it as KEY=VALUE,VALUE"),
        ("lr", "is no axis"),
        ("=1", "is no axis"),
        ("lr=", "is no axis"),
        ("lr=,", "the axis lr has an empty value"),
        ("lr=1,,2", "the axis lr has an empty value"),
        ("lr=1e-3,0.001", "the axis lr has the value 0.001 twice"),
        ("curve=sine,sine", "the value sine twice"),
        ("curve={family='sine'}", "takes numbers, words, true and false"),
        ("lr=1979-05-27", "takes numbers, words, true and false"),
        ("lr=log:1:2", "is no row of values: write log:FIRST:LAST:HOW_MANY"),
        ("lr=log:1:2:3:4", "is no row of values"),
        ("lr=log:1:2:3.5", "is no row of values"),
        ("lr=log:1:2:-3", "is no row of values"),
        ("lr=log:1:2:99999999999", "is no row of values"),
        ("lr=log:0:2:3", "below the last, both above 0"),
        ("lr=log:-1:2:3", "both above 0"),
        ("lr=lin:2:1:3", "the first value is below the last"),
        ("lr=lin:1:1:3", "the first value is below the last"),
        ("lr=lin:1:2:1", "there are 2 or more"),
        ("lr=lin:1:2:100001", "there are 2 or more"),
        ("lr=lin:nan:2:3", "'nan' is no number"),
        ("lr=lin:1:inf:3", "'inf' is no number"),
        ("lr=lin:a:2:3", "'a' is no number"),
        ("lr=lin:true:2:3", "'true' is no number"),
        ("lr=lin:1:1.0000000001:3", "has the value 1 twice"),
        ("lr=1..", "'' is no number"),
        ("lr=..", "'' is no number"),
        ("lr=a..b", "'a' is no number"),
        ("lr=nan..1", "'nan' is no number"),
        ("lr=1e-3..1e-5", "the smaller end of a range comes first"),
        ("lr=1..1", "the smaller end of a range comes first"),
    ],
)
def test_what_is_no_axis_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_axis(text)
    assert said in str(error.value)


def test_seeds_are_a_number_of_them_or_a_list() -> None:
    assert seed_axis("3", 5).values == (5, 6, 7)
    assert seed_axis("3,5,9", 7).values == (3, 5, 9)
    for text in ("0", "100001", "-1", "1.5", "many", "", "1,,2", "3,3", "9" * 5000, "१६"):
        with pytest.raises(InvalidInput, match="seed"):
            seed_axis(text, 0)


def test_axes_that_do_not_go_together() -> None:
    lr, seeds = parse_axis("lr=1e-5..1e-2"), seed_axis("3", 0)
    check_axes([lr, seeds], drawn=True)
    with pytest.raises(InvalidInput, match=r"only --random N draws from; .* lr=log:1e-05:0.01:7"):
        check_axes([lr, seeds], drawn=False)
    for twice in (
        [lr, lr],
        [seeds, parse_axis("seed=1,2")],
        [parse_axis("curve=sine"), parse_axis("curve.family=abs")],
    ):
        with pytest.raises(InvalidInput, match="is an axis twice"):
            check_axes(twice, drawn=True)
    with pytest.raises(InvalidInput, match="at most 16 axes, got 17"):
        check_axes([Axis(f"k{n}", (1,)) for n in range(17)], drawn=False)


def test_a_grid_has_every_point_once_and_the_last_axis_is_the_fastest() -> None:
    axes = [parse_axis("lr=1e-4,1e-3"), parse_axis("loss=ns,rpgan"), seed_axis("2", 0)]
    count, points = grid_points(axes)
    found = list(points)
    assert count == len(found) == len(set(found)) == 8
    assert found[:3] == [(1e-4, "ns", 0), (1e-4, "ns", 1), (1e-4, "rpgan", 0)]
    assert describe(axes, found[1]) == "lr=0.0001 loss=ns seed=1"


def test_too_many_points_are_refused_before_any_is_made() -> None:
    axes = [Axis("a", tuple(range(1000))), Axis("b", tuple(range(101)))]
    with pytest.raises(InvalidInput, match="at most 100000 jobs, this one has 101000"):
        grid_points(axes)
    with pytest.raises(InvalidInput, match="at most 100000 jobs, this one has 200000"):
        drawn_points(axes, MOST_POINTS, 0, seed_axis("2", 0))


def test_drawn_points_are_the_seeds_and_differ() -> None:
    axes = [parse_axis("lr=1e-5..1e-2"), parse_axis("loss=ns,rpgan")]
    count, points = drawn_points(axes, 200, 7, None)
    found = list(points)
    assert count == len(found) == len(set(found)) == 200
    assert found == list(drawn_points(axes, 200, 7, None)[1])
    assert found[:100] == list(drawn_points(axes, 100, 7, None)[1])
    assert found != list(drawn_points(axes, 200, 8, None)[1])


def test_each_drawn_point_has_every_seed() -> None:
    count, points = drawn_points([parse_axis("lr=1e-5..1e-2")], 3, 0, seed_axis("2", 4))
    found = list(points)
    assert count == len(found) == 6
    assert [point[1] for point in found] == [4, 5] * 3
    assert all(a[0] == b[0] for a, b in zip(found[::2], found[1::2], strict=True))


def test_a_wide_positive_range_is_drawn_on_a_logarithmic_scale() -> None:
    def median(text: str) -> float:
        drawn = sorted(float(point[0]) for point in drawn_points([parse_axis(text)], 1001, 0, None)[1])
        return drawn[500]

    assert 2e-4 < median("lr=1e-5..1e-2") < 5e-4  # the logarithmic middle is 3.2e-4, the other 5e-3
    assert 0.45 < median("beta1=0.0..1.0") < 0.55
    assert 0.5 < median("beta1=0.2..0.9") < 0.6


def test_ranges_between_whole_numbers_are_of_whole_numbers() -> None:
    found = [point[0] for point in drawn_points([parse_axis("hidden_g=8..512")], 100, 0, None)[1]]
    assert all(isinstance(value, int) and 8 <= value <= 512 for value in found)
    assert sorted(point[0] for point in drawn_points([parse_axis("d_steps=1..5")], 5, 0, None)[1]) == [1, 2, 3, 4, 5]


def test_more_points_than_there_are_cannot_be_drawn() -> None:
    few = [parse_axis("d_steps=1..5"), parse_axis("loss=ns,rpgan")]
    assert len(list(drawn_points(few, 10, 0, None)[1])) == 10
    with pytest.raises(InvalidInput, match="have only 10 points"):
        drawn_points(few, 11, 0, None)
    with pytest.raises(InvalidInput, match="different points came in"):
        drawn_points([parse_axis("lr=1.0..1.00001")], 100, 0, None)  # six digits tell few apart


@given(st.floats(1e-300, 1e290), st.floats(1.01, 1e6), st.integers(2, 50), st.sampled_from(["lin", "log"]))
def test_spaced_values_rise_from_end_to_end(low: float, factor: float, count: int, kind: str) -> None:
    values = [float(value) for value in parse_axis(f"lr={kind}:{low!r}:{low * factor!r}:{count}").values]
    assert len(values) == count
    assert math.isclose(values[0], low, rel_tol=1e-5)
    assert math.isclose(values[-1], low * factor, rel_tol=1e-5)
    assert all(a < b for a, b in pairwise(values))
