"""Curves from a trained generator, with numpy alone: whoever looks at results needs no engine."""

import numpy as np
from numpy.typing import NDArray

from curvegan.checkpoint import Checkpoint
from curvegan.config import TrainConfig
from curvegan.networks import generate
from curvegan.noise import Stream, normals


def samples(checkpoint: Checkpoint, config: TrainConfig, count: int, seed: int) -> NDArray[np.float32]:
    """Draw curves, (count, points), from latents of this seed; any job with this seed meets the same latents.

    Args:
        checkpoint: a state of this config's training.
        config: the config that the checkpoint was trained with.
        count: how many curves, at least 1.
        seed: 64-bit unsigned, the sample's own.

    Raises:
        CheckpointRefused: the checkpoint belongs to another config.
    """
    checkpoint.check(config)
    return generate(checkpoint.weights, normals(seed, Stream.SAMPLE, 0, (count, config.latent)))
