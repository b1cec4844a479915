"""Where the numbers of networks of any depth lie: a description of the layers, and one flat array for each group.

A network is a chain of linear maps with an activation behind each but the last, the head. Hidden units, and the inputs
of a network without any, are cut into panels of PANEL. In a flat array lie, one behind the other:

    first      per panel     weights of each input, bias, zeros up to a multiple of INPUTS; none without layers
    middle     per panel     weights of each unit below, panel after panel, bias, zeros; layers - 1 such maps
    head       per panel     of the units below: weights to each output, zeros again
    bias       of the outputs

Padding has zero inputs, hence zero gradients, and stays zero. The README beside this says who writes which array.

Legend of the shapes in names: l layers, n panels, r rows of a panel, u units of a panel, b rows of a minibatch,
i inputs, p points (padded), g a group, 1 and 2 one and two of what follows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.fused.deep.activations import SMOOTH_NUMBERS
from curvegan_core.engines.fused.deep.active import Bits
from curvegan_core.engines.fused.layout import INPUTS, most_drawn, padded, width, zeros
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.noise import Words
from curvegan_core.engines.fused.rows import GROUP, Floats
from curvegan_core.engines.fused.vectors import inlined
from curvegan_core.networks import Weights, shapes
from curvegan_core.optimisers import KEPT

# Where a chain holds what an optimiser keeps.
_KEPT = {"adam_m": "m", "adam_v": "v", "oadam_step": "last", "momentum": "m", "rms_v": "v"}
# Of each activation of two straight pieces, the slope below zero.
LEAKS: dict[str, Callable[[TrainConfig], float]] = {"relu": lambda _: 0.0, "leaky_relu": lambda config: config.slope}
# So many outputs are computed one by one; more fill a vector well enough.
_FEW = 8
# Those of two straight pieces, and the smooth ones.
ACTIVATIONS = (*LEAKS, *SMOOTH_NUMBERS)


class Chain(NamedTuple):
    """A network: flat arrays of one layout, and the description of its layers that says where in them a map lies.

    `m`, `v` and `last` are what the optimiser keeps (`last` is empty for all but oadam), `slopes` are the gradient.
    `bits_lnb` says which hidden units are active in each row of a minibatch, `turned_cu` in which rows each unit is.
    `leak` has the activation's slope below zero in its first number, and 1 where there is no layer or the activation is
    the `smooth` one of that number, -1 for none. `inputs` and `outputs` count without any one or padding.
    """

    values: Floats
    m: Floats
    v: Floats
    last: Floats
    slopes: Floats
    bits_lnb: Bits
    turned_cu: Bits
    leak: Floats
    smooth: int
    layers: int
    inputs: int
    outputs: int
    panels: int
    first_rows: int
    head_rows: int


class Bent(NamedTuple):
    """The slopes of a smooth activation at all hidden units and, its bends, the slopes of these; empty for others."""

    slopes_lnbu: Floats
    bends_lnbu: Floats


class DeepJob(NamedTuple):
    """Both networks of a job, the generator's average (empty if there is none), the seed, how many labels there are."""

    generator: Chain
    discriminator: Chain
    average: Floats
    seed: np.uint64
    labels: int


class DeepWork(NamedTuple):
    """Arrays that a step works in, as `layout.Work`; no two of them share memory.

    The rows of a minibatch are the generated curves, then the real ones, then those between them.
    """

    words_4q: Words
    noise: Floats
    latents_bi: Floats  # z, then a one
    curves_bp: Floats  # what the discriminator sees, each curve with a one behind it
    weighted_bp: Floats  # the tangents of the curves, then also the curves times the slopes of their logits
    pulls_bp: Floats  # the derivative of each logit by its curve
    logits_b: Floats
    slopes_b: Floats  # the derivative of the loss by each logit
    slopes_b4: Floats  # the same, each with three zeros behind it
    ones_b4: Floats  # ones, each with three zeros; never written
    zeros_b4: Floats  # never written
    losses_b: Floats
    sums_bg: Floats  # parts of the logits
    transposed_up: Floats  # a panel's rows as columns
    sums_ob: Floats  # outputs, where they are few
    g_turned_lnru: Floats  # middle maps transposed: panels of the units below
    d_turned_lnru: Floats
    g_hidden_lnbu: Floats
    g_adjoints_lnbu: Floats  # the derivative of the loss by the generator's units, before their activation
    g_bent: Bent
    d_hidden_lnbu: Floats
    d_adjoints_lnbu: Floats  # the derivative of loss or logit by the discriminator's units
    d_bent: Bent
    d_totals_lnbu: Floats  # with a smooth activation, the derivative of loss and penalties by the units
    tangents_lnbu: Floats  # that of the units along the tangents of the curves; of straight pieces two layers in turns
    more_slopes: Floats  # the part of a gradient that the tangents have
    numbers: Floats  # what an update of the optimiser needs
    zeros: Floats  # never written


@inlined
def first_map(chain: Chain, flat: Floats) -> Floats:
    """Return the map from the inputs, (n, r, u)."""
    size = chain.panels * chain.first_rows * PANEL
    return flat[:size].reshape((chain.panels, chain.first_rows, PANEL))


@inlined
def middle_map(chain: Chain, flat: Floats, layer: int) -> Floats:
    """Return the map to the units of a layer, from 1, (n, r, u)."""
    rows = PANEL * chain.panels + INPUTS
    size, first = chain.panels * rows * PANEL, chain.panels * chain.first_rows * PANEL
    start = first + (layer - 1) * size
    return flat[start : start + size].reshape((chain.panels, rows, PANEL))


@inlined
def head_map(chain: Chain, flat: Floats) -> Floats:
    """Return the map to the outputs, (n, r, u), u being units or inputs that it reads."""
    first, middle = chain.panels * chain.first_rows * PANEL, chain.panels * (PANEL * chain.panels + INPUTS) * PANEL
    start = first + max(chain.layers - 1, 0) * middle
    size = chain.panels * chain.head_rows * PANEL
    return flat[start : start + size].reshape((chain.panels, chain.head_rows, PANEL))


@inlined
def head_bias(chain: Chain, flat: Floats) -> Floats:
    """Return the bias of the outputs: the rest."""
    first, middle = chain.panels * chain.first_rows * PANEL, chain.panels * (PANEL * chain.panels + INPUTS) * PANEL
    return flat[first + max(chain.layers - 1, 0) * middle + chain.panels * chain.head_rows * PANEL :]


def make_deep_job(config: TrainConfig, state: State) -> DeepJob:
    """Copy a job's state into the layout."""
    generator = _chain(config, "generator", state, config.layers_g)
    discriminator = _chain(config, "discriminator", state, config.layers_d)
    # Behind its last point every generated curve has a one, the input of the discriminator's bias.
    python(head_bias)(generator, generator.values)[config.seen] = 1
    average = zeros(len(generator.values) if state.ema else 0)
    if state.ema:
        _write(config, generator, average, "generator", state.ema)
    return DeepJob(generator, discriminator, average, np.uint64(config.seed), len(config.labelled))


def make_deep_work(config: TrainConfig, job: DeepJob, real: int) -> DeepWork:
    """Make the arrays that a step of this job, or of another one of its shape, works in, with so many real curves."""
    batch, rows = config.batch_size, config.batch_size + real + (config.batch_size if config.gp else 0)
    most = most_drawn(config)
    g, d = job.generator, job.discriminator
    again = d.layers if d.smooth >= 0 and (config.r1 or config.r2 or config.gp) else 0
    ones_b4 = zeros(rows, 4)
    ones_b4[:, 0] = 1
    return DeepWork(
        words_4q=np.zeros((4, most // 4), np.uint32),
        noise=zeros(most),
        latents_bi=zeros(batch, padded(g.inputs + 1, INPUTS)),
        curves_bp=zeros(rows, width(config)),
        weighted_bp=zeros(rows, width(config)),
        pulls_bp=zeros(rows, width(config)),
        logits_b=zeros(rows),
        slopes_b=zeros(rows),
        slopes_b4=zeros(rows, 4),
        ones_b4=ones_b4,
        zeros_b4=zeros(rows, 4),
        losses_b=zeros(rows),
        sums_bg=zeros(rows, GROUP),
        transposed_up=zeros(PANEL, width(config)),
        sums_ob=zeros(_FEW, padded(rows, GROUP)),
        g_turned_lnru=_make_turned(g),
        d_turned_lnru=_make_turned(d),
        g_hidden_lnbu=zeros(max(g.layers, 1), g.panels, batch, PANEL),
        g_adjoints_lnbu=zeros(max(g.layers, 1), g.panels, batch, PANEL),
        g_bent=_make_bent(g, batch),
        d_hidden_lnbu=zeros(max(d.layers, 1), d.panels, rows, PANEL),
        d_adjoints_lnbu=zeros(max(d.layers, 1), d.panels, rows, PANEL),
        d_bent=_make_bent(d, rows),
        d_totals_lnbu=zeros(again, d.panels, rows, PANEL),
        tangents_lnbu=zeros(again or 2, d.panels, rows, PANEL),
        more_slopes=zeros(len(d.slopes) if again else 0),
        numbers=zeros(GROUP),
        zeros=zeros(width(config)),
    )


def _make_turned(chain: Chain) -> Floats:
    return zeros(max(chain.layers - 1, 0), chain.panels, PANEL * chain.panels, PANEL)


def _make_bent(chain: Chain, rows: int) -> Bent:
    layers = chain.layers if chain.smooth >= 0 else 0
    return Bent(*(zeros(layers, chain.panels, rows, PANEL) for _ in Bent._fields))


def deep_state_of(config: TrainConfig, job: DeepJob) -> State:
    """Copy a job's state out of its layout."""
    groups: dict[str, Weights] = {"weights": {}, "adam_m": {}, "adam_v": {}}
    for network, chain in (("generator", job.generator), ("discriminator", job.discriminator)):
        for group, field in _fields(config, network).items():
            groups.setdefault(group, {}).update(_tensors(config, chain, getattr(chain, field), network))
    average = _tensors(config, job.generator, job.average, "generator") if len(job.average) else {}
    return State(**groups, ema=average)


def _fields(config: TrainConfig, network: str) -> dict[str, str]:
    """Return the groups of a state that the network has, and the field of its chain that holds each."""
    return {"weights": "values"} | {group: _KEPT[group] for group in KEPT[config.optimisers[network]]}


def python(function: object) -> Callable[..., Any]:
    """Return the Python function that a compiled one was made from."""
    made: Callable[..., Any] = function.py_func  # type: ignore[attr-defined]
    return made


def _chain(config: TrainConfig, network: str, state: State, layers: int) -> Chain:
    sizes = [shape for name, shape in shapes(config).items() if name.startswith(network) and len(shape) == 2]
    inputs, outputs = sizes[0][1], sizes[-1][0]
    panels = padded(sizes[0][0] if layers else inputs, PANEL) // PANEL
    first_rows, head_rows = padded(inputs + 1, INPUTS) if layers else 0, padded(outputs, INPUTS)
    middle = max(layers - 1, 0) * (PANEL * panels + INPUTS)
    # Behind the generator's outputs there is room for what stands behind a curve in a row: its label, and a one.
    behind = width(config) if network == "generator" else GROUP
    size = panels * (first_rows + middle + head_rows) * PANEL + behind
    activation, leak = config.activations[network], zeros(GROUP)
    smooth = SMOOTH_NUMBERS.get(activation, -1) if layers else -1
    leak[0] = LEAKS[activation](config) if layers and smooth < 0 else 1
    values, m, v, slopes = (zeros(size) for _ in range(4))
    last = zeros(size if config.optimisers[network] == "oadam" else 0)
    # Rows are generated curves, real ones, those between them.
    rows = padded(3 * config.batch_size, PANEL)
    bits = np.zeros((max(layers, 1), panels, rows), np.uint64), np.zeros((rows // PANEL, PANEL), np.uint64)
    shape = smooth, layers, inputs, outputs, panels, first_rows, head_rows
    chain = Chain(values, m, v, last, slopes, *bits, leak, *shape)
    for group, field in _fields(config, network).items():
        _write(config, chain, getattr(chain, field), network, getattr(state, group))
    return chain


def _wide(panels_nru: NDArray[Any]) -> NDArray[Any]:
    """Return a copy with the units of all panels in one row."""
    panels, rows, units = panels_nru.shape
    return panels_nru.swapaxes(0, 1).reshape(rows, panels * units)


def _tensors(config: TrainConfig, chain: Chain, flat: NDArray[Any], network: str) -> dict[str, NDArray[Any]]:
    """Return copies of what lies in a flat array, as tensors with torch's names and shapes."""
    sizes = {name: shape for name, shape in shapes(config).items() if name.startswith(f"{network}.")}
    *names, head = (name.removesuffix(".weight") for name, shape in sizes.items() if len(shape) == 2)
    tensors: dict[str, NDArray[Any]] = {}
    for layer, name in enumerate(names):
        rows_rh = _wide(python(middle_map)(chain, flat, layer) if layer else python(first_map)(chain, flat))
        units, inputs = sizes[f"{name}.weight"]
        tensors[f"{name}.weight"] = rows_rh[:inputs, :units].T.copy()
        tensors[f"{name}.bias"] = rows_rh[PANEL * chain.panels if layer else inputs, :units].copy()
    outputs, inputs = sizes[f"{head}.weight"]
    tensors[f"{head}.weight"] = _wide(python(head_map)(chain, flat))[:outputs, :inputs].copy()
    tensors[f"{head}.bias"] = python(head_bias)(chain, flat)[:outputs].copy()
    return tensors


def _write(config: TrainConfig, chain: Chain, flat: Floats, network: str, tensors: Weights) -> None:
    for name, index in _tensors(config, chain, np.arange(len(flat)), network).items():
        flat[index] = tensors[name]
