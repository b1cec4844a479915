"""Gradients of networks of any depth, sums of a map's inputs times the derivatives by its outputs, and updates.

A gradient is kept in an array of the weights' layout, for an optimiser to take. Where Adam's update is due at once each
block of it goes from its registers into that: square roots and divisions pass while the next block multiplies.

Legend of the shapes in names: l layers, n panels, b rows of a minibatch, i inputs, u units of a panel (PANEL), o
outputs, 4 that many of what follows. In what writes LLVM code, e is the emitter.
"""

from typing import Any

from curvegan_core.engines.fused.adam import descend_block, gradient_rows, update
from curvegan_core.engines.fused.deep.active import gradient_active
from curvegan_core.engines.fused.deep.layout import Chain, middle_map
from curvegan_core.engines.fused.deep.network import passes_over, turn
from curvegan_core.engines.fused.layout import INPUTS
from curvegan_core.engines.fused.matmul import PANEL, SPANS, row_of, store
from curvegan_core.engines.fused.optimisers import Optimiser, optimise
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.vectors import Emitter, Operand, Value, compiled, inlined, instruction


def _gradient_block(inputs: int) -> Any:
    def write(e: Emitter, x: Operand, first: Value, rows: Value, units: Operand, out: Operand) -> None:
        for unit in SPANS:
            for plus, slopes in enumerate(gradient_rows(e, x, first, rows, units, unit, inputs)):
                store(e, slopes, row_of(e, out, first, plus), unit)

    return instruction(write)


_gradient_rows, _gradient_row = _gradient_block(INPUTS), _gradient_block(1)


@compiled
def gradient(
    x_bi: Floats, units_bu: Floats, stop: int, inputs: int, adam: Floats, slopes: Floats, values: Floats, m: Any, v: Any
) -> None:
    """Write the sum of x times units over the rows before `stop`, for one input of x or on to a multiple of INPUTS.

    With `adam` update values and moments at once; slopes may then stay as they are.
    """
    if inputs == 1:
        _gradient_row(x_bi, 0, stop, units_bu, slopes)
        if len(adam) > 0:
            update(adam, slopes, values[:PANEL], m, v)
        return
    for first in range(0, inputs, INPUTS):
        if len(adam) > 0:
            descend_block(x_bi, first, stop, units_bu, adam, values, m, v)
        else:
            _gradient_rows(x_bi, first, stop, units_bu, slopes)


@compiled
def find_slopes(
    chain: Chain,
    x_bi: Floats,
    hidden_lnbu: Floats,
    adjoints_lnbu: Floats,
    top_bo: Floats,
    ones_b4: Floats,
    stop: int,
    slopes: Floats,
    adam: Floats,
) -> None:
    """Write the gradient of all weights and of the hidden units' biases: sums of a map's inputs times adjoints.

    `ones_b4` has the input of the biases in its first column, as `x_bi` has it behind its inputs. `adam` is what an
    update needs that is due at once, or empty; `slopes` then has the gradient of the outputs' biases.
    """
    values, m, v, at = chain.values, chain.m, chain.v, 0
    if chain.layers > 0:
        for n in range(chain.panels):
            adjoints_bu = adjoints_lnbu[0, n]
            gradient(x_bi, adjoints_bu, stop, chain.inputs + 1, adam, slopes[at:], values[at:], m[at:], v[at:])
            at += chain.first_rows * PANEL
    for layer in range(1, chain.layers):
        at = _find_middle(chain, layer, at, hidden_lnbu[layer - 1], adjoints_lnbu[layer], ones_b4, stop, slopes, adam)
    for n in range(chain.panels):
        hidden_bu = hidden_lnbu[len(hidden_lnbu) - 1, n]
        gradient(top_bo, hidden_bu, stop, chain.outputs, adam, slopes[at:], values[at:], m[at:], v[at:])
        at += chain.head_rows * PANEL
    if len(adam) > 0:
        update(adam, slopes[at:], values[at:], m[at:], v[at:])


@compiled
def _find_middle(
    chain: Chain,
    layer: int,
    at: int,
    below_nbu: Floats,
    units_nbu: Floats,
    ones_b4: Floats,
    stop: int,
    slopes: Floats,
    adam: Floats,
) -> int:
    """Write the gradient of the map to a layer's units, which begins at a place of the flat arrays; return its end."""
    values, m, v = chain.values, chain.m, chain.v
    is_active = passes_over(chain)
    if is_active:
        slopes_nru, values_nru = middle_map(chain, slopes, layer), middle_map(chain, values, layer)
        m_nru, v_nru = middle_map(chain, m, layer), middle_map(chain, v, layer)
        gradient_active(
            below_nbu,
            chain.bits_lnb[layer - 1],
            units_nbu,
            stop,
            chain.turned_cu,
            adam,
            slopes_nru,
            values_nru,
            m_nru,
            v_nru,
        )
    for n in range(chain.panels):
        for below in range(chain.panels):
            if not is_active:
                gradient(below_nbu[below], units_nbu[n], stop, PANEL, adam, slopes[at:], values[at:], m[at:], v[at:])
            at += PANEL * PANEL
        gradient(ones_b4, units_nbu[n], stop, 1, adam, slopes[at:], values[at:], m[at:], v[at:])
        at += INPUTS * PANEL
    return at


@inlined
def end_update(
    optimiser: Optimiser, chain: Chain, factor: float, count: int, adam: Floats, numbers: Floats, turned_lnru: Floats
) -> None:
    """Do the update that was not done at once, with `adam`; transpose the new weights."""
    if len(adam) == 0:
        optimise(optimiser, chain, factor, count, numbers)
    turn(chain, turned_lnru)
