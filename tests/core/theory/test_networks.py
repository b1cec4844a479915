"""Networks in numpy are those of torch, and curves are what they say."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from curvegan_core.config.curve import Quadratic
from curvegan_core.config.train import TrainConfig
from curvegan_core.families import curves
from curvegan_core.networks import discriminate, generate, init_weights, latents, shapes
from curvegan_core.noise import Stream, normals
from tests.core.stacked.plain_torch import sequential

ODD = TrainConfig(points=7, latent=3, hidden_g=33, hidden_d=9, batch_size=5, seed=2**64 - 1)


def torch_network(config: TrainConfig, network: str) -> torch.nn.Sequential:
    sizes = {
        "generator": (config.latent, config.hidden_g, config.points),
        "discriminator": (config.points, config.hidden_d, 1),
    }
    inputs, hidden, outputs = sizes[network]
    return torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, outputs))


@pytest.mark.parametrize("config", [TrainConfig(), ODD])
def test_tensors_have_torchs_names_and_shapes(config: TrainConfig) -> None:
    expected = {
        f"{network}.{name}": tuple(tensor.shape)
        for network in ("generator", "discriminator")
        for name, tensor in torch_network(config, network).state_dict().items()
    }
    assert shapes(config) == expected
    assert {name: tensor.shape for name, tensor in init_weights(config).items()} == expected


def test_generate_is_torchs_forward() -> None:
    weights = init_weights(ODD)
    generator = torch_network(ODD, "generator")
    prefix = "generator."
    generator.load_state_dict({n.removeprefix(prefix): torch.from_numpy(w) for n, w in weights.items() if prefix in n})
    z_nl = normals(0, Stream.SAMPLE, 0, (11, 3))
    expected = generator(torch.from_numpy(z_nl)).detach().numpy()
    np.testing.assert_allclose(generate(weights, z_nl, ODD), expected, rtol=0, atol=1e-6)


def test_initial_weights_fill_torchs_bounds() -> None:
    for name, tensor in init_weights(TrainConfig(seed=3)).items():
        fan_in = 128 if ".2." in name else 15
        bound = 1 / math.sqrt(fan_in)
        assert tensor.dtype == np.float32
        assert np.abs(tensor).max() <= bound
        if tensor.size > 500:
            assert np.abs(tensor).max() > 0.99 * bound
            assert tensor.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_seeds_give_other_weights_and_sizes_do_not_move_them() -> None:
    first, second = init_weights(TrainConfig(seed=1)), init_weights(TrainConfig(seed=2))
    assert not np.array_equal(first["generator.0.weight"], second["generator.0.weight"])
    wider = init_weights(TrainConfig(seed=1, hidden_g=64))
    np.testing.assert_array_equal(wider["discriminator.0.weight"], first["discriminator.0.weight"])


def test_target_is_the_tutorials_curve() -> None:
    x = np.linspace(-1, 1, 15)
    np.testing.assert_array_equal(curves.points_x(TrainConfig()), x)
    np.testing.assert_allclose(curves.target(TrainConfig()), 2 * x**2 + 1, atol=1e-6)
    moved = TrainConfig(curve=Quadratic(a=-3.0, c=0.5), x_min=0.0, x_max=2.0, points=3)
    np.testing.assert_array_equal(curves.target(moved), np.array([0.5, -2.5, -11.5], np.float32))


def test_distance_and_spread_are_in_units_of_y() -> None:
    config = TrainConfig()
    apart = curves.target(config) + np.array([[0.5], [-0.5], [0.5], [-0.5]], np.float32)
    np.testing.assert_allclose(curves.distances(config, apart), 0.5, rtol=1e-6)
    assert curves.rmse(config, apart) == pytest.approx(0.5)
    assert curves.spread(apart) == pytest.approx(0.5)
    assert curves.spread(apart[:1]) == 0


_DEEP: list[dict[str, Any]] = [
    {"layers_g": 0, "layers_d": 0},
    {"layers_g": 3, "layers_d": 2, "activation": "leaky_relu", "slope": 0.05, "init": "he"},
    {"layers_g": 2, "layers_d": 4, "activation": "elu", "norm_g": "layer", "norm_d": "layer"},
    {"layers_g": 2, "activation": "silu", "norm_g": "batch", "norm_d": "batch", "init": "orthogonal"},
    {"activation_g": "gelu", "activation_d": "tanh", "pack": 3, "batch_size": 12},
]


@pytest.mark.parametrize("values", _DEEP, ids=str)
def test_networks_of_any_depth_are_torchs_sequential(values: dict[str, Any]) -> None:
    config = TrainConfig.parse({"points": 5, "latent": 4, "hidden_g": 7, "hidden_d": 6, **values})
    z_nl, weights = latents(config, 3, Stream.SAMPLE, 12), init_weights(config)
    generator, discriminator = (sequential(config, network).eval() for network in ("generator", "discriminator"))
    names = {
        f"{network}.{name}"
        for network, built in (("generator", generator), ("discriminator", discriminator))
        for name in built.state_dict()
        if not name.endswith("num_batches_tracked")
    }
    assert set(shapes(config)) == names
    with torch.no_grad():
        made = generator(torch.from_numpy(z_nl))
        judged = discriminator(made.reshape(-1, config.pack * config.points))[:, 0]
    np.testing.assert_allclose(generate(weights, z_nl, config), made.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(discriminate(weights, made.numpy(), config), judged.numpy(), rtol=1e-5, atol=1e-6)


def test_depth_moves_no_other_tensors_values() -> None:
    plain, deep = init_weights(TrainConfig()), init_weights(TrainConfig(layers_g=3, layers_d=2))
    same = {"generator.0": "generator.0", "generator.2": "generator.6", "discriminator.0": "discriminator.0"}
    for name, deeper in {**same, "discriminator.2": "discriminator.4"}.items():
        for kind in ("weight", "bias"):
            np.testing.assert_array_equal(plain[f"{name}.{kind}"], deep[f"{deeper}.{kind}"])
    values = [tensor.ravel()[:8].tobytes() for name, tensor in deep.items() if tensor.size >= 128]
    assert len(set(values)) == len(values)
    deepest = init_weights(TrainConfig(layers_g=4, layers_d=4))
    np.testing.assert_array_equal(deepest["discriminator.2.weight"], deep["discriminator.2.weight"])


def test_inits_are_what_their_papers_say() -> None:
    shape = {"layers_g": 2, "seed": 4}
    square = "generator.2.weight"
    orthogonal = init_weights(TrainConfig.parse(shape | {"init": "orthogonal", "init_gain": 1.5}))[square]
    np.testing.assert_allclose(orthogonal @ orthogonal.T, 2.25 * np.eye(128), atol=1e-5)
    assert init_weights(TrainConfig.parse(shape | {"init": "he"}))[square].std() == pytest.approx(1 / 8, rel=0.05)
    glorot = init_weights(TrainConfig.parse(shape | {"init": "glorot"}))
    assert 0.99 * math.sqrt(6 / 256) < np.abs(glorot[square]).max() <= math.sqrt(6 / 256)
    assert glorot["discriminator.0.weight"].std() == pytest.approx(math.sqrt(2 / (15 + 128)), rel=0.05)
    normal = init_weights(TrainConfig.parse(shape | {"init": "normal", "init_deviation": 0.3}))
    assert normal[square].std() == pytest.approx(0.3, rel=0.05)
    assert not any(tensor.any() for name, tensor in (normal | glorot).items() if name.endswith("bias"))


def test_one_real_curve_is_judged_as_often_as_a_decision_needs() -> None:
    config = TrainConfig.parse({"pack": 4})
    one = curves.target(config)[None]
    once = discriminate(init_weights(config), one, config)
    np.testing.assert_array_equal(once, discriminate(init_weights(config), np.repeat(one, 4, 0), config))
