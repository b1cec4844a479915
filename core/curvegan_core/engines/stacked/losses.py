"""The losses of `curvegan_core.losses` in torch, from logits, one value for each curve of the minibatch.

The tutorial writes `ns` with probabilities: BCELoss (which clamps its logarithms at -100) or log(eps + p). Softplus of
the logit is the same function without a clamp, so it neither saturates nor overflows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

# Of the logits on real and on generated curves.
Pair = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class TorchLoss:
    """Losses of logits on (real, generated) curves. `smooth` is what label smoothing adds: of the real logits and s.

    `paired` means that the generator's loss reads the real logits too; else it gets the generated ones in their place.
    `zero_sum` means that the generator's is minus the discriminator's, but for what a generator has no part in.
    """

    discriminator: Pair
    generator: Pair
    smooth: Pair | None = None
    paired: bool = False
    zero_sum: bool = False


def _log_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real) + softplus(fake)


def _log_smooth(real: Tensor, smooth: Tensor) -> Tensor:
    """Return s l, for (1 - s) softplus(-l) + s softplus(l) is softplus(-l) + s l."""
    return smooth * real


def _least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * ((real - 1).square() + fake.square())


def _least_squares_smooth(real: Tensor, smooth: Tensor) -> Tensor:
    """Return s (l - 1) + s^2/2, for (l - (1 - s))^2/2 is (l - 1)^2/2 and that."""
    return smooth * (real - 1) + 0.5 * smooth.square()


TORCH_LOSSES = {
    "ns": TorchLoss(_log_discriminator, lambda _, fake: softplus(-fake), _log_smooth),
    "minimax": TorchLoss(_log_discriminator, lambda _, fake: -softplus(fake), _log_smooth, zero_sum=True),
    "lsgan": TorchLoss(_least_squares_discriminator, lambda _, fake: 0.5 * (fake - 1).square(), _least_squares_smooth),
    "hinge": TorchLoss(lambda real, fake: (1 - real).relu() + (1 + fake).relu(), lambda _, fake: -fake),
    "wgan": TorchLoss(lambda real, fake: fake - real, lambda _, fake: -fake, zero_sum=True),
    "rpgan": TorchLoss(lambda real, fake: softplus(fake - real), lambda real, fake: softplus(real - fake), paired=True),
}
