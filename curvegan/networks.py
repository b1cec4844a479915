"""Generator and discriminator in numpy: their tensors, their initial values, curves from latents. Knows no torch.

Names and shapes are those of torch's `Sequential(Linear, ReLU, Linear)`, weights (out, in), so that anyone can load
them there. Legend of the shapes in names: n curves, l latent, h hidden, i inputs, o outputs.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from curvegan.config import TrainConfig
from curvegan.noise import Stream, uniforms

Array = NDArray[np.float32]
Weights = dict[str, Array]


def shapes(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of both networks, by name."""
    sizes = {
        "generator": (config.latent, config.hidden_g, config.points),
        "discriminator": (config.points, config.hidden_d, 1),
    }
    found: dict[str, tuple[int, ...]] = {}
    for network, (inputs, hidden, outputs) in sizes.items():
        for layer, (fan_in, fan_out) in {0: (inputs, hidden), 2: (hidden, outputs)}.items():
            found[f"{network}.{layer}.weight"] = (fan_out, fan_in)
            found[f"{network}.{layer}.bias"] = (fan_out,)
    return found


def init_weights(config: TrainConfig) -> Weights:
    """Draw both networks' weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as torch's Linear does.

    Every tensor has its own noise, named by its place in the list, so that no size moves another tensor's values.
    """
    weights: Weights = {}
    bound = 0.0
    for place, (name, shape) in enumerate(shapes(config).items()):
        if name.endswith("weight"):
            bound = 1 / math.sqrt(shape[1])
        uniform = uniforms(config.seed, Stream.WEIGHTS, place, shape)
        weights[name] = np.multiply(2 * uniform - 1, bound, dtype=np.float32)
    return weights


def generate(weights: Mapping[str, Array], z_nl: Array) -> Array:
    """Return the generator's curves (N, points) for latents (N, latent)."""
    hidden_nh = _linear(z_nl, weights, "generator.0")
    return _linear(np.maximum(hidden_nh, 0, out=hidden_nh), weights, "generator.2")


def _linear(x_ni: Array, weights: Mapping[str, Array], layer: str) -> Array:
    y_no: Array = np.matmul(x_ni, weights[f"{layer}.weight"].T)
    y_no += weights[f"{layer}.bias"]
    return y_no
