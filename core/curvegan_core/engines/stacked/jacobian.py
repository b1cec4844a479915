"""The Jacobian of a training's step: how far the next state moves when this one is moved a little. Trains nothing.

The step is the torch engine's own, in float64, on many copies of the job in one pack, each with one number of its state
moved. So it knows no loss, no penalty and no optimiser, and can know none of them wrong.
Legend of the shapes in names: j jobs, p numbers of a job's row, s numbers of a job's state.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.stacked.batches import Batch, Inputs
from curvegan_core.engines.stacked.engine import TorchEngine
from curvegan_core.engines.stacked.optimisers import Numbers
from curvegan_core.engines.stacked.step import Pack
from curvegan_core.families.family import Family

Reals = NDArray[np.float64]
_SHIFT = 1e-6
# An optimiser's mean squares are moved in parts of themselves: their roots are steep near zero, and none is below.
_SQUARES, _SQUARE_SHIFT, _LEAST_SQUARE = ("adam_v", "rms_v"), 1e-4, 1e-12
_MOST_JOBS = 128


def jacobian(config: TrainConfig, state: State, step: int, family: Family) -> Reals:
    """Return d(state after step `step`)/d(state before it), (s, s), by central differences.

    The state's numbers are the discriminator's and the generator's weights and what their optimisers keep. A minibatch
    is the one of that step. The average of weights is left out: it follows the generator and changes nothing.
    """
    config, state = config.model_copy(update={"ema": 0.0}), replace(state, ema={})
    inputs = next(TorchEngine([config], [state], "cpu", [family]).inputs([step], 1))
    here_p, kind_p = (_row(_pack(config, marked, 2)) for marked in (state, _kinds(state)))
    places = np.flatnonzero(kind_p)
    columns = []
    for part in np.array_split(places, -(-len(places) // (_MOST_JOBS // 2))):
        lower_jp, upper_jp = _moved(here_p, kind_p, part)
        pack = _pack(config, state, 2 * len(part))
        after_jp = _step(pack, np.concatenate((lower_jp, upper_jp)), _repeated(inputs, 2 * len(part)))
        low_jp, high_jp = np.split(after_jp[:, places], 2)
        columns.append((high_jp - low_jp) / (upper_jp - lower_jp)[np.arange(len(part)), part][:, None])
    return np.concatenate(columns).T


def _pack(config: TrainConfig, state: State, jobs: int) -> Pack:
    return Pack([config] * jobs, [state] * jobs, "cpu", torch.float64)


def _kinds(state: State) -> State:
    """Mark each number of the state: 1 an ordinary one, 2 a mean of squares. What is padding stays 0."""
    marked = {
        group: {name: np.full_like(tensor, 2 if group in _SQUARES else 1) for name, tensor in tensors.items()}
        for group, tensors in (("weights", state.weights), *state.kept.items())
    }
    return State(**marked)


def _row(pack: Pack) -> Reals:
    """Return all that a step changes of the pack's first job, one behind the other, (p)."""
    return torch.cat([rows_jp[0] for rows_jp in pack.rows]).numpy()


def _moved(here_p: Reals, kind_p: Reals, places: NDArray[np.int64]) -> tuple[Reals, Reals]:
    """Return the state with one number after the other lowered and raised, (places, p) each."""
    value = here_p[places]
    by = np.where(kind_p[places] == 2, np.maximum(_SQUARE_SHIFT * value, _LEAST_SQUARE), _SHIFT)
    lower_jp, upper_jp = (np.tile(here_p, (len(places), 1)) for _ in range(2))
    lowest = np.where(kind_p[places] == 2, 0, -np.inf)
    lower_jp[np.arange(len(places)), places] = np.maximum(value - by, lowest)
    upper_jp[np.arange(len(places)), places] = value + by
    return lower_jp, upper_jp


def _step(pack: Pack, states_jp: Reals, inputs: Inputs) -> Reals:
    """Do one step of each state."""
    rows = pack.rows
    with torch.no_grad():
        ends = np.cumsum([own_jp.shape[1] for own_jp in rows])
        for own_jp, end in zip(rows, ends, strict=True):
            own_jp.copy_(torch.from_numpy(states_jp[:, end - own_jp.shape[1] : end]))
    pack.step(inputs)
    return torch.cat(list(rows), 1).numpy()


def _repeated(inputs: Inputs, jobs: int) -> Inputs:
    """Return what the first job reads, for so many jobs, in float64."""

    def repeated(tensor: Tensor) -> Tensor:
        return tensor[:1].double().repeat(jobs, *[1] * (tensor.dim() - 1))

    def numbers(one: Numbers) -> Numbers:
        changing = (tensor[:, :1].double().repeat(1, jobs, 1) for tensor in one.changing)
        return Numbers(tuple(map(repeated, one.fixed)), tuple(changing))

    def minibatch(one: Batch) -> Batch:
        return Batch(*map(repeated, one[:2]), *(None if tensor is None else repeated(tensor) for tensor in one[2:]))

    further = tuple(map(repeated, inputs.further))
    rates = numbers(inputs.discriminator), numbers(inputs.generator)
    return Inputs(tuple(map(minibatch, inputs.batches)), further, *rates)
