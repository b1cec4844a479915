"""What a config says of networks and updates: what makes no sense is refused with the reason, and bounds hold."""

from typing import Any

import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.config.work import MOST_WORK, multiply_adds
from curvegan_core.errors import InvalidConfig
from curvegan_core.training import PackTraining

_DEEPEST = {"layers_g": 4, "layers_d": 4, "hidden_g": 1024, "hidden_d": 1024}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"layers_g": 5}, "layers_g"),
        ({"layers_d": -1}, "layers_d"),
        ({"latent": -1}, "latent"),
        ({"points": 0}, "points"),
        ({"curve": "sine", "points": 1}, "sine needs points of at least 2"),
        ({"slope": 0.1}, "slope is read by activation leaky_relu alone"),
        ({"slope": 1.0, "activation": "leaky_relu"}, "slope"),
        ({"activation_g": "leaky_relu", "init_gain": 2.0}, "init_gain is read by init orthogonal"),
        ({"init": "orthogonal", "init_deviation": 0.1}, "init_deviation is read by init normal"),
        ({"momentum": 0.5}, "momentum is read by optimiser sgd"),
        ({"rms_decay": 0.5, "optimiser": "sgd"}, "rms_decay is read by optimiser rmsprop"),
        ({"schedule_to": 0.5}, "schedule_to is read by schedule"),
        ({"norm_g": "batch", "layers_g": 0}, "layers_g is 0"),
        ({"norm_d": "layer", "layers_d": 0}, "layers_d is 0"),
        ({"norm_d": "layer", "hidden_d": 1}, "a layer of one unit"),
        ({"norm_g": "batch", "batch_size": 1}, "at least 2"),
        ({"norm_d": "batch", "batch_size": 4, "pack": 4}, "at least 2"),
        ({"norm_g": "batch", "latent": 0}, "without latents"),
        ({"norm_d": "batch", "r1": 1.0}, "norm_d layer"),
        ({"norm_d": "batch", "gp": 1.0, "loss": "wgan"}, "norm_d layer"),
        ({"norm_d": "layer", "spectral_norm": True}, "undoes the scale"),
        ({"pack": 3}, "batch_size must be a multiple of pack, 3"),
        ({"pack": 9}, "pack"),
        ({"updates": "simultaneous", "d_steps": 2}, "one of each network"),
        ({"updates": "simultaneous", "g_steps": 2}, "one of each network"),
        ({"consensus": 1.0}, "needs updates simultaneous"),
        ({"unroll": 11}, "unroll"),
        ({"unroll": 1, "g_grad": 1.0}, "use one of them"),
        ({"unroll": 1, "consensus": 1.0, "updates": "simultaneous"}, "use one of them"),
        ({"unroll": 1, "gdpp": 1.0}, "use one of them"),
        ({"gdpp": 1.0, "layers_d": 0}, "last hidden layer, and layers_d is 0"),
        ({"g_grad": 1.0, "spectral_norm": True}, "spectral_norm's held singular vectors"),
        (_DEEPEST | {"batch_size": 4096}, "lower hidden_g"),
        (_DEEPEST | {"batch_size": 512, "d_steps": 100}, "a worker is replaced"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_the_reason(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidConfig, match=reason):
        TrainConfig.parse(values)


@pytest.mark.parametrize(
    "values",
    [
        {"latent": 0, "layers_g": 0, "layers_d": 0, "points": 1},
        {"norm_d": "layer", "r1": 1.0, "r2": 1.0, "layers_d": 3},
        {"pack": 2, "gp": 10.0, "loss": "wgan"},
        {"unroll": 5, "updates": "simultaneous"},
        {"norm_d": "batch", "loss": "wgan", "clip": 0.1},
    ],
    ids=str,
)
def test_what_makes_sense_is_a_config(values: dict[str, Any]) -> None:
    assert TrainConfig.parse(values).unfused is None or TrainConfig.parse(values | {"engine": "torch"})


def test_what_could_be_said_before_there_was_depth_is_never_refused_for_its_work() -> None:
    largest = {"points": 256, "latent": 256, "hidden_g": 1024, "hidden_d": 1024, "batch_size": 4096, "d_steps": 100}
    config = TrainConfig.parse(largest | {"r1": 1.0, "r2": 1.0})
    assert multiply_adds(config) > MOST_WORK
    with pytest.raises(InvalidConfig, match="multiply-adds"):
        TrainConfig.parse(largest | {"layers_g": 2})


def test_a_pack_key_fits_its_column_and_tells_configs_apart() -> None:
    values: dict[str, Any] = {
        **{
            "layers_g": 3,
            "layers_d": 4,
            "activation_g": "leaky_relu",
            "activation_d": "leaky_relu",
            "slope": 0.12345678,
        },
        **{
            "norm_g": "batch",
            "norm_d": "layer",
            "optimiser": "rmsprop",
            "optimiser_g": "oadam",
            "optimiser_d": "oadam",
        },
        **{"updates": "simultaneous", "pack": 8, "consensus": 0.5, "instance_noise": 0.1, "ema": 0.9},
    }
    keys = {TrainConfig.parse(values | {"layers_d": depth}).pack_key for depth in (2, 3, 4)}
    assert len(keys) == 3
    assert all(len(key) <= 200 for key in keys)


def test_each_network_has_its_own_words_or_those_of_both() -> None:
    config = TrainConfig.parse(
        {"activation": "tanh", "activation_d": "silu", "optimiser": "sgd", "optimiser_g": "oadam"}
    )
    assert config.activations == {"generator": "tanh", "discriminator": "silu"}
    assert config.optimisers == {"generator": "oadam", "discriminator": "sgd"}


def test_the_deepest_networks_advance_by_bounded_work() -> None:
    """However much work a step is, a call of `advance` does no more than one that is large."""
    config = TrainConfig.parse(_DEEPEST | {"engine": "torch", "steps": 1000, "batch_size": 64})
    pack = PackTraining({1: (config, None)}, "cpu")
    pack.advance()
    (progress,) = pack.advance()
    assert progress.step <= 1 + 10**10 // multiply_adds(config)
