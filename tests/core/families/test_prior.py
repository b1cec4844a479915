"""Pseudo-rows beside a person's own: how many the rows let in, what they are like, and what stays as it was."""

from typing import Any

import numpy as np
import pytest

from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidConfig
from curvegan_core.families.data import Data
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.prior import (
    DRAWN,
    kernel_densities,
    kernel_width,
    normal_densities,
    normal_share,
    prior,
    pseudo_labels,
)
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.training import PackTraining, Progress

RANDOM = np.random.default_rng(3)
SCALES = np.geomspace(1, 0.1, 4)
NORMAL = RANDOM.normal(size=(48, 4)) * SCALES
KINDS = np.concatenate([NORMAL[:24] * 0.05 + [1, 0, 0, 0], NORMAL[24:] * 0.05 - [1, 0, 0, 0]])
NO_LABELS = np.zeros(0, np.int64)
SMALL: dict[str, Any] = {"steps": 6, "hidden_g": 8, "hidden_d": 8, "batch_size": 8, "record_every": 2}


def dataset(rows: int, labels: tuple[str, ...] = ()) -> Dataset:
    return Dataset.checked(5 + np.random.default_rng(rows).normal(size=(rows, 3)) @ RANDOM.normal(size=(3, 6)), labels)


def config_of(own: Dataset, **keys: Any) -> TrainConfig:
    return TrainConfig.parse(
        PRESETS["data"].values | {"curve": own.parameters, "points": own.points, "prior_rows": 20.0} | SMALL | keys
    )


def trained(own: Dataset, config: TrainConfig, checkpoint: Checkpoint | None = None) -> list[Progress]:
    training = PackTraining({1: (config, checkpoint)}, "cpu", {own.hash: own})
    reports = []
    while training.jobs:
        reports += training.advance()
    return reports


def test_normal_rows_let_a_normal_distribution_in_and_rows_of_two_kinds_do_not() -> None:
    assert normal_share(NORMAL) > 0.8
    assert normal_share(KINDS) < 0.1


def test_densities_are_those_that_the_other_rows_tell() -> None:
    width, others = 0.4, NORMAL[1:]
    squares = np.sum((NORMAL[0] - others) ** 2, axis=1)
    kernel = np.mean(np.exp(-squares / (2 * width**2))) / (width * np.sqrt(2 * np.pi)) ** 4
    assert kernel_densities(NORMAL, np.array([width]))[0, 0] == pytest.approx(np.log(kernel))
    off = (NORMAL[0] - others.mean(axis=0)) ** 2
    normal = -np.sum(off / others.var(axis=0) + np.log(2 * np.pi * others.var(axis=0))) / 2
    assert normal_densities(NORMAL)[0] == pytest.approx(normal)
    near, far = (float(kernel_densities(NORMAL, np.array([factor * kernel_width(NORMAL)])).mean()) for factor in (1, 3))
    assert near > far


def test_pseudo_rows_have_the_mean_and_the_covariance_of_the_rows_of_their_label() -> None:
    turned = NORMAL @ np.linalg.qr(RANDOM.normal(size=(4, 4)))[0]
    label_n = np.repeat([0, 1], [16, 32])
    found = prior(turned + label_n[:, None] * 9.0, label_n, 20.0, 0)
    assert (found.rows, found.score_gk.shape) == (20.0, (DRAWN, 4))
    label_g = pseudo_labels(label_n)
    np.testing.assert_allclose(np.bincount(label_g) / DRAWN, [1 / 3, 2 / 3], atol=0.01)
    for label in (0, 1):
        rows, drawn = turned[label_n == label] + 9.0 * label, found.score_gk[label_g == label]
        np.testing.assert_allclose(drawn.mean(axis=0), rows.mean(axis=0), atol=0.2)
        np.testing.assert_allclose(np.cov(drawn.T), np.cov(rows.T, bias=True), atol=0.25)
    assert (prior(turned, NO_LABELS, 20.0, 1).score_gk != prior(turned, NO_LABELS, 20.0, 0).score_gk).all()


@pytest.mark.parametrize("front", ["pca", "points", "standardise"])
def test_minibatches_hold_as_many_pseudo_rows_as_they_count(front: str) -> None:
    own = dataset(60)
    family, plain = (Data(config_of(own, front=front, prior_rows=rows), own) for rows in (20.0, 0.0))
    uniform_n = (np.arange(4096) + 0.5) / 4096
    seen, rows = family.members(uniform_n), plain.members(uniform_n)
    known = (seen[:, None, 0] == np.unique(rows[:, 0])).any(axis=1)
    assert 0 < family.prior.rows <= 20
    assert np.mean(~known) == pytest.approx(family.prior.rows / (48 + family.prior.rows), abs=0.001)
    assert len(family.members(np.array([np.nextafter(1.0, 0.0)]))) == 1
    # Nothing else knows of them: distances and metrics are those of rows.
    np.testing.assert_array_equal(family.rows_mp, plain.rows_mp)
    np.testing.assert_array_equal(family.judging(seen), plain.judging(rows))


def test_labels_are_learnt_as_often_as_the_rows_have_them() -> None:
    own = dataset(60, ("a", "b", "b") * 20)
    family = Data(config_of(own), own)
    seen = family.members((np.arange(4096) + 0.5) / 4096)[:, family.config.outputs :]
    np.testing.assert_allclose(seen.mean(axis=0), np.bincount(family.label_m) / len(family.label_m), atol=0.02)


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_the_fewest_rows_can_be_trained_on(rows: int) -> None:
    own = dataset(rows)
    config = config_of(own)
    *_, end = trained(own, config)
    assert end.finished
    assert 0 <= Data(config, own).prior.rows <= 20


def test_rows_that_are_alike_have_densities_too() -> None:
    alike = np.repeat(NORMAL[:2], 20, axis=0)
    assert 0 <= normal_share(alike) <= 1


@pytest.mark.parametrize("engine", ["fused", "torch"])
@pytest.mark.parametrize("labels", [(), ("a", "b", "b") * 20])
def test_a_training_that_is_resumed_sees_the_same_pseudo_rows(engine: str, labels: tuple[str, ...]) -> None:
    own = dataset(60, labels)
    config = config_of(own, engine=engine, checkpoint_every=3)
    middle, end = [step.checkpoint for step in trained(own, config) if step.checkpoint]
    *_, again = trained(own, config, Checkpoint.from_bytes(middle.to_bytes(), config))
    assert again.checkpoint == end
    *_, plain = trained(own, config_of(own, engine=engine, prior_rows=0.0))
    assert plain.checkpoint is not None
    assert any((end.weights[name] != plain.checkpoint.weights[name]).any() for name in end.weights)


def test_old_configs_keep_their_names() -> None:
    own = dataset(60)
    plain = config_of(own, prior_rows=0.0)
    numbers = {name: value for name, value in plain.model_dump().items() if name != "prior_rows"}
    assert TrainConfig.parse(numbers).hash == plain.hash != config_of(own).hash
    assert config_of(own).pack_key == plain.pack_key


def test_it_is_refused_of_other_curves() -> None:
    with pytest.raises(InvalidConfig, match=r"prior_rows is of your own curves: give --data NAME"):
        TrainConfig.parse({"prior_rows": 5.0})
