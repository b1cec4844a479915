"""The eigenvalues of a training's step at a checkpoint: whether a small job settles there, turns around or leaves.

A step maps a state (weights, and what optimisers keep) to the next. Near a fixed point it acts as its Jacobian, whose
eigenvalues say how each part of a small disturbance goes on: within the unit circle it dies out, on it it remains,
outside it grows; one that is not real turns. Away from a fixed point they say the same of two neighbouring states.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.errors import InvalidInput
from curvegan_core.families import curves
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.front import Front
from curvegan_core.networks import shapes
from curvegan_core.optimisers import kept_shapes
from curvegan_core.records.checkpoint import Checkpoint

MOST_NUMBERS = 2000
"""Of a state whose spectrum is taken: the eigenvalues of so many take some seconds."""
# Eigenvalues that are closer to the unit circle than differences can tell count as on it.
_NEAR = 1e-6


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the step's Jacobian, the largest absolute value first, and the step they were taken at."""

    step: int
    values: NDArray[np.complex128]

    @property
    def radius(self) -> float:
        """The largest absolute value."""
        return float(np.abs(self.values[0]))

    @property
    def growing(self) -> int:
        """How many lie outside the unit circle."""
        return int(np.sum(np.abs(self.values) > 1 + _NEAR))

    @property
    def turning(self) -> int:
        """How many are not real."""
        return int(np.sum(np.abs(self.values.imag) > _NEAR))


def numbers_of(config: TrainConfig) -> int:
    """Count the numbers of a state: the weights and what their optimisers keep."""
    groups = (shapes(config), *kept_shapes(config).values())
    return sum(math.prod(shape) for group in groups for shape in group.values())


def check_size(config: TrainConfig) -> None:
    """Raise InvalidInput where the state has more than MOST_NUMBERS."""
    count = numbers_of(config)
    if count > MOST_NUMBERS:
        raise InvalidInput(
            f"a spectrum is of a small job: this state has {count:,} numbers, at most {MOST_NUMBERS:,} can be; lower "
            "hidden_g and hidden_d, or the layers"
        )


def spectrum(checkpoint: Checkpoint, config: TrainConfig, dataset: Dataset | None = None) -> Spectrum:
    """Return the eigenvalues at a checkpoint, of the step that follows it with its minibatch. Needs torch.

    Raises:
        CheckpointRefused: the checkpoint belongs to another config.
        InvalidConfig: the family is `data` and the data set is missing or another one.
        InvalidInput: the state has more than MOST_NUMBERS.
    """
    checkpoint.check(config)
    check_size(config)
    from curvegan_core.engines.stacked.jacobian import jacobian  # noqa: PLC0415  torch, which only this needs

    front = Front.from_tensors(checkpoint.front) if checkpoint.front else None
    family = curves.family(config, dataset if isinstance(config.curve, Data) else None, front)
    state = State(checkpoint.weights, ema=checkpoint.ema, **checkpoint.kept)
    values = np.linalg.eigvals(jacobian(config, state, checkpoint.step, family)).astype(np.complex128)
    return Spectrum(checkpoint.step, values[np.argsort(-np.abs(values), kind="stable")])
