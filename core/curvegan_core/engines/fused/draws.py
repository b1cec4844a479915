"""Real curves drawn in compiled code, for families whose members a few numbers describe. Others are drawn by numpy.

The words are those of `families.curves.minibatches`, so both draws give the same curves but for rounding: a uniform
number chooses a member, and each point gets normal noise. Members are rows of a table, points of a straight line
through two rows, or of an arm that turns between two rows:

    rows    the row that the number falls on; `ends_k` are the upper ends of their shares, none if all are alike
    line    row 0 + u row 1
    arm     s (cos t row 0 + sin t row 1) with t = 2 pi turns s, s = start + rise u or the root of that; with `level`
            the factor s in front is left out
    moons   row 2 + cos t row 0 + sin t row 1 for u < 1/2, row 3 - cos t row 0 - sin t row 1 above, t = 2 pi u mod pi

Legend of the shapes in names: k rows of a table, b rows of a minibatch, p points (padded).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curvegan_core.config import curve as parameters
from curvegan_core.config.family_parameters import FamilyParameters
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines.fused.dispatch import by_number
from curvegan_core.engines.fused.layout import width, zeros
from curvegan_core.engines.fused.noise import Words, cos_sin, fill_normals, fill_uniforms
from curvegan_core.engines.fused.rows import Floats, copy_rows
from curvegan_core.engines.fused.vectors import compiled, fma
from curvegan_core.families.family import Family
from curvegan_core.noise import Stream

_DATA, _DATA_NOISE = int(Stream.DATA), int(Stream.DATA_NOISE)
_TURN, _HALF = np.float32(2 * np.pi), np.float32(0.5)
Reals = NDArray[np.float64]


class Draw(NamedTuple):
    """How real curves are drawn: the number of a kind, below zero where they are given; see above."""

    kind: int
    table_kp: Floats
    ends_k: Reals
    start: np.float32
    rise: np.float32
    root: bool
    turns: np.float32
    level: bool
    noise: np.float32


@compiled
def _rows(draw: Draw, uniform_b: Floats, points: int, out_bp: Floats) -> None:
    count, ends = len(draw.table_kp), len(draw.ends_k)
    for b in range(len(out_bp)):
        # In double precision, where the product is exact, so that it never reaches the number of rows.
        u = np.float64(uniform_b[b])
        k = int(u * count)
        if ends > 0:
            k = 0
            while k < ends and u >= draw.ends_k[k]:
                k += 1
        copy_rows(draw.table_kp[k : k + 1], out_bp[b : b + 1])


@compiled
def _line(draw: Draw, uniform_b: Floats, points: int, out_bp: Floats) -> None:
    for b in range(len(out_bp)):
        for p in range(points):
            out_bp[b, p] = fma(uniform_b[b], draw.table_kp[1, p], draw.table_kp[0, p])


@compiled
def _arm(draw: Draw, uniform_b: Floats, points: int, out_bp: Floats) -> None:
    for b in range(len(out_bp)):
        s = fma(draw.rise, uniform_b[b], draw.start)
        s = np.sqrt(s) if draw.root else s
        turns = draw.turns * s
        along, across = cos_sin((turns - np.floor(turns)) * _TURN)
        if not draw.level:
            along, across = s * along, s * across
        for p in range(points):
            out_bp[b, p] = fma(along, draw.table_kp[0, p], across * draw.table_kp[1, p])


@compiled
def _moons(draw: Draw, uniform_b: Floats, points: int, out_bp: Floats) -> None:
    for b in range(len(out_bp)):
        lower = uniform_b[b] >= _HALF
        along, across = cos_sin((uniform_b[b] - (_HALF if lower else np.float32(0))) * _TURN)
        if lower:
            along, across = -along, -across
        for p in range(points):
            middle = draw.table_kp[3 if lower else 2, p]
            out_bp[b, p] = fma(along, draw.table_kp[0, p], fma(across, draw.table_kp[1, p], middle))


_KINDS = {"rows": _rows, "line": _line, "arm": _arm, "moons": _moons}
_NUMBERS = {name: number for number, name in enumerate(_KINDS)}
_write: Callable[..., None] = by_number(list(_KINDS.values()))


@compiled
def draw_real(
    draw: Draw, seed: np.uint64, minibatch: int, points: int, words_4q: Words, noise: Floats, out_bp: Floats
) -> None:
    """Draw the real curves of a minibatch, each with a one behind it. The words and the noise are buffers."""
    rows = len(out_bp)
    fill_uniforms(seed, _DATA, np.uint64(minibatch), rows, words_4q, noise)
    _write(draw.kind, draw, noise, points, out_bp)
    for b in range(rows):
        out_bp[b, points] = np.float32(1)
    if draw.noise > 0:
        fill_normals(seed, _DATA_NOISE, np.uint64(minibatch), rows * points, words_4q, noise)
        for b in range(rows):
            for p in range(points):
                out_bp[b, p] = fma(draw.noise, noise[b * points + p], out_bp[b, p])


def given(config: TrainConfig) -> Draw:
    """Return what says that real curves are not drawn here."""
    return _draw(config, "rows", np.zeros((1, config.outputs)))._replace(kind=-1)


def describe(config: TrainConfig, family: Family) -> Draw | None:
    """Return how the family's curves are drawn here; None where it has one curve only, or numpy has to draw them."""
    if family.FIXED:
        return None
    if family.modes_kp is not None:
        ends_k = np.cumsum(family.weights_k)[:-1]
        # As `Family.members` has it: a share of a number of rows that are alike, not a sum of shares.
        even = type(family).members is Family.members
        return _draw(config, "rows", family.modes_kp, np.zeros(0) if even else ends_k, noise=family.noise)
    make = _DESCRIPTIONS.get(type(config.curve))
    return make(config, family) if make else None


def _draw(
    config: TrainConfig,
    kind: str,
    table_kp: Reals,
    ends_k: Reals | None = None,
    start: float = 0,
    rise: float = 1,
    root: bool = False,
    turns: float = 1,
    level: bool = False,
    noise: float = 0,
) -> Draw:
    table = zeros(len(table_kp), width(config))
    table[:, : config.outputs] = table_kp
    numbers = np.float32(start), np.float32(rise), root, np.float32(turns), level, np.float32(noise)
    return Draw(_NUMBERS[kind], table, np.zeros(0) if ends_k is None else ends_k, *numbers)


def _straight(config: TrainConfig, family: Family) -> Draw:
    first_p, last_p = family.members(np.array([0.0, 1.0]))
    return _draw(config, "line", np.stack((first_p, last_p - first_p)), noise=family.noise)


def _turning(config: TrainConfig, family: Family) -> Draw:
    # At u = 0 the angle is 0, at a quarter it is right.
    return _draw(config, "arm", family.members(np.array([0.0, 0.25])), level=True, noise=family.noise)


def _plane(radius: float) -> Reals:
    return radius * np.eye(2)


def _spiral(config: TrainConfig, family: Family) -> Draw:
    assert isinstance(config.curve, parameters.Spiral)
    # u = 0 is the inner end, whose s is the share of the radius.
    inner = float(np.linalg.norm(family.members(np.zeros(1)))) / config.curve.radius
    rise, turns = 1 - inner**2, config.curve.turns
    table_kp = _plane(config.curve.radius)
    return _draw(config, "arm", table_kp, start=inner**2, rise=rise, root=True, turns=turns, noise=family.noise)


def _roll(config: TrainConfig, family: Family) -> Draw:
    assert isinstance(config.curve, parameters.SwissRoll)
    return _draw(config, "arm", _plane(config.curve.radius), start=1 / 3, rise=2 / 3, turns=2.25, noise=family.noise)


def _moon_pair(config: TrainConfig, family: Family) -> Draw:
    assert isinstance(config.curve, parameters.TwoMoons)
    table_kp = config.curve.radius * np.array([[1.0, 0], [0, 1], [0, 0], [1, 0.5]])
    return _draw(config, "moons", table_kp, noise=family.noise)


_DESCRIPTIONS: dict[type[FamilyParameters], Callable[[TrainConfig, Family], Draw]] = {
    parameters.QuadraticFamily: _straight,
    parameters.Line: _straight,
    parameters.Sine: _turning,
    parameters.Circle: _turning,
    parameters.Spiral: _spiral,
    parameters.SwissRoll: _roll,
    parameters.TwoMoons: _moon_pair,
}
