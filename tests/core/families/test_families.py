"""Each family draws what it says, and knows how far any curve is from it: against brute force over its members."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curvegan_core.config.curve import CURVE_MODELS
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.curves import FAMILIES, columns, family, minibatches, points_x, real_curves, target
from curvegan_core.noise import Stream

ARMS = ("spiral", "swiss_roll")
ON_A_LINE = (*ARMS, "circle", "two_moons", "line")
each_family = pytest.mark.parametrize("name", FAMILIES)
MODES = {"updown": 2, "sine_modes": 8, "ring8": 8, "grid25": 25, "mixture": 8}


def config(curve: object, **values: object) -> TrainConfig:
    return TrainConfig.parse({"curve": curve, "seed": 4, **values})


def modes_of(curve: object) -> np.ndarray:
    modes = family(config(curve)).modes_kp
    assert modes is not None
    return modes


def drawn(name: str, count: int = 2000) -> np.ndarray:
    return drawn_of(config(name), count)


def drawn_of(job: TrainConfig, count: int = 2000) -> np.ndarray:
    return real_curves(job, family(job), Stream.EVALUATION, count)


def test_every_family_has_parameters_and_a_drawing() -> None:
    assert [*FAMILIES, "data"] == list(CURVE_MODELS)


@each_family
def test_draws_lie_on_their_family_as_far_as_the_noise_reaches(name: str) -> None:
    job, curves = config(name), drawn(name)
    members = family(job)
    assert curves.shape == (2000, job.points)
    assert curves.dtype == np.float32
    distances = members.distances(curves)
    if not members.noise:
        assert distances.max() < 1e-6
        return
    # Noise is one standard deviation at each point; a family with a parameter follows it along its own curve.
    free = 1 if members.modes_kp is None else 0
    expected = members.noise * np.sqrt(job.points - free) if job.curve.is_point else members.noise
    assert np.sqrt(np.mean(distances**2)) == pytest.approx(expected, rel=0.06)


@each_family
def test_a_curve_moved_off_is_that_far_away(name: str) -> None:
    job = config(name)
    members = family(job)
    on = members.members(np.linspace(0, 1, 50, endpoint=False))
    assert members.distances(on).max() < 4e-3
    away = on + 1e3
    offset = 1e3 * (np.sqrt(job.points) if job.curve.is_point else 1)
    np.testing.assert_allclose(members.distances(away), offset, rtol=0.01)


@pytest.mark.parametrize("name", ["quadratic_family", "sine", *ON_A_LINE, *MODES])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_nearest_is_as_near_as_any_member(name: str, data: st.DataObject) -> None:
    job = config(name) if CURVE_MODELS[name].COORDINATES else config(name, points=5, x_min=-0.7, x_max=1.2)
    members = family(job)
    curves = data.draw(hnp.arrays(np.float64, (3, job.points), elements=st.floats(-3, 3)))
    many = members.members(np.linspace(0, 1, 4001)[:-1])
    by_force = [members.lengths(many - curve).min() for curve in curves]
    # 4000 members lie a little beside the nearest one; a spiral's own arm has 1024 points, a roll's 2048.
    np.testing.assert_allclose(members.distances(curves), by_force, atol=4e-3)
    assert (members.distances(curves) <= np.array(by_force) + (4e-3 if name in ARMS else 1e-9)).all()


@pytest.mark.parametrize(("name", "count"), MODES.items())
def test_modes_are_all_there_apart_and_as_likely(name: str, count: int) -> None:
    members = family(config(name))
    assert members.modes_kp is not None
    assert len(members.modes_kp) == count
    apart = min(members.lengths(members.modes_kp[k + 1 :] - members.modes_kp[k]).min() for k in range(count - 1))
    assert apart > 8 * members.noise
    curves = drawn(name, 8000).astype(np.float64)
    shares = np.bincount(members.nearest_mode(curves), minlength=count) / len(curves)
    np.testing.assert_allclose(shares, 1 / count, atol=4 * np.sqrt(1 / count / len(curves)))
    around = curves - members.nearest(curves)
    np.testing.assert_allclose(around.std(axis=0), members.noise, rtol=0.1)


def test_formulas() -> None:
    x = np.linspace(-1, 1, 15)
    np.testing.assert_allclose(target(config("cubic")), 4 * x**3 - 3 * x, atol=1e-6)
    np.testing.assert_allclose(target(config("abs")), 2 * np.abs(x), atol=1e-6)
    upper, lower = modes_of("updown")
    np.testing.assert_allclose(upper, 2 * x**2 - 0.5)
    np.testing.assert_allclose(lower, -upper)
    modes = modes_of("sine_modes")
    np.testing.assert_allclose(modes, [np.sin(np.pi * x + 2 * np.pi * k / 8) for k in range(8)], atol=1e-12)
    half = family(config("quadratic_family")).members(np.array([0.5]))
    np.testing.assert_allclose(half[0], 1.5 * x**2 + 0.5)
    np.testing.assert_allclose(family(config("sine")).members(np.array([0.25]))[0], np.cos(np.pi * x), atol=1e-12)
    ring = modes_of("ring8")
    np.testing.assert_allclose(ring[:3], [[1, 0], [np.sqrt(0.5)] * 2, [0, 1]], atol=1e-12)
    assert {tuple(mode) for mode in modes_of("grid25")} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}
    inner, outer = family(config("spiral")).members(np.array([0.0, 1.0]))
    np.testing.assert_allclose(np.linalg.norm([inner, outer], axis=1), [0.1, 1])
    with pytest.raises(ValueError, match="more than one curve"):
        target(config("sine"))
    np.testing.assert_array_equal(target(config({"family": "dirac", "value": 0.5}, points=2)), [0.5, 0.5])
    roll = family(config({"family": "swiss_roll", "radius": 4.5 * np.pi})).members(np.array([0.0, 0.25, 1.0]))
    t = np.pi * np.array([1.5, 2.25, 4.5])
    np.testing.assert_allclose(roll, np.stack((t * np.cos(t), t * np.sin(t)), axis=1), atol=1e-12)
    moons = family(config("two_moons")).members(np.array([0.0, 0.25, 0.5, 0.75]))
    np.testing.assert_allclose(moons, np.array([[1, 0], [0, 1], [0, 0.5], [1, -0.5]]), atol=1e-12)
    line = family(config({"family": "line", "offset": 3.0, "length": 4.0})).members(np.array([0.0, 0.5, 0.75]))
    np.testing.assert_allclose(line, np.array([[3.0, -2], [3, 0], [3, 1]]))


@pytest.mark.parametrize(
    ("keys", "modes"),
    [
        ({"layout": "ring", "modes": 4, "scale": 2.0}, [[2, 0], [0, 2], [-2, 0], [0, -2]]),
        ({"layout": "grid", "modes": 4, "scale": 2.0}, [[-1, -1], [-1, 1], [1, -1], [1, 1]]),
        ({"layout": "grid", "modes": 9}, [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]),
        ({"layout": "line", "modes": 3, "scale": 5.0}, [[-5], [0], [5]]),
        ({"layout": "ring", "modes": 1}, [[1, 0]]),
    ],
    ids=str,
)
def test_a_mixture_lies_where_its_layout_says(keys: dict[str, object], modes: list[list[float]]) -> None:
    np.testing.assert_allclose(modes_of({"family": "mixture", **keys}), modes, atol=1e-12)


def test_a_mixture_is_the_published_sets_of_that_shape() -> None:
    for fixed, layout, modes in (("ring8", "ring", 8), ("grid25", "grid", 25)):
        mixture = {"family": "mixture", "layout": layout, "modes": modes}
        np.testing.assert_array_equal(modes_of(mixture), modes_of(fixed))


def test_random_centres_are_the_same_for_every_seed_and_within_the_square() -> None:
    values = {"family": "mixture", "layout": "random", "modes": 100, "scale": 3.0}
    modes, others = (family(config(values, seed=seed)).modes_kp for seed in (1, 2))
    assert modes is not None
    np.testing.assert_array_equal(modes, others)
    assert np.abs(modes).max() <= 3
    assert np.abs(modes).max(axis=0) == pytest.approx([3, 3], abs=0.2)
    fewer = family(config({**values, "modes": 7})).modes_kp
    np.testing.assert_array_equal(fewer, modes[:7])


@given(st.integers(1, 12), st.floats(0.5, 1))
@settings(max_examples=20, deadline=None)
def test_a_mixtures_weights_fall_by_the_ratio(modes: int, ratio: float) -> None:
    members = family(config({"family": "mixture", "modes": modes, "ratio": ratio}))
    weights = members.weights_k
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights[1:] / weights[:-1], ratio)
    drawn_modes = members.nearest_mode(members.members(np.linspace(0, 1, 20_001)[:-1]))
    shares = np.bincount(drawn_modes, minlength=modes) / 20_000
    np.testing.assert_allclose(shares, weights, atol=1e-4)


def test_quality_in_a_box_or_in_a_circle() -> None:
    corner = np.array([[1.0, 0.0]]) + 0.05 * np.array([[2.9, 2.9], [3.1, 0.0], [0.0, -2.9]])
    circle, box = (family(config({"family": "mixture", "box": box})) for box in (False, True))
    np.testing.assert_allclose(circle.from_modes(corner), 0.05 * np.array([2.9 * np.sqrt(2), 3.1, 2.9]))
    np.testing.assert_allclose(box.from_modes(corner), 0.05 * np.array([2.9, 3.1, 2.9]))
    assert TrainConfig.parse({"curve": {"family": "mixture", "box": True}}).hash == config("mixture", seed=0).hash


def test_numbers_of_a_line_and_a_point() -> None:
    for curve in ({"family": "mixture", "layout": "line"}, "dirac"):
        job = config(curve)
        assert (job.points, columns(job)) == (1, ("x",))
        assert drawn_of(job).shape == (2000, 1)
    assert config("dirac", points=2).points == 2
    with pytest.raises(InvalidConfig, match="mixture is a set of numbers: points must be 1"):
        config({"family": "mixture", "layout": "line"}, points=2)
    with pytest.raises(InvalidConfig, match="dirac is one point: points must be 1 or 2"):
        config("dirac", points=3)
    with pytest.raises(InvalidConfig, match="sine needs points of at least 2"):
        config("sine", points=1)


@pytest.mark.parametrize("name", ["quadratic_family", "sine", *ON_A_LINE])
def test_the_fitted_parameter_is_the_one_that_drew_the_curve(name: str) -> None:
    members = family(config(name))
    uniform = np.linspace(0.01, 0.99, 99)
    fitted = members.fitted(members.members(uniform))
    assert fitted is not None
    ranges = {"quadratic_family": (1, 2), "line": (-1, 1), **dict.fromkeys((*ARMS, "two_moons"), (0, 1))}
    low, high = ranges.get(name, (0, 2 * np.pi))
    np.testing.assert_allclose(fitted.values_n, low + (high - low) * uniform, atol=2e-3 if name in ARMS else 1e-9)
    assert (fitted.truth_n.min(), fitted.truth_n.max()) == pytest.approx((low, high), abs=0.04)
    assert family(config("updown")).fitted(np.ones((2, 15))) is None


def test_a_minibatch_is_a_function_of_seed_and_step() -> None:
    job = config("sine_modes", batch_size=9)
    blocks, out, one = (
        minibatches(job, family(job)),
        np.empty((70, 9, 15), np.float32),
        np.empty((1, 9, 15), np.float32),
    )
    blocks.fill(out, 100)
    minibatches(job, family(job)).fill(one, 137)
    np.testing.assert_array_equal(one[0], out[37])
    assert len(np.unique(out.reshape(70, -1), axis=0)) == 70
    other = config("sine_modes", batch_size=9, seed=5)
    minibatches(other, family(other)).fill(one, 137)
    assert not np.array_equal(one[0], out[37])


def test_point_sets_are_points_of_the_plane() -> None:
    job = config("spiral")
    assert (job.points, columns(job)) == (2, ("x", "y"))
    assert columns(TrainConfig(points=3)) == ("-1", "0", "1")
    assert points_x(TrainConfig(points=3)).tolist() == [-1, 0, 1]
    for wrong in ({"points": 3}, {"points": 2, "x_max": 2.0}):
        with pytest.raises(InvalidConfig, match="spiral is a set of points of the plane"):
            config("spiral", **wrong)


@pytest.mark.parametrize(
    ("curve", "reason"),
    [
        ("sinus", "no family 'sinus', did you mean 'sine'"),
        ("zzz", "the families are quadratic, cubic"),
        ({"family": "sine", "amplitude": 2.0}, "unknown key 'curve.amplitude'"),
        ({"family": "updown", "noise": 0.0}, "curve.noise: input should be greater than 0"),
        ({"family": "quadratic_family", "a_min": 3.0}, "a_min must be smaller"),
        ({"family": "sine_modes", "modes": 1}, "curve.modes"),
        ({"family": "data", "hash": "x", "mean": 0.0, "scale": 1.0}, "curve.hash"),
        ({"family": "data"}, "curve.hash: field required"),
        ({"family": "mixture", "layout": "grid"}, "1, 4, 9, 16, 25 ... modes: the square of a whole number, not 8"),
        ({"family": "mixture", "layout": "cross"}, "curve.layout: input should be 'ring', 'grid', 'line' or 'random'"),
        ({"family": "mixture", "ratio": 0.1}, "ratio 0.1 leaves the last of 8 modes less than 0.0001"),
        ({"family": "mixture", "noise": 0.0}, "curve.noise: input should be greater than 0"),
        ({"family": "mixture", "box": 1}, "curve.box: input should be true or false"),
    ],
)
def test_wrong_curves_are_refused(curve: object, reason: str) -> None:
    with pytest.raises(InvalidConfig, match=reason):
        TrainConfig.parse({"curve": curve})


def test_the_name_of_the_default_training_has_not_changed() -> None:
    """Checkpoints written before the families and losses came still belong to their configs."""
    assert TrainConfig().hash == "4a46c7552341857d981a442030757a58d6c83f53da2ff3ef1fb027062483ac08"
    hashes = {config(name).hash for name in FAMILIES} | {TrainConfig(seed=4, ema=0.9).hash}
    assert len(hashes) == len(FAMILIES) + 1


@pytest.mark.parametrize("name", CURVE_MODELS)
def test_the_documents_name_every_family(name: str) -> None:
    row = f"| `{name}` | {inspect.getdoc(CURVE_MODELS[name])} |"
    assert row in (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
