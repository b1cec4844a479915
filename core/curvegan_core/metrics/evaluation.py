"""The numbers that judge a training, along its way and at its end.

All are taken on `samples` fixed latents of the job, and on as many fixed real curves, in units of training (those of
y, but for the family `data`: standard deviations). Formulas and sources are in `metrics.distribution`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.families import curves
from curvegan_core.families.data import Data
from curvegan_core.families.family import Family, Reals
from curvegan_core.losses import equilibrium_gap
from curvegan_core.networks import Weights, beside, discriminate, generate, label_numbers, latents
from curvegan_core.noise import Stream
from curvegan_core.records.loss_curve import SNAPSHOT_CURVES, LossCurve, Snapshot

if TYPE_CHECKING:
    from curvegan_core.metrics.distribution import Neighbours

SNAPSHOT_POINTS = 1024
"""How many points a snapshot holds where a sample is a point."""


@dataclass(frozen=True)
class Metrics:
    """Quality of the final generator, and the last record of its loss curve.

    `rmse` and `spread` are there for every job; `more` holds those of MEANINGS that apply to the family, and of the
    averaged weights. `d_real` and `d_fake` near their equilibrium do not mean that the curves are right.
    """

    rmse: float
    spread: float
    g_loss: float
    d_loss: float
    d_real: float
    d_fake: float
    more: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_dict` wrote. Raises KeyError when one of the six that every job has is missing."""
        first = {name: float(values[name]) for name in _EVERY_JOB}
        return cls(**first, more={name: float(value) for name, value in values.items() if name not in _EVERY_JOB})

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name, in order; one that does not apply is absent."""
        return {name: getattr(self, name) for name in _EVERY_JOB} | dict(self.more)

    @property
    def finite(self) -> bool:
        """Whether every number is one."""
        return all(math.isfinite(value) for value in self.as_dict().values())


_EVERY_JOB = ("rmse", "spread", "g_loss", "d_loss", "d_real", "d_fake")


class Evaluation:
    """What a job's generator is judged by: its latents, its family and real curves of it."""

    def __init__(self, config: TrainConfig, family: Family | None = None) -> None:
        """Take the family where the caller has it. Raises InvalidConfig as `curves.family` does."""
        self._config = config
        self._family = family or curves.family(config)
        self._latents = evaluation_latents(config)
        count = 1 if self._family.FIXED else config.samples
        self._real = curves.real_curves(config, self._family, Stream.EVALUATION, count)
        self._judging = real = self._family.judging(self._real)
        axis = 0 if config.curve.is_point else None
        self._scale = float(np.sqrt(np.sum(np.var(real, axis=axis))))
        self._spread = curves.spread(real)
        self._neighbours: Neighbours | None = None

    def snapshot(self, step: int, weights: Weights, ema: Weights | None = None) -> Snapshot:
        """Generate the curves of the first evaluation latents, of points more than of curves, and judge the weights."""
        count = SNAPSHOT_POINTS if self._config.curve.is_point else SNAPSHOT_CURVES
        # Your own curves are those of averaged weights; of other families snapshots stay what they were.
        shown = ema if ema and isinstance(self._family, Data) else weights
        with np.errstate(over="ignore", invalid="ignore"):
            generated = generate(shown, self._latents[:count], self._config)
        metrics = {name: value for name, value in self.judge(weights, ema).items() if math.isfinite(value)}
        return Snapshot(step, self._family.restored(generated), metrics)

    def final(self, weights: Weights, record: LossCurve, ema: Weights | None = None) -> Metrics:
        """Judge final weights. `record` holds one row, the last record of the loss curve."""
        losses = {name: float(getattr(record, name)[-1]) for name in _EVERY_JOB[2:]}
        more = self.judge(weights, ema) | self._w1(weights)
        if ema:
            more |= {f"ema_{name}": value for name, value in self._w1(ema).items()}
        more |= self._beside(ema or weights)
        return Metrics(more.pop("rmse"), more.pop("spread"), **losses, more=more)

    def _beside(self, weights: Weights) -> dict[str, float]:
        """Return what rows that were held out tell, of the weights that people get."""
        if not isinstance(self._family, Data) or not len(self._family.held_mp):
            return {}
        from curvegan_core.metrics import baselines  # noqa: PLC0415  as below

        with np.errstate(over="ignore", invalid="ignore"):
            generated = self._family.judged(generate(weights, self._latents, self._config))
        if not np.isfinite(generated).all():
            return {}
        labels = label_numbers(self._config, self._latents)
        return baselines.beside(self._family, self._config, generated) | baselines.by_label(
            self._family, generated, labels
        )

    def judge(self, weights: Weights, ema: Weights | None = None) -> dict[str, float]:
        """Return the numbers of MEANINGS that apply, in their order, and those of the averaged weights if given."""
        with np.errstate(over="ignore", invalid="ignore"):
            generated = generate(weights, self._latents, self._config)
            metrics = self._quality(generated)
            if np.isfinite(generated).all():
                fake = beside(self._config, generated, self._latents)
                logits = (discriminate(weights, sample, self._config) for sample in (self._real, fake))
                metrics["equilibrium_gap"] = equilibrium_gap(self._config, *logits)
            if ema:
                average = self._quality(generate(ema, self._latents, self._config))
                metrics |= {f"ema_{name}": value for name, value in average.items()}
        return metrics

    def _quality(self, generated: NDArray[np.float32]) -> dict[str, float]:
        if not np.isfinite(generated).all():
            return {"rmse": math.inf, "spread": math.inf}
        rmse = float(np.sqrt(np.mean(self._family.distances(generated) ** 2)))
        reals = self._family.judged(generated)
        metrics = {"rmse": rmse, "spread": curves.spread(reals)}
        if self._scale:
            metrics["relative_rmse"] = rmse / self._scale
        return metrics if self._family.FIXED else metrics | self._distribution(reals, metrics["spread"])

    def _w1(self, weights: Weights) -> dict[str, float]:
        """Return the exact distance of two samples, which takes too long for every snapshot."""
        if self._family.FIXED:
            return {}
        from curvegan_core.metrics import distribution  # noqa: PLC0415  as below

        with np.errstate(over="ignore", invalid="ignore"):
            generated = generate(weights, self._latents[: distribution.MOST_PAIRED], self._config)
        if not np.isfinite(generated).all():
            return {}
        real_mp = self._judging[: len(generated)]
        return {"w1": distribution.w1(self._family.judged(generated[: len(real_mp)]), real_mp)}

    def _distribution(self, reals: Reals, spread: float) -> dict[str, float]:
        # Jobs of one curve, the default among them, need no scipy; nor does who only looks at results.
        from curvegan_core.metrics import distribution  # noqa: PLC0415

        if self._neighbours is None:
            self._neighbours = distribution.Neighbours(self._judging)
        metrics = {"relative_spread": spread / self._spread} if self._spread else {}
        fitted = self._family.fitted(reals)
        if fitted is not None:
            metrics["parameter_w1"] = distribution.parameter_w1(fitted)
        metrics |= distribution.modes(self._family, reals, self._config.threshold)
        metrics["sliced_w1"] = distribution.sliced_w1(reals, self._judging)
        return metrics | self._neighbours.compare(reals)


def evaluation_latents(config: TrainConfig) -> NDArray[np.float32]:
    """Return the job's fixed latents, (samples, latent), each with its label where those are learnt."""
    return latents(config, config.seed, Stream.EVALUATION, config.samples)
