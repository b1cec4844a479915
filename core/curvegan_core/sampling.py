"""Curves from a trained generator, with numpy alone: whoever looks at results needs no engine."""

import math

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.curve import Data
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import Numbers, restored
from curvegan_core.families.front import Front
from curvegan_core.networks import generate, latents
from curvegan_core.noise import Stream
from curvegan_core.records.checkpoint import Checkpoint


def samples(
    checkpoint: Checkpoint, config: TrainConfig, count: int, seed: int, last: bool = False, label: int | None = None
) -> Numbers:
    """Draw curves, (count, points), from latents of this seed; any job with this seed meets the same latents.

    They are in the units of y, float32; those of your own curves are in the units of the data set, float64.

    Args:
        checkpoint: a state of this config's training.
        config: the config that the checkpoint was trained with.
        count: how many curves, at least 1.
        seed: 64-bit unsigned, the sample's own.
        last: take the weights as they were left, not their average where the config has one.
        label: where labels are learnt, the number of the one to draw; None draws them as often as the rows have each.

    Raises:
        CheckpointRefused: the checkpoint belongs to another config.
    """
    checkpoint.check(config)
    latents_nl = latents(config, seed, Stream.SAMPLE, count, label)
    weights = checkpoint.weights if last or not checkpoint.ema else checkpoint.ema
    front = Front.from_tensors(checkpoint.front) if checkpoint.front else None
    return restored(config, generate(weights, latents_nl, config), front, seed)


def told(config: TrainConfig, curves: Numbers) -> Numbers:
    """Round your own curves to the decimals that a generator tells: eight digits of their set's deviation."""
    if not isinstance(config.curve, Data):
        return curves
    rounded: NDArray[np.float64] = np.round(curves, 8 - math.floor(math.log10(config.curve.scale)))
    return rounded
