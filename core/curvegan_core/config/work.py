"""How much work one step of a training is, so that a worker looks in often enough, and no job hangs it."""

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_core.config.train import TrainConfig

MOST_WORK = 5 * 10**10
"""Multiply-adds of a step. A core does 2 10^9 to 5 10^10 a second, and a worker that is silent for 60 s is replaced."""


def sizes(config: "TrainConfig", network: str) -> tuple[int, ...]:
    """Return the inputs of each layer of a network and, last, its outputs."""
    if network == "generator":
        return config.latent + len(config.labelled), *[config.hidden_g] * config.layers_g, config.outputs
    return config.pack * config.seen, *[config.hidden_d] * config.layers_d, 1


def multiply_adds(config: "TrainConfig") -> int:
    """Return about how many multiply-adds the matrix products of a step have.

    A network's product forwards is done once, the two backwards as often again; the discriminator sees real curves and
    generated ones. A penalty on slopes, and each update that is looked ahead, is differentiated twice.
    """
    generator, discriminator = (_products(sizes(config, network)) for network in ("generator", "discriminator"))
    discriminator //= config.pack
    penalties = sum(map(bool, (config.r1, config.r2, config.gp)))
    d_update = generator + 6 * discriminator * (1 + penalties)
    twice = config.unroll + bool(config.consensus) + bool(config.g_grad)
    g_update = 3 * generator + 2 * discriminator + 3 * twice * (3 * generator + d_update)
    values = _decompositions(sizes(config, "discriminator")) if config.spectral_norm else 0
    kernels = config.g_steps * _kernels(config) if config.gdpp else 0
    return (
        config.batch_size * (config.d_steps * d_update + config.g_steps * g_update)
        + kernels
        + values * (config.d_steps + config.g_steps)
    )


def _products(layers: tuple[int, ...]) -> int:
    return sum(inputs * outputs for inputs, outputs in pairwise(layers))


def _kernels(config: "TrainConfig") -> int:
    """Return what GDPP's two spectra and the slope of their difference cost, in float64."""
    least, most = sorted((config.batch_size // config.pack, config.hidden_d))
    return 20 * least * least * (least + most)


def _decompositions(layers: tuple[int, ...]) -> int:
    """Return what exact singular values cost, about ten products of each matrix with itself."""
    return sum(10 * inputs**3 for inputs in layers[:-1])
