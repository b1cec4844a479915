"""The losses that a config can name: formulas, sources, equilibrium. Engines compute them.

D(x) is the logit, sigmoid(D) = P(real). Equilibrium is where generated curves are distributed as real ones are and the
discriminator is the best there is: then it cannot tell them apart. A value is None where the loss does not fix it.
Penalties are not part of `d_loss`, neither here nor in a loss curve. x are real curves, G(z) generated ones.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Equilibrium:
    """Values of d_loss, of g_loss and of both d_real and d_fake at equilibrium."""

    d_loss: float | None
    g_loss: float | None
    p_real: float | None


@dataclass(frozen=True)
class Loss:
    """A pair of losses of logits, means over the minibatch.

    `settled` gives the equilibrium at a label smoothing. `gap` says from the logits on real and on generated curves
    how far off it is: 0 at equilibrium; a difference of probabilities, but for hinge and wgan one of d_loss.
    """

    d_formula: str
    g_formula: str
    source: str
    settled: Callable[[float], Equilibrium]
    gap: Callable[[Logits, Logits, Equilibrium], float]


def _smoothed_logs(generator: Callable[[float], float]) -> Callable[[float], Equilibrium]:
    """Return where losses of log P(real) settle: label smoothing by s makes the best P(real) (1 - s)/2.

    Salimans et al., "Improved techniques for training GANs" (2016), section 3.4.
    """

    def settled(smoothing: float) -> Equilibrium:
        p = (1 - smoothing) / 2
        d_loss = -(1 - smoothing) * math.log(p) - (1 + smoothing) * math.log(1 - p)
        return Equilibrium(d_loss, generator(p), p)

    return settled


def _smoothed_squares(smoothing: float) -> Equilibrium:
    """Return the same for least squares, where the best logit is (1 - s)/2."""
    logit = (1 - smoothing) / 2
    return Equilibrium(logit * logit, (1 - logit) ** 2 / 2, 1 / (1 + math.exp(-logit)))


def _probability_gap(real: Logits, fake: Logits, settled: Equilibrium) -> float:
    """Return the larger of both differences of the mean P(real) from its value at equilibrium."""
    assert settled.p_real is not None
    return max(abs(float(np.mean(_sigmoid(logits))) - settled.p_real) for logits in (real, fake))


def _pairing_gap(real: Logits, fake: Logits, _: Equilibrium) -> float:
    """Return how far P(a real curve is more real than a generated one) is from a half: only differences count."""
    return abs(float(np.mean(_sigmoid(real - fake))) - 0.5)


def _hinge_gap(real: Logits, fake: Logits, _: Equilibrium) -> float:
    return abs(float(np.mean(np.maximum(1 - real, 0) + np.maximum(1 + fake, 0))) - 2)


def _wasserstein_gap(real: Logits, fake: Logits, _: Equilibrium) -> float:
    return abs(float(np.mean(real, dtype=np.float64) - np.mean(fake, dtype=np.float64)))


def _sigmoid(logits: Logits) -> NDArray[np.float64]:
    # The hyperbolic tangent does not overflow.
    return 0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))


LOSSES = {
    "ns": Loss(
        d_formula="softplus(-D(x)) + softplus(D(G(z)))",
        g_formula="softplus(-D(G(z)))",
        source='Goodfellow et al., "Generative adversarial nets" (2014), section 3: G maximises log P(real)',
        settled=_smoothed_logs(lambda p: -math.log(p)),
        gap=_probability_gap,
    ),
    "minimax": Loss(
        d_formula="softplus(-D(x)) + softplus(D(G(z)))",
        g_formula="-softplus(D(G(z)))",
        source='Goodfellow et al., "Generative adversarial nets" (2014), equation 1: G minimises log(1 - P(real))',
        settled=_smoothed_logs(lambda p: math.log(1 - p)),
        gap=_probability_gap,
    ),
    "lsgan": Loss(
        d_formula="(D(x) - 1)^2/2 + D(G(z))^2/2",
        g_formula="(D(G(z)) - 1)^2/2",
        source='Mao et al., "Least squares generative adversarial networks" (2017), equation 9: labels 0 and 1',
        settled=_smoothed_squares,
        gap=_probability_gap,
    ),
    "hinge": Loss(
        d_formula="relu(1 - D(x)) + relu(1 + D(G(z)))",
        g_formula="-D(G(z))",
        source='Lim and Ye, "Geometric GAN" (2017); Miyato et al., "Spectral normalization" (2018), equations 16, 17',
        # Any constant logit of [-1, 1] is a best answer, so neither g_loss nor P(real) has a value of its own.
        settled=lambda _: Equilibrium(2.0, None, None),
        gap=_hinge_gap,
    ),
    "wgan": Loss(
        d_formula="D(G(z)) - D(x)",
        g_formula="-D(G(z))",
        source='Arjovsky et al., "Wasserstein GAN" (2017); with gp Gulrajani et al., "Improved training" (2017)',
        # -d_loss estimates a Wasserstein distance, 0 at equilibrium. Adding a constant to D changes g_loss alone.
        settled=lambda _: Equilibrium(0.0, None, None),
        gap=_wasserstein_gap,
    ),
    "rpgan": Loss(
        d_formula="softplus(D(G(z)) - D(x))",
        g_formula="softplus(D(x) - D(G(z)))",
        source='Jolicoeur-Martineau, "The relativistic discriminator" (2019); Huang et al., "R3GAN" (2024), equation 2',
        # Adding a constant to D changes nothing, so P(real) of a single curve has no value at equilibrium.
        settled=lambda _: Equilibrium(math.log(2), math.log(2), None),
        gap=_pairing_gap,
    ),
}
"""Every loss by its name."""


def equilibrium(config: TrainConfig) -> Equilibrium:
    """Return where the config's loss settles. Label smoothing is one-sided: real curves have the label 1 - s."""
    return LOSSES[config.loss].settled(config.label_smoothing)


def equilibrium_gap(config: TrainConfig, real: Logits, fake: Logits) -> float:
    """Return how far the discriminator's logits on real and on generated curves, (N,) each, are from equilibrium."""
    return LOSSES[config.loss].gap(real, fake, equilibrium(config))
