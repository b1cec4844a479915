"""The noise of `curvegan_core.noise` in compiled code, within 1e-6 of it. Knows nothing of networks.

The words are the same bit for bit; logarithm, sine and cosine are short polynomials that LLVM vectorises, instead of
the system's library, so that the normals are the same on every machine.

Legend of the shapes in names: 4 words of an index, q indices (a quarter of the words).
"""

import math

import numpy as np
from numpy.typing import NDArray

from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.vectors import bits, compiled, fma, from_bits

# Philox-4x32-10, as in curvegan_core.noise. Its words live in the lower halves of 64 bits, where products fit.
_HALF, _WORD = np.uint64(32), np.uint64(0xFFFFFFFF)
_MULTIPLIER0, _MULTIPLIER1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL0, _WEYL1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10

Words = NDArray[np.uint32]
Floats = NDArray[np.float32]

_ONE, _TWO = np.float32(1), np.float32(2)
_BIN, _HALF_BIN = np.float32(2**-32), np.float32(2**-33)
_GRAIN = np.float32(2**-24)
_FULL_TURN = np.float32(2 * math.pi)
_LN2 = np.float32(math.log(2))
_EXPONENT = np.int32(23)
_ROOT_HALF = np.int32(0x3F3504F3)  # the bits of sqrt(1/2)
_ATANH = tuple(np.float32(2 / n) for n in (3, 5, 7, 9))
# Adding 3 * 2^22 rounds a float32 to an integer and leaves that integer in the lowest bits.
ROUNDING = np.float32(3 << 22)
_PER_QUARTER = np.float32(2 / math.pi)
# pi/2 in three parts: a few times the first two is exact (Cody and Waite, "Software manual for the elementary
# functions", 1980). The polynomials are those of Moshier's Cephes library for |x| <= pi/4.
_QUARTER = (np.float32(-1.5703125), np.float32(-4.837512969970703e-4), np.float32(-7.549789948768648e-8))
_SIN = (np.float32(-1.9515295891e-4), np.float32(8.3321608736e-3), np.float32(-1.6666654611e-1))
_COS = (np.float32(2.443315711809948e-5), np.float32(-1.388731625493765e-3), np.float32(4.166664568298827e-2))


@compiled
def fill_words(seed: np.uint64, stream: int, step: np.uint64, indices: int, words_4q: Words) -> None:
    """Write word w of the index q to [w, q] for q below `indices`."""
    # Each word in a row of its own: LLVM then computes a vector of indices at once.
    first, second, third, fourth = words_4q[0], words_4q[1], words_4q[2], words_4q[3]
    for index in range(indices):
        word0, word1 = np.uint64(index), np.uint64(stream)
        word2, word3 = step & _WORD, step >> _HALF
        key0, key1 = seed & _WORD, seed >> _HALF
        for _ in range(_ROUNDS):
            product0, product1 = (word0 & _WORD) * _MULTIPLIER0, (word2 & _WORD) * _MULTIPLIER1
            word0, word2 = word1 ^ (product1 >> _HALF) ^ key0, word3 ^ (product0 >> _HALF) ^ key1
            word1, word3 = product1, product0
            key0, key1 = (key0 + _WEYL0) & _WORD, (key1 + _WEYL1) & _WORD
        first[index], second[index] = np.uint32(word0), np.uint32(word1)
        third[index], fourth[index] = np.uint32(word2), np.uint32(word3)


@compiled
def log(x: np.float32) -> np.float32:
    """Return the natural logarithm of a positive normal number.

    x = 2^e m with m near 1, and log m = 2 atanh s for s = (m - 1)/(m + 1), which is at most 0.172 in size.
    """
    exponent = np.int32((bits(x) - _ROOT_HALF) >> _EXPONENT)
    mantissa = from_bits(np.int32(bits(x) - (exponent << _EXPONENT)))
    s = (mantissa - _ONE) / (mantissa + _ONE)
    square = s * s
    series = fma(square, fma(square, fma(square, fma(square, _ATANH[3], _ATANH[2]), _ATANH[1]), _ATANH[0]), _TWO)
    result: np.float32 = fma(np.float32(exponent), _LN2, s * series)
    return result


@compiled
def cos_sin(angle: np.float32) -> tuple[np.float32, np.float32]:
    """Return cosine and sine of an angle between 0 and 2 pi."""
    rounded = fma(angle, _PER_QUARTER, ROUNDING)
    quarter, quarters = bits(rounded), rounded - ROUNDING
    x = fma(quarters, _QUARTER[2], fma(quarters, _QUARTER[1], fma(quarters, _QUARTER[0], angle)))
    square = x * x
    sine = fma(square * x, fma(square, fma(square, _SIN[0], _SIN[1]), _SIN[2]), x)
    cosine = fma(
        square * square, fma(square, fma(square, _COS[0], _COS[1]), _COS[2]), fma(square, np.float32(-0.5), _ONE)
    )
    # In every other quarter of the circle sine and cosine exchange their parts; two bits of its number give the signs.
    turned = (quarter & 1) != 0
    along, across = (sine if turned else cosine), (cosine if turned else sine)
    return -along if ((quarter + 1) & 2) != 0 else along, -across if (quarter & 2) != 0 else across


@compiled
def normal_pair(word0: np.uint32, word1: np.uint32) -> tuple[np.float32, np.float32]:
    """Return the two normals of Box and Muller, each word read as the middle of one of 2^32 bins of (0, 1)."""
    radius = np.sqrt(np.float32(-2) * log(fma(np.float32(word0), _BIN, _HALF_BIN)))
    along, across = cos_sin(fma(np.float32(word1), _BIN, _HALF_BIN) * _FULL_TURN)
    return radius * along, radius * across


@compiled
def uniform(word: np.uint32) -> np.float32:
    """Return a number of [0, 1) in steps of 2^-24."""
    return np.float32(np.int32(word >> 8)) * _GRAIN


@compiled
def fill_normals(seed: np.uint64, stream: int, step: np.uint64, count: int, words_4q: Words, out: Floats) -> None:
    """Write `count` normals in the order of `curvegan_core.noise.normals`, and on to a multiple of four.

    The words are a buffer.
    """
    indices = (count + 3) // 4
    fill_words(seed, stream, step, indices, words_4q)
    first, second, third, fourth = words_4q[0], words_4q[1], words_4q[2], words_4q[3]
    for index in range(indices):
        out[4 * index], out[4 * index + 1] = normal_pair(first[index], second[index])
        out[4 * index + 2], out[4 * index + 3] = normal_pair(third[index], fourth[index])


@compiled
def fill_uniforms(seed: np.uint64, stream: int, step: np.uint64, count: int, words_4q: Words, out: Floats) -> None:
    """Write `count` numbers of [0, 1), as `fill_normals` does; they are those of `curvegan_core.noise.uniforms`."""
    indices = (count + 3) // 4
    fill_words(seed, stream, step, indices, words_4q)
    for index in range(indices):
        for word in range(4):
            out[4 * index + word] = uniform(words_4q[word, index])


@compiled
def fill_symmetric(seed: np.uint64, stream: int, step: np.uint64, count: int, words_4q: Words, out: Floats) -> None:
    """Write `count` numbers of [-1, 1), two times those of `fill_uniforms` minus one."""
    fill_uniforms(seed, stream, step, count, words_4q, out)
    for number in range(count):
        out[number] = _TWO * out[number] - _ONE


_LATENT_NOISE = {"normal": fill_normals, "uniform": fill_symmetric}
LATENT_NUMBERS = {name: number for number, name in enumerate(_LATENT_NOISE)}
"""The distributions of latents by their numbers in compiled code."""
fill_latents = by_number(list(_LATENT_NOISE.values()))
