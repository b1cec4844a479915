"""Each optimiser's update is its paper's formula, in numpy, in place and as a function; and its gradient."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.stacked.optimisers import OPTIMISERS
from curvegan_core.errors import InvalidConfig
from curvegan_core.optimisers import KEPT, kept_shapes
from curvegan_core.schedules import factors
from tests.core.theory.differences import central, slope

Reals = NDArray[np.float64]
UPDATES, NUMBERS = 6, 9
# Two jobs, whose numbers are their own.
JOBS: list[dict[str, Any]] = [
    {"lr_g": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum": 0.8, "rms_decay": 0.95},
    {"lr_g": 0.02, "beta1": 0.0, "beta2": 0.9, "eps": 1e-3, "momentum": 0.0, "rms_decay": 0.5},
]
each_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def configs(name: str) -> list[TrainConfig]:
    unread = {"sgd": ("rms_decay",), "rmsprop": ("momentum",)}.get(name, ("rms_decay", "momentum"))
    return [
        TrainConfig.parse({"optimiser": name} | {key: value for key, value in job.items() if key not in unread})
        for job in JOBS
    ]


def numbers(name: str, update: int) -> list[Tensor]:
    counts = np.arange(1, UPDATES + 1)[:, None] * np.ones((1, len(JOBS)), np.int64)
    rates = np.broadcast_to([job["lr_g"] for job in JOBS], counts.shape)
    return [column.double() for column in OPTIMISERS[name].numbers(configs(name), rates, counts, "cpu").at(update)]


def gradients() -> Tensor:
    """(updates, jobs, numbers), with numbers that no update moves."""
    drawn = torch.randn((UPDATES, len(JOBS), NUMBERS), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    drawn[..., -2:] = 0
    return drawn


def start(name: str) -> tuple[Tensor, list[Tensor]]:
    values = torch.linspace(-1, 1, len(JOBS) * NUMBERS, dtype=torch.float64).reshape(len(JOBS), NUMBERS)
    return values, [torch.zeros_like(values) for _ in KEPT[name]]


def paper(name: str, job: dict[str, Any], values: Reals, gradient_ug: Reals) -> Reals:
    """The formulas as their papers have them, number by number."""
    lr, beta1, beta2, eps = job["lr_g"], job["beta1"], job["beta2"], job["eps"]
    m, v, momentum, last = (np.zeros_like(values) for _ in range(4))
    for t, gradient in enumerate(gradient_ug, 1):
        if name == "sgd":
            momentum = job["momentum"] * momentum + gradient
            values = values - lr * momentum
        elif name == "rmsprop":
            v = job["rms_decay"] * v + (1 - job["rms_decay"]) * gradient**2
            values = values - lr * gradient / (np.sqrt(v) + eps)
        else:
            m, v = beta1 * m + (1 - beta1) * gradient, beta2 * v + (1 - beta2) * gradient**2
            step = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
            values = values - step if name == "adam" else values - 2 * step + last
            last = step
    return values


@each_optimiser
@pytest.mark.parametrize("in_place", [True, False])
def test_an_update_is_its_papers_formula(name: str, in_place: bool) -> None:
    values, kept = start(name)
    begin = values.clone()
    for update, gradient in enumerate(gradients()):
        if in_place:
            OPTIMISERS[name].update(values, kept, gradient.clone(), numbers(name, update))
        else:
            values, kept = OPTIMISERS[name].moved(values, kept, gradient, numbers(name, update))
    for index, job in enumerate(JOBS):
        expected = paper(name, job, begin[index].numpy(), gradients()[:, index].numpy())
        np.testing.assert_allclose(values[index].numpy(), expected, rtol=1e-5, atol=1e-6)


@each_optimiser
def test_an_update_has_the_gradient_of_finite_differences(name: str) -> None:
    """By the gradient that it is given, through two updates, as unrolling needs it. Nothing is infinite at 0."""
    first, second = gradients()[:2]
    first[:, -2:] += 0.3

    def end(gradient: Tensor) -> Tensor:
        values, kept = start(name)
        values, kept = OPTIMISERS[name].moved(values, kept, gradient, numbers(name, 0))
        return OPTIMISERS[name].moved(values, kept, second * values, numbers(name, 1))[0].square()

    torch.testing.assert_close(slope(end, first), central(end, first, 1e-6), rtol=1e-4, atol=1e-7)
    assert torch.isfinite(slope(end, torch.zeros_like(first))).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"schedule": "linear", "schedule_to": 0.2, "schedule_steps": 4}, [1, 0.8, 0.6, 0.2, 0.2]),
        ({"schedule": "cosine", "schedule_steps": 4}, [1, 0.5 + 0.5 * 0.5**0.5, 0.5, 0, 0]),
        ({"warmup": 2}, [0.5, 1, 1, 1, 1]),
        ({"schedule": "linear", "schedule_steps": 4, "warmup": 4}, [0.25, 0.75 * 0.5, 0.5 * 0.75, 0, 0]),
    ],
)
def test_a_schedule_is_its_formula(values: dict[str, Any], expected: list[float]) -> None:
    config = TrainConfig.parse(values)
    np.testing.assert_allclose(factors(config, np.array([0, 1, 2, 4, 900])), expected, atol=1e-15)


def test_a_schedule_falls_over_the_jobs_steps_and_an_extended_job_keeps_them() -> None:
    config = TrainConfig.parse({"schedule": "cosine", "steps": 500})
    assert config.schedule_steps == 500
    longer = TrainConfig.parse(config.model_dump(mode="json") | {"steps": 900})
    assert (longer.schedule_steps, longer.hash) == (500, config.hash)
    assert TrainConfig.parse({"schedule": "cosine", "steps": 900}).hash != config.hash
    with pytest.raises(InvalidConfig, match="read by schedule"):
        TrainConfig.parse({"schedule_steps": 10})


def test_each_network_keeps_what_its_own_optimiser_keeps() -> None:
    config = TrainConfig.parse({"optimiser": "sgd", "optimiser_d": "oadam", "norm_g": "batch"})

    def networks(group: str) -> set[str]:
        return {name.split(".")[0] for name in kept_shapes(config)[group]}

    assert networks("momentum") == {"generator"}
    assert networks("adam_m") == networks("adam_v") == networks("oadam_step") == {"discriminator"}
    assert networks("rms_v") == set()
    assert not any("running" in name for name in kept_shapes(config)["momentum"])
