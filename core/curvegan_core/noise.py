"""Noise as a pure function of (seed, stream, step, index): no generator has a state.

Philox-4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), with
counter = (index, stream, step low, step high) and key = (seed low, seed high). One index gives four 32-bit words.
Normals are Box-Muller pairs of neighbouring words. A job that resumes, or moves to another pack, meets the same noise.
"""

from collections.abc import Callable
from enum import IntEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORD = 0xFFFFFFFF
_SHIFT = np.uint64(32)
# Normals drawn at once: enough to make numpy's overhead small, few enough to stay in a core's cache.
_BLOCK_NORMALS = 1 << 16
_MOST_BLOCK_STEPS = 64

Words = NDArray[np.uint64]


class Stream(IntEnum):
    """What a piece of noise is for. Streams never meet; a number once given stays."""

    WEIGHTS = 0
    LATENT = 1
    DATA = 2
    EVALUATION = 3
    SAMPLE = 4
    DATA_NOISE = 5
    INSTANCE = 6
    PENALTY = 7
    GENERATOR = 8
    CENTRES = 9
    HOLDOUT = 10
    BASELINE = 11
    REST = 12
    LABEL = 13
    PRIOR = 14


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Return the four output words of Philox-4x32-10 for arrays of counter words, each below 2^32 in uint64."""
    word0, word1, word2, word3 = counter
    key0, key1 = key
    mask = np.uint64(_WORD)
    for _ in range(_ROUNDS):
        product0, product1 = word0 * np.uint64(_MULTIPLIERS[0]), word2 * np.uint64(_MULTIPLIERS[1])
        word0, word2 = word1 ^ (product1 >> _SHIFT), word3 ^ (product0 >> _SHIFT)
        word0 ^= np.uint64(key0)
        word2 ^= np.uint64(key1)
        word1, word3 = product1 & mask, product0 & mask
        key0, key1 = (key0 + _WEYL[0]) & _WORD, (key1 + _WEYL[1]) & _WORD
    return word0, word1, word2, word3


def words(seed: int, stream: Stream, steps: NDArray[np.uint64], count: int) -> NDArray[np.uint32]:
    """Return (steps, count) random 32-bit words: for each step the words 0..count-1 of its noise."""
    index = np.arange(-(-count // 4), dtype=np.uint64)
    shape = (len(steps), len(index))
    counter = (
        np.broadcast_to(index, shape),
        np.full(shape, stream, np.uint64),
        np.broadcast_to((steps & np.uint64(_WORD))[:, None], shape),
        np.broadcast_to((steps >> _SHIFT)[:, None], shape),
    )
    drawn = np.empty((*shape, 4), np.uint32)
    for column, word in enumerate(philox(counter, (seed & _WORD, seed >> 32))):
        drawn[..., column] = word
    return drawn.reshape(len(steps), -1)[:, :count]


def uniforms(seed: int, stream: Stream, step: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw from U[0, 1) in steps of 2^-24."""
    return uniforms_of(seed, stream, np.array([step], np.uint64), prod(shape)).reshape(shape)


def normals(seed: int, stream: Stream, step: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw from N(0, 1)."""
    return normals_of(seed, stream, np.array([step], np.uint64), prod(shape)).reshape(shape)


def uniforms_of(seed: int, stream: Stream, steps: NDArray[np.uint64], count: int) -> NDArray[np.float32]:
    """Draw from U[0, 1) for each step, (steps, count)."""
    return (words(seed, stream, steps, count) >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)


def normals_of(seed: int, stream: Stream, steps: NDArray[np.uint64], count: int) -> NDArray[np.float32]:
    """Draw from N(0, 1) for each step, (steps, count).

    Pairs of words become pairs of normals, each word read as the middle of one of 2^32 bins of (0, 1).
    """
    drawn = words(seed, stream, steps, count + count % 2).astype(np.float32)
    drawn *= np.float32(2**-32)
    drawn += np.float32(2**-33)
    radius = np.sqrt(np.float32(-2) * np.log(drawn[:, 0::2]))
    angle = drawn[:, 1::2] * np.float32(2 * np.pi)
    pairs = np.empty_like(drawn)
    np.multiply(radius, np.cos(angle), out=pairs[:, 0::2])
    np.multiply(radius, np.sin(angle), out=pairs[:, 1::2])
    return pairs[:, :count]


class Blocks:
    """Arrays of many consecutive steps, drawn in fixed blocks of steps and kept until the next block is asked for.

    numpy may round a logarithm differently at another place of an array. A block begins at a multiple of its length,
    and its length depends on the shape alone, so the same step always lies at the same place.
    """

    def __init__(self, shape: tuple[int, ...], draw: Callable[[NDArray[np.uint64]], NDArray[np.float32]]) -> None:
        """Take the shape of a step's array, and what draws those of n steps, (n, *shape)."""
        self._draw = draw
        self.length = max(1, min(_MOST_BLOCK_STEPS, _BLOCK_NORMALS // max(1, prod(shape))))
        self._block = -1
        self._values = np.empty((0, *shape), np.float32)

    def fill(self, out: NDArray[np.float32], step: int) -> None:
        """Write the arrays of steps step, step+1, ... into out (steps, *shape)."""
        done = 0
        while done < len(out):
            self._seek((step + done) // self.length)
            first = (step + done) % self.length
            count = min(self.length - first, len(out) - done)
            out[done : done + count] = self._values[first : first + count]
            done += count

    def _seek(self, block: int) -> None:
        if block != self._block:
            steps = np.arange(block * self.length, (block + 1) * self.length, dtype=np.uint64)
            self._block, self._values = block, self._draw(steps)


class NormalBlocks(Blocks):
    """Blocks of normals."""

    def __init__(self, seed: int, stream: Stream, shape: tuple[int, ...]) -> None:
        super().__init__(shape, lambda steps: normals_of(seed, stream, steps, prod(shape)).reshape(len(steps), *shape))


class UniformBlocks(Blocks):
    """Blocks of uniform numbers of [0, 1)."""

    def __init__(self, seed: int, stream: Stream, shape: tuple[int, ...]) -> None:
        super().__init__(shape, lambda steps: uniforms_of(seed, stream, steps, prod(shape)).reshape(len(steps), *shape))
