"""Optimisers over all of a network's weights in compiled code. Knows no loss.

Each takes a gradient that lies in the weights' layout. Padding has a gradient of zero, and stays zero.

* adam: Kingma and Ba (2015), algorithm 1, as in `adam`.
"""

from typing import NamedTuple

from curvegan_core.engines.fused.adam import Rates, prepare, update
from curvegan_core.engines.fused.deep_layout import Chain
from curvegan_core.engines.fused.rows import Floats
from curvegan_core.engines.fused.vectors import compiled


class Optimiser(NamedTuple):
    """A network's optimiser by its number, and its rates."""

    number: int
    rates: Rates


@compiled
def optimise(optimiser: Optimiser, chain: Chain, step: int, count: int, rates: Floats) -> None:
    """Do update number `count`, from 1, in a step. `rates` is a buffer."""
    prepare(optimiser.rates, count, rates)
    update(rates, chain.slopes, chain.values, chain.m, chain.v)
