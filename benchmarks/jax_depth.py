"""Deeper networks in JAX, as a peer for `benchmarks.depth`: jit(vmap(scan)), ring8, rpgan with r1 = r2 = 1.

It has the savings of `benchmarks.jax_training`. Knows nothing of curvegan.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from jax import nn

from benchmarks.jax_training import BATCH, HIDDEN, Weights, adam

LATENT, POINTS = 2, 2
_ANGLES = 2 * jnp.pi * jnp.arange(8) / 8
_MODES = 2 * jnp.stack((jnp.cos(_ANGLES), jnp.sin(_ANGLES)), 1)
_NOISE = 0.02


def initial(key: Any, layers: int) -> tuple[Weights, Weights]:
    """Draw both networks as torch's Linear does."""
    hidden = [HIDDEN] * layers

    def network(key: Any, sizes: list[int]) -> Weights:
        keys = iter(jax.random.split(key, 2 * len(sizes)))
        shapes = [((i, o), i) for i, o in pairwise(sizes)]
        return [
            tuple(
                jax.random.uniform(next(keys), part, minval=-1, maxval=1) * fan_in**-0.5 for part in (shape, shape[1:])
            )
            for shape, fan_in in shapes
        ]

    first, second = jax.random.split(key)
    return network(first, [LATENT, *hidden, POINTS]), network(second, [POINTS, *hidden, 1])


def forward(weights: Weights, x: Any) -> Any:
    """Return a network's outputs."""
    for weight, bias in weights[:-1]:
        x = nn.relu(x @ weight + bias)
    weight, bias = weights[-1]
    return x @ weight + bias


def step(state: Any, count: Any) -> tuple[Any, Any]:
    """Do one update of each network; return the losses too."""
    key, generator, discriminator, g_moments, d_moments = state
    key, drawn, chosen, noise = jax.random.split(key, 4)
    real = _MODES[jax.random.randint(chosen, (BATCH,), 0, 8)] + _NOISE * jax.random.normal(noise, (BATCH, POINTS))
    fake, back = jax.vjp(lambda w: forward(w, jax.random.normal(drawn, (BATCH, LATENT))), generator)
    both = jnp.concatenate((real, fake))

    def d_loss(w: Weights) -> Any:
        logits, pull = jax.vjp(lambda x: forward(w, x), both)
        slopes = pull(jnp.ones_like(logits))[0]
        loss = jnp.mean(nn.softplus(logits[BATCH:] - logits[:BATCH]))
        return loss + 0.5 * jnp.sum(slopes**2) / BATCH, loss

    (_, d_value), d_gradient = jax.value_and_grad(d_loss, has_aux=True)(discriminator)
    discriminator, d_moments = adam(discriminator, d_moments, d_gradient, count)

    def g_loss(x: Any) -> Any:
        return jnp.mean(nn.softplus(forward(discriminator, real) - forward(discriminator, x)))

    g_value, pull = jax.value_and_grad(g_loss)(fake)
    generator, g_moments = adam(generator, g_moments, back(pull)[0], count)
    return (key, generator, discriminator, g_moments, d_moments), (g_value, d_value)


def trainer(jobs: int, steps: int, layers: int) -> Callable[[], None]:
    """Return a training of so many jobs by so many steps, compiled, that ends when its results are there."""

    def train(key: Any) -> Any:
        networks = initial(key, layers)
        zeros = jax.tree_util.tree_map(jnp.zeros_like, networks)
        state = (key, *networks, (zeros[0], zeros[0]), (zeros[1], zeros[1]))
        return jax.lax.scan(step, state, jnp.arange(1, steps + 1))

    keys = jax.random.split(jax.random.key(0), jobs)
    compiled = jax.jit(jax.vmap(train)).lower(keys).compile()
    return lambda: jax.block_until_ready(compiled(keys)) and None
