"""One network of every job of a pack, stacked along a leading job axis, with its Adam. Knows no loss and no minibatch.

All of a network's tensors lie in one row of numbers a job, so that Adam is a handful of operations on a matrix.
Every axis is padded with zeros to ALIGN numbers. A zero weight whose inputs, outputs and gradients are zero stays zero,
so padding changes no result; without it a job's rounding would depend on its place in the pack, because the matrix
kernels round differently for unaligned slices, and elementwise kernels at the ragged end of an array.

Legend of the shapes in names: j jobs, b minibatch, i inputs, p numbers of a job's row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import leaky_relu

from curvegan_core.networks import LEAK

ALIGN = 16
# Elementwise kernels take two vectors at once; a row that is a multiple of it has no ragged end.
_ROW_ALIGN = 32
# In torch's Sequential the activation is number 1.
_TENSORS = ("0.weight", "0.bias", "2.weight", "2.bias")

Tensors = Mapping[str, NDArray[np.float32]]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": lambda hidden: leaky_relu(hidden, LEAK),
    "tanh": torch.tanh,
}


def padded(size: int, align: int = ALIGN) -> int:
    """Return the size rounded up to a multiple of align."""
    return -(-size // align) * align


@dataclass(frozen=True)
class Slot:
    """Where a tensor of torch's shape lies in a job's row: weights as (in, out), biases as (1, out), both padded."""

    name: str
    start: int
    inputs: int
    outputs: int

    @property
    def shape(self) -> tuple[int, int]:
        """Return the padded shape. A logit stays one number: its product is a column, which is aligned as it is."""
        inputs = self.inputs if self.name.endswith("bias") else padded(self.inputs)
        logit = self.name.startswith("discriminator.2.")
        return inputs, self.outputs if logit else padded(self.outputs)

    @property
    def stop(self) -> int:
        """Return the end of the slot's numbers in the row."""
        return self.start + self.shape[0] * self.shape[1]

    def view(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unpadded part of a job's row (p,) in torch's shape: (out, in) or (out,)."""
        part = row[self.start : self.stop].reshape(self.shape)[: self.inputs, : self.outputs]
        return part[0] if self.name.endswith("bias") else part.T


def layout(tensors: Tensors, network: str) -> tuple[Slot, ...]:
    """Place a network's tensors one after the other. Padding makes each start at a multiple of ALIGN."""
    slots: list[Slot] = []
    for name in _TENSORS:
        shape = tensors[f"{network}.{name}"].shape
        inputs, outputs = shape[::-1] if len(shape) == 2 else (1, shape[0])
        slots.append(Slot(f"{network}.{name}", slots[-1].stop if slots else 0, inputs, outputs))
    return tuple(slots)


@dataclass(frozen=True)
class AdamSteps:
    """What Adam needs of the configs at each of n steps, so that a step is multiplications alone.

    Kingma and Ba, "Adam" (2015), algorithm 1: p -= lr/(1 - beta1^t) m / (sqrt(v/(1 - beta2^t)) + eps)
    is p -= m / (sqrt(v) scale + shift). `take_m` and `take_v` are 1 - beta, (jobs, 1); the others (n, jobs, 1).
    """

    take_m: Tensor
    take_v: Tensor
    scale: Tensor
    shift: Tensor

    @classmethod
    def make(cls, rates: Sequence[tuple[float, float, float, float]], counts: NDArray[np.int64], device: str) -> Self:
        """Prepare from (lr, beta1, beta2, eps) of each job and the update's number, from 1, as counts (n, jobs)."""
        lr, beta1, beta2, eps = np.array(rates, np.float64).T
        with np.errstate(over="ignore"):
            per_lr = (1 - beta1**counts) / lr
            columns = (1 - beta1, 1 - beta2, per_lr / np.sqrt(1 - beta2**counts), per_lr * eps)
        # Kept among float32's normal numbers: where gradients are zero, a tiny rate or eps must give no 0/0 or 0*inf.
        limits = np.finfo(np.float32)
        return cls(*(_tensor(np.clip(column, limits.tiny, limits.max), device)[..., None] for column in columns))

    @property
    def changing(self) -> tuple[Tensor, Tensor]:
        """Return the numbers that are others at each step."""
        return self.scale, self.shift

    def part(self, first: int, count: int) -> Self:
        """Return the numbers of some of the steps."""
        return replace(self, scale=self.scale[first : first + count], shift=self.shift[first : first + count])

    def copy(self) -> Self:
        """Copy what changes to memory of its own."""
        return replace(self, scale=self.scale.clone(), shift=self.shift.clone())


class Stack:
    """The same network of every job, its moments and its Adam update."""

    def __init__(
        self, network: str, states: Sequence[tuple[Tensors, Tensors, Tensors]], device: str, activation: str = "relu"
    ) -> None:
        """Take weights, first and second moments of every job. Raises KeyError for an activation without a function."""
        self._activate = ACTIVATIONS[activation]
        self.slots = layout(states[0][0], network)
        self._length = padded(self.slots[-1].stop, _ROW_ALIGN)
        self._values_jp, self._m_jp, self._v_jp = (
            _tensor(np.stack([self._row(state[group]) for state in states]), device) for group in range(3)
        )
        self._gradient_jp = torch.zeros_like(self._values_jp)
        # The end of a row, behind the last tensor.
        self._rest_jp = self._gradient_jp.new_zeros(len(states), self._length - self.slots[-1].stop)
        # Views of the same numbers, without and with a gradient: an update in place changes both.
        self.frozen = tuple(self._views(self._values_jp))
        self.trained = tuple(view.detach().requires_grad_() for view in self.frozen)

    @property
    def rows(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return all that training changes: weights, first and second moments, each (j, p)."""
        return self._values_jp, self._m_jp, self._v_jp

    def forward(self, x_jbi: Tensor, tensors: Sequence[Tensor]) -> Tensor:
        """Return the network's outputs (j, b, out), from `trained` or from `frozen` tensors."""
        weight0, bias0, weight2, bias2 = tensors
        return torch.baddbmm(bias2, self._activate(torch.baddbmm(bias0, x_jbi, weight0)), weight2)

    def update(self, gradients: Sequence[Tensor], adam: AdamSteps, offset: int) -> None:
        """Do Adam's update with the gradients of the `trained` tensors, in their order."""
        gradient_jp = self._joined(gradients)
        self._m_jp.lerp_(gradient_jp, adam.take_m)
        # From here on the gradient's memory holds its square, then the divisor: nothing is allocated in a step.
        self._v_jp.lerp_(gradient_jp.square_(), adam.take_v)
        divisor_jp = torch.sqrt(self._v_jp, out=gradient_jp).mul_(adam.scale[offset]).add_(adam.shift[offset])
        self._values_jp.addcdiv_(self._m_jp, divisor_jp, value=-1)

    def clip(self, most_j1: Tensor) -> None:
        """Keep every number within its job's bound, (jobs, 1)."""
        self._values_jp.clamp_(-most_j1, most_j1)

    def average(self, tensors: Sequence[Tensors], take: Sequence[float]) -> "Average":
        """Start an average of this network's weights from the tensors given, one set a job."""
        mean_jp = torch.from_numpy(np.stack(list(map(self._row, tensors)))).to(self._values_jp.device)
        return Average(self.slots, mean_jp, self._values_jp, _tensor(np.array(take)[:, None], str(mean_jp.device)))

    def tensors(self, index: int) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Copy weights, first and second moments of the job with this index."""
        for rows_jp in self.rows:
            yield _read(self.slots, rows_jp, index)

    def _row(self, tensors: Tensors) -> NDArray[np.float32]:
        row = np.zeros(self._length, np.float32)
        for slot in self.slots:
            slot.view(row)[...] = tensors[slot.name]
        return row

    def _views(self, rows_jp: Tensor) -> Iterator[Tensor]:
        for slot in self.slots:
            yield rows_jp[:, slot.start : slot.stop].view(-1, *slot.shape)

    def _joined(self, gradients: Sequence[Tensor]) -> Tensor:
        """Lay gradients out as a job's row, in memory that is kept: asking for it anew costs more than filling it."""
        torch.cat([*(gradient.flatten(1) for gradient in gradients), self._rest_jp], 1, out=self._gradient_jp)
        return self._gradient_jp


@dataclass(frozen=True)
class Average:
    """Exponential moving average of a network's weights: of each job mean += (values - mean) (1 - decay)."""

    slots: tuple[Slot, ...]
    mean_jp: Tensor
    values_jp: Tensor
    take_j1: Tensor

    def update(self) -> None:
        """Take in the weights as they are now."""
        self.mean_jp.lerp_(self.values_jp, self.take_j1)

    def tensors(self, index: int) -> dict[str, NDArray[np.float32]]:
        """Copy the average of the job with this index."""
        return _read(self.slots, self.mean_jp, index)


def _read(slots: Sequence[Slot], rows_jp: Tensor, index: int) -> dict[str, NDArray[np.float32]]:
    row = rows_jp[index].cpu().numpy()
    return {slot.name: slot.view(row).copy() for slot in slots}


def _tensor(values: NDArray[np.floating], device: str) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)
