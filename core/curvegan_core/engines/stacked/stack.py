"""One network's numbers of every job of a pack, stacked along a leading job axis. Knows no loss and no minibatch.

All of a network's tensors lie in one row of numbers a job, so that an optimiser is a handful of operations on a matrix.
Every axis is padded with zeros to ALIGN numbers. A zero weight whose inputs, outputs and gradients are zero stays zero,
so padding changes no result; without it a job's rounding would depend on its place in the pack, because the matrix
kernels round differently for unaligned slices, and elementwise kernels at the ragged end of an array.

Legend of the shapes in names: j jobs, p numbers of a job's row, 1 one number a job.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.optimisers import OPTIMISERS, Numbers
from curvegan_core.networks import layers, shapes, trained
from curvegan_core.optimisers import KEPT

ALIGN = 16
# Elementwise kernels take two vectors at once; a row that is a multiple of it has no ragged end.
_ROW_ALIGN = 32

Tensors = Mapping[str, NDArray[np.float32]]


def padded(size: int, align: int = ALIGN) -> int:
    """Return the size rounded up to a multiple of align; 0 too, for kernels of nothing are other kernels."""
    return -(-max(1, size) // align) * align


@dataclass(frozen=True)
class Slot:
    """Where a tensor of torch's shape lies in a job's row: weights as (in, out), vectors as (1, out), padded."""

    name: str
    start: int
    sizes: tuple[int, ...]
    shape: tuple[int, int]

    @property
    def stop(self) -> int:
        """Return the end of the slot's numbers in the row."""
        return self.start + self.shape[0] * self.shape[1]

    def view(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unpadded part of a job's row (p,) in torch's shape: (out, in) or (out,)."""
        part = row[self.start : self.stop].reshape(self.shape)
        if len(self.sizes) == 1:
            return part[0, : self.sizes[0]]
        return part[: self.sizes[1], : self.sizes[0]].T


def layout(tensors: Mapping[str, tuple[int, ...]], logit: str = "") -> tuple[Slot, ...]:
    """Place tensors of these shapes one after the other. Padding makes each start at a multiple of ALIGN.

    The outputs of the layer `logit` are not padded: its product is a column, which is aligned as it is.
    """
    slots: list[Slot] = []
    for name, sizes in tensors.items():
        inputs = padded(sizes[1]) if len(sizes) == 2 else 1
        outputs = sizes[0] if name.rpartition(".")[0] == logit else padded(sizes[0])
        slots.append(Slot(name, slots[-1].stop if slots else 0, sizes, (inputs, outputs)))
    return tuple(slots)


@dataclass(frozen=True)
class Rows:
    """Tensors of every job, one row of numbers a job."""

    slots: tuple[Slot, ...]
    rows_jp: Tensor

    @classmethod
    def load(
        cls, slots: tuple[Slot, ...], jobs: Sequence[Tensors], device: str, dtype: torch.dtype = torch.float32
    ) -> Self:
        """Lay out the tensors of each job."""
        array = np.zeros((len(jobs), padded(slots[-1].stop if slots else 0, _ROW_ALIGN)), np.float32)
        for row, tensors in zip(array, jobs, strict=True):
            for slot in slots:
                slot.view(row)[...] = tensors[slot.name]
        return cls(slots, torch.from_numpy(array).to(device, dtype))

    def views(self, rows_jp: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return each tensor of all jobs, (j, in, out) or (j, 1, out), of these rows or of others laid out as they."""
        rows_jp = self.rows_jp if rows_jp is None else rows_jp
        return tuple(rows_jp[:, slot.start : slot.stop].view(-1, *slot.shape) for slot in self.slots)

    def read(self, index: int) -> dict[str, NDArray[np.float32]]:
        """Copy the tensors of the job with this index."""
        row = self.rows_jp[index].cpu().numpy()
        return {slot.name: slot.view(row).copy() for slot in self.slots}


class Stack:
    """The same network of every job: weights, running statistics, what its optimiser keeps, and the update."""

    def __init__(
        self,
        network: str,
        configs: Sequence[TrainConfig],
        states: Sequence[State],
        device: str,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Take the states of a pack's jobs. Raises KeyError for an optimiser that is not known."""
        job = configs[0]
        mine = {name: shape for name, shape in shapes(job).items() if name.startswith(f"{network}.")}
        logit = layers(job, network)[-1].name if network == "discriminator" else ""
        slots = layout({name: shape for name, shape in mine.items() if trained(name)}, logit)
        moving = layout({name: shape for name, shape in mine.items() if not trained(name)})
        weights = [state.weights for state in states]
        self._optimiser = OPTIMISERS[job.optimisers[network]]
        self._values = Rows.load(slots, weights, device, dtype)
        self._kept = {
            group: Rows.load(slots, [state.kept[group] for state in states], device, dtype)
            for group in KEPT[job.optimisers[network]]
        }
        self._statistics = Rows.load(moving, weights, device, dtype)
        self._gradient_jp = torch.zeros_like(self._values.rows_jp)
        # The end of a row, behind the last tensor.
        self._rest_jp = self._gradient_jp.new_zeros(len(states), self._gradient_jp.shape[1] - slots[-1].stop)
        # Views of the same numbers, without and with a gradient: an update in place changes both.
        self.frozen = self._values.views()
        self.trained = tuple(view.detach().requires_grad_() for view in self.frozen)
        self.statistics = self._statistics.views()

    @property
    def rows(self) -> tuple[Tensor, ...]:
        """Return all that training changes, each (j, p)."""
        return tuple(rows.rows_jp for rows in (self._values, self._statistics, *self._kept.values()))

    def update(self, gradients: Sequence[Tensor], numbers: Numbers, offset: int) -> None:
        """Do the optimiser's update with the gradients of the `trained` tensors, in their order."""
        # In memory that is kept: asking for it anew costs more than filling it.
        torch.cat([*(gradient.detach().flatten(1) for gradient in gradients), self._rest_jp], 1, out=self._gradient_jp)
        kept = [rows.rows_jp for rows in self._kept.values()]
        self._optimiser.update(self._values.rows_jp, kept, self._gradient_jp, numbers.at(offset))

    def ahead(self) -> "Ahead":
        """Return where the network is, to move from there and leave it as it is."""
        return Ahead(
            self, self._values.rows_jp.detach().requires_grad_(), [rows.rows_jp for rows in self._kept.values()]
        )

    def moved(self, ahead: "Ahead", gradients: Sequence[Tensor], numbers: Numbers, offset: int) -> "Ahead":
        """Return where an update leads from there, itself differentiable by the gradients."""
        gradient_jp = torch.cat([*(gradient.flatten(1) for gradient in gradients), self._rest_jp], 1)
        return Ahead(self, *self._optimiser.moved(ahead.values_jp, ahead.kept, gradient_jp, numbers.at(offset)))

    def clip(self, most_j1: Tensor) -> None:
        """Keep every number within its job's bound, (jobs, 1)."""
        self._values.rows_jp.clamp_(-most_j1, most_j1)

    def views(self, rows_jp: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors of rows that are laid out as this network's."""
        return self._values.views(rows_jp)

    def average(self, tensors: Sequence[Tensors], take: Sequence[float]) -> "Average":
        """Start an average of this network's weights and statistics from the tensors given, one set a job."""
        device, dtype = self._values.rows_jp.device, self._values.rows_jp.dtype
        groups = [rows for rows in (self._values, self._statistics) if rows.slots]
        means = [Rows.load(rows.slots, tensors, str(device), dtype) for rows in groups]
        take_j1 = torch.from_numpy(np.array(take)[:, None].astype(np.float32)).to(device, dtype)
        return Average(means, [rows.rows_jp for rows in groups], take_j1)

    def weights(self, index: int) -> dict[str, NDArray[np.float32]]:
        """Copy the weights and running statistics of the job with this index."""
        return self._values.read(index) | self._statistics.read(index)

    def kept(self, index: int) -> Iterator[tuple[str, dict[str, NDArray[np.float32]]]]:
        """Copy what the optimiser keeps of the job with this index, by group."""
        for group, rows in self._kept.items():
            yield group, rows.read(index)


@dataclass(frozen=True)
class Ahead:
    """A network some updates ahead of itself: rows of weights, and what its optimiser would keep."""

    stack: Stack
    values_jp: Tensor
    kept: Sequence[Tensor]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Return its tensors there."""
        return self.stack.views(self.values_jp)

    def clipped(self, most_j1: Tensor) -> "Ahead":
        """Return it with every number within its job's bound, (jobs, 1)."""
        return replace(self, values_jp=self.values_jp.clamp(-most_j1, most_j1))


@dataclass(frozen=True)
class Average:
    """Exponential moving average of a network's weights: of each job mean += (values - mean) (1 - decay)."""

    means: Sequence[Rows]
    values: Sequence[Tensor]
    take_j1: Tensor

    @property
    def rows(self) -> tuple[Tensor, ...]:
        """Return all that it changes."""
        return tuple(mean.rows_jp for mean in self.means)

    def update(self) -> None:
        """Take in the weights as they are now."""
        for mean, values_jp in zip(self.means, self.values, strict=True):
            mean.rows_jp.lerp_(values_jp, self.take_j1)

    def tensors(self, index: int) -> dict[str, NDArray[np.float32]]:
        """Copy the average of the job with this index."""
        return {name: tensor for mean in self.means for name, tensor in mean.read(index).items()}
