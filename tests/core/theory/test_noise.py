"""Philox gives its published numbers, and noise depends on (seed, stream, step) alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan_core.noise import NormalBlocks, Stream, normals, philox, uniforms, words

seeds = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_known_answers(counter: str, key: str, answer: str) -> None:
    """The vectors that Random123, the authors' own library, ships in kat_vectors."""
    word0, word1, word2, word3 = (np.array([int(word, 16)], np.uint64) for word in counter.split())
    key0, key1 = (int(word, 16) for word in key.split())
    output = philox((word0, word1, word2, word3), (key0, key1))
    assert " ".join(f"{int(word[0]):08x}" for word in output) == answer


def test_words_are_philox_of_the_documented_counter() -> None:
    seed, step, index = 0xA4093822_299F31D0, 2**40 + 3, 2
    counter = tuple(np.array([word], np.uint64) for word in (index, Stream.DATA, 3, 2**8))
    expected = [int(word[0]) for word in philox(counter, (0x299F31D0, 0xA4093822))]  # type: ignore[arg-type]
    drawn = words(seed, Stream.DATA, np.array([0, step], np.uint64), 12)
    assert drawn[1, 8:].tolist() == expected


@given(seeds, st.sampled_from(Stream), st.integers(0, 2**63), st.integers(1, 33))
def test_fewer_words_are_the_first_of_more(seed: int, stream: Stream, step: int, count: int) -> None:
    few, more = (words(seed, stream, np.array([step], np.uint64), n) for n in (count, count + 5))
    np.testing.assert_array_equal(few, more[:, :count])


def test_normals_are_normal() -> None:
    drawn = normals(5, Stream.LATENT, 0, (1_000_000,)).astype(np.float64)
    assert drawn.dtype == np.float64
    for power, moment in {1: 0, 2: 1, 3: 0, 4: 3, 6: 15}.items():
        assert np.mean(drawn**power) == pytest.approx(moment, abs=0.15 if power == 6 else 0.015)
    assert np.corrcoef(drawn[0::2], drawn[1::2])[0, 1] == pytest.approx(0, abs=0.005)
    assert np.mean(drawn > 1.959964) == pytest.approx(0.025, abs=0.001)


def test_uniforms_fill_the_half_open_interval() -> None:
    drawn = uniforms(5, Stream.WEIGHTS, 0, (1000, 100))
    assert drawn.dtype == np.float32
    assert 0 <= drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.005)


def test_seeds_streams_and_steps_differ() -> None:
    drawn = [
        normals(seed, stream, step, (8,)).tobytes()
        for seed in (0, 1, 2**32, 2**63)
        for stream in Stream
        for step in (0, 1, 2**32)
    ]
    assert len(set(drawn)) == len(drawn)


@given(seeds, st.integers(0, 1000), st.integers(1, 200), st.sampled_from([(5, 3), (1, 1), (64, 15), (300, 120)]))
def test_blocks_do_not_depend_on_how_they_are_read(seed: int, step: int, count: int, shape: tuple[int, int]) -> None:
    count = min(count, 8) if shape == (300, 120) else count
    whole = np.empty((count, *shape), np.float32)
    NormalBlocks(seed, Stream.LATENT, shape).fill(whole, step)
    blocks, last = NormalBlocks(seed, Stream.LATENT, shape), np.empty((1, *shape), np.float32)
    blocks.fill(last, step + count - 1)
    np.testing.assert_array_equal(last[0], whole[-1])
    np.testing.assert_allclose(last[0], normals(seed, Stream.LATENT, step + count - 1, shape), rtol=0, atol=1e-5)
