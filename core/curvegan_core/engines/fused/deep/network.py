"""Networks of any depth in compiled code: values forward, gradients back, tangents forward. Knows no loss.

All loops run over the layers that a `Chain` describes, so one compiled function serves every depth. With relu and
leaky_relu a network is linear around each curve, and penalties have a closed form. The slope of a logit by its curve is
g = W1 s1 W2 s2 ... w, s being the activations' slopes. A penalty is a function of |g|, so its derivative by g is
some t = factor g, and g t is the logit's change along t: what t becomes when it goes forward through the maps without
their biases. So where a is the derivative of the logit by a layer's units, and x the layer's input, the gradient of the
map is the sum of a times (slope of the loss by the logit times x + the tangent of x): one extra pass forward.

A smooth activation's slopes s move with the weights too, which takes one more pass back: the derivative q of the whole
by the numbers h before an activation is its slope times what comes from above, and for the logit's change along t its
slope's slope times the tangent of h times the derivative of the logit by the unit. The gradient of the map is then the
sum of q x + a times the tangent of x.

Legend of the shapes in names: l layers, n panels, u units of a panel, b rows of a minibatch, i inputs, o outputs, p
points, 1, 2 and 4 that many of what follows.
"""

import numpy as np

from curvegan_core.engines.fused.deep.activations import activate
from curvegan_core.engines.fused.deep.active import forward_active, keep_bits, through_active
from curvegan_core.engines.fused.deep.layout import Bent, Chain, first_map, head_bias, head_map, middle_map
from curvegan_core.engines.fused.deep.products import (
    add_dots,
    add_products,
    add_scaled,
    forward,
    from_panels,
    through,
    to_panels,
    transpose_panels,
)
from curvegan_core.engines.fused.matmul import PANEL
from curvegan_core.engines.fused.rows import Floats, add_within_rows, fill_rows
from curvegan_core.engines.fused.vectors import compiled, fma, inlined

_ZERO = np.float32(0)


@inlined
def as_panel(x_bi: Floats) -> Floats:
    """Return rows as one panel of inputs, (1, b, i)."""
    return x_bi.reshape((1, x_bi.shape[0], x_bi.shape[1]))


@inlined
def passes_over(chain: Chain) -> bool:
    """Whether a closed unit is zero, so that products between hidden layers leave it out."""
    return bool(chain.leak[0] == 0)


@compiled
def find_hidden(chain: Chain, x_bi: Floats, stop: int, hidden_lnbu: Floats, bent: Bent) -> None:
    """Write the values of all hidden units; where there are none, the inputs in panels."""
    if chain.layers == 0:
        to_panels(x_bi, chain.inputs, stop, hidden_lnbu[0])
        return
    map_nru, x_nbi, inputs = first_map(chain, chain.values), as_panel(x_bi), chain.inputs
    for layer in range(chain.layers):
        if layer > 0:
            map_nru, x_nbi, inputs = middle_map(chain, chain.values, layer), hidden_lnbu[layer - 1], PANEL
        _forward_map(chain, layer, x_nbi, stop, inputs, map_nru, hidden_lnbu[layer])
        if chain.smooth >= 0:
            for n in range(chain.panels):
                slopes_bu, bends_bu = bent.slopes_lnbu[layer, n], bent.bends_lnbu[layer, n]
                activate(chain.smooth, hidden_lnbu[layer, n], stop, slopes_bu, bends_bu)


@compiled
def _forward_map(
    chain: Chain, layer: int, x_nbi: Floats, stop: int, inputs: int, map_nru: Floats, out_nbu: Floats
) -> None:
    """Write a layer's values for the first rows, of a smooth activation the numbers before it. Keep what is active."""
    if layer > 0 and passes_over(chain):
        bits_nb = chain.bits_lnb[layer - 1]
        forward_active(x_nbi, bits_nb, 0, stop, map_nru, bits_nb, out_nbu)
    else:
        for n in range(chain.panels):
            forward(x_nbi, stop, inputs, map_nru[n], chain.leak, out_nbu[n])
    if chain.layers > 1 and passes_over(chain):
        keep_bits(out_nbu, stop, chain.bits_lnb[layer])


@compiled
def find_logits(chain: Chain, hidden_lnbu: Floats, stop: int, zeros: Floats, sums_bg: Floats, logits_b: Floats) -> None:
    """Write the one output of each of the first rows."""
    head_nru = head_map(chain, chain.values)
    fill_rows(zeros, sums_bg[:stop])
    for n in range(chain.panels):
        add_dots(hidden_lnbu[len(hidden_lnbu) - 1, n], stop, head_nru[n, 0], sums_bg)
    add_within_rows(sums_bg[:stop], head_bias(chain, chain.values)[0], logits_b[:stop])


@compiled
def find_outputs(chain: Chain, hidden_lnbu: Floats, transposed_up: Floats, sums_ob: Floats, out_bp: Floats) -> None:
    """Write the outputs of every row, and behind them what follows behind the bias."""
    fill_rows(head_bias(chain, chain.values), out_bp)
    head_nru, last_nbu = head_map(chain, chain.values), hidden_lnbu[len(hidden_lnbu) - 1]
    add_products(last_nbu, len(out_bp), head_nru, chain.outputs, transposed_up, sums_ob, out_bp)


@compiled
def turn(chain: Chain, turned_lnru: Floats) -> None:
    """Write all middle maps transposed: what `find_adjoints` needs of the weights as they are."""
    for layer in range(1, chain.layers):
        transpose_panels(middle_map(chain, chain.values, layer), turned_lnru[layer - 1])


@compiled
def find_adjoints(
    chain: Chain,
    top_bo: Floats,
    stop: int,
    hidden_lnbu: Floats,
    bent: Bent,
    again: bool,
    turned_lnru: Floats,
    adjoints_lnbu: Floats,
) -> None:
    """Write the derivative by all hidden units, before their activation, given that by the outputs.

    Of a smooth activation the bends are multiplied by the derivatives by the units; `again` adds them instead.
    """
    last = len(hidden_lnbu) - 1
    map_nru, x_nbo, inputs = head_map(chain, chain.values), as_panel(top_bo), chain.outputs
    for layer in range(last, -1, -1):
        if layer < last:
            map_nru, x_nbo, inputs = turned_lnru[layer], adjoints_lnbu[layer + 1], PANEL
        hidden_nbu, adjoints_nbu = hidden_lnbu[layer], adjoints_lnbu[layer]
        before = layer + 1 if layer < last else -1
        _through_map(chain, before, layer, x_nbo, 0, stop, inputs, map_nru, hidden_nbu, adjoints_nbu)
        if chain.smooth >= 0:
            for n in range(chain.panels):
                _bend(adjoints_nbu[n], 0, stop, bent.slopes_lnbu[layer, n], bent.bends_lnbu[layer, n], again)


@compiled
def _through_map(
    chain: Chain,
    before: int,
    layer: int,
    x_nbi: Floats,
    first: int,
    stop: int,
    inputs: int,
    map_nru: Floats,
    active_nbu: Floats,
    out_nbu: Floats,
) -> None:
    """Write x W of a layer times the activation's slope at its values `active_nbu`, for the rows first..stop-1.

    `before` is the hidden layer that x has the units of, or -1.
    """
    if before >= 0 and passes_over(chain):
        through_active(x_nbi, chain.bits_lnb[before], first, stop, map_nru, chain.bits_lnb[layer], out_nbu)
    else:
        for n in range(chain.panels):
            through(x_nbi, first, stop, inputs, map_nru[n], active_nbu[n], chain.leak, out_nbu[n])


@compiled
def _bend(x_bu: Floats, first: int, stop: int, slopes_bu: Floats, bends_bu: Floats, again: bool) -> None:
    """Multiply rows by an activation's slopes, and its bends by what the rows were; other rows and bends are then zero.

    `again`, the bends are added instead, in all rows.
    """
    for row in range(len(x_bu)):
        x_u, slopes_u, bends_u = x_bu[row], slopes_bu[row], bends_bu[row]
        if again:
            for u in range(PANEL):
                x_u[u] = fma(x_u[u], slopes_u[u], bends_u[u])
        elif first <= row < stop:
            for u in range(PANEL):
                bends_u[u] *= x_u[u]
                x_u[u] *= slopes_u[u]
        else:
            for u in range(PANEL):
                x_u[u] = bends_u[u] = _ZERO


@compiled
def find_pulls(
    chain: Chain,
    adjoints_lnbu: Floats,
    stop: int,
    zeros: Floats,
    transposed_up: Floats,
    sums_ob: Floats,
    out_bp: Floats,
) -> None:
    """Write the derivative by the inputs, given that by the hidden units."""
    fill_rows(zeros, out_bp[:stop])
    if chain.layers == 0:
        from_panels(adjoints_lnbu[0], chain.inputs, stop, out_bp)
        return
    first_nru = first_map(chain, chain.values)
    add_products(adjoints_lnbu[0], stop, first_nru, chain.inputs, transposed_up, sums_ob, out_bp)


@compiled
def add_tangents(
    chain: Chain,
    x_bp: Floats,
    slopes_b: Floats,
    first: int,
    stop: int,
    tangents_bp: Floats,
    hidden_lnbu: Floats,
    bent: Bent,
    tangents_lnbu: Floats,
) -> None:
    """Scale all inputs and hidden values by their rows' slopes, and add the tangents of the rows first..stop-1.

    `tangents_bp` are those of the inputs, and the sum afterwards; the hidden values are replaced by theirs. Of a smooth
    activation tangents and values stay apart, and the bends are multiplied by the tangents before it.
    """
    turns = len(tangents_lnbu)
    map_nru, x_nbi, inputs = first_map(chain, chain.values), as_panel(tangents_bp), chain.inputs
    for layer in range(chain.layers):
        if layer > 0:
            map_nru, x_nbi, inputs = middle_map(chain, chain.values, layer), tangents_lnbu[(layer - 1) % turns], PANEL
        tangents_nbu = tangents_lnbu[layer % turns]
        _through_map(chain, layer - 1, layer, x_nbi, first, stop, inputs, map_nru, hidden_lnbu[layer], tangents_nbu)
        for n in range(chain.panels):
            hidden_bu, tangents_bu = hidden_lnbu[layer, n], tangents_nbu[n]
            if chain.smooth >= 0:
                _bend(tangents_bu, first, stop, bent.slopes_lnbu[layer, n], bent.bends_lnbu[layer, n], False)
            else:
                _scale_and_add(hidden_bu, slopes_b, tangents_bu, first, stop)
    if chain.smooth >= 0:
        return
    add_scaled(x_bp, slopes_b, 0, len(x_bp), tangents_bp)
    if chain.layers == 0:
        to_panels(tangents_bp, chain.inputs, len(x_bp), hidden_lnbu[0])


@compiled
def _scale_and_add(out_bu: Floats, factors_b: Floats, x_bu: Floats, first: int, stop: int) -> None:
    """Multiply all rows by their factors, and then add x to the rows first..stop-1."""
    for row in range(len(out_bu)):
        factor, x_u, out_u = factors_b[row], x_bu[row], out_bu[row]
        if first <= row < stop:
            for u in range(PANEL):
                out_u[u] = out_u[u] * factor + x_u[u]
        else:
            for u in range(PANEL):
                out_u[u] *= factor
