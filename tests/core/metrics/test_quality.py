"""Measures of quality against answers that are known: by arithmetic, by scipy in one dimension, by geometry."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import energy_distance, entropy, wasserstein_distance

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families import curves
from curvegan_core.families.family import Family, Fitted, even
from curvegan_core.metrics.distribution import MOST_PAIRED, Neighbours, modes, parameter_w1, sliced_w1, w1
from curvegan_core.metrics.evaluation import Evaluation, Metrics
from curvegan_core.metrics.names import METRICS
from curvegan_core.networks import init_weights
from curvegan_core.noise import Stream
from curvegan_core.records.loss_curve import LossCurve, Snapshot

RANDOM = np.random.default_rng(1)


def test_w1_of_a_shift_is_the_shift() -> None:
    truth = even(1000)
    assert parameter_w1(Fitted(truth + 0.25, truth)) == pytest.approx(0.25)
    assert parameter_w1(Fitted(np.full(1000, 0.5), truth)) == pytest.approx(0.25)
    assert parameter_w1(Fitted(truth[::-1], truth)) == pytest.approx(0)


def test_w1_on_the_circle_goes_the_short_way_round() -> None:
    near_0, near_turn = np.full(100, 0.1), np.full(100, 2 * np.pi - 0.1)
    assert parameter_w1(Fitted(near_0, near_turn, 2 * np.pi)) == pytest.approx(0.2)
    turned = (2 * np.pi * even(500) + 1.0) % (2 * np.pi)
    assert parameter_w1(Fitted(turned, 2 * np.pi * even(500), 2 * np.pi)) == pytest.approx(0, abs=0.02)
    # All mass at one angle against all around: on average a quarter of the circle away.
    assert parameter_w1(Fitted(np.full(400, 2.0), 2 * np.pi * even(400), 2 * np.pi)) == pytest.approx(
        np.pi / 2, rel=0.01
    )


def test_modes_captured_and_high_quality() -> None:
    family = curves.family(TrainConfig.parse({"curve": "ring8"}))
    assert family.modes_kp is not None
    east, north = family.modes_kp[0], family.modes_kp[2]
    sample = np.array([east, east + np.array([0.149, 0]), east + np.array([0, 0.151]), north + 0.05])
    coverage = modes(family, sample)
    assert (coverage["modes"], coverage["modes_of"], coverage["hq"]) == (2, 8, 0.75)
    assert coverage["mode_entropy"] == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(8))
    assert modes(family, family.modes_kp)["mode_entropy"] == pytest.approx(1)
    assert modes(family, np.repeat(east[None], 5, 0))["mode_entropy"] == 0
    assert modes(family, family.modes_kp * 2)["modes"] == 0
    assert modes(curves.family(TrainConfig()), np.ones((2, 15))) == {}


def test_a_curves_deviation_is_the_root_mean_square_over_its_points() -> None:
    family = curves.family(TrainConfig.parse({"curve": "updown"}))
    assert family.modes_kp is not None
    shift = np.array([[0.149], [0.151]])
    assert modes(family, family.modes_kp + shift)["hq"] == 0.5


def mixture(**keys: object) -> Family:
    return curves.family(TrainConfig.parse({"curve": {"family": "mixture", **keys}}))


def at_modes(family: Family, counts: list[int]) -> np.ndarray:
    """So many samples right at each mode."""
    assert family.modes_kp is not None
    return np.repeat(family.modes_kp, counts, axis=0)


@given(st.lists(st.integers(0, 30), min_size=8, max_size=8).filter(any), st.floats(0.5, 1))
@settings(max_examples=50, deadline=None)
def test_divergences_of_mode_shares_are_scipys(counts: list[int], ratio: float) -> None:
    family = mixture(modes=8, ratio=ratio)
    measured, real = modes(family, at_modes(family, counts)), family.weights_k
    share = np.array(counts) / sum(counts)
    assert measured["reverse_kl"] == pytest.approx(entropy(share, real), abs=1e-12)
    assert measured["mode_js"] == pytest.approx(jensenshannon(share, real) ** 2, abs=1e-9)
    assert 0 <= measured["mode_js"] <= np.log(2)


def test_reverse_kl_of_even_modes_is_what_their_entropy_lacks() -> None:
    family = curves.family(TrainConfig.parse({"curve": "grid25"}))
    measured = modes(family, at_modes(family, [3, 1, 0, 7, 2] * 5))
    assert measured["reverse_kl"] == pytest.approx((1 - measured["mode_entropy"]) * np.log(25))
    collapsed = modes(family, at_modes(family, [5] + 24 * [0]))
    assert collapsed["reverse_kl"] == pytest.approx(np.log(25))
    assert collapsed["mode_js"] == pytest.approx(jensenshannon([1, *24 * [0]], 25 * [1 / 25]) ** 2)
    one = modes(mixture(modes=1), np.zeros((3, 2)))
    assert (one["mode_entropy"], one["reverse_kl"], one["mode_js"]) == (1, 0, 0)


def test_quality_reaches_as_far_as_the_threshold() -> None:
    family = mixture(modes=1, noise=0.05)
    sample = np.array([[1.0, 0.0]]) + 0.05 * np.array([[0.9, 0], [1.9, 0], [2.9, 0], [3.9, 0]])
    assert [modes(family, sample, threshold)["hq"] for threshold in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(("box", "share"), [(False, 1 - np.exp(-4.5)), (True, 0.9973**2)])
def test_a_perfect_mixture_has_the_known_share_of_high_quality(box: bool, share: float) -> None:
    config = TrainConfig.parse({"curve": {"family": "mixture", "box": box}})
    family = curves.family(config)
    sample = curves.real_curves(config, family, Stream.SAMPLE, 50_000).astype(np.float64)
    assert modes(family, sample)["hq"] == pytest.approx(share, abs=0.001)


def test_w1_is_the_cheapest_assignment() -> None:
    sample = RANDOM.normal(size=(60, 2))
    assert w1(sample, RANDOM.permutation(sample)) == pytest.approx(0, abs=1e-12)
    # Of a shift it is the shift, whatever the order; on a line it is scipy's.
    assert w1(sample + np.array([3.0, 4.0]), RANDOM.permutation(sample)) == pytest.approx(5)
    a, b = RANDOM.normal(size=(80, 1)), RANDOM.normal(1, 2, size=(80, 1))
    assert w1(a, b) == pytest.approx(wasserstein_distance(a[:, 0], b[:, 0]))
    small, others = sample[:5], RANDOM.normal(size=(5, 2))
    by_force = min(np.linalg.norm(small - others[list(order)], axis=1).mean() for order in permutations(range(5)))
    assert w1(small, others) == pytest.approx(by_force)


def test_more_samples_judge_as_the_first_thousand_do() -> None:
    values = {"curve": "ring8", "ema": 0.9}
    weights = init_weights(TrainConfig.parse(values))
    few, many = (Evaluation(TrainConfig.parse({**values, "samples": count})) for count in (1024, 20_000))
    snapshot = many.snapshot(3, weights)
    np.testing.assert_allclose(snapshot.curves, few.snapshot(3, weights).curves, rtol=1e-5, atol=1e-6)
    assert len(snapshot.curves) == MOST_PAIRED
    one, other = few.final(weights, RECORD).as_dict(), many.final(weights, RECORD).as_dict()
    # Those of all pairs are of the same 1,024; the others are means over more of the same.
    for name in ("energy", "density", "coverage", "w1"):
        assert one[name] == pytest.approx(other[name], rel=1e-4)
    assert one["spread"] != other["spread"] == pytest.approx(one["spread"], rel=0.1)


def test_what_judges_is_no_part_of_the_hash() -> None:
    plain = TrainConfig.parse({"curve": "ring8"})
    judged = TrainConfig.parse({"curve": "ring8", "samples": 50_000, "threshold": 4.0})
    assert (plain.hash, plain.pack_key) == (judged.hash, judged.pack_key)
    with pytest.raises(InvalidConfig, match="samples must be at most 16384 for curves of 256 points"):
        TrainConfig.parse({"points": 256, "samples": 20_000})


def test_sliced_w1_of_a_shift_is_its_mean_projection() -> None:
    sample = RANDOM.normal(size=(200, 2))
    assert sliced_w1(sample, sample[::-1]) == pytest.approx(0)
    column = RANDOM.normal(1, 2, size=(200, 1))
    assert sliced_w1(sample[:, :1], column) == pytest.approx(wasserstein_distance(sample[:, 0], column[:, 0]))
    # The mean of |cos| over all directions of the plane is 2/pi.
    assert sliced_w1(sample + np.array([3.0, 0.0]), sample) == pytest.approx(3 * 2 / np.pi, rel=0.1)


def test_energy_distance_is_scipys_in_one_dimension() -> None:
    a, b = RANDOM.normal(size=300), RANDOM.normal(0.7, 1.5, size=300)
    plane = [np.column_stack((sample, np.zeros(300))) for sample in (a, b)]
    assert Neighbours(plane[0]).compare(plane[1])["energy"] == pytest.approx(energy_distance(a, b))


def test_density_and_coverage() -> None:
    real = np.arange(100.0)[:, None] * [1.0, 0.0]
    same = Neighbours(real).compare(real)
    assert same["coverage"] == 1
    # On a line of even points the ball to the 5th neighbour reaches 3 far and holds 7 points; at the ends up to 5 far.
    assert same["density"] == pytest.approx(7 / 5, rel=0.02)
    half = Neighbours(real).compare(real[:50])
    assert half["coverage"] == pytest.approx(0.53, abs=0.01)
    assert Neighbours(real).compare(real + 1e3)["density"] == 0
    assert Neighbours(real).compare(real + np.array([0.0, 1e3]))["coverage"] == 0


def test_real_curves_judged_as_if_generated_are_perfect() -> None:
    config = TrainConfig.parse({"curve": "sine_modes"})
    family = curves.family(config)
    others = curves.real_curves(config, family, Stream.SAMPLE, 1024).astype(np.float64)
    compared = Neighbours(curves.real_curves(config, family, Stream.EVALUATION, 1024).astype(np.float64)).compare(
        others
    )
    assert compared["energy"] < 0.12
    assert compared["density"] == pytest.approx(1, abs=0.1)
    assert compared["coverage"] > 0.95
    covered = {"modes": 8, "modes_of": 8, "hq": 1, "mode_entropy": 1, "reverse_kl": 0, "mode_js": 0}
    assert modes(family, others) == pytest.approx(covered, abs=0.01)


RECORD = LossCurve(np.array([0]), *(np.array([value], np.float32) for value in (0.7, 1.4, 0.5, 0.5, 0.1)))
ALWAYS = {"rmse", "spread", "relative_rmse", "equilibrium_gap"}
MANY = ALWAYS | {"relative_spread", "sliced_w1", "energy", "density", "coverage"}
OF_MODES = MANY | {"modes", "modes_of", "hq", "mode_entropy", "reverse_kl", "mode_js"}
AT_THE_END = {"w1"}
# `test_own_verdict` measures them.
BASELINES = {f"{name}_{of}" for name in ("energy", "c2st") for of in ("floor", "gaussian", "kde")}
INTERVALS = {f"{name}{end}" for name in ("energy_ratio", "c2st") for end in ("", "_low", "_high")}
HELD_OUT = BASELINES | INTERVALS | {"roughness", "memorisation", "label_match", "label_match_real"}


@pytest.mark.parametrize(
    ("curve", "names"),
    [("abs", ALWAYS), ("sine", MANY | {"parameter_w1"}), ("updown", OF_MODES), ("ring8", OF_MODES)],
)
def test_what_does_not_apply_is_absent(curve: str, names: set[str]) -> None:
    config = TrainConfig.parse({"curve": curve, "ema": 0.9})
    weights = init_weights(config)
    metrics = Evaluation(config).final(weights, RECORD, weights)
    names = names if names == ALWAYS else names | AT_THE_END
    average = {f"ema_{name}": metrics.as_dict()[name] for name in names - {"equilibrium_gap"}}
    assert set(metrics.as_dict()) == names | set(average) | {"g_loss", "d_loss", "d_real", "d_fake"}
    assert names <= set(METRICS)
    # The average of weights that never moved is those weights.
    assert {name.removeprefix("ema_"): value for name, value in average.items()} == {
        name: metrics.as_dict()[name] for name in names - {"equilibrium_gap"}
    }
    assert metrics.finite
    assert Metrics.from_dict(metrics.as_dict()) == metrics


def test_every_metric_is_one_of_some_family() -> None:
    assert MANY | OF_MODES | AT_THE_END | HELD_OUT | {"parameter_w1"} == set(METRICS)


def test_a_snapshot_carries_its_metrics_through_bytes() -> None:
    config = TrainConfig.parse({"curve": "ring8"})
    snapshot = Evaluation(config).snapshot(7, init_weights(config))
    assert snapshot.curves.shape == (1024, 2)
    back = Snapshot.from_bytes(snapshot.to_bytes())
    assert back.metrics == snapshot.metrics
    assert set(back.metrics) == OF_MODES
    for damaged in (snapshot.to_bytes() + b"x", snapshot.to_bytes()[:-1]):
        with pytest.raises(ValueError, match="metrics"):
            Snapshot.from_bytes(damaged)


def test_a_generator_of_infinities_is_judged_without_a_warning() -> None:
    config = TrainConfig.parse({"curve": "sine"})
    weights = {name: np.full_like(tensor, 3e38) for name, tensor in init_weights(config).items()}
    assert not Evaluation(config).final(weights, RECORD).finite
    assert Evaluation(config).snapshot(1, weights).metrics == {}
