"""GDPP's loss is its formula, and its slope that of finite differences, for more rows than units and for fewer."""

import numpy as np
import pytest
import torch
from torch import Tensor

from curvegan_core.engines.stacked.diversity import diversity, unit
from tests.core.theory.differences import central


def features(rows: int, units: int, seed: int) -> Tensor:
    drawn = torch.randn((2, rows, units), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return unit(drawn, rows, units)


def by_the_formula(real: Tensor, fake: Tensor) -> float:
    """Elfeki et al. (2019), section 3, and the factors of their code, over all eigenpairs of whole kernels."""
    (l_real, v_real), (l_fake, v_fake) = (np.linalg.eigh(each.numpy() @ each.numpy().T) for each in (real, fake))
    weight = (l_real - l_real.min()) / (l_real.max() - l_real.min())
    return float(1e-4 * np.mean((l_real - l_fake) ** 2) - np.sum(weight * np.abs(np.sum(v_real * v_fake, axis=0))))


@pytest.mark.parametrize(("rows", "units"), [(9, 5), (5, 9), (6, 6)])
def test_the_loss_and_its_slope(rows: int, units: int) -> None:
    real, fake = features(rows, units, 1), features(rows, units, 2)
    value_j, slope_jbh = diversity(real, fake)
    expected = [by_the_formula(*pair) for pair in zip(real, fake, strict=True)]
    np.testing.assert_allclose(value_j, expected, rtol=1e-10)
    torch.testing.assert_close(slope_jbh, central(lambda x: diversity(real, x)[0], fake), rtol=1e-6, atol=1e-7)


def test_two_rows_by_hand() -> None:
    """Two unit rows at a cosine c have the eigenvalues 1 + c and 1 - c, and always the same eigenvectors."""
    real, fake = (torch.tensor([[[1.0, 0.0], [c, (1 - c * c) ** 0.5]]], dtype=torch.float64) for c in (0.6, -0.2))
    # Of the negative cosine the larger eigenvalue is the other vector's: both cosines of eigenvectors are 0.
    assert diversity(real, fake)[0].item() == pytest.approx(1e-4 * (1.6 - 1.2) ** 2)
    assert diversity(real, real)[0].item() == pytest.approx(-1)


def test_padding_does_not_count_and_what_is_nothing_has_a_slope() -> None:
    real, fake = features(4, 3, 1), features(4, 3, 2)
    wide = torch.nn.functional.pad(7 * fake, (0, 5, 0, 4), value=0.0)
    torch.testing.assert_close(unit(wide, 4, 3), fake, rtol=1e-9, atol=0)
    for collapsed in (torch.zeros_like(fake), fake[:, :1].expand_as(fake)):
        assert diversity(real, collapsed)[1].isfinite().all()
    beside = diversity(real, torch.stack((torch.full_like(fake[0], torch.nan), fake[1])))[1]
    assert beside.isnan().any((1, 2)).tolist() == [True, False]
