"""What is added to the losses of both networks: penalties on slopes and on gradients. Knows no loss of its own.

Legend of the shapes in names: j jobs, b rows of a minibatch, p points, 1 one number a job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.network import Network

# Gulrajani's penalty has a square root, whose slope is infinite at 0: a discriminator of zeros would give NaN.
_LEAST_SQUARE = 1e-12


@dataclass(frozen=True)
class Penalty:
    """A pack's gradient penalties, each job's with its own weights (jobs, 1); None where a penalty is off.

    r1 and r2: Mescheder et al., "Which training methods for GANs do actually converge?" (2018), equation 9.
    gp: Gulrajani et al., "Improved training of Wasserstein GANs" (2017), equation 3.
    """

    network: Network
    r1: Tensor | None
    r2: Tensor | None
    gp: Tensor | None
    of_curve_p: Tensor | None = None

    @classmethod
    def make(
        cls,
        network: Network,
        configs: Sequence[TrainConfig],
        device: str,
        dtype: torch.dtype = torch.float32,
        of_curve_p: Tensor | None = None,
    ) -> Self:
        """Take the weights of a pack's configs, in which a penalty is on in all or in none (see `pack_key`).

        Of a row with a label `of_curve_p` has ones where its curve is: no slope by a label is penalised.
        """
        r1, r2, gp = (weights(configs, key, device, dtype) for key in ("r1", "r2", "gp"))
        return cls(network, r1, r2, gp, of_curve_p)

    def add(self, loss_jb: Tensor, seen_jbp: Tensor, mix_jb1: Tensor | None, tensors: Sequence[Tensor]) -> Tensor:
        """Return the losses of each row with the penalties of D = `tensors`; seen are real, then generated rows."""
        if self.r1 is None and self.r2 is None and self.gp is None:
            return loss_jb
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
        slope_jbp = self.network.slopes(x_jbp, tensors)
        return (slope_jbp if self.of_curve_p is None else slope_jbp * self.of_curve_p).square().sum(-1)


def weights(configs: Sequence[TrainConfig], key: str, device: str, dtype: torch.dtype = torch.float32) -> Tensor | None:
    """Return a number of each job's config as (jobs, 1); None where it is 0, off, for it is so in all or in none."""
    values = [[getattr(config, key)] for config in configs]
    return torch.tensor(values, dtype=dtype, device=device) if values[0][0] else None


def squared_norm(weight_j1: Tensor, gradients: Sequence[Tensor]) -> Tensor:
    """Return each job's weight times the sum of the squares of its gradients, which have a graph; summed over jobs."""
    squares = [gradient.square().sum((1, 2)) for gradient in gradients]
    return (weight_j1.squeeze(-1) * torch.stack(squares).sum(0)).sum()
