"""Measures of quality against answers that are known: by arithmetic, by scipy in one dimension, by geometry."""

import numpy as np
import pytest
from scipy.stats import energy_distance, wasserstein_distance

from curvegan_core.config.train import TrainConfig
from curvegan_core.families import curves
from curvegan_core.families.family import Fitted, even
from curvegan_core.loss_curve import LossCurve, Snapshot
from curvegan_core.metrics.distribution import Neighbours, modes, parameter_w1, sliced_w1
from curvegan_core.metrics.evaluation import Evaluation, Metrics
from curvegan_core.metrics.names import METRICS
from curvegan_core.networks import init_weights
from curvegan_core.noise import Stream

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
    assert modes(family, others) == pytest.approx({"modes": 8, "modes_of": 8, "hq": 1, "mode_entropy": 1}, abs=0.01)


RECORD = LossCurve(np.array([0]), *(np.array([value], np.float32) for value in (0.7, 1.4, 0.5, 0.5, 0.1)))
ALWAYS = {"rmse", "spread", "relative_rmse", "equilibrium_gap"}
MANY = ALWAYS | {"relative_spread", "sliced_w1", "energy", "density", "coverage"}
OF_MODES = MANY | {"modes", "modes_of", "hq", "mode_entropy"}


@pytest.mark.parametrize(
    ("curve", "names"),
    [("abs", ALWAYS), ("sine", MANY | {"parameter_w1"}), ("updown", OF_MODES), ("ring8", OF_MODES)],
)
def test_what_does_not_apply_is_absent(curve: str, names: set[str]) -> None:
    config = TrainConfig.parse({"curve": curve, "ema": 0.9})
    weights = init_weights(config)
    metrics = Evaluation(config).final(weights, RECORD, weights)
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
    assert MANY | OF_MODES | {"parameter_w1"} == set(METRICS)


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
