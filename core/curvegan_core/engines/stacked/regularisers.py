"""What keeps a discriminator in bounds, in torch: gradient penalties, spectral normalisation. Knows no loss.

The slope of a logit by its curve is written out, for one hidden layer it is W0 (w2 act'(h)), so that one ordinary
backward pass differentiates it. Legend of the shapes in names: j jobs, b rows of a minibatch, p points, h hidden.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.networks import LEAK

# Gulrajani's penalty has a square root, whose slope is infinite at 0: a discriminator of zeros would give NaN.
_LEAST_SQUARE = 1e-12

_DERIVATIVES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda hidden: (hidden > 0).to(hidden.dtype),
    "leaky_relu": lambda hidden: torch.full_like(hidden, LEAK).masked_fill_(hidden > 0, 1),
    "tanh": lambda hidden: 1 - hidden.tanh().square(),
}


def slopes(x_jbp: Tensor, tensors: Sequence[Tensor], activation: str) -> Tensor:
    """Return the gradient of each logit by its curve, (j, b, p), itself differentiable by the tensors."""
    weight0_jph, bias0_j1h, weight2_jh1, _ = tensors
    hidden_jbh = torch.baddbmm(bias0_j1h, x_jbp, weight0_jph)
    return torch.bmm(_DERIVATIVES[activation](hidden_jbh) * weight2_jh1.mT, weight0_jph.mT)


def normalised(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Divide both weight matrices by their largest singular value, biases stay.

    Miyato et al., "Spectral normalization for GANs" (2018), equation 8. Their power iteration approximates the singular
    vector and carries it from step to step; here it is exact, so that there is nothing to carry.
    """
    weight0_jph, bias0, weight2_jh1, bias2 = tensors
    with torch.no_grad():
        _, vectors_jpp = torch.linalg.eigh(torch.bmm(weight0_jph, weight0_jph.mT))
    # With the singular vector u held, the norm of u W has the same gradient as the singular value.
    norm0 = torch.bmm(vectors_jpp[:, :, -1:].mT, weight0_jph).square().sum(-1, keepdim=True)
    norm2 = weight2_jh1.square().sum(1, keepdim=True)
    return weight0_jph / (norm0 + _LEAST_SQUARE).sqrt(), bias0, weight2_jh1 / (norm2 + _LEAST_SQUARE).sqrt(), bias2


@dataclass(frozen=True)
class Penalty:
    """A pack's gradient penalties, each job's with its own weights (jobs, 1); None where a penalty is off.

    r1 and r2: Mescheder et al., "Which training methods for GANs do actually converge?" (2018), equation 9.
    gp: Gulrajani et al., "Improved training of Wasserstein GANs" (2017), equation 3.
    """

    activation: str
    r1: Tensor | None
    r2: Tensor | None
    gp: Tensor | None

    @classmethod
    def make(cls, configs: Sequence[TrainConfig], device: str) -> Self:
        """Take the weights of a pack's configs, in which a penalty is on in all or in none (see `pack_key`)."""
        return cls(configs[0].activation, *(weights(configs, key, device) for key in ("r1", "r2", "gp")))

    def add(self, loss_jb: Tensor, seen_jbp: Tensor, mix_jb1: Tensor | None, tensors: Sequence[Tensor]) -> Tensor:
        """Return the losses of each curve with the penalties of D = `tensors`; seen are real, then generated curves."""
        real_jbp, fake_jbp = seen_jbp.chunk(2, 1)
        for weight_j1, x_jbp in ((self.r1, real_jbp), (self.r2, fake_jbp)):
            if weight_j1 is not None:
                loss_jb = loss_jb + 0.5 * weight_j1 * self._square(x_jbp, tensors)
        if self.gp is not None:
            assert mix_jb1 is not None
            square_jb = self._square(fake_jbp + mix_jb1 * (real_jbp - fake_jbp), tensors)
            loss_jb = loss_jb + self.gp * ((square_jb + _LEAST_SQUARE).sqrt() - 1).square()
        return loss_jb

    def _square(self, x_jbp: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        return slopes(x_jbp, tensors, self.activation).square().sum(-1)


def weights(configs: Sequence[TrainConfig], key: str, device: str) -> Tensor | None:
    """Return a number of each job's config as (jobs, 1); None where it is 0, off, for it is so in all or in none."""
    values = [[getattr(config, key)] for config in configs]
    return torch.tensor(values, dtype=torch.float32, device=device) if values[0][0] else None
