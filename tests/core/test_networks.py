"""Networks in numpy are those of torch, and curves are what they say."""

import math

import numpy as np
import pytest
import torch

from curvegan_core.config.train import Quadratic, TrainConfig
from curvegan_core.families import curves
from curvegan_core.networks import generate, init_weights, shapes
from curvegan_core.noise import Stream, normals

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
    latents = normals(0, Stream.SAMPLE, 0, (11, 3))
    expected = generator(torch.from_numpy(latents)).detach().numpy()
    np.testing.assert_allclose(generate(weights, latents, ODD), expected, rtol=0, atol=1e-6)


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
