"""What normalises: hidden units by batch norm or layer norm, a discriminator's matrices by their singular values.

Legend of the shapes in names: j jobs, b rows of a minibatch, h hidden units (padded), i inputs, o outputs.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from curvegan_core.networks import NORM_EPS

# Zero has no slope: a matrix of zeros would give NaN.
_LEAST_SQUARE = 1e-12
_TAKE = 0.1
"""How much of a minibatch's statistics the running ones take in, torch's momentum."""

# Of the numbers before it, its weight and its bias, and the running statistics where they are to be updated.
Norm = Callable[[Tensor, Tensor, Tensor, Sequence[Tensor] | None], Tensor]


def batch_norm(share_jb: Tensor, count: int) -> Norm:
    """Return batch norm over the `count` rows that have a share, 1/count each; padding has none.

    Ioffe and Szegedy, "Batch normalization" (2015), algorithm 1; the running variance is the unbiased one.
    """
    share_j1b = share_jb[:, None]

    def norm(x_jbh: Tensor, weight_j1h: Tensor, bias_j1h: Tensor, running: Sequence[Tensor] | None) -> Tensor:
        share = share_j1b.to(x_jbh.dtype)
        mean_j1h = torch.bmm(share, x_jbh)
        centred_jbh = x_jbh - mean_j1h
        variance_j1h = torch.bmm(share, centred_jbh.square())
        if running is not None:
            running[0].lerp_(mean_j1h.detach(), _TAKE)
            running[1].lerp_(variance_j1h.detach() * (count / (count - 1)), _TAKE)
        return centred_jbh * ((variance_j1h + NORM_EPS).rsqrt() * weight_j1h) + bias_j1h

    return norm


def layer_norm(units: int) -> Norm:
    """Return layer norm over the first `units` of each row; the others are padding.

    Ba et al., "Layer normalization" (2016), equation 4.
    """

    def norm(x_jbh: Tensor, weight_j1h: Tensor, bias_j1h: Tensor, _: Sequence[Tensor] | None) -> Tensor:
        share_h = (torch.arange(x_jbh.shape[-1], device=x_jbh.device) < units).to(x_jbh.dtype) / units
        centred_jbh = x_jbh - (x_jbh * share_h).sum(-1, keepdim=True)
        variance_jb1 = (centred_jbh.square() * share_h).sum(-1, keepdim=True)
        return centred_jbh * (variance_jb1 + NORM_EPS).rsqrt() * weight_j1h + bias_j1h

    return norm


def unit_norm(weight_jio: Tensor) -> Tensor:
    """Divide matrices by their largest singular value.

    Miyato et al., "Spectral normalization for GANs" (2018), equation 8. Their power iteration approximates the singular
    vector and carries it from step to step; here it is exact, so that there is nothing to carry.
    """
    if weight_jio.shape[-1] == 1:
        square_j11 = weight_jio.square().sum(1, keepdim=True)
    else:
        with torch.no_grad():
            _, vectors_jii = torch.linalg.eigh(torch.bmm(weight_jio, weight_jio.mT))
        # With the singular vector u held, the norm of u W has the same gradient as the singular value.
        square_j11 = torch.bmm(vectors_jii[:, :, -1:].mT, weight_jio).square().sum(-1, keepdim=True)
    return weight_jio / (square_j11 + _LEAST_SQUARE).sqrt()
