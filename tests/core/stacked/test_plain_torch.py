"""The torch engine trains what plain torch trains, whatever a config says: over a random product of its keys."""

import random
from contextlib import suppress
from itertools import count
from typing import Any, get_args

import numpy as np
import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.errors import InvalidConfig
from tests.core.stacked.plain_torch import Exact, Plain

STEPS, SEEDS = 40, 84
_ACTIVATIONS = ["relu", "leaky_relu", "tanh", "elu", "silu", "gelu"]
_OPTIMISERS = ["adam", "sgd", "rmsprop", "oadam"]
_LR = {"adam": 1e-3, "oadam": 1e-3, "rmsprop": 1e-4, "sgd": 0.05}
# What a key may be but its default, at which it is in most configs.
CHOICES: dict[str, list[Any]] = {
    "layers_g": [0, 2, 3, 4],
    "layers_d": [0, 2, 3, 4],
    "activation": _ACTIVATIONS,
    "activation_g": _ACTIVATIONS,
    "activation_d": _ACTIVATIONS,
    "slope": [0.0, 0.1],
    "init": ["orthogonal", "normal", "he", "glorot"],
    "init_gain": [1.4],
    "norm_g": ["batch", "layer"],
    "norm_d": ["batch", "layer"],
    "optimiser": _OPTIMISERS,
    "optimiser_g": _OPTIMISERS,
    "optimiser_d": _OPTIMISERS,
    "momentum": [0.5],
    "rms_decay": [0.9],
    "beta1": [0.5, 0.0],
    "schedule": ["linear", "cosine"],
    "schedule_to": [0.2],
    "warmup": [10],
    "updates": ["simultaneous"],
    "d_steps": [2],
    "g_steps": [2, 3],
    "loss": ["minimax", "lsgan", "hinge", "wgan", "rpgan"],
    "r1": [0.3],
    "r2": [0.2],
    "gp": [1.0],
    "clip": [0.5],
    "instance_noise": [0.1],
    "label_smoothing": [0.1],
    "pack": [2, 3],
    "unroll": [1, 3],
    "consensus": [0.2],
    "g_grad": [0.2],
    "curve": ["updown", "sine", "ring8"],
    "gdpp": [0.3],
}
_SHAPE = {"points": 5, "latent": 4, "hidden_g": 17, "hidden_d": 9, "batch_size": 12, "seed": 5, "engine": "torch"}


def drawn(seed: int) -> TrainConfig:
    """Draw configs until one makes sense; each key by itself, so that one more key changes no draw of the others."""
    for attempt in count():
        choices = {key: random.Random(f"{key} {seed} {attempt}") for key in CHOICES}
        values = {key: choice.choice(CHOICES[key]) for key, choice in choices.items() if choice.random() < 0.3}
        values["points"] = 2 if values.get("curve") == "ring8" else 5
        # Of smaller weights a norm makes chaos: a rounding is 4e-5 after twenty steps, in plain torch too.
        values |= {"init_deviation": 0.3} if values.get("init") == "normal" else {}
        values |= {"clip": 0.5} if values.get("loss") == "wgan" and "gp" not in values else {}
        values |= {"schedule_steps": 25} if "schedule" in values else {}
        # The oracle looks ahead with the simplest optimiser; the others are looked at by themselves.
        values |= {"optimiser_d": "sgd", "momentum": 0.0} if "unroll" in values else {}
        # Units that are off leave kernels of equal eigenvalues, whose eigenvectors are any.
        if "gdpp" in values and "slope" not in values:
            values["activation_d"] = "tanh"
        else:
            values.pop("gdpp", None)
        with suppress(InvalidConfig):
            config = TrainConfig.parse({**_SHAPE, "eps": 1e-4, **values})
            # A discriminator that looks ahead several steps runs away at the rates of others.
            share = 0.2 if config.unroll else 1.0
            rates = {f"lr_{network[0]}": share * _LR[name] for network, name in config.optimisers.items()}
            return TrainConfig.parse(config.model_dump() | rates)
    raise AssertionError


def off_default(config: TrainConfig) -> dict[str, Any]:
    own = {key: getattr(config, key) for key in CHOICES if getattr(config, key) != getattr(TrainConfig(), key)}
    return own | ({"curve": config.curve.family} if "curve" in own else {})


def trains_as_plain_torch_does(config: TrainConfig) -> None:
    plain, exact = (np.array([each.step(step) for step in range(STEPS)]) for each in (Plain(config), Exact(config)))
    trace = TorchEngine([config], [State.initial(config)], "cpu").run([0], STEPS, range(STEPS))
    ours = np.column_stack([series[:, 0] for series in (trace.g_loss, trace.d_loss, trace.d_real, trace.d_fake)])
    # Where float32 itself is farther than that from the exact course, as with batch norm over a few rows, by as much.
    tolerance = max(1e-5, 2 * float(np.abs(plain - exact).max()))
    np.testing.assert_allclose(ours, exact, rtol=tolerance, atol=tolerance, err_msg=str(off_default(config)))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_random_config_trains_as_plain_torch_does(seed: int) -> None:
    trains_as_plain_torch_does(drawn(seed))


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
@pytest.mark.parametrize(
    "keys",
    [
        {"loss": "minimax", "label_smoothing": 0.1, "r1": 0.3, "instance_noise": 0.1},
        {"loss": "minimax", "pack": 2},
        {"loss": "wgan", "gp": 1.0},
        {"loss": "wgan", "clip": 0.5, "norm_d": "batch"},
    ],
    ids=str,
)
def test_a_zero_sum_game_is_unrolled_as_plain_torch_does(keys: dict[str, Any], updates: str) -> None:
    """For D's loss without its penalties: what a random config seldom draws."""
    own = {"unroll": 2, "optimiser_d": "sgd", "momentum": 0.0, "lr": 0.01, "eps": 1e-4}
    trains_as_plain_torch_does(TrainConfig.parse({**_SHAPE, **own, **keys, "updates": updates}))


# Their values follow from other keys, are the same in every case, or have tests of their own.
ELSEWHERE = {"x_min", "x_max", "init_deviation", "schedule_steps", "lr_g", "lr_d", "beta2", "eps"} | {
    *("front", "holdout", "prior_rows", "latent_noise", "spectral_norm", "ema", "fork_of", "fork_step")
}


def test_a_key_that_numbers_depend_on_is_a_choice_or_tested_elsewhere() -> None:
    numbers = {key for key, declared in TrainConfig.KEYS.items() if declared.numbers}
    assert numbers - ELSEWHERE == (CHOICES.keys() | _SHAPE.keys()) & numbers


def test_a_key_that_is_one_of_several_words_has_them_all_in_the_product() -> None:
    for key in CHOICES:
        words = get_args(TrainConfig.model_fields[key].annotation)
        if words and all(isinstance(word, str) for word in words):
            assert {*words} == {*CHOICES[key], getattr(TrainConfig(), key)}, key


def test_the_product_has_every_choice_in_some_config() -> None:
    seen = [off_default(drawn(seed)) for seed in range(SEEDS)]
    for key, words in CHOICES.items():
        missing = {word for word in words if not any(config.get(key) == word for config in seen)}
        assert missing <= {getattr(TrainConfig(), key)}, key
