"""Curves from a trained generator, with numpy alone: whoever looks at results needs no engine."""

import numpy as np
from numpy.typing import NDArray

from curvegan_core.checkpoint import Checkpoint
from curvegan_core.config.train import TrainConfig
from curvegan_core.families.curves import restored
from curvegan_core.networks import generate, latents
from curvegan_core.noise import Stream


def samples(checkpoint: Checkpoint, config: TrainConfig, count: int, seed: int) -> NDArray[np.float32]:
    """Draw curves, (count, points), from latents of this seed; any job with this seed meets the same latents.

    They are in the units of y; those of your own curves are in the units of the data set.

    Args:
        checkpoint: a state of this config's training.
        config: the config that the checkpoint was trained with.
        count: how many curves, at least 1.
        seed: 64-bit unsigned, the sample's own.

    Raises:
        CheckpointRefused: the checkpoint belongs to another config.
    """
    checkpoint.check(config)
    latents_nl = latents(config, seed, Stream.SAMPLE, count)
    return restored(config, generate(checkpoint.weights, latents_nl, config))
