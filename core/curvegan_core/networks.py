"""Generator and discriminator in numpy: layers, tensors, initial values, latents, curves and logits.

Names and shapes are those of torch's `Sequential(Linear, [Norm,] activation, Linear, ...)`, weights (out, in), so that
anyone can load them there. Legend of the shapes in names: n curves, l latent, h hidden, i inputs, o outputs.
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.activations import ACTIVATIONS
from curvegan_core.config.train import TrainConfig
from curvegan_core.config.work import sizes
from curvegan_core.matmul import product
from curvegan_core.noise import Stream, normals, uniforms

Array = NDArray[np.float32]
Weights = dict[str, Array]

NETWORKS = ("generator", "discriminator")
STATISTICS = ("running_mean", "running_var")
"""The tensors of batch norm that no gradient changes."""
NORM_EPS = 1e-5
"""What both norms add to a variance, as torch does."""
# Each tensor's place among the noise of weights is that of its role, so that no depth moves another tensor's values:
# the first and the last layer of both networks had theirs before there were others between them.
_PLACES = {"generator": (0, 2, 8), "discriminator": (4, 6, 14)}

_LATENTS: dict[str, Callable[[int, Stream, int, tuple[int, ...]], Array]] = {
    "normal": normals,
    "uniform": lambda *noise: 2 * uniforms(*noise) - 1,
}


class Layer(NamedTuple):
    """A linear layer by its name, its sizes, the place of its weight's noise, and the name of the norm behind it."""

    name: str
    inputs: int
    outputs: int
    place: int
    norm: str | None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of its weight and bias, by name."""
        return {f"{self.name}.weight": (self.outputs, self.inputs), f"{self.name}.bias": (self.outputs,)}


def norm_of(config: TrainConfig, network: str) -> str:
    """Return the norm of a network's hidden layers."""
    return config.norm_g if network == "generator" else config.norm_d


def layers(config: TrainConfig, network: str) -> tuple[Layer, ...]:
    """Describe a network's layers from first to last; behind each but the last are its norm, if any, and activation."""
    pairs = list(pairwise(sizes(config, network)))
    normed = norm_of(config, network) != "none"
    first, last, middle = _PLACES[network]
    described = []
    for layer, (inputs, outputs) in enumerate(pairs):
        index = layer * (3 if normed else 2)
        is_last = layer == len(pairs) - 1
        place = first if layer == 0 else last if is_last else middle + 2 * (layer - 1)
        norm = f"{network}.{index + 1}" if normed and not is_last else None
        described.append(Layer(f"{network}.{index}", inputs, outputs, place, norm))
    return tuple(described)


def shapes(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of both networks, by name."""
    tensors: dict[str, tuple[int, ...]] = {}
    for network in NETWORKS:
        for layer in layers(config, network):
            tensors |= layer.shapes
            if layer.norm:
                statistics = STATISTICS if norm_of(config, network) == "batch" else ()
                tensors |= {f"{layer.norm}.{name}": (layer.outputs,) for name in ("weight", "bias", *statistics)}
    return tensors


def trained(name: str) -> bool:
    """Return whether gradients change the tensor of this name."""
    return not name.endswith(STATISTICS)


def init_weights(config: TrainConfig) -> Weights:
    """Draw both networks' weights as `init` says; those of norms are torch's ones and zeros.

    Every tensor has noise of its own, so that no size moves another tensor's values.
    """
    weights: Weights = {}
    for name, shape in shapes(config).items():
        weights[name] = np.full(shape, name.endswith(("weight", "running_var")), np.float32)
    for network in NETWORKS:
        for layer in layers(config, network):
            weights |= _even(config, layer) if config.init == "torch" else _unbiased(config, layer)
    return weights


def _even(config: TrainConfig, layer: Layer) -> Weights:
    """Draw from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as torch's Linear does; without inputs as with one."""
    bound = 1 / math.sqrt(max(1, layer.inputs))
    drawn: Weights = {}
    for index, (name, shape) in enumerate(layer.shapes.items()):
        uniform = uniforms(config.seed, Stream.WEIGHTS, layer.place + index, shape)
        drawn[name] = np.multiply(2 * uniform - 1, bound, dtype=np.float32)
    return drawn


def _unbiased(config: TrainConfig, layer: Layer) -> Weights:
    """Draw a layer's weight, beside which its bias is 0. Raises KeyError for an init that is not known.

    normal: N(0, init_deviation), as Radford et al., "Unsupervised representation learning with DCGAN" (2016).
    he: N(0, sqrt(2/fan_in)), He et al., "Delving deep into rectifiers" (2015), equation 10.
    glorot: U(-b, b), b = sqrt(6/(fan_in + fan_out)), Glorot and Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010), equation 16.
    orthogonal: init_gain times a random orthogonal matrix, Saxe et al., "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks" (2014); signs as Mezzadri, "How to generate random matrices" (2007).
    """
    shape = (layer.outputs, layer.inputs)
    source = uniforms if config.init == "glorot" else normals
    noise = source(config.seed, Stream.WEIGHTS, layer.place, shape).astype(np.float64)
    scaled: dict[str, Callable[[], NDArray[np.float64]]] = {
        "normal": lambda: config.init_deviation * noise,
        "he": lambda: math.sqrt(2 / max(1, layer.inputs)) * noise,
        "glorot": lambda: math.sqrt(6 / sum(shape)) * (2 * noise - 1),
        "orthogonal": lambda: config.init_gain * _orthogonal(noise),
    }
    return {f"{layer.name}.weight": scaled[config.init]().astype(np.float32)}


def _orthogonal(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    tall = normal if normal.shape[0] >= normal.shape[1] else normal.T
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1, 1)
    return q if tall is normal else q.T


def latents(config: TrainConfig, seed: int, stream: Stream, count: int, label: int | None = None) -> Array:
    """Draw latents (count, latent) of the config's distribution: N(0, 1), or U(-1, 1).

    Where labels are learnt, (count, latent + labels): behind each latent a one at its label's number. That is `label`,
    or drawn as often as the rows have each.
    """
    drawn = _LATENTS[config.latent_noise](seed, stream, 0, (count, config.latent))
    if not config.labelled:
        return drawn
    share_k = np.cumsum(config.labelled) / sum(config.labelled)
    uniform_n = uniforms(seed, Stream.LABEL, int(stream), (count,))
    label_n = np.searchsorted(share_k, uniform_n, "right") if label is None else np.full(count, label)
    return np.concatenate([drawn, one_hot(config, label_n)], axis=1)


def one_hot(config: TrainConfig, label_n: NDArray[np.integer]) -> Array:
    """Return a one at the number of each label, (n, labels)."""
    hot_nk: Array = (label_n[:, None] == np.arange(len(config.labelled))).astype(np.float32)
    return hot_nk


def label_numbers(config: TrainConfig, latents_nl: Array) -> NDArray[np.int64]:
    """Return the number of the label of each of these latents, (n,); zeros where no labels are learnt."""
    label_nk = latents_nl[:, config.latent :]
    return label_nk.argmax(1) if config.labelled else np.zeros(len(latents_nl), np.int64)


def beside(config: TrainConfig, curves_np: Array, latents_nl: Array) -> Array:
    """Return curves as a discriminator sees them: with the labels of the latents that they are from."""
    return np.concatenate([curves_np, latents_nl[:, config.latent :]], axis=1) if config.labelled else curves_np


def generate(weights: Mapping[str, Array], z_nl: Array, config: TrainConfig) -> Array:
    """Return the generator's curves (N, points) for latents (N, latent). Batch norm takes its running statistics."""
    return _forward(weights, "generator", z_nl, config)


def discriminate(weights: Mapping[str, Array], curves_np: Array, config: TrainConfig) -> Array:
    """Return the discriminator's logits on curves (N, points), with spectral normalisation where it has that.

    There are N of them, or N // pack: it judges so many curves, one beside the other. Too few are repeated, and those
    that are left over are not judged. Batch norm takes its running statistics.
    """
    if config.spectral_norm:
        matrices = {name: tensor for name, tensor in weights.items() if name.startswith("disc") and tensor.ndim == 2}
        weights = {**weights, **{name: tensor / np.linalg.norm(tensor, 2) for name, tensor in matrices.items()}}
    decisions = max(1, len(curves_np) // config.pack)
    packed = np.resize(curves_np, (decisions, config.pack * config.seen))
    return _forward(weights, "discriminator", packed, config)[:, 0]


def _forward(weights: Mapping[str, Array], network: str, x_ni: Array, config: TrainConfig) -> Array:
    activate = ACTIVATIONS[config.activations[network]]
    described = layers(config, network)
    for layer in described:
        x_ni = product(x_ni, weights[f"{layer.name}.weight"].T)
        x_ni += weights[f"{layer.name}.bias"]
        if layer.norm:
            x_ni = _normalised(weights, layer.norm, x_ni)
        if layer is not described[-1]:
            x_ni = activate(x_ni, config.slope)
    return x_ni


def _normalised(weights: Mapping[str, Array], norm: str, x_nh: Array) -> Array:
    """Batch norm by its running statistics, where it has them; else layer norm, by each row's own."""
    if f"{norm}.running_mean" in weights:
        mean, variance = (weights[f"{norm}.{name}"] for name in STATISTICS)
    else:
        mean, variance = x_nh.mean(1, keepdims=True), x_nh.var(1, keepdims=True)
    scaled: Array = (x_nh - mean) / np.sqrt(variance + np.float32(NORM_EPS)) * weights[f"{norm}.weight"]
    return scaled + weights[f"{norm}.bias"]
