"""The losses that a config can name: formulas and equilibrium values. Knows no torch; engines compute them.

D = sigmoid(logit) = P(real). Equilibrium is where the discriminator cannot tell: logit 0 on every curve.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Loss:
    """A pair of losses of logits, means over the minibatch, and their values at equilibrium."""

    d_formula: str
    g_formula: str
    d_equilibrium: float
    g_equilibrium: float


P_REAL_EQUILIBRIUM = 0.5
"""d_real and d_fake at equilibrium."""

LOSSES = {
    # Goodfellow et al., "Generative adversarial nets" (2014), section 3: train G to maximise log D(G(z)).
    "ns": Loss(
        d_formula="softplus(-D(x)) + softplus(D(G(z)))",
        g_formula="softplus(-D(G(z)))",
        d_equilibrium=2 * math.log(2),
        g_equilibrium=math.log(2),
    ),
}
