"""The steps of a training with networks of any depth, in compiled code. Knows no config.

The order of a step is that of `step`, and so are the savings. What differs: an update is a gradient, kept in an array
of the weights' layout, and then a pass of the optimiser over it. So both gradients can be taken before either update,
and every optimiser serves every depth.

Legend of the shapes in names: l layers, n panels, u units of a panel, b rows of a minibatch, p points, k the
minibatches or the one set of real curves.
"""

from typing import NamedTuple

import numpy as np

from curvegan_core.engines.fused.adam import take_in_flat
from curvegan_core.engines.fused.deep.gradients import end_update, find_slopes
from curvegan_core.engines.fused.deep.layout import Chain, DeepJob, DeepWork, head_bias
from curvegan_core.engines.fused.deep.network import (
    add_tangents,
    find_adjoints,
    find_hidden,
    find_logits,
    find_outputs,
    find_pulls,
    turn,
)
from curvegan_core.engines.fused.draws import Draw
from curvegan_core.engines.fused.losses import discriminator_loss, generator_loss, is_paired, mean_sigmoid
from curvegan_core.engines.fused.optimisers import Optimiser, Schedule, adam_at_once, factor_at
from curvegan_core.engines.fused.penalties import (
    Penalties,
    add_distance,
    add_square,
    mix,
    punishes,
    shift_generated,
    shift_rows,
)
from curvegan_core.engines.fused.rows import Floats, add_rows, fill_rows, total
from curvegan_core.engines.fused.step import LATENT, Records, draw, fill_real, look_at_curves
from curvegan_core.engines.fused.vectors import compiled, entry, flush_tiny, inlined, restore
from curvegan_core.noise import Stream

_GENERATOR = int(Stream.GENERATOR)


class DeepRecipe(NamedTuple):
    """What a job's config says about a step: names by their numbers, rates and weights; a weight of zero is off."""

    loss: int
    smooth: np.float32
    d_steps: int
    g_steps: int
    simultaneous: bool
    latent_noise: int
    real: Draw
    take: np.float32
    schedule: Schedule
    g_optimiser: Optimiser
    d_optimiser: Optimiser
    penalties: Penalties


@compiled
def generate(generator: Chain, work: DeepWork) -> None:
    """Compute the minibatch's curves, each with a one behind it, and keep the hidden values."""
    batch = len(work.latents_bi)
    find_hidden(generator, work.latents_bi, batch, work.g_hidden_lnbu, work.g_bent)
    find_outputs(generator, work.g_hidden_lnbu, work.transposed_up, work.sums_ob, work.curves_bp[:batch])


@compiled
def _judge(discriminator: Chain, work: DeepWork, stop: int) -> None:
    """Compute the logits of the first rows, and keep the hidden values."""
    find_hidden(discriminator, work.curves_bp, stop, work.d_hidden_lnbu, work.d_bent)
    find_logits(discriminator, work.d_hidden_lnbu, stop, work.zeros, work.sums_bg, work.logits_b)


@inlined
def _spread_slopes(work: DeepWork, stop: int) -> None:
    for b in range(stop):
        work.slopes_b4[b, 0] = work.slopes_b[b]


@inlined
def discriminator_slopes(
    discriminator: Chain, work: DeepWork, recipe: DeepRecipe, real: int, labels: int, adam: Floats
) -> np.float32:
    """Compute the gradient of the discriminator's loss and penalties; return the loss. With `adam` update it too."""
    fake, rows, weights = len(work.latents_bi), len(work.curves_bp), recipe.penalties
    logits_b, slopes_b = work.logits_b, work.slopes_b
    _judge(discriminator, work, rows)
    value = discriminator_loss(
        recipe.loss,
        recipe.smooth,
        logits_b[fake : fake + real],
        logits_b[:fake],
        slopes_b[fake : fake + real],
        slopes_b[:fake],
        work.losses_b,
    )
    # No loss looks at the curves in between.
    slopes_b[fake + real :] = np.float32(0)
    _spread_slopes(work, rows)
    head_bias(discriminator, discriminator.slopes)[0] = total(slopes_b)
    punished = punishes(weights)
    # With a penalty adjoints are derivatives of logits and inputs are scaled, without one it is the reverse.
    x_bp, top_b4, ones_b4 = work.curves_bp, work.slopes_b4, work.ones_b4
    if punished:
        x_bp, top_b4, ones_b4 = work.weighted_bp, work.ones_b4, work.slopes_b4
    hidden_lnbu, adjoints_lnbu, bent = work.d_hidden_lnbu, work.d_adjoints_lnbu, work.d_bent
    find_adjoints(discriminator, top_b4, rows, hidden_lnbu, bent, False, work.d_turned_lnru, adjoints_lnbu)
    if punished:
        _add_penalties(discriminator, work, weights, real, labels)
    if punished and discriminator.smooth >= 0:
        _find_bent_slopes(discriminator, work)
    else:
        slopes = discriminator.slopes
        find_slopes(discriminator, x_bp, hidden_lnbu, adjoints_lnbu, top_b4, ones_b4, rows, slopes, adam)
    return value


@inlined
def _add_penalties(discriminator: Chain, work: DeepWork, weights: Penalties, real: int, labels: int) -> None:
    """Replace inputs and hidden values by what the gradient of loss and penalties takes in their place.

    With a smooth activation find the tangents alone.
    """
    fake, rows = len(work.latents_bi), len(work.curves_bp)
    find_pulls(discriminator, work.d_adjoints_lnbu, rows, work.zeros, work.transposed_up, work.sums_ob, work.pulls_bp)
    _forget_labels(discriminator, work, rows, labels)
    fill_rows(work.zeros, work.weighted_bp)
    first, stop = fake + real, fake + real
    if weights.r1 > 0:
        add_square(weights.r1, work, fake, fake + real)
        first = fake
    if weights.r2 > 0:
        add_square(weights.r2, work, 0, fake)
        first, stop = 0, stop if weights.r1 > 0 or weights.gp > 0 else fake
    if weights.gp > 0:
        add_distance(weights.gp, work, fake + real, rows)
        stop = rows
    add_tangents(
        discriminator,
        work.curves_bp,
        work.slopes_b,
        first,
        stop,
        work.weighted_bp,
        work.d_hidden_lnbu,
        work.d_bent,
        work.tangents_lnbu,
    )


@inlined
def _find_bent_slopes(discriminator: Chain, work: DeepWork) -> None:
    """Write the gradient of loss and penalties through a smooth activation, given tangents and the logits' adjoints."""
    hidden_lnbu, totals_lnbu, more_slopes = work.d_hidden_lnbu, work.d_totals_lnbu, work.more_slopes
    rows, slopes, top_b4, ones_b4 = len(work.curves_bp), discriminator.slopes, work.slopes_b4, work.ones_b4
    find_adjoints(discriminator, top_b4, rows, hidden_lnbu, work.d_bent, True, work.d_turned_lnru, totals_lnbu)
    later = work.zeros[:0]
    find_slopes(discriminator, work.curves_bp, hidden_lnbu, totals_lnbu, top_b4, ones_b4, rows, slopes, later)
    # Along the tangents no bias moves.
    x_bp, tangents_lnbu, adjoints_lnbu = work.weighted_bp, work.tangents_lnbu, work.d_adjoints_lnbu
    find_slopes(discriminator, x_bp, tangents_lnbu, adjoints_lnbu, ones_b4, work.zeros_b4, rows, more_slopes, later)
    for index in range(len(slopes)):
        slopes[index] += more_slopes[index]


@inlined
def generator_slopes(job: DeepJob, work: DeepWork, recipe: DeepRecipe, real: int, adam: Floats) -> np.float32:
    """Compute the gradient of the generator's loss against the discriminator as it is now; return the loss.

    With `adam` update it as well.
    """
    generator, discriminator, fake = job.generator, job.discriminator, len(work.latents_bi)
    logits_b, slopes_b, pulls_bp = work.logits_b, work.slopes_b, work.pulls_bp
    _judge(discriminator, work, fake + real if is_paired(recipe.loss) else fake)
    value = generator_loss(
        recipe.loss,
        logits_b[fake : fake + real],
        logits_b[:fake],
        slopes_b[fake : fake + real],
        slopes_b[:fake],
        work.losses_b,
    )
    _spread_slopes(work, fake)
    turned, d_adjoints, g_adjoints = work.d_turned_lnru, work.d_adjoints_lnbu, work.g_adjoints_lnbu
    find_adjoints(discriminator, work.slopes_b4, fake, work.d_hidden_lnbu, work.d_bent, False, turned, d_adjoints)
    find_pulls(discriminator, d_adjoints, fake, work.zeros, work.transposed_up, work.sums_ob, pulls_bp)
    _forget_labels(discriminator, work, fake, job.labels)
    turned = work.g_turned_lnru
    find_adjoints(generator, pulls_bp, fake, work.g_hidden_lnbu, work.g_bent, False, turned, g_adjoints)
    latents_bi, g_hidden, ones_b4 = work.latents_bi, work.g_hidden_lnbu, work.ones_b4
    add_rows(pulls_bp[:fake], head_bias(generator, generator.slopes))
    find_slopes(generator, latents_bi, g_hidden, g_adjoints, pulls_bp, ones_b4, fake, generator.slopes, adam)
    return value


@inlined
def _forget_labels(discriminator: Chain, work: DeepWork, stop: int, labels: int) -> None:
    """Leave the derivative by the curve: nothing draws on that by its label, which is given."""
    for b in range(stop):
        for p in range(discriminator.inputs - labels, discriminator.inputs):
            work.pulls_bp[b, p] = np.float32(0)


@inlined
def _draw_and_generate(job: DeepJob, work: DeepWork, recipe: DeepRecipe, stream: int, minibatch: int) -> None:
    """Draw latents and compute their curves, with the labels of the real curves of the minibatch in turn."""
    latent, points, batch = job.generator.inputs - job.labels, job.generator.outputs, len(work.latents_bi)
    draw(job, work, recipe, stream, minibatch, latent)
    if job.labels > 0:
        for b in range(batch):
            for label in range(job.labels):
                work.latents_bi[b, latent + label] = work.curves_bp[batch + b, points + label]
            work.latents_bi[b, latent + job.labels] = np.float32(1)
    generate(job.generator, work)
    for b in range(batch):
        for label in range(job.labels):
            work.curves_bp[b, points + label] = work.latents_bi[b, latent + label]


@inlined
def _see(job: DeepJob, work: DeepWork, recipe: DeepRecipe, minibatch: int, given_bp: Floats) -> None:
    """Fill the rows of a minibatch: generated curves and real ones."""
    fill_real(job, work, recipe, minibatch, given_bp)
    _draw_and_generate(job, work, recipe, LATENT, minibatch)


@inlined
def _update_discriminator(
    job: DeepJob,
    work: DeepWork,
    recipe: DeepRecipe,
    step: int,
    real_kbp: Floats,
    records: Records,
    offset: int,
    row: int,
) -> None:
    """Do the discriminator's updates of one step, or find its gradient alone; look closely unless row is -1."""
    fake, real = len(work.latents_bi), real_kbp.shape[1]
    for extra in range(recipe.d_steps):
        minibatch = step * recipe.d_steps + extra
        _see(job, work, recipe, minibatch, real_kbp[(offset * recipe.d_steps + extra) % len(real_kbp)])
        looks = row >= 0 and extra == recipe.d_steps - 1
        if looks:
            look_at_curves(work, records, row, job.generator.outputs)
        shift_rows(recipe.penalties, job, work, minibatch, job.generator.outputs)
        mix(recipe.penalties, job, work, real, minibatch)
        factor, count = factor_at(recipe.schedule, step), minibatch + 1
        due = not (recipe.simultaneous or (job.discriminator.smooth >= 0 and punishes(recipe.penalties)))
        adam = adam_at_once(recipe.d_optimiser, due, factor, count, work.numbers)
        records.d_loss[offset] = discriminator_slopes(job.discriminator, work, recipe, real, job.labels, adam)
        if looks:
            records.d_real[row] = mean_sigmoid(work.logits_b[fake : fake + real], work.losses_b)
            records.d_fake[row] = mean_sigmoid(work.logits_b[:fake], work.losses_b)
        if not recipe.simultaneous:
            end_update(recipe.d_optimiser, job.discriminator, factor, count, adam, work.numbers, work.d_turned_lnru)


@inlined
def _update_generator(job: DeepJob, work: DeepWork, recipe: DeepRecipe, step: int, real: int) -> np.float32:
    """Do the generator's updates of one step, and the discriminator's, if those are simultaneous. Return the loss."""
    factor, value = factor_at(recipe.schedule, step), np.float32(0)
    for extra in range(recipe.g_steps):
        if extra > 0:
            _draw_and_generate(job, work, recipe, _GENERATOR, step * (recipe.g_steps - 1) + extra - 1)
            shift_generated(recipe.penalties, job, work, (step + 1) * recipe.d_steps - 1, job.generator.outputs)
        count = step * recipe.g_steps + extra + 1
        adam = adam_at_once(recipe.g_optimiser, True, factor, count, work.numbers)
        value = generator_slopes(job, work, recipe, real, adam)
        if recipe.simultaneous:
            later, turned = work.zeros[:0], work.d_turned_lnru
            end_update(recipe.d_optimiser, job.discriminator, factor, step + 1, later, work.numbers, turned)
        end_update(recipe.g_optimiser, job.generator, factor, count, adam, work.numbers, work.g_turned_lnru)
    if len(job.average) > 0:
        take_in_flat(recipe.take, job.generator.values, job.average)
    return value


@entry
def run_deep(job: DeepJob, work: DeepWork, recipe: DeepRecipe, step: int, real_kbp: Floats, records: Records) -> None:
    """Do as many steps as `records` has losses, the first with the number `step`, as `step.run` does."""
    mode, row = flush_tiny(), 0
    turn(job.generator, work.g_turned_lnru)
    turn(job.discriminator, work.d_turned_lnru)
    for offset in range(len(records.g_loss)):
        looks = row < len(records.offsets) and records.offsets[row] == offset
        seen = row if looks else -1
        _update_discriminator(job, work, recipe, step + offset, real_kbp, records, offset, seen)
        records.g_loss[offset] = _update_generator(job, work, recipe, step + offset, real_kbp.shape[1])
        if looks:
            row += 1
    restore(mode)
