"""The default training in JAX, as a peer for the benchmark: jit(vmap(scan)), with the exact savings of our engines.

G(z) is computed once for both updates, the discriminator's update does not differentiate the generator, and all noise
is drawn inside the compiled loop. Knows nothing of curvegan.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

import os
from collections.abc import Callable
from typing import Any

# Our engines run on one core; so shall XLA.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
from jax import nn

BATCH, LATENT, POINTS, HIDDEN = 64, 15, 15, 128
LR, BETA1, BETA2, EPS = 1e-4, 0.9, 0.999, 1e-8

Weights = Any


def initial(key: Any) -> tuple[Weights, Weights]:
    """Draw both networks as torch's Linear does."""
    sizes = [(LATENT, HIDDEN), (HIDDEN, POINTS)], [(POINTS, HIDDEN), (HIDDEN, 1)]
    keys = iter(jax.random.split(key, 8))

    def draw(shape: tuple[int, ...], fan_in: int) -> Any:
        return jax.random.uniform(next(keys), shape, minval=-1, maxval=1) * fan_in**-0.5

    generator, discriminator = ([(draw((i, o), i), draw((o,), i)) for i, o in network] for network in sizes)
    return generator, discriminator


def forward(weights: Weights, x: Any) -> Any:
    """Return a network's outputs."""
    (weight0, bias0), (weight2, bias2) = weights
    return nn.relu(x @ weight0 + bias0) @ weight2 + bias2


def adam(weights: Weights, moments: Any, gradient: Weights, count: Any) -> tuple[Weights, Any]:
    """Do Adam's update."""
    tree = jax.tree_util.tree_map
    m = tree(lambda a, g: BETA1 * a + (1 - BETA1) * g, moments[0], gradient)
    v = tree(lambda a, g: BETA2 * a + (1 - BETA2) * g * g, moments[1], gradient)
    root = jnp.sqrt(1 - BETA2**count)
    rate = LR / (1 - BETA1**count)
    weights = tree(lambda w, a, b: w - rate * a / (jnp.sqrt(b) / root + EPS), weights, m, v)
    return weights, (m, v)


def step(real: Any, state: Any, count: Any) -> tuple[Any, Any]:
    """Do one update of each network; return the losses too."""
    key, generator, discriminator, g_moments, d_moments = state
    key, drawn = jax.random.split(key)
    fake, back = jax.vjp(lambda w: forward(w, jax.random.normal(drawn, (BATCH, LATENT))), generator)

    def d_loss(w: Weights) -> Any:
        return jnp.mean(nn.softplus(-forward(w, real))) + jnp.mean(nn.softplus(forward(w, fake)))

    d_value, d_gradient = jax.value_and_grad(d_loss)(discriminator)
    discriminator, d_moments = adam(discriminator, d_moments, d_gradient, count)
    g_value, pull = jax.value_and_grad(lambda x: jnp.mean(nn.softplus(-forward(discriminator, x))))(fake)
    generator, g_moments = adam(generator, g_moments, back(pull)[0], count)
    return (key, generator, discriminator, g_moments, d_moments), (g_value, d_value)


def trainer(jobs: int, steps: int) -> Callable[[], None]:
    """Return a training of so many jobs by so many steps, compiled, that ends when its results are there."""
    real = (2 * jnp.linspace(-1, 1, POINTS) ** 2 + 1)[None]

    def train(key: Any) -> Any:
        networks = initial(key)
        zeros = jax.tree_util.tree_map(jnp.zeros_like, networks)
        state = (key, *networks, (zeros[0], zeros[0]), (zeros[1], zeros[1]))
        return jax.lax.scan(lambda *at: step(real, *at), state, jnp.arange(1, steps + 1))

    keys = jax.random.split(jax.random.key(0), jobs)
    compiled = jax.jit(jax.vmap(train)).lower(keys).compile()
    return lambda: jax.block_until_ready(compiled(keys)) and None
