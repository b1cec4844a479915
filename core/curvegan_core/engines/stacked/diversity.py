"""How diverse generated rows are beside real ones, as the discriminator's last hidden layer sees them: GDPP.

Elfeki et al., "GDPP: learning diverse generations using determinantal point processes" (2019), section 3. Of unit
features phi of both minibatches, (B, H), with eigenvalues l and eigenvectors v of phi phi^T, both in order of size:

    L = 1e-4 mean_i (l_real,i - l_fake,i)^2 - sum_i w_i |cos(v_real,i, v_fake,i)|

w are the real eigenvalues brought to [0, 1] by their smallest and largest. The factor 1e-4 and the mean are those of
the authors' code; the bars are ours, for an eigenvector has no sign, and theirs is whatever their library returns.
Legend of the shapes in names: j jobs, b rows of a minibatch, h hidden units, k eigenvectors, 1 one number a job.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_MAGNITUDE = 1e-4
# Eigenvectors turn without bound where two eigenvalues meet. Gaps below this share of the trace count as none: float32,
# in which the published code computes, resolves no smaller ones.
_LEAST_GAP = 1e-7
_LEAST_SQUARE = 1e-12


class Spectrum(NamedTuple):
    """Eigenvalues (j, k) of a kernel, ascending, and eigenvectors (j, b, k); not those that are 0 for want of units."""

    values_jk: Tensor
    vectors_jbk: Tensor


def unit(features_jbh: Tensor, rows: int, units: int) -> Tensor:
    """Return features without padding and of length 1, in float64; of length 0 where they are 0."""
    features_jbh = features_jbh[:, :rows, :units].double()
    return features_jbh * (features_jbh.square().sum(-1, keepdim=True) + _LEAST_SQUARE).rsqrt()


def spectrum(unit_jbh: Tensor) -> Spectrum:
    """Decompose phi phi^T, by way of phi^T phi where that is the smaller one."""
    rows, units = unit_jbh.shape[1:]
    # Of numbers that are none the library makes an error, for every job of the pack: the slope has them all the same.
    unit_jbh = unit_jbh.nan_to_num()
    if rows <= units:
        return Spectrum(*torch.linalg.eigh(unit_jbh @ unit_jbh.mT))
    values_jk, right_jhk = torch.linalg.eigh(unit_jbh.mT @ unit_jbh)
    return Spectrum(values_jk, unit_jbh @ right_jhk * values_jk.clamp_min(_LEAST_SQUARE).rsqrt()[:, None])


def diversity(real_jbh: Tensor, fake_jbh: Tensor) -> tuple[Tensor, Tensor]:
    """Return L (j) of unit features and its gradient by the generated ones (j, b, h). The gradient is written out.

    dL = sum_i y_i^T dK v_i for K = phi phi^T, hence (Y V^T + V Y^T) phi.
    """
    real, fake = spectrum(real_jbh), spectrum(fake_jbh)
    off_jk, rows = fake.values_jk - real.values_jk, fake_jbh.shape[1]
    cosine_jk = (real.vectors_jbk * fake.vectors_jbk).sum(1)
    weight_jk = _weight(real.values_jk, rows)
    value_j = _MAGNITUDE / rows * off_jk.square().sum(-1) - (weight_jk * cosine_jk.abs()).sum(-1)
    pulled_jbk = -(weight_jk * cosine_jk.sign())[:, None] * real.vectors_jbk
    turned_jbk = _turned(fake, pulled_jbk, _LEAST_GAP * rows)
    moved_jbk = turned_jbk + (2 * _MAGNITUDE / rows * off_jk)[:, None] * fake.vectors_jbk
    slope_jbh = moved_jbk @ (fake.vectors_jbk.mT @ fake_jbh) + fake.vectors_jbk @ (moved_jbk.mT @ fake_jbh)
    return value_j, slope_jbh


def _weight(values_jk: Tensor, rows: int) -> Tensor:
    """Bring a kernel's eigenvalues to [0, 1]; of more rows than units the smallest is 0."""
    least_j1 = values_jk[:, :1] if values_jk.shape[1] == rows else torch.zeros_like(values_jk[:, :1])
    return (values_jk - least_j1) / (values_jk[:, -1:] - least_j1).clamp_min(_LEAST_SQUARE)


def _turned(fake: Spectrum, pulled_jbk: Tensor, least: float) -> Tensor:
    """Return y_i: how the kernel turns v_i towards what pulls at it, in the span of the v and outside of it."""
    vectors_jbk, values_jk = fake.vectors_jbk, fake.values_jk
    gap_jkk, inside_jkk = values_jk[:, None] - values_jk[:, :, None], vectors_jbk.mT @ pulled_jbk
    outside_jbk = pulled_jbk - vectors_jbk @ inside_jkk
    return vectors_jbk @ (inside_jkk * _inverse(gap_jkk, least)) + outside_jbk * _inverse(values_jk, least)[:, None]


def _inverse(gap: Tensor, least: float) -> Tensor:
    return gap / (gap.square() + least**2)
