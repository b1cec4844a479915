"""The numbers that judge a training at its end. Knows nothing of how it was trained."""

import math
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from curvegan import curves
from curvegan.config import TrainConfig
from curvegan.networks import generate
from curvegan.noise import Stream, normals
from curvegan.series import SNAPSHOT_CURVES, LossCurve, Snapshot

EVALUATION_LATENTS = 1024


@dataclass(frozen=True)
class Metrics:
    """Quality of the final generator, in units of y, and the last record of its loss curve.

    `rmse` and `spread` (standard deviation over curves, averaged over x) are taken over EVALUATION_LATENTS fixed
    latents. `d_real` and `d_fake` near 0.5 mean equilibrium; only `rmse` tells whether the curves are right.
    """

    rmse: float
    spread: float
    g_loss: float
    d_loss: float
    d_real: float
    d_fake: float

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name, in order."""
        return asdict(self)

    @property
    def finite(self) -> bool:
        """Whether every number is one."""
        return all(math.isfinite(value) for value in astuple(self))


def evaluation_latents(config: TrainConfig) -> NDArray[np.float32]:
    """Return the job's fixed latents, (EVALUATION_LATENTS, latent)."""
    return normals(config.seed, Stream.EVALUATION, 0, (EVALUATION_LATENTS, config.latent))


def snapshot(config: TrainConfig, step: int, weights: Mapping[str, NDArray[np.float32]]) -> Snapshot:
    """Generate the curves of the first SNAPSHOT_CURVES evaluation latents."""
    return Snapshot(step, generate(weights, evaluation_latents(config)[:SNAPSHOT_CURVES]))


def measure(config: TrainConfig, weights: Mapping[str, NDArray[np.float32]], record: LossCurve) -> Metrics:
    """Judge final weights. `record` holds one row, the last record of the loss curve."""
    generated = generate(weights, evaluation_latents(config))
    losses = (float(column[-1]) for column in (record.g_loss, record.d_loss, record.d_real, record.d_fake))
    return Metrics(curves.rmse(config, generated), curves.spread(generated), *losses)
