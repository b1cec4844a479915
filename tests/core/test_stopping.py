"""A training that stops early: where its verdict's rule has held, and nowhere else after a resume or in a pack."""

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.records.history import missing
from curvegan_core.records.loss_curve import LossCurve, Snapshot
from curvegan_core.stopping import Past, Watch
from curvegan_core.training import PackTraining

from .packs import Kept, alone, keep, until

TUNED = {"beta1": 0.5, "beta2": 0.9, "steps": 6500, "snapshot_every": 100, "checkpoint_every": 1500}
STOPS = TrainConfig.parse({**TUNED, "stop": "converged", "keep_checkpoints": "all"})
ON = TrainConfig.parse(TUNED)


def test_one_job_of_a_pack_stops_and_no_bit_of_either_changes() -> None:
    pack, kept = PackTraining({1: (STOPS, None), 2: (ON, None)}, "cpu"), dict[int, Kept]()
    while pack.jobs:
        keep(kept, pack.advance())
    stopped, whole = kept[1], kept[2]
    end = stopped.end
    assert end.stopped is not None
    assert f"{end.stopped}" == f"stopped at step {end.step}: converged for 3 snapshots"
    assert end.finished
    assert 500 < end.step < 6500
    assert end.checkpoint is not None
    assert end.metrics is not None
    assert whole.end.stopped is None
    assert whole.end.step == 6500
    assert whole.end.checkpoint == alone(ON).end.checkpoint
    assert stopped.losses == whole.losses.rows(0, len(stopped.losses))
    assert stopped.snapshots == whole.snapshots[: len(stopped.snapshots)]
    assert missing(STOPS, stopped.losses, stopped.snapshots, end.step) is None
    assert missing(STOPS, stopped.losses, stopped.snapshots) is not None

    one = PackTraining({1: (ON, None)}, "cpu")
    until(one, 1, end.step, {})
    assert one.checkpoint(1) == end.checkpoint  # a run that never stops has the same state there
    past = Past(stopped.losses, stopped.snapshots)
    for checkpoint in stopped.checkpoints:  # the last of them lies where it stopped: that one trains no further
        resumed = PackTraining({1: (STOPS, checkpoint)}, "cpu", pasts={1: past})
        again = dict[int, Kept]()
        while resumed.jobs:
            keep(again, resumed.advance())
        assert (again[1].end.step, again[1].end.stopped) == (end.step, end.stopped)
        assert again[1].end.checkpoint == end.checkpoint


def _watched(config: TrainConfig, rmses: list[float], spread: float = 1.0) -> list[str]:
    watch, said = Watch(config, 0, None), []
    for at, rmse in enumerate(rmses):
        steps = np.arange(100 * (at - 1), 100 * at, 10)
        if at:
            flat = np.full(len(steps), rmse, np.float32)
            watch.add(LossCurve(steps.astype(np.int64), flat, flat, flat, flat, flat))
        metrics = {"rmse": rmse, "relative_rmse": rmse, "relative_spread": spread}
        stopped = watch.stops(Snapshot(100 * at, np.zeros((1, 1), np.float32), metrics))
        said.append(str(stopped) if stopped else "")
    return said


def test_a_rule_must_hold_in_a_row_and_after_the_start() -> None:
    config = TrainConfig.parse({"stop": "diverged,converged", "stop_patience": 2, "snapshot_every": 100})
    assert config.stop == "converged,diverged"
    good, bad, away = 0.1, 1.0, 12.0
    assert _watched(config, [good, good, bad, good, away]) == [""] * 5
    assert _watched(config, [bad, good, good]) == ["", "", "stopped at step 200: converged for 2 snapshots"]
    assert _watched(config, [bad, away, away])[-1] == "stopped at step 200: diverged for 2 snapshots"
    assert _watched(config, [bad, good, good, good], spread=0.1) == [""] * 4  # collapsed is not waited for
    fork = config.model_copy(update={"fork_step": 200})
    assert [bool(said) for said in _watched(fork, [bad, good, good, good, good])] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stop": "oscillating"}, "stop: input should be 'none'"),
        ({"stop_patience": 5}, "stop_patience is read by stop alone"),
        ({"stop": "converged", "stop_patience": 0}, "stop_patience"),
        (
            {
                "stop": "converged",
                "holdout": 0.2,
                "curve": {"family": "data", "hash": "0" * 64, "mean": 0.0, "scale": 1.0},
            },
            "stop needs holdout 0",
        ),
    ],
    ids=str,
)
def test_what_cannot_stop_is_said(values: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        TrainConfig.parse(values)


def test_a_stop_names_no_other_training() -> None:
    assert STOPS.hash == ON.hash
    assert STOPS.pack_key == ON.pack_key
