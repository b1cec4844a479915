"""Penalties and norms are what their formulas say at any depth: against finite differences in float64, and autograd."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.activations import ACTIVATIONS
from curvegan_core.engines.stacked.network import Network, normalised
from curvegan_core.engines.stacked.penalties import Penalty, squared_norm
from curvegan_core.networks import shapes, trained
from tests.core.theory.differences import central, slope

JOBS, ROWS, POINTS, HIDDEN = 2, 6, 4, 5
SHARE = torch.full((JOBS, ROWS), 1 / ROWS, dtype=torch.float64)
DEPTHS = (0, 1, 2, 4)
NETWORKS: list[dict[str, Any]] = [
    *({"activation": activation, "layers_d": 1} for activation in ACTIVATIONS),
    *(
        {"activation": activation, "layers_d": depth}
        for activation in ("relu", "leaky_relu", "silu")
        for depth in DEPTHS
    ),
    *({"activation": activation, "layers_d": 2, "norm_d": "layer"} for activation in ("leaky_relu", "gelu")),
]
each_network = pytest.mark.parametrize("values", NETWORKS, ids=lambda values: " ".join(map(str, values.values())))
PENALTIES = {"r1": {"r1": 0.7}, "r2": {"r2": 0.3}, "both": {"r1": 0.5, "r2": 2.0}, "gp": {"gp": 10.0}}


def a_config(**values: Any) -> TrainConfig:
    return TrainConfig.parse({"points": POINTS, "hidden_d": HIDDEN, "batch_size": ROWS, **values})


def network(job: TrainConfig) -> Network:
    return Network(job, "discriminator", SHARE, ROWS)


def tensors(job: TrainConfig, seed: int = 0) -> tuple[Tensor, ...]:
    """A discriminator of every job: weights (j, in, out) and vectors (j, 1, out) in float64."""
    random = torch.Generator().manual_seed(seed)
    sizes = [shape for name, shape in shapes(job).items() if name.startswith("disc") and trained(name)]
    layouts = [(shape[1], shape[0]) if len(shape) == 2 else (1, shape[0]) for shape in sizes]
    return tuple(torch.randn((JOBS, *layout), generator=random, dtype=torch.float64) for layout in layouts)


def seen() -> Tensor:
    return torch.randn((JOBS, 2 * ROWS, POINTS), generator=torch.Generator().manual_seed(9), dtype=torch.float64)


@each_network
def test_slopes_are_the_gradient_by_the_curve(values: dict[str, Any]) -> None:
    job = a_config(**values)
    expected = slope(lambda x: network(job).forward(x, tensors(job)), seen())
    torch.testing.assert_close(network(job).slopes(seen(), tensors(job)), expected, rtol=1e-10, atol=1e-10)


@each_network
@pytest.mark.parametrize("kind", PENALTIES)
def test_penalties_are_their_formula_and_push_downhill(kind: str, values: dict[str, Any]) -> None:
    job = a_config(**PENALTIES[kind], **values)
    penalty = Penalty.make(network(job), [job] * JOBS, "cpu")
    mix = torch.linspace(0, 0.9, ROWS, dtype=torch.float64).expand(JOBS, -1)[..., None]
    zero = torch.zeros((JOBS, ROWS), dtype=torch.float64)
    for index, tensor in enumerate(tensors(job)):

        def value(changed: Tensor, index: int = index) -> Tensor:
            return penalty.add(zero, seen(), mix, replaced(tensors(job), index, changed))

        torch.testing.assert_close(value(tensor), by_hand(job, mix, tensors(job)), rtol=1e-6, atol=1e-9)
        gradient = slope(value, tensor)
        torch.testing.assert_close(
            gradient, central(value, tensor, 1e-6), rtol=1e-5, atol=1e-5 * max(1.0, gradient.abs().max().item())
        )
        assert value(tensor - 1e-7 * gradient).sum() <= value(tensor).sum()


def replaced(parts: tuple[Tensor, ...], index: int, changed: Tensor) -> tuple[Tensor, ...]:
    return (*parts[:index], changed, *parts[index + 1 :])


def by_hand(job: TrainConfig, mix: Tensor, parts: tuple[Tensor, ...]) -> Tensor:
    def norm(x: Tensor) -> Tensor:
        lengths: Tensor = slope(lambda curves: network(job).forward(curves, parts), x).norm(dim=-1)
        return lengths

    real, fake = seen()[:, :ROWS], seen()[:, ROWS:]
    between = mix * real + (1 - mix) * fake
    penalty: Tensor = job.r1 / 2 * norm(real) ** 2 + job.r2 / 2 * norm(fake) ** 2 + job.gp * (norm(between) - 1) ** 2
    return penalty


def test_a_discriminator_of_zeros_has_a_finite_gradient_penalty() -> None:
    job = a_config(gp=10.0)
    zeros = tuple(torch.zeros_like(tensor).requires_grad_() for tensor in tensors(job))
    penalty = Penalty.make(network(job), [job] * JOBS, "cpu")
    loss = penalty.add(torch.zeros(JOBS, ROWS), seen(), torch.full((JOBS, ROWS, 1), 0.5), zeros)
    assert all(torch.isfinite(gradient).all() for gradient in torch.autograd.grad(loss.sum(), (zeros[0], zeros[2])))


@pytest.mark.parametrize("depth", DEPTHS)
def test_normalised_weights_have_the_singular_value_1(depth: int) -> None:
    for weight in normalised(tensors(a_config(layers_d=depth)))[::2]:
        torch.testing.assert_close(torch.linalg.matrix_norm(weight, 2), torch.ones(JOBS, dtype=torch.float64))


@pytest.mark.parametrize("index", [0, 2, 4])
def test_normalisation_has_the_gradient_of_finite_differences(index: int) -> None:
    job = a_config(layers_d=2, activation="tanh")

    def value(tensor: Tensor) -> Tensor:
        return network(job).forward(seen(), normalised(replaced(tensors(job), index, tensor)))

    weight = tensors(job)[index]
    torch.testing.assert_close(slope(value, weight), central(value, weight), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_are_torchs_and_padding_does_not_count(norm: str) -> None:
    job = a_config(norm_d=norm, activation="tanh")
    rows = torch.randn((JOBS, ROWS, HIDDEN), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weight, bias = tensors(job)[2:4]
    wide = torch.nn.functional.pad(rows, (0, 3, 0, 2))
    wide[:, ROWS:, :HIDDEN] = 7.0
    share = torch.nn.functional.pad(SHARE, (0, 2))
    running = (
        torch.zeros((JOBS, 1, HIDDEN + 3), dtype=torch.float64),
        torch.ones((JOBS, 1, HIDDEN + 3), dtype=torch.float64),
    )
    function = Network(job, "discriminator", share, ROWS)._norm
    assert function is not None
    padded = [torch.nn.functional.pad(part, (0, 3)) for part in (weight, bias)]
    actual = function(wide, padded[0], padded[1], running)
    for number in range(JOBS):
        module = torch.nn.BatchNorm1d(HIDDEN) if norm == "batch" else torch.nn.LayerNorm(HIDDEN)
        module.double().load_state_dict({"weight": weight[number, 0], "bias": bias[number, 0]}, strict=False)
        torch.testing.assert_close(actual[number, :ROWS, :HIDDEN], module(rows[number]).detach())
        if isinstance(module, torch.nn.BatchNorm1d):
            for ours, theirs in zip(running, (module.running_mean, module.running_var), strict=True):
                torch.testing.assert_close(ours[number, 0, :HIDDEN], theirs)
    assert not actual[:, :ROWS, HIDDEN:].any()


def test_the_slope_of_a_squared_norm_is_that_of_finite_differences() -> None:
    """What consensus and g_grad add, by the generated curves and by the discriminator."""
    job = a_config(layers_d=2, activation="tanh")
    weight_j1 = torch.tensor([[0.3], [2.0]], dtype=torch.float64)

    def value(of: Callable[[Tensor], tuple[Tensor, tuple[Tensor, ...]]]) -> Callable[[Tensor], Tensor]:
        def norm(changed: Tensor) -> Tensor:
            x, parts = of(changed)
            parts = tuple(part if part.requires_grad else part.requires_grad_() for part in parts)
            loss = torch.nn.functional.softplus(network(job).forward(x, parts)).mean((1, 2)).sum()
            return squared_norm(weight_j1, torch.autograd.grad(loss, parts, create_graph=True))

        return norm

    by_curves = value(lambda x: (x, tensors(job)))
    by_weights = value(lambda weight: (seen(), replaced(tensors(job), 2, weight)))
    for function, x in ((by_curves, seen()), (by_weights, tensors(job)[2])):
        torch.testing.assert_close(slope(function, x), central(function, x), rtol=1e-5, atol=1e-8)
