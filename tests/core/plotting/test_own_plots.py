"""Pictures of own curves show the rows and the curves that they were given, in the units of the file."""

from dataclasses import replace

import numpy as np
import pytest

from curvegan_core.config.presets import PRESETS
from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidInput
from curvegan_core.families.data import held_out
from curvegan_core.families.dataset import Dataset
from curvegan_core.plotting.own_plots import OWN_KINDS, OwnData, own_picture

RANDOM = np.random.default_rng(4)
DATASET = Dataset.checked(900 + RANDOM.normal(size=(60, 2)) @ RANDOM.normal(size=(2, 9)) * 40, ["b", "a"] * 30)
CONFIG = TrainConfig.parse(PRESETS["data"].values | {"curve": DATASET.parameters, "points": 9})
HELD = held_out(CONFIG, 60)
# The first is a copy of a row that is trained on, the last lies far from all.
MADE = np.concatenate([DATASET.rows[~HELD][:1], DATASET.rows[~HELD] + 30, DATASET.rows[HELD][:1] + 4000])
DATA = OwnData("job 7", CONFIG, DATASET, MADE, 100, np.arange(len(MADE)) % 2)


def test_quantiles_are_those_of_the_rows_and_of_the_curves() -> None:
    [axes] = own_picture("quantiles", DATA).axes
    marks = {mark.name: mark.ys for mark in axes.marks}
    np.testing.assert_allclose(marks["real 5 to 95 % band"], np.quantile(DATASET.rows, [0.05, 0.95], axis=0))
    np.testing.assert_allclose(marks["generated median"][0], np.median(MADE, axis=0))
    np.testing.assert_allclose(axes.marks[0].x, DATA.x)


def test_scores_of_the_rows_are_uncorrelated_and_about_zero() -> None:
    [axes] = own_picture("scores", DATA).axes
    real, made = ((mark.x, mark.ys[0]) for mark in axes.marks)
    assert np.mean(real, axis=1) == pytest.approx([0, 0], abs=1e-9)
    assert np.corrcoef(real)[0, 1] == pytest.approx(0, abs=1e-9)
    assert np.sum(np.var(real, axis=1)) == pytest.approx(np.sum(np.var(DATASET.rows, axis=0)))
    assert len(made[0]) == len(MADE)


def test_pairs_begin_with_the_copy_and_end_with_the_strangest() -> None:
    picture = own_picture("pairs", DATA)
    axes = picture.axes
    assert len(axes) == 8
    assert "RMS of their difference" in picture.facts
    np.testing.assert_array_equal(*(mark.ys[0] for mark in axes[0].marks))
    assert axes[0].title == "nearest 1: 0"
    np.testing.assert_array_equal(axes[4].marks[1].ys[0], MADE[-1])


def test_each_label_has_its_rows_and_its_curves() -> None:
    first, second = own_picture("labels", DATA).axes
    assert (first.title, second.title) == ("a: 30 real", "b: 30 real")
    np.testing.assert_allclose(first.marks[1].ys[0], np.median(DATASET.rows[1::2], axis=0))
    np.testing.assert_allclose(second.marks[2].ys[1], np.median(MADE[1::2], axis=0))
    with pytest.raises(InvalidInput, match="--label-column"):
        own_picture("labels", replace(DATA, label_n=None))


@pytest.mark.parametrize("kind", OWN_KINDS)
def test_every_kind_is_a_picture(kind: str) -> None:
    assert own_picture(kind, DATA).to_bytes().startswith(b"\x89PNG")
    two = OwnData("two", CONFIG, DATASET, MADE[:2], 0, np.zeros(2, np.int64))
    assert own_picture(kind, two).to_bytes("svg").startswith(b"<?xml")
