"""The front end for your own curves: a map that is the same wherever a training goes on, and leads back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CheckpointRefused, InvalidConfig
from curvegan_core.families.data import Data, held_out
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.front import Front, components_of
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.sampling import samples
from curvegan_core.training import PackTraining, Progress

RANDOM = np.random.default_rng(5)
ROWS = 900 + 40 * RANDOM.normal(size=(60, 3)) @ RANDOM.normal(size=(3, 12)) + RANDOM.normal(size=(60, 12))
DATASET = Dataset.checked(ROWS)
SMALL: dict[str, Any] = {"steps": 6, "hidden_g": 8, "hidden_d": 8, "batch_size": 8, "record_every": 2}


def config_of(**keys: Any) -> TrainConfig:
    own = {"curve": DATASET.parameters, "points": DATASET.points}
    return TrainConfig.parse(PRESETS["data"].values | own | SMALL | keys)


def trained(config: TrainConfig, checkpoint: Checkpoint | None = None) -> Iterator[Progress]:
    training = PackTraining({1: (config, checkpoint)}, "cpu", {DATASET.hash: DATASET})
    while training.jobs:
        yield from training.advance()


def test_scores_lead_back_and_are_half_whitened() -> None:
    rows = DATASET.standardised.astype(float)
    count = components_of(rows)
    front = Front.of("pca", rows, count)
    scores = front.scores(rows)
    left = rows - front.curves(scores)
    assert 1 < count < 12
    assert np.sum(left**2) <= 0.001 * np.sum((rows - rows.mean(axis=0)) ** 2)
    deviation = np.std(scores, axis=0)
    assert deviation[0] == pytest.approx(1)
    np.testing.assert_allclose(deviation**2, (front.scale_k * deviation) / (front.scale_k * deviation)[0], rtol=1e-6)


def test_directions_have_signs_of_their_own() -> None:
    rows = DATASET.standardised.astype(float)
    mirrored = Front.of("pca", rows.mean(axis=0) * 2 - rows, 4)
    np.testing.assert_allclose(mirrored.basis_kp, Front.of("pca", rows, 4).basis_kp, atol=1e-6)


def test_the_rows_held_out_are_the_seeds_and_never_seen() -> None:
    one, two = (held_out(config_of(seed=seed), 60) for seed in (0, 1))
    assert (one.sum(), two.sum()) == (12, 12)
    assert (one != two).any()
    family = Data(config_of(), DATASET)
    assert len(family.rows_mp) == 48
    np.testing.assert_array_equal(np.sort(family.judging(np.zeros((0, 1))), axis=0), np.sort(family.held_mp, axis=0))


@pytest.mark.parametrize("engine", ["fused", "torch"])
@pytest.mark.parametrize("front", ["pca", "points"])
def test_a_training_goes_on_with_the_map_of_its_checkpoint(engine: str, front: str) -> None:
    config = config_of(engine=engine, front=front, checkpoint_every=3)
    middle, end = [step.checkpoint for step in trained(config) if step.checkpoint]
    back = Checkpoint.from_bytes(middle.to_bytes(), config)
    *_, again = trained(config, back)
    assert again.checkpoint == end
    curves = samples(end, config, 500, 0)
    assert curves.shape == (500, 12)
    assert abs(np.mean(curves) - 900) < 200
    assert (samples(end, config, 500, 0, last=True) != curves).any()
    broken = {**back.front, "basis": back.front["basis"][:, :-1]}
    with pytest.raises(CheckpointRefused, match="front end"):
        Checkpoint(**{**vars(back), "front": broken}).check(config)


def test_old_configs_keep_their_names() -> None:
    plain = TrainConfig(curve=DATASET.parameters.model_copy(update={"components": 0}), points=12)
    assert TrainConfig(curve=DATASET.parameters, points=12).hash == plain.hash
    assert TrainConfig(curve=DATASET.parameters, points=12).pack_key == plain.pack_key
    assert len({plain.hash, config_of().hash, config_of(holdout=0.0).hash, config_of(front="points").hash}) == 4


@pytest.mark.parametrize("keys", [{"front": "pca"}, {"holdout": 0.2}])
def test_what_is_for_your_own_curves_is_refused_of_others(keys: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match="--data NAME"):
        TrainConfig.parse(keys)
