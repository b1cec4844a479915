"""The verdict's rules, one by one from numbers, and on real short trainings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.metrics.evaluation import Metrics
from curvegan_core.metrics.names import VERDICTS
from curvegan_core.metrics.verdict import Verdict, judge, swing
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from tests.core.packs import train

ONE = {"relative_rmse": 0.1, "equilibrium_gap": 0.01}
MANY = ONE | {"relative_spread": 1.0}
MODES = MANY | {"relative_rmse": 0.5, "modes": 8.0, "modes_of": 8.0, "hq": 0.8, "mode_entropy": 0.99}


def losses(rmse: list[float] | np.ndarray) -> LossCurve:
    values = np.asarray(rmse, np.float32)
    g_loss, d_loss, half = (np.full(len(values), value, np.float32) for value in (0.69, 1.39, 0.5))
    return LossCurve(10 * np.arange(len(values)), g_loss, d_loss, half, half, values)


FLAT = losses([0.2] * 90)


def verdict(more: dict[str, float], curve: LossCurve = FLAT, late_gap: float = 0.0, **changed: float) -> str:
    """Of numbers with scale 1: rmse is relative_rmse."""
    numbers = more | changed
    metrics = Metrics(numbers["relative_rmse"], 0.1, 0.69, 1.39, 0.5, 0.5, numbers)
    gaps = {0: 0.5, 300: 0.3, 600: 0.2, 700: late_gap, 900: 0.0}
    nothing = np.zeros((1, 2), np.float32)
    snapshots = [Snapshot(step, nothing, {"equilibrium_gap": gap}) for step, gap in gaps.items()]
    return judge(curve, snapshots, metrics).text


def test_without_metrics_it_diverged() -> None:
    assert judge(FLAT, [], None) == Verdict("diverged")


@pytest.mark.parametrize("more", [ONE, MANY, MODES])
def test_converged_is_right_whatever_the_discriminator_says(more: dict[str, float]) -> None:
    assert verdict(more) == verdict(more, late_gap=0.4, equilibrium_gap=0.4) == "converged"


@pytest.mark.parametrize("more", [ONE, MANY])
def test_rmse_decides_where_there_are_no_modes(more: dict[str, float]) -> None:
    assert verdict(more, relative_rmse=0.2) == "converged"
    assert verdict(more, relative_rmse=0.201) == "equilibrium-but-wrong"
    assert verdict(more, losses([0.2] * 80 + [0.26] * 10)) == "equilibrium-but-wrong"


def test_spread_decides_where_curves_differ() -> None:
    assert verdict(MANY, relative_spread=0.7) == verdict(MANY, relative_spread=1.4) == "converged"
    assert verdict(MANY, relative_spread=0.69) == verdict(MANY, relative_spread=1.41) == "equilibrium-but-wrong"
    assert verdict(MANY, relative_spread=0.49) == "collapsed"
    assert verdict(MANY, relative_spread=0.49, relative_rmse=0.3) == "equilibrium-but-wrong"


def test_modes_are_counted() -> None:
    assert verdict(MODES, modes=7.0) == "collapsed 7/8"
    assert verdict(MODES, modes=1.0, mode_entropy=0.0, hq=1.0) == "collapsed 1/8"
    # All modes have a curve or two, but three have nearly all of them.
    assert verdict(MODES, mode_entropy=np.log(3) / np.log(8)) == "collapsed 3/8"
    assert verdict(MODES, mode_entropy=np.log(6.1) / np.log(8)) == "converged"
    # Eight of eight with few good ones is not converged, nor is it a collapse.
    assert verdict(MODES, hq=0.49) == "equilibrium-but-wrong"


def test_swinging_is_about_the_line_of_the_last_third() -> None:
    steps = np.arange(90)
    swings = losses(0.5 + 0.25 * np.sin(steps / 3))
    assert verdict(ONE, swings, relative_rmse=0.5) == "oscillating"
    assert swing(swings) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    assert swing(losses(2.0 - steps / 50)) == pytest.approx(0, abs=1e-6)
    assert swing(losses(0.5 + 0.25 * np.sin(steps[:12]))) == 0
    early = losses(np.where(steps < 59, 0.5 + 0.4 * np.sin(steps), 0.5))
    assert verdict(ONE, early, relative_rmse=0.5) == "equilibrium-but-wrong"


def test_equilibrium_must_have_lasted() -> None:
    assert verdict(ONE, relative_rmse=0.5, equilibrium_gap=0.03) == "equilibrium-but-wrong"
    assert verdict(ONE, relative_rmse=0.5, equilibrium_gap=0.031) == "undertrained"
    assert verdict(ONE, relative_rmse=0.5, late_gap=0.06) == "undertrained"


def trained(
    rmse: list[float], hq: list[float] | None = None, final: dict[str, float] | None = None
) -> tuple[LossCurve, list[Snapshot], Metrics]:
    """A training at equilibrium with snapshots of these at steps 100, 200 ..."""
    nothing = np.zeros((1, 2), np.float32)
    along = [
        {"rmse": value, "equilibrium_gap": 0.0} | ({"hq": hq[index]} if hq else {}) for index, value in enumerate(rmse)
    ]
    shots = [Snapshot(100 * (index + 1), nothing, metrics) for index, metrics in enumerate(along)]
    numbers = MANY | {"equilibrium_gap": 0.0, "relative_rmse": rmse[-1]} | (final or {})
    return FLAT, shots, Metrics(numbers["relative_rmse"], 0.1, 0.69, 1.39, 0.5, 0.5, numbers)


def test_what_still_comes_nearer_is_undertrained() -> None:
    assert judge(*trained([2, 1, 1, 0.9, 0.9, 0.9, 0.85, 0.85, 0.85])).name == "undertrained"
    assert judge(*trained([2, 1, 1, 0.9, 0.9, 0.9, 0.885, 0.885, 0.885])).name == "equilibrium-but-wrong"
    # What fell before the second third, or came and went, is no progress.
    assert judge(*trained([9, 8, 7, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])).name == "equilibrium-but-wrong"
    assert judge(*trained([2, 1, 1, 0.7, 0.9, 0.8, 0.9, 0.7, 0.8])).name == "equilibrium-but-wrong"
    # Nor is what is no more than the swing from one snapshot to the next.
    assert judge(*trained([2, 1, 1, 0.9, 0.5, 0.9, 0.8, 0.4, 0.9])).name == "equilibrium-but-wrong"
    # Without snapshots in the second third nobody can tell.
    assert judge(*trained([0.9])).name == "equilibrium-but-wrong"


def test_what_still_finds_more_good_curves_is_undertrained() -> None:
    wrong = [0.9] * 9
    assert judge(*trained(wrong, [0, 0, 0, 0.2, 0.2, 0.2, 0.225, 0.225, 0.225])).name == "undertrained"
    assert judge(*trained(wrong, [0, 0, 0, 0.2, 0.2, 0.2, 0.209, 0.209, 0.209])).name == "equilibrium-but-wrong"
    # A rise of a tenth of very little is noise.
    assert judge(*trained(wrong, [0, 0, 0, 0.01, 0.01, 0.01, 0.019, 0.019, 0.019])).name == "equilibrium-but-wrong"


def test_averaged_weights_are_what_is_judged() -> None:
    right = {f"ema_{name}": value for name, value in MANY.items() if name != "equilibrium_gap"}
    wild = losses(0.5 + 0.25 * np.sin(np.arange(90) / 3))
    averaged = {"ema_rmse": 0.1, "ema_spread": 0.1, **right}
    assert verdict(MANY, wild, relative_rmse=0.5) == "oscillating"
    assert verdict(MANY | averaged, wild, relative_rmse=0.5) == "converged"
    # The last tenth is that of the average too: here it was far off at the last but one snapshot.
    curve, shots, metrics = trained([0.1] * 10, final=averaged)
    assert judge(curve, shots, metrics).name == "converged"
    shots[-2] = replace(shots[-2], metrics={"rmse": 0.1, "ema_rmse": 0.5})
    assert judge(curve, shots, metrics).name != "converged"
    modes = {f"ema_{name}": value for name, value in MODES.items() if name != "equilibrium_gap"}
    assert verdict(MODES | {"ema_rmse": 0.5} | modes, hq=0.3) == "converged"
    assert verdict(MODES | {"ema_rmse": 0.5} | modes | {"ema_modes": 5.0}) == "collapsed 5/8"


def test_uneven_modes_are_counted_by_their_divergence_from_the_real_shares() -> None:
    assert verdict(MODES, mode_entropy=0.4, reverse_kl=0.2) == "converged"
    assert verdict(MODES, mode_entropy=0.99, reverse_kl=-np.log(3 / 8)) == "collapsed 3/8"


def test_a_constant_target_is_judged_in_units_of_y() -> None:
    flat = Metrics(0.09, 0.0, 0.69, 1.39, 0.5, 0.5, {"equilibrium_gap": 0.0})
    assert judge(losses([0.09] * 90), [], flat).name == "converged"
    assert judge(losses([0.2] * 90), [], replace(flat, rmse=0.2)).name == "equilibrium-but-wrong"


def test_real_trainings_get_the_verdict_that_is_known() -> None:
    """The tutorial at step 3000, undecided and on its way; its slow sibling, its swinging one, and its quick one."""
    base: dict[str, Any] = {"steps": 3000, "snapshot_every": 300, "checkpoint_every": 3000}
    expected: list[tuple[str, dict[str, Any]]] = [
        ("undertrained", base),
        ("undertrained", base | {"lr": 1e-5}),
        ("oscillating", base | {"lr": 3e-3}),
        ("converged", base | {"lr": 3e-4, "beta1": 0.5, "beta2": 0.9}),
    ]
    configs = {job_id: TrainConfig.parse(values) for job_id, (_, values) in enumerate(expected)}
    kept = train({job_id: (config, None) for job_id, config in configs.items()})
    verdicts = [judge(job.losses, job.snapshots, job.end.metrics).text for job in kept.values()]
    assert verdicts == [verdict for verdict, _ in expected]
    assert set(verdicts) < set(VERDICTS)


def test_a_discriminator_that_noise_blinds_is_at_an_equilibrium_that_stays_wrong() -> None:
    blind = {"curve": "ring8", "loss": "rpgan", "r1": 1.0, "r2": 1.0, "instance_noise": 0.5}
    quick = {
        "lr": 1e-3,
        "beta1": 0.5,
        "beta2": 0.9,
        "steps": 20_000,
        "snapshot_every": 2000,
        "checkpoint_every": 20_000,
    }
    kept = train({seed: (TrainConfig.parse({**blind, **quick, "seed": seed}), None) for seed in range(2)})
    assert [judge(job.losses, job.snapshots, job.end.metrics).text for job in kept.values()] == [
        "equilibrium-but-wrong"
    ] * 2


def test_real_collapse_is_counted() -> None:
    config = TrainConfig.parse({"curve": "updown", "lr": 5e-4, "beta1": 0.5, "beta2": 0.9, "steps": 2000})
    kept = train({seed: (config.model_copy(update={"seed": seed}), None) for seed in range(4)})
    verdicts = [judge(job.losses, job.snapshots, job.end.metrics).text for job in kept.values()]
    assert verdicts == ["collapsed 1/2"] * 4
