"""How the learning rates of a job go over its steps: one factor for both networks, a function of the step alone.

It reads `schedule_steps`, never `steps`: a job that is extended meets the factors it would have met.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig

Reals = NDArray[np.float64]

# What is left of the fall when a share of its steps is done.
FALLS: dict[str, Callable[[Reals], Reals]] = {
    "linear": lambda done: 1 - done,
    # Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), equation 5.
    "cosine": lambda done: 0.5 + 0.5 * np.cos(np.pi * done),
}
"""Each way to fall by its name; constant rates do not."""


def factors(config: TrainConfig, steps: NDArray[np.int64]) -> Reals:
    """Return what both rates are multiplied with at these steps, from 0.

    schedule_to + (1 - schedule_to) fall(step/schedule_steps), schedule_to from there on; during `warmup` also times
    (step + 1)/warmup, as Goyal et al., "Accurate, large minibatch SGD" (2017), section 2.2.
    """
    factor_s = np.ones(steps.shape)
    if config.schedule != "constant":
        left = FALLS[config.schedule](np.minimum(steps / config.schedule_steps, 1.0))
        factor_s = config.schedule_to + (1 - config.schedule_to) * left
    return factor_s * np.minimum((steps + 1) / config.warmup, 1.0) if config.warmup else factor_s
