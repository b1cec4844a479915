"""Noise on what the discriminator sees, and gradient penalties, in compiled code. Knows no loss.

The slope of a logit by its curve is g = sum over active hidden units of w W, the unit's weights to the logit and from
the curve. A penalty is a function of |g|, so its derivative by g is some factor times g, and since g is itself linear
in W and in w, its gradient is that of a curve x = g with that factor for its logit's slope, without the biases: it is
enough to add factor g to the weighted curve. All formulas are those of `stacked.regularisers`.

Legend of the shapes in names: n panels, r rows of a panel, u units of a panel, b rows of a minibatch, p points.
"""

from typing import NamedTuple

import numpy as np

from curvegan_core.engines.fused.layout import AnyJob, AnyWork, Network, Work
from curvegan_core.engines.fused.matmul import add_outputs, transpose
from curvegan_core.engines.fused.noise import fill_normals, fill_uniforms
from curvegan_core.engines.fused.rows import Floats, fill_rows, scale_rows
from curvegan_core.engines.fused.vectors import compiled, fma, inlined
from curvegan_core.noise import Stream

_INSTANCE, _PENALTY = int(Stream.INSTANCE), int(Stream.PENALTY)
# As in stacked.regularisers: keeps the slope of a square root finite.
_LEAST_SQUARE = np.float32(1e-12)


class Penalties(NamedTuple):
    """Weights of the penalties, the size of the noise on curves; zero is off."""

    r1: np.float32
    r2: np.float32
    gp: np.float32
    noise: np.float32


@inlined
def punishes(penalties: Penalties) -> bool:
    """Whether there is a penalty on slopes."""
    return bool(penalties.r1 > 0 or penalties.r2 > 0 or penalties.gp > 0)


@inlined
def shift_rows(penalties: Penalties, job: AnyJob, work: AnyWork, minibatch: int, points: int) -> None:
    """Add noise to the points of all curves, the real ones' first. Does nothing without noise."""
    if penalties.noise > 0:
        batch = len(work.latents_bi)
        fill_normals(job.seed, _INSTANCE, np.uint64(minibatch), 2 * batch * points, work.words_4q, work.noise)
        for b in range(2 * batch):
            # The stream has the real curves' noise first, the rows have the generated curves first.
            row = (b + batch) % (2 * batch)
            for p in range(points):
                work.curves_bp[row, p] += penalties.noise * work.noise[b * points + p]


@inlined
def shift_generated(penalties: Penalties, job: AnyJob, work: AnyWork, minibatch: int, points: int) -> None:
    """Add a minibatch's noise to generated curves alone: `shift_rows` for those that came later."""
    if penalties.noise > 0:
        batch = len(work.latents_bi)
        fill_normals(job.seed, _INSTANCE, np.uint64(minibatch), 2 * batch * points, work.words_4q, work.noise)
        for b in range(batch):
            for p in range(points):
                work.curves_bp[b, p] += penalties.noise * work.noise[(batch + b) * points + p]


@inlined
def mix(penalties: Penalties, job: AnyJob, work: AnyWork, real: int, minibatch: int) -> None:
    """Put curves between generated and real ones behind both. Does nothing without gp."""
    if penalties.gp > 0:
        batch = len(work.latents_bi)
        fill_uniforms(job.seed, _PENALTY, np.uint64(minibatch), batch, work.words_4q, work.noise)
        for b in range(batch):
            # Where one row stands for all real curves, it is every generated curve's partner.
            real_b = batch + min(b, real - 1)
            for p in range(work.curves_bp.shape[1]):
                fake = work.curves_bp[b, p]
                work.curves_bp[batch + real + b, p] = fma(work.noise[b], work.curves_bp[real_b, p] - fake, fake)


@inlined
def add_penalties(penalties: Penalties, discriminator: Network, work: Work, real: int) -> None:
    """Add the penalties' part to the weighted curves, once the gates are computed. Does nothing without a penalty."""
    if punishes(penalties):
        _find_slopes(discriminator, work)
        batch = len(work.latents_bi)
        add_square(penalties.r2, work, 0, batch)
        add_square(penalties.r1, work, batch, batch + real)
        if penalties.gp > 0:
            add_distance(penalties.gp, work, batch + real, len(work.curves_bp))


@inlined
def _find_slopes(discriminator: Network, work: Work) -> None:
    """Write the slope of every logit by its curve."""
    panels_nru = discriminator.values.panels_nru
    fill_rows(work.zeros, work.pulls_bp)
    for n in range(len(panels_nru)):
        transpose(panels_nru[n], discriminator.inputs, work.transposed_up)
        scale_rows(work.transposed_up, panels_nru[n, discriminator.second], work.transposed_up)
        add_outputs(work.gates_nbu[n], work.transposed_up, work.pulls_bp)


@compiled
def _add_row(factor: np.float32, slope_p: Floats, weighted_p: Floats) -> None:
    for p in range(len(slope_p)):
        weighted_p[p] = fma(factor, slope_p[p], weighted_p[p])


@inlined
def add_square(weight: np.float32, work: AnyWork, first: int, stop: int) -> None:
    """Add the gradient of the mean of weight/2 |g|^2 over rows first..stop-1."""
    for b in range(first, stop):
        _add_row(weight / np.float32(stop - first), work.pulls_bp[b], work.weighted_bp[b])


@inlined
def add_distance(weight: np.float32, work: AnyWork, first: int, stop: int) -> None:
    """Add the gradient of the mean of weight (|g| - 1)^2 over rows first..stop-1."""
    for b in range(first, stop):
        square = _LEAST_SQUARE
        for p in range(work.pulls_bp.shape[1]):
            square = fma(work.pulls_bp[b, p], work.pulls_bp[b, p], square)
        length = np.sqrt(square)
        factor = np.float32(2) * weight * (length - np.float32(1)) / length / np.float32(stop - first)
        _add_row(factor, work.pulls_bp[b], work.weighted_bp[b])
