"""Losses are what their formulas say: against finite differences in float64, and at equilibrium."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from curvegan_core.config.rules import LOSSES_WITH_LABELS
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.losses import TORCH_LOSSES
from curvegan_core.errors import InvalidConfig
from curvegan_core.losses import LOSSES, equilibrium, equilibrium_gap
from tests.core.theory.differences import central, slope

each_loss = pytest.mark.parametrize("loss", LOSSES)
# Away from the hinge's corners at 1 and -1.
LOGITS = torch.tensor([[-3.0, -0.6, 0.0, 0.4, 2.5]], dtype=torch.float64)


def config(**values: object) -> TrainConfig:
    needed = {"gp": 1.0} if values.get("loss") == "wgan" and "clip" not in values else {}
    return TrainConfig.parse({**needed, **values})


@each_loss
def test_gradients_are_those_of_finite_differences_and_have_the_right_sign(loss: str) -> None:
    pair, other = TORCH_LOSSES[loss], LOGITS.flip(1) * 0.7
    parts = {
        "real": (lambda logits: pair.discriminator(logits, other), -1),
        "fake": (lambda logits: pair.discriminator(other, logits), 1),
        "generator": (lambda logits: pair.generator(other, logits), -1),
    }
    for name, (value, sign) in parts.items():
        gradient = slope(value, LOGITS)
        torch.testing.assert_close(gradient, central(value, LOGITS), rtol=1e-6, atol=1e-8)
        at_zero = gradient[0, 2]
        # Beyond its margin the hinge has no slope, and least squares turn round at the label: the sign counts at 0.
        assert sign * at_zero > 0 or (name == "fake" and loss == "lsgan"), name


def test_least_squares_push_both_kinds_to_their_labels() -> None:
    high = torch.tensor([[0.9, 0.1]], dtype=torch.float64)
    assert (slope(lambda logits: TORCH_LOSSES["lsgan"].discriminator(high, logits), high) > 0).all()
    assert (slope(lambda logits: TORCH_LOSSES["lsgan"].discriminator(logits, high), high) < 0).all()


SETTLED = [loss for loss in LOSSES if equilibrium(config(loss=loss)).p_real is not None]
"""The losses that settle at one logit; the others know differences alone."""


SMOOTHED = [*product(SETTLED, (0.0,)), *product(LOSSES_WITH_LABELS, (0.1, 0.4))]


@pytest.mark.parametrize(("loss", "smooth"), SMOOTHED)
def test_equilibrium_is_the_best_constant_logit_and_its_losses(loss: str, smooth: float) -> None:
    settled, pair = equilibrium(config(loss=loss, label_smoothing=smooth)), TORCH_LOSSES[loss]
    assert settled.p_real is not None
    logit = torch.tensor([math.log(settled.p_real / (1 - settled.p_real))], dtype=torch.float64)

    def d_loss(logits: Tensor) -> Tensor:
        plain = pair.discriminator(logits, logits)
        if not smooth:
            return plain
        assert pair.smooth is not None
        return plain + pair.smooth(logits, torch.tensor(smooth, dtype=torch.float64))

    assert d_loss(logit).item() == pytest.approx(settled.d_loss)
    assert pair.generator(logit, logit).item() == pytest.approx(settled.g_loss)
    assert slope(d_loss, logit).item() == pytest.approx(0, abs=1e-12)
    assert slope(lambda logits: slope_of(d_loss, logits), logit).item() > 0


def slope_of(value: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.autograd.grad(value(x).sum(), x, create_graph=True)[0]


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in SETTLED])
def test_equilibrium_of_the_others_holds_for_any_constant_logit(loss: str) -> None:
    settled, pair = equilibrium(config(loss=loss)), TORCH_LOSSES[loss]
    for constant in (-0.9, 0.0, 0.7):
        logit = torch.tensor([constant], dtype=torch.float64)
        assert pair.discriminator(logit, logit).item() == pytest.approx(settled.d_loss)
        if settled.g_loss is not None:
            assert pair.generator(logit, logit).item() == pytest.approx(settled.g_loss)
        same = np.full(3, constant, np.float32)
        assert equilibrium_gap(config(loss=loss), same, same) == pytest.approx(0, abs=1e-6)
    assert settled.p_real is None


def test_known_equilibria() -> None:
    assert equilibrium(TrainConfig()).g_loss == pytest.approx(0.693147)
    assert equilibrium(TrainConfig()).d_loss == pytest.approx(1.386294)
    assert equilibrium(config(loss="lsgan")).p_real == pytest.approx(0.622459)
    assert equilibrium(config(label_smoothing=0.1)).p_real == pytest.approx(0.45)


GAPS = [
    ("ns", 0.0, 0.0, 0.0),
    ("ns", 50.0, -1000.0, 0.5),
    ("minimax", math.log(3), 0.0, 0.25),
    ("lsgan", 0.5, 0.5, 0.0),
    ("hinge", 1.0, -1.0, 2.0),
    ("wgan", 4.0, 1.5, 2.5),
    ("rpgan", math.log(3) + 7, 7.0, 0.25),
]


def test_every_loss_has_a_known_gap() -> None:
    assert {loss for loss, *_ in GAPS} == LOSSES.keys()


@pytest.mark.parametrize(("loss", "real", "fake", "expected"), GAPS)
def test_known_gaps(loss: str, real: float, fake: float, expected: float) -> None:
    rows = (np.full(4, value, np.float32) for value in (real, fake))
    assert equilibrium_gap(config(loss=loss), *rows) == pytest.approx(expected, abs=1e-6)


@each_loss
def test_every_loss_names_its_formula_and_source(loss: str) -> None:
    definition = LOSSES[loss]
    assert "D(" in definition.d_formula
    assert "D(G(z))" in definition.g_formula
    assert "(20" in definition.source
    assert set(TORCH_LOSSES) == set(LOSSES)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"loss": "wgan"}, "needs gp or clip"),
        ({"loss": "wgan", "r1": 1.0}, "needs gp or clip"),
        ({"gp": 1.0, "clip": 0.1}, "use one of them"),
        ({"clip": 0.1, "spectral_norm": True}, "use one of them"),
        ({"gp": 1.0, "r1": 1.0}, "to 1, r1 and r2 draw it to 0"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "hinge"),
        ({"loss": "nsgan"}, "'ns'"),
        ({"r1": -1.0}, "r1"),
        ({"ema": 1.0}, "ema"),
        ({"d_steps": 0}, "d_steps"),
        ({"label_smoothing": 0.5}, "label_smoothing"),
        ({"gp": float("nan")}, "gp"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(values: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidConfig, match=reason):
        TrainConfig.parse(values)
