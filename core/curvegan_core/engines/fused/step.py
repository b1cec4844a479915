"""A training's steps in compiled code: minibatches, both backward passes, both updates, records. Knows no config.

Exact savings against the tutorial's loop: G(z) is computed once and serves both updates; the discriminator's update
does not differentiate the generator, nor the generator's the discriminator's weights; equal real curves are one row.
Of the discriminator's hidden values only the gates are kept, which say where a unit is active: its gradient follows
from them and from the curves, weighted with the loss's slopes by their logits (`descend_gates`).

The order of all this, the buffers and who writes each are drawn in the README beside this.

Legend of the shapes in names: n panels, r rows of a panel, u units of a panel, b rows of a minibatch, g a group, p
points, k the minibatches or the one set of real curves, o the offsets of records.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.engines.fused.adam import Rates, descend, descend_gates, prepare, take_in, update
from curvegan_core.engines.fused.draws import Draw, draw_real
from curvegan_core.engines.fused.layout import AnyJob, AnyWork, Job, Network, Work
from curvegan_core.engines.fused.losses import discriminator_loss, generator_loss, is_paired, mean_sigmoid
from curvegan_core.engines.fused.matmul import add_outputs, back, gates, hidden, transpose
from curvegan_core.engines.fused.noise import fill_latents
from curvegan_core.engines.fused.penalties import Penalties, add_penalties, mix, shift_rows
from curvegan_core.engines.fused.rows import (
    Floats,
    add_rows,
    add_within_rows,
    copy_rows,
    fill_rows,
    scale_rows,
    spread_rows,
    total,
)
from curvegan_core.engines.fused.vectors import compiled, entry, flush_tiny, inlined, restore
from curvegan_core.noise import Stream

LATENT = int(Stream.LATENT)


class Recipe(NamedTuple):
    """What a job's config says about a step: names by their numbers, rates and weights; a weight of zero is off."""

    loss: int
    smooth: np.float32
    d_steps: int
    latent_noise: int
    real: Draw
    take: np.float32
    g_rates: Rates
    d_rates: Rates
    penalties: Penalties


AnyRecipe = Any
"""What a step is told, here or in `deep.step`."""


class Records(NamedTuple):
    """Where a run writes what it saw: losses of every step; d_real, d_fake, RMSE or curves of the steps in `offsets`.

    The RMSE is that to the first real curve. Curves are kept, (offsets, b, p), where `curves_obp` has room for them.
    """

    offsets: NDArray[np.int64]
    g_loss: Floats
    d_loss: Floats
    d_real: Floats
    d_fake: Floats
    rmse: Floats
    curves_obp: Floats


@inlined
def draw(job: AnyJob, work: AnyWork, recipe: AnyRecipe, stream: int, minibatch: int, latent: int) -> None:
    """Draw latents of a size, each row with a one behind it: the input of the generator's bias."""
    count = len(work.latents_bi) * latent
    fill_latents(recipe.latent_noise, job.seed, stream, np.uint64(minibatch), count, work.words_4q, work.noise)
    spread_rows(work.noise, latent, work.latents_bi)


@inlined
def fill_real(job: AnyJob, work: AnyWork, recipe: AnyRecipe, minibatch: int, given_bp: Floats) -> None:
    """Draw the real curves of a minibatch, or take those given, if there is no draw for them."""
    fake = len(work.latents_bi)
    real_bp = work.curves_bp[fake : fake + len(given_bp)]
    if recipe.real.kind < 0:
        copy_rows(given_bp, real_bp)
    else:
        points = job.discriminator.inputs
        draw_real(recipe.real, job.seed, minibatch, points, work.words_4q, work.noise, real_bp)


@inlined
def generate(job: Job, work: Work) -> None:
    """Compute the minibatch's curves, each with a one behind it, and keep the hidden values."""
    generator, fake_bp = job.generator, work.curves_bp[: len(work.latents_bi)]
    panels_nru = generator.values.panels_nru
    fill_rows(generator.values.bias, fake_bp)
    # Panel by panel, so that the hidden values are still in the first-level cache when the outputs read them.
    for n in range(len(panels_nru)):
        hidden(work.latents_bi, generator.inputs, panels_nru[n], work.hidden_nbu[n])
        transpose(panels_nru[n, generator.second :], job.discriminator.inputs, work.transposed_up)
        add_outputs(work.hidden_nbu[n], work.transposed_up, fake_bp)


@inlined
def update_discriminator(job: Job, work: Work, recipe: Recipe, real: int, count: int) -> np.float32:
    """Update against real and generated curves, for the count-th time. Return the loss before the update."""
    discriminator, fake = job.discriminator, len(work.latents_bi)
    panels_nru, inputs, last = discriminator.values.panels_nru, discriminator.inputs, discriminator.second
    fill_rows(work.zeros, work.sums_bg)
    for n in range(len(panels_nru)):
        gates(work.curves_bp, inputs, panels_nru[n], last, work.ones, work.gates_nbu[n], work.sums_bg)
    add_within_rows(work.sums_bg, discriminator.values.bias[0], work.logits_b)
    logits_b, slopes_b = work.logits_b, work.slopes_b
    value = discriminator_loss(
        recipe.loss,
        recipe.smooth,
        logits_b[fake : fake + real],
        logits_b[:fake],
        slopes_b[fake : fake + real],
        slopes_b[:fake],
        work.losses_b,
    )
    scale_rows(work.curves_bp, slopes_b, work.weighted_bp)
    add_penalties(recipe.penalties, discriminator, work, real)
    _descend(discriminator, work, recipe.d_rates, count)
    return value


@inlined
def _descend(discriminator: Network, work: Work, rates: Rates, count: int) -> None:
    """Update the discriminator from weighted curves and gates."""
    prepare(rates, count, work.adam)
    # Backwards, because the last panel's gates are still in the first-level cache. Panels do not meet in any sum here.
    for n in range(len(work.gates_nbu) - 1, -1, -1):
        descend_gates(work.weighted_bp, work.gates_nbu[n], work.adam, discriminator, n, work.last_u)
    work.logit_g[0] = total(work.slopes_b)
    update(work.adam, work.logit_g, discriminator.values.bias, discriminator.m.bias, discriminator.v.bias)


@inlined
def update_generator(job: Job, work: Work, recipe: Recipe, real: int, count: int) -> np.float32:
    """Update against the discriminator as it is now, for the count-th time. Return the loss before the update."""
    generator, fake, points = job.generator, len(work.latents_bi), job.discriminator.inputs
    seen = fake + real if is_paired(recipe.loss) else fake
    logits_b, slopes_b, pull_bp = work.logits_b, work.slopes_b, work.weighted_bp[:seen]
    _pull(job.discriminator, work, logits_b[:seen], pull_bp)
    value = generator_loss(
        recipe.loss,
        logits_b[fake : fake + real],
        logits_b[:fake],
        slopes_b[fake : fake + real],
        slopes_b[:fake],
        work.losses_b,
    )
    fake_pull_bp = pull_bp[:fake]
    scale_rows(fake_pull_bp, slopes_b[:fake], fake_pull_bp)
    prepare(recipe.g_rates, count, work.adam)
    _descend_generator(generator, work, fake_pull_bp, points)
    take_in(recipe.take, generator.values, job.average)
    return value


@inlined
def _descend_generator(generator: Network, work: Work, pull_bp: Floats, points: int) -> None:
    """Update the generator from the derivatives of the loss by the curves' points."""
    second = generator.second
    for n in range(len(work.hidden_nbu)):
        values_ru, m_ru, v_ru = generator.values.panels_nru[n], generator.m.panels_nru[n], generator.v.panels_nru[n]
        # Before the output layer's update, which changes the weights that this reads.
        back(pull_bp, points, values_ru[second:], work.hidden_nbu[n], work.back_bu)
        descend(pull_bp, work.hidden_nbu[n], points, work.adam, values_ru[second:], m_ru[second:], v_ru[second:])
        descend(work.latents_bi, work.back_bu, generator.inputs + 1, work.adam, values_ru, m_ru, v_ru)
    add_rows(pull_bp, work.bias_p)
    update(work.adam, work.bias_p, generator.values.bias, generator.m.bias, generator.v.bias)


@inlined
def _pull(discriminator: Network, work: Work, logits_b: Floats, out_bp: Floats) -> None:
    """Compute the logits of the first curves, and the derivative of each logit by the curve's points.

    A gate here is the unit's weight to the logit where it is active, so that gates times weights is the derivative.
    """
    panels_nru, last, rows = discriminator.values.panels_nru, discriminator.second, len(logits_b)
    # One panel's room serves them all: each is used up at once, while it is in the cache.
    sums_bg, gates_bu = work.sums_bg[:rows], work.gates_nbu[0, :rows]
    fill_rows(work.zeros, sums_bg)
    fill_rows(work.zeros, out_bp)
    for n in range(len(panels_nru)):
        gates(work.curves_bp, discriminator.inputs, panels_nru[n], last, panels_nru[n, last], gates_bu, sums_bg)
        transpose(panels_nru[n], discriminator.inputs, work.transposed_up)
        add_outputs(gates_bu, work.transposed_up, out_bp)
    add_within_rows(sums_bg, discriminator.values.bias[0], logits_b)


@compiled
def _square_distance(curves_bp: Floats, target_p: Floats, points: int) -> float:
    """Return the mean square distance of curves to one curve."""
    square = 0.0
    for b in range(len(curves_bp)):
        for p in range(points):
            difference = np.float64(curves_bp[b, p]) - np.float64(target_p[p])
            square += difference * difference
    return square / (len(curves_bp) * points)


@inlined
def look_at_curves(work: AnyWork, records: Records, row: int, points: int) -> None:
    """Keep the generated curves or their RMSE, before noise changes what the discriminator sees."""
    fake_bp = work.curves_bp[: len(work.latents_bi)]
    if len(records.curves_obp) > 0:
        copy_rows(fake_bp, records.curves_obp[row])
    else:
        target_p = work.curves_bp[len(work.latents_bi)]
        records.rmse[row] = np.float32(np.sqrt(_square_distance(fake_bp, target_p, points)))


@inlined
def _train_step(
    job: Job, work: Work, recipe: Recipe, step: int, real_kbp: Floats, records: Records, offset: int, row: int
) -> None:
    """Do one update of the generator and those of the discriminator before it; look closely unless row is -1."""
    fake, real = len(work.latents_bi), real_kbp.shape[1]
    for extra in range(recipe.d_steps):
        minibatch = step * recipe.d_steps + extra
        draw(job, work, recipe, LATENT, minibatch, job.generator.inputs)
        generate(job, work)
        fill_real(job, work, recipe, minibatch, real_kbp[(offset * recipe.d_steps + extra) % len(real_kbp)])
        looks = row >= 0 and extra == recipe.d_steps - 1
        if looks:
            look_at_curves(work, records, row, job.discriminator.inputs)
        shift_rows(recipe.penalties, job, work, minibatch, job.discriminator.inputs)
        mix(recipe.penalties, job, work, real, minibatch)
        records.d_loss[offset] = update_discriminator(job, work, recipe, real, minibatch + 1)
        if looks:
            records.d_real[row] = mean_sigmoid(work.logits_b[fake : fake + real], work.losses_b)
            records.d_fake[row] = mean_sigmoid(work.logits_b[:fake], work.losses_b)
    records.g_loss[offset] = update_generator(job, work, recipe, real, step + 1)


@entry
def run(job: Job, work: Work, recipe: Recipe, step: int, real_kbp: Floats, records: Records) -> None:
    """Do as many updates as `records` has losses, the first with the number `step`.

    `real_kbp` has the real curves of each of the discriminator's minibatches, or one set for all.
    """
    # Moments of dead units decay to numbers below 1e-38, with which an x86 computes 77 times slower.
    mode, row = flush_tiny(), 0
    for offset in range(len(records.g_loss)):
        looks = row < len(records.offsets) and records.offsets[row] == offset
        _train_step(job, work, recipe, step + offset, real_kbp, records, offset, row if looks else -1)
        if looks:
            row += 1
    restore(mode)
