"""Where the fused engine keeps a job's numbers: networks in panels, and the arrays that a step works in.

A network's hidden units are cut into panels. A panel is a matrix, each of whose rows has one number for every unit:

    generator       weights of each latent, bias, zeros up to a multiple of INPUTS; weights to each point, zeros again
    discriminator   weights of each point, bias, zeros up to a multiple of INPUTS; weights to the logit

The output's bias follows behind the last panel. Padding has zero inputs, hence zero gradients, and stays zero.

The README beside this draws it, and says which function writes and which reads each array.

Legend of the shapes in names: n panels, r rows of a panel, u units of a panel, h hidden, b rows of a minibatch,
i inputs, p points (padded), g a group, q a quarter of the words.
"""

from typing import Any, NamedTuple

import numpy as np

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.noise import Words
from curvegan_core.engines.fused.rows import GROUP, Floats
from curvegan_core.networks import Weights, shapes

INPUTS = 4
"""Gradients are computed for this many rows of a panel at once."""

# A transposition reads whole groups of rows: room behind every array for what it reads and nobody uses.
_SLACK = GROUP * (PANEL + 1)
# Bytes of a cache line. A vector across two of them costs two loads.
_LINE = 64
GROUPS = ("values", "m", "v")


class Numbers(NamedTuple):
    """One number for each parameter of a network: its panels and the output's bias."""

    panels_nru: Floats
    bias: Floats


class Network(NamedTuple):
    """A network's weights and Adam's moments.

    `inputs` counts its inputs without the bias's one. `second` is a panel's first row of the output layer.
    """

    values: Numbers
    m: Numbers
    v: Numbers
    inputs: int
    second: int


class Job(NamedTuple):
    """Both networks of a job, the generator's average (no panels if there is none), and the seed."""

    generator: Network
    discriminator: Network
    average: Numbers
    seed: np.uint64


class Work(NamedTuple):
    """Arrays that a step works in. What a step leaves in them the next one does not read; jobs of a shape share them.

    The rows of a minibatch are the generated curves, then the real ones (one, if all are equal), then those between
    the two at which a gradient penalty is taken. No two of these arrays share memory.
    """

    words_4q: Words  # Philox's words
    noise: Floats  # numbers as they are drawn, before they lie in rows
    latents_bi: Floats  # z, then a one
    hidden_nbu: Floats  # the generator's hidden values
    back_bu: Floats  # the derivative of the loss by a panel of them
    curves_bp: Floats  # what the discriminator sees, each curve with a one behind it
    weighted_bp: Floats  # those curves times the slopes of their logits; then the derivative of g_loss by the points
    pulls_bp: Floats  # the derivative of each logit by its curve, for penalties
    gates_nbu: Floats  # which of the discriminator's units are active
    sums_bg: Floats  # parts of the logits
    logits_b: Floats
    slopes_b: Floats  # the derivative of the loss by each logit
    losses_b: Floats  # the loss on each curve, before the mean
    transposed_up: Floats  # a panel's rows as columns
    last_u: Floats  # the gradient of a panel's weights to the logit
    bias_p: Floats  # the gradient of the generator's output bias
    logit_g: Floats  # the gradient of the logit's bias, and zeros
    adam: Floats  # 1 - beta1, 1 - beta2, scale, shift, bound
    zeros: Floats  # never written
    ones: Floats  # never written


AnyJob = Any
"""A job in this layout or in that of `deep.layout`: what takes both is compiled for each."""
AnyWork = Any
"""The arrays of a step in one layout or the other."""


def padded(size: int, align: int) -> int:
    """Return the size rounded up to a multiple of align."""
    return -(-size // align) * align


def width(config: TrainConfig) -> int:
    """Return the length of a curve's row in numbers: its points and label, a one, zeros."""
    return padded(config.seen + 1, GROUP)


def most_drawn(config: TrainConfig) -> int:
    """Return how many numbers the largest draw of a step has: latents, noise on real or on all curves."""
    return padded(config.batch_size * max(config.latent, config.outputs * (2 if config.instance_noise else 1)), 4)


def make_job(config: TrainConfig, state: State) -> Job:
    """Copy a job's state into the engine's layout."""
    second = padded(config.latent + 1, INPUTS)
    rows = second + padded(config.outputs, INPUTS)
    generator = _network("generator", state, rows, second, width(config))
    # Behind its last point every generated curve has a one, the input of the discriminator's bias.
    generator.values.bias[config.outputs] = 1
    average = _numbers(len(generator.values.panels_nru) if state.ema else 0, rows, width(config))
    if state.ema:
        _write(average, "generator", state.ema, second)
    second = padded(config.outputs + 1, INPUTS)
    discriminator = _network("discriminator", state, second + 1, second, GROUP)
    return Job(generator, discriminator, average, np.uint64(config.seed))


def make_work(config: TrainConfig, job: Job, real: int) -> Work:
    """Make the arrays that a step of this job, or of another one of its shape, works in, with so many real curves."""
    batch, rows = config.batch_size, config.batch_size + real + (config.batch_size if config.gp else 0)
    most = most_drawn(config)
    return Work(
        words_4q=np.zeros((4, most // 4), np.uint32),
        noise=zeros(most),
        latents_bi=zeros(batch, job.generator.second),
        hidden_nbu=zeros(len(job.generator.values.panels_nru), batch, PANEL),
        back_bu=zeros(batch, PANEL),
        curves_bp=zeros(rows, width(config)),
        weighted_bp=zeros(rows, width(config)),
        pulls_bp=zeros(rows, width(config)),
        gates_nbu=zeros(len(job.discriminator.values.panels_nru), rows, PANEL),
        sums_bg=zeros(rows, GROUP),
        logits_b=zeros(rows),
        slopes_b=zeros(rows),
        losses_b=zeros(rows),
        transposed_up=zeros(PANEL, width(config)),
        last_u=zeros(PANEL),
        bias_p=zeros(width(config)),
        logit_g=zeros(GROUP),
        adam=zeros(5),
        zeros=zeros(width(config)),
        ones=np.ones(PANEL, np.float32),
    )


def state_of(config: TrainConfig, job: Job) -> State:
    """Copy a job's state out of its layout."""
    values, adam_m, adam_v = (
        _read(config, "generator", getattr(job.generator, group), job.generator.second)
        | _read(config, "discriminator", getattr(job.discriminator, group), job.discriminator.second)
        for group in GROUPS
    )
    average = _read(config, "generator", job.average, job.generator.second) if len(job.average.panels_nru) else {}
    return State(values, adam_m, adam_v, average)


def zeros(*shape: int) -> Floats:
    """Make an array of zeros for vectors: it begins at a cache line, which is faster but changes no result."""
    size = int(np.prod(shape))
    numbers = np.zeros(size + _SLACK, np.float32)
    start = -numbers.ctypes.data % _LINE // numbers.itemsize
    return numbers[start : start + size].reshape(shape)


def _network(name: str, state: State, rows: int, second: int, bias: int) -> Network:
    hidden, inputs = state.weights[f"{name}.0.weight"].shape
    panels = padded(hidden, PANEL) // PANEL
    values, m, v = (_numbers(panels, rows, bias) for _ in GROUPS)
    network = Network(values, m, v, inputs, second)
    for group, tensors in zip(GROUPS, (state.weights, state.adam_m, state.adam_v), strict=True):
        _write(getattr(network, group), name, tensors, second)
    return network


def _numbers(panels: int, rows: int, bias: int) -> Numbers:
    end = panels * rows * PANEL
    flat = zeros(end + bias)
    return Numbers(flat[:end].reshape(panels, rows, PANEL), flat[end:])


def _write(numbers: Numbers, name: str, tensors: Weights, second: int) -> None:
    panels, rows, _ = numbers.panels_nru.shape
    weight, output = tensors[f"{name}.0.weight"], tensors[f"{name}.2.weight"]
    hidden, inputs = weight.shape
    rows_rh = np.zeros((rows, panels * PANEL), np.float32)
    rows_rh[:inputs, :hidden] = weight.T
    rows_rh[inputs, :hidden] = tensors[f"{name}.0.bias"]
    rows_rh[second : second + len(output), :hidden] = output
    numbers.panels_nru[...] = rows_rh.reshape(rows, panels, PANEL).swapaxes(0, 1)
    numbers.bias[: len(output)] = tensors[f"{name}.2.bias"]


def _read(config: TrainConfig, name: str, numbers: Numbers, second: int) -> Weights:
    sizes = shapes(config)
    hidden, inputs = sizes[f"{name}.0.weight"]
    (outputs,) = sizes[f"{name}.2.bias"]
    rows_rh = numbers.panels_nru.swapaxes(0, 1).reshape(numbers.panels_nru.shape[1], -1)[:, :hidden]
    return {
        f"{name}.0.weight": rows_rh[:inputs].T.copy(),
        f"{name}.0.bias": rows_rh[inputs].copy(),
        f"{name}.2.weight": rows_rh[second : second + outputs].copy(),
        f"{name}.2.bias": numbers.bias[:outputs].copy(),
    }
