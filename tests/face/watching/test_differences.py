"""What a config asks for beyond the defaults, and where configs differ from each other."""

import numpy as np

from curvegan.watching.differences import among_each_other, asked_for, from_defaults
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.dataset import Dataset


def test_a_family_is_compared_with_its_own_defaults() -> None:
    config = TrainConfig.parse({"curve": {"family": "updown", "noise": 0.1}, "seed": 3})
    assert from_defaults(config) == {"curve.family": "updown", "curve.noise": 0.1, "seed": 3}
    assert from_defaults(TrainConfig.parse({"curve": {"a": 3.0}})) == {"curve.a": 3.0}
    assert from_defaults(TrainConfig()) == {}


def test_what_is_asked_for_is_told_as_it_is_typed_and_a_data_set_by_its_name() -> None:
    assert asked_for(TrainConfig()) == ""
    assert asked_for(TrainConfig.parse({"loss": "rpgan", "lr": 1e-3})) == "lr_g=0.001 lr_d=0.001 loss=rpgan"
    config = TrainConfig.parse({"curve": Dataset.checked(np.eye(3)).parameters.model_dump(), "points": 3, "seed": 4})
    assert asked_for(config, "loads") == "data=loads seed=4"


def test_of_jobs_that_differ_the_name_of_a_data_set_stands_for_its_hash_and_no_row_is_the_same_in_all() -> None:
    own = TrainConfig.parse({"curve": Dataset.checked(np.eye(3)).parameters.model_dump(), "points": 3})
    named = among_each_other([TrainConfig(), own], ["", "loads"])
    assert named["data"] == [None, "loads"]
    assert "curve.hash" not in named
    assert all(len(set(map(str, values))) > 1 for values in named.values())
    assert "curve.labels" not in named  # a set without labels has none, as a family has none
    assert "curve.hash" in among_each_other([TrainConfig(), own])
