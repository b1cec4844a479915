"""The optimisers of `curvegan_core.optimisers` in torch, on a network's rows of all jobs. Knows no network.

Each knows an update twice: in place, and as a function that can be differentiated, to look some updates ahead.
Legend of the shapes in names: n updates, j jobs, p numbers of a job's row, 1 one number a job.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan_core.config.train import TrainConfig

Reals = NDArray[np.float64]
# Less is no variance: the slope of a root at 0 is infinite.
_LEAST_SQUARE = 1e-30


@dataclass(frozen=True)
class Numbers:
    """What an optimiser needs of the configs, so that an update is multiplications alone.

    `fixed` are (j, 1) each; `changing` are (n, j, 1), another (j, 1) at each of n updates.
    """

    fixed: tuple[Tensor, ...]
    changing: tuple[Tensor, ...]

    @classmethod
    def make(cls, fixed: Sequence[Reals], changing: Sequence[Reals], device: str) -> Self:
        """Take arrays (j,) and (n, j)."""
        # Kept among float32's normal numbers: where gradients are zero, a tiny rate or eps must give no 0/0 or 0*inf.
        limits = np.finfo(np.float32)

        def tensor(array: Reals) -> Tensor:
            column = np.clip(array, limits.tiny, limits.max).astype(np.float32)[..., None]
            return torch.from_numpy(column).to(device)

        return cls(tuple(map(tensor, fixed)), tuple(map(tensor, changing)))

    def at(self, update: int) -> tuple[Tensor, ...]:
        """Return all numbers of one update, (j, 1) each."""
        return *self.fixed, *(numbers[update] for numbers in self.changing)

    def part(self, first: int, count: int) -> Self:
        """Return the numbers of some of the updates."""
        return replace(self, changing=tuple(numbers[first : first + count] for numbers in self.changing))

    def copy(self) -> Self:
        """Copy what changes to memory of its own."""
        return replace(self, changing=tuple(numbers.clone() for numbers in self.changing))


# Of values, what is kept, the gradient and the numbers of an update: the values and what is kept behind it.
Moved = Callable[[Tensor, Sequence[Tensor], Tensor, Sequence[Tensor]], tuple[Tensor, list[Tensor]]]
Update = Callable[[Tensor, Sequence[Tensor], Tensor, Sequence[Tensor]], None]
# Of the configs, the rates (n, j) and the updates' numbers from 1 (n, j).
Make = Callable[[Sequence[TrainConfig], Reals, NDArray[np.int64]], tuple[Sequence[Reals], Sequence[Reals]]]


@dataclass(frozen=True)
class Optimiser:
    """What to prepare, the update as a function, and in place; the gradient's memory may be used up then."""

    make: Make
    moved: Moved
    update: Update

    def numbers(
        self, configs: Sequence[TrainConfig], rates_nj: Reals, counts_nj: NDArray[np.int64], device: str
    ) -> Numbers:
        """Prepare n updates of every job from their rates and their numbers from 1."""
        with np.errstate(over="ignore", divide="ignore"):
            return Numbers.make(*self.make(configs, rates_nj, counts_nj), device)


def _of(configs: Sequence[TrainConfig], key: str) -> Reals:
    return np.array([getattr(config, key) for config in configs], np.float64)


def _root(square: Tensor) -> Tensor:
    return square.clamp_min(_LEAST_SQUARE).sqrt()


def _make_adam(
    configs: Sequence[TrainConfig], rates_nj: Reals, counts_nj: NDArray[np.int64]
) -> tuple[Sequence[Reals], Sequence[Reals]]:
    """p -= lr/(1 - beta1^t) m / (sqrt(v/(1 - beta2^t)) + eps) is p -= m / (sqrt(v) scale + shift)."""
    beta1, beta2 = _of(configs, "beta1"), _of(configs, "beta2")
    per_lr = (1 - beta1**counts_nj) / rates_nj
    return (1 - beta1, 1 - beta2), (per_lr / np.sqrt(1 - beta2**counts_nj), per_lr * _of(configs, "eps"))


def _adam(values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]) -> None:
    m, v = kept
    take_m, take_v, scale, shift = numbers
    m.lerp_(gradient, take_m)
    # From here on the gradient's memory holds its square, then the divisor: nothing is allocated in a step.
    v.lerp_(gradient.square_(), take_v)
    divisor = torch.sqrt(v, out=gradient).mul_(scale).add_(shift)
    values.addcdiv_(m, divisor, value=-1)


def _moved_adam(
    values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    m, v = kept
    take_m, take_v, scale, shift = numbers
    m, v = m.lerp(gradient, take_m), v.lerp(gradient.square(), take_v)
    return values - m / (_root(v) * scale + shift), [m, v]


def _moved_oadam(
    values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    m, v, last = kept
    take_m, take_v, scale, shift = numbers
    m, v = m.lerp(gradient, take_m), v.lerp(gradient.square(), take_v)
    step = m / (_root(v) * scale + shift)
    # One rounding of the values: two would each lose a step that is small beside them, and drift.
    return values - (2 * step - last), [m, v, step]


def _make_sgd(
    configs: Sequence[TrainConfig], rates_nj: Reals, _: NDArray[np.int64]
) -> tuple[Sequence[Reals], Sequence[Reals]]:
    return (_of(configs, "momentum"),), (rates_nj,)


def _moved_sgd(
    values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    share, rate = numbers
    momentum = share * kept[0] + gradient
    return values - rate * momentum, [momentum]


def _make_rmsprop(
    configs: Sequence[TrainConfig], rates_nj: Reals, _: NDArray[np.int64]
) -> tuple[Sequence[Reals], Sequence[Reals]]:
    """p -= lr g / (sqrt(v) + eps) is p -= g / (sqrt(v) scale + shift)."""
    return (1 - _of(configs, "rms_decay"),), (1 / rates_nj, _of(configs, "eps") / rates_nj)


def _moved_rmsprop(
    values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    take, scale, shift = numbers
    v = kept[0].lerp(gradient.square(), take)
    return values - gradient / (_root(v) * scale + shift), [v]


def _in_place(moved: Moved) -> Update:
    def update(values: Tensor, kept: Sequence[Tensor], gradient: Tensor, numbers: Sequence[Tensor]) -> None:
        with torch.no_grad():
            new_values, new_kept = moved(values, kept, gradient, numbers)
            for old, new in zip((values, *kept), (new_values, *new_kept), strict=True):
                old.copy_(new)

    return update


OPTIMISERS = {
    "adam": Optimiser(_make_adam, _moved_adam, _adam),
    "oadam": Optimiser(_make_adam, _moved_oadam, _in_place(_moved_oadam)),
    "sgd": Optimiser(_make_sgd, _moved_sgd, _in_place(_moved_sgd)),
    "rmsprop": Optimiser(_make_rmsprop, _moved_rmsprop, _in_place(_moved_rmsprop)),
}
"""Each optimiser by its name."""
