"""The fused engine's noise is the definition of `noise`: the words bit for bit, the normals within 1e-6."""

from typing import Any

import numpy as np
import pytest

from curvegan_core import noise
from curvegan_core.engines.fused.noise import cos_sin, fill_normals, fill_uniforms, log
from curvegan_core.engines.fused.vectors import entry
from curvegan_core.noise import Stream

_SEEDS = (0, 1, 0x243F6A8885A308D3, 2**64 - 1)
_STEPS = (0, 7, 2**32 - 1, 2**32, 10_000_000)


@entry
def _draw(seed: Any, stream: int, step: Any, count: int, words: Any, normals: Any, uniforms: Any) -> None:
    fill_normals(seed, stream, step, count, words, normals)
    fill_uniforms(seed, stream, step, count, words, uniforms)


@entry
def _functions(x: Any, out: Any) -> None:
    for index in range(x.shape[1]):
        out[0, index] = log(x[0, index])
        out[1, index], out[2, index] = cos_sin(x[1, index])


def draw(seed: int, stream: Stream, step: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    indices = -(-count // 4)
    words, normals, uniforms = np.zeros((4, indices), np.uint32), *np.zeros((2, 4 * indices), np.float32)
    _draw(np.uint64(seed), int(stream), np.uint64(step), count, words, normals, uniforms)
    return normals[:count], uniforms[:count]


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("step", _STEPS)
def test_draws_agree_with_the_definition(seed: int, step: int) -> None:
    for stream, count in ((Stream.LATENT, 960), (Stream.INSTANCE, 1), (Stream.PENALTY, 37)):
        normals, uniforms = draw(seed, stream, step, count)
        np.testing.assert_array_equal(uniforms, noise.uniforms(seed, stream, step, (count,)))
        np.testing.assert_allclose(normals, noise.normals(seed, stream, step, (count,)), rtol=0, atol=1e-6)


def test_a_million_normals_agree_and_are_normal() -> None:
    normals, _ = draw(5, Stream.LATENT, 3, 1_000_000)
    np.testing.assert_allclose(normals, noise.normals(5, Stream.LATENT, 3, (1_000_000,)), rtol=0, atol=1e-6)
    assert abs(float(np.mean(normals, dtype=np.float64))) < 4e-3
    assert float(np.var(normals, dtype=np.float64)) == pytest.approx(1, abs=6e-3)


def test_logarithm_sine_and_cosine_from_end_to_end() -> None:
    ends = [2**-33, 2**-32, 0.5, np.sqrt(0.5), np.nextafter(np.float32(1), np.float32(0)), 1]
    x = np.concatenate([ends, np.geomspace(2**-33, 1, 100_000)]).astype(np.float32)
    angles = np.linspace(0, 2 * np.pi, len(x), dtype=np.float32)
    out = np.zeros((3, len(x)), np.float32)
    _functions(np.stack((x, angles)), out)
    np.testing.assert_allclose(out[0], np.log(x.astype(np.float64)), rtol=3e-7)
    np.testing.assert_allclose(out[1], np.cos(angles.astype(np.float64)), rtol=0, atol=1.5e-7)
    np.testing.assert_allclose(out[2], np.sin(angles.astype(np.float64)), rtol=0, atol=1.5e-7)
