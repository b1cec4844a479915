"""The losses of `curvegan.losses` in torch, from logits, one value for each curve of the minibatch.

The tutorial writes `ns` with probabilities: BCELoss (which clamps its logarithms at -100) or log(eps + p). Softplus of
the logit is the same function without a clamp, so it neither saturates nor overflows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class TorchLoss:
    """Discriminator's loss of logits on (real, generated) curves, and generator's loss of logits on generated ones."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def _ns_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real) + softplus(fake)


def _ns_generator(fake: Tensor) -> Tensor:
    return softplus(-fake)


TORCH_LOSSES = {"ns": TorchLoss(_ns_discriminator, _ns_generator)}
