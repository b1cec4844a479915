"""Generator and discriminator in numpy: tensors, initial values, latents, curves and logits.

Names and shapes are those of torch's `Sequential(Linear, ReLU, Linear)`, weights (out, in), so that anyone can load
them there. Legend of the shapes in names: n curves, l latent, h hidden, i inputs, o outputs.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.matmul import product
from curvegan_core.noise import Stream, normals, uniforms

Array = NDArray[np.float32]
Weights = dict[str, Array]

LEAK = 0.2
"""Slope of leaky_relu below 0, as in Radford et al., "Unsupervised representation learning with DCGAN" (2016)."""

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda hidden: np.maximum(hidden, 0, out=hidden),
    "leaky_relu": lambda hidden: np.maximum(hidden, np.float32(LEAK) * hidden, out=hidden),
    "tanh": lambda hidden: np.tanh(hidden, out=hidden),
}


_LATENTS: dict[str, Callable[[int, Stream, int, tuple[int, ...]], Array]] = {
    "normal": normals,
    "uniform": lambda *noise: 2 * uniforms(*noise) - 1,
}


def shapes(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of both networks, by name."""
    sizes = {
        "generator": (config.latent, config.hidden_g, config.points),
        "discriminator": (config.points, config.hidden_d, 1),
    }
    tensors: dict[str, tuple[int, ...]] = {}
    for network, (inputs, hidden, outputs) in sizes.items():
        for layer, (fan_in, fan_out) in {0: (inputs, hidden), 2: (hidden, outputs)}.items():
            tensors[f"{network}.{layer}.weight"] = (fan_out, fan_in)
            tensors[f"{network}.{layer}.bias"] = (fan_out,)
    return tensors


def init_weights(config: TrainConfig) -> Weights:
    """Draw both networks' weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as torch's Linear does.

    Every tensor has its own noise, named by its index in the list, so that no size moves another tensor's values.
    """
    weights: Weights = {}
    bound = 0.0
    for index, (name, shape) in enumerate(shapes(config).items()):
        if name.endswith("weight"):
            bound = 1 / math.sqrt(shape[1])
        uniform = uniforms(config.seed, Stream.WEIGHTS, index, shape)
        weights[name] = np.multiply(2 * uniform - 1, bound, dtype=np.float32)
    return weights


def latents(config: TrainConfig, seed: int, stream: Stream, count: int) -> Array:
    """Draw latents (count, latent) of the config's distribution: N(0, 1), or U(-1, 1)."""
    return _LATENTS[config.latent_noise](seed, stream, 0, (count, config.latent))


def generate(weights: Mapping[str, Array], z_nl: Array, activation: str = "relu") -> Array:
    """Return the generator's curves (N, points) for latents (N, latent)."""
    return _forward(weights, "generator", z_nl, activation)


def discriminate(weights: Mapping[str, Array], curves_np: Array, config: TrainConfig) -> Array:
    """Return the discriminator's logits (N,) on curves (N, points), with spectral normalisation where it has that."""
    if config.spectral_norm:
        matrices = {name: tensor for name, tensor in weights.items() if name.startswith("disc") and tensor.ndim == 2}
        weights = {**weights, **{name: tensor / np.linalg.norm(tensor, 2) for name, tensor in matrices.items()}}
    return _forward(weights, "discriminator", curves_np, config.activation)[:, 0]


def _forward(weights: Mapping[str, Array], network: str, x_ni: Array, activation: str) -> Array:
    hidden_nh = _linear(x_ni, weights, f"{network}.0")
    return _linear(_ACTIVATIONS[activation](hidden_nh), weights, f"{network}.2")


def _linear(x_ni: Array, weights: Mapping[str, Array], layer: str) -> Array:
    y_no = product(x_ni, weights[f"{layer}.weight"].T)
    y_no += weights[f"{layer}.bias"]
    return y_no
