"""Engines: each trains a pack of jobs, and all of them train the same definition. This says what an engine is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.claims import Claims
from curvegan_core.networks import Weights, init_weights
from curvegan_core.optimisers import GROUPS, kept_shapes


@dataclass(frozen=True)
class State:
    """Weights of both networks and what their optimisers keep, by the names of `networks.shapes`.

    `ema` are the generator's averaged weights, none where the config has no average. Each other group holds the tensors
    of the networks whose optimiser keeps it: see `optimisers`.
    """

    weights: Weights
    adam_m: Weights
    adam_v: Weights
    ema: Weights = field(default_factory=dict)
    oadam_step: Weights = field(default_factory=dict)
    momentum: Weights = field(default_factory=dict)
    rms_v: Weights = field(default_factory=dict)

    @classmethod
    def initial(cls, config: TrainConfig) -> "State":
        """Return the state before the first update: optimisers keep zeros, and the average, if any, is the weights."""
        weights = init_weights(config)
        kept = {
            group: {name: np.zeros(shape, np.float32) for name, shape in tensors.items()}
            for group, tensors in kept_shapes(config).items()
        }
        average = {name: tensor.copy() for name, tensor in weights.items() if name.startswith("generator.")}
        return cls(weights, ema=average if config.ema else {}, **kept)

    @property
    def kept(self) -> dict[str, Weights]:
        """What optimisers keep, by group."""
        return {group: getattr(self, group) for group in GROUPS}


@dataclass(frozen=True)
class Trace:
    """What the jobs of a pack saw while an engine ran n steps.

    `g_loss` and `d_loss` are float32 (n, jobs), one row a step. `d_real`, `d_fake` and `rmse` are float32
    (len(offsets), jobs), one row for each of the `offsets` (0..n-1) that were asked for.
    """

    offsets: tuple[int, ...]
    g_loss: NDArray[np.float32]
    d_loss: NDArray[np.float32]
    d_real: NDArray[np.float32]
    d_fake: NDArray[np.float32]
    rmse: NDArray[np.float32]


class Engine(Protocol):
    """Trains the jobs of one pack. A job's numbers never depend on its index in the pack or on its neighbours."""

    name: str
    version: str
    """Names the numbers: checkpoints bear it, and none is resumed by another version."""
    claims: Claims
    """What it trains. It raises KeyError for a name that it does not claim."""
    steps_a_call: int
    """How many steps make what a call costs small; more bring nothing."""

    @classmethod
    def prepare(cls) -> None:
        """Do what a process has to do once before it trains."""
        ...

    def run(self, steps: Sequence[int], count: int, offsets: Sequence[int]) -> Trace:
        """Do `count` updates of every job, numbered from its own entry of `steps`; look closely at `offsets`."""
        ...

    def state(self, index: int) -> State:
        """Copy the state of the job with this index in the pack."""
        ...

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with the jobs of these indices alone, in this order."""
        ...
