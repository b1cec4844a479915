"""The families of curves that a config can name, and each one's parameters.

What a family draws, its modes and its distance are the class of the same name in `fixed`, `bundles`, `point_sets`,
`mixture` or `data`; `curvegan_core.families.curves` brings the two together.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from curvegan_core.config.family_parameters import Deviation, FamilyParameters, Parameter, Positive, named, parameter
from curvegan_core.config.keys import NEWEST, SHAPE, key

# The largest evaluation sees a cluster of this share five times.
_LEAST_SHARE = 1e-4
# Of a data set: its largest value, and the smallest deviation of all of them.
MOST_SIZE, LEAST_SCALE = 1e15, 1e-100
MOST_COMPONENTS = 40
"""Of a data set, how many principal components a training sees at most."""
MOST_LABELS, LEAST_LABELLED = 64, 5
"""Of a data set whose labels are learnt: how many there are at most, and how many rows each has at least."""


class Quadratic(FamilyParameters):
    """The parabola y = a x^2 + c."""

    LEAST_POINTS: ClassVar[int] = 1
    family: Literal["quadratic"] = named("quadratic")
    a: Parameter = parameter(2.0, "factor of x^2")
    c: Parameter = parameter(1.0, "height at x = 0")


class Cubic(FamilyParameters):
    """The cubic y = a x^3 + b x."""

    LEAST_POINTS: ClassVar[int] = 1
    family: Literal["cubic"] = named("cubic")
    a: Parameter = parameter(4.0, "factor of x^3")
    b: Parameter = parameter(-3.0, "slope at x = 0")


class Abs(FamilyParameters):
    """The corner y = a abs(x) + c."""

    LEAST_POINTS: ClassVar[int] = 1
    family: Literal["abs"] = named("abs")
    a: Parameter = parameter(2.0, "slope on the right of x = 0")
    c: Parameter = parameter(0.0, "height at x = 0")


class QuadraticFamily(FamilyParameters):
    """Parabolas y = a x^2 + a - 1, with a drawn evenly from a_min to a_max."""

    NEAREST: ClassVar[str] = "the parabola with the best a of its range"
    family: Literal["quadratic_family"] = named("quadratic_family")
    a_min: Parameter = parameter(1.0, "smallest a")
    a_max: Parameter = parameter(2.0, "largest a")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.a_min < self.a_max:
            raise ValueError("a_min must be smaller than a_max")
        return self


class Updown(FamilyParameters):
    """Two modes, y = +(a x^2 + c) and y = -(a x^2 + c), each as likely, with normal noise at every point."""

    NEAREST: ClassVar[str] = "the nearer mode"
    family: Literal["updown"] = named("updown")
    a: Parameter = parameter(2.0, "factor of x^2")
    c: Parameter = parameter(-0.5, "height at x = 0 of the upper mode")
    noise: Positive = parameter(0.05, "standard deviation of the noise at each point")


class Sine(FamilyParameters):
    """Waves y = a sin(pi x + p), with the phase p drawn evenly from 0 to 2 pi."""

    NEAREST: ClassVar[str] = "the wave with the best phase"
    family: Literal["sine"] = named("sine")
    a: Positive = parameter(1.0, "amplitude")


class SineModes(FamilyParameters):
    """Modes y = sin(pi x + p) at evenly spaced phases p = 2 pi k/modes, with normal noise at every point."""

    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["sine_modes"] = named("sine_modes")
    modes: int = parameter(8, "how many phases", ge=2, le=64)
    noise: Positive = parameter(0.02, "standard deviation of the noise at each point")


class Ring8(FamilyParameters):
    """Eight normal clusters of points, evenly spaced on a circle."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["ring8"] = named("ring8")
    radius: Positive = parameter(1.0, "radius of the circle")
    noise: Positive = parameter(0.05, "standard deviation of a cluster, in x and in y")


class Grid25(FamilyParameters):
    """Twenty-five normal clusters of points, five by five around the origin."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["grid25"] = named("grid25")
    spacing: Positive = parameter(1.0, "distance between neighbouring clusters")
    noise: Positive = parameter(0.05, "standard deviation of a cluster, in x and in y")


class Spiral(FamilyParameters):
    """Points along an arm that winds outwards, evenly dense along it, with normal noise."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest point of the arm"
    family: Literal["spiral"] = named("spiral")
    radius: Positive = parameter(1.0, "distance of the outer end from the origin")
    turns: float = parameter(1.5, "how often it winds around", gt=0, le=10, allow_inf_nan=False)
    noise: Positive = parameter(0.02, "standard deviation of the noise, in x and in y")


class Circle(FamilyParameters):
    """Points on a circle, with normal noise."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest point of the circle"
    family: Literal["circle"] = named("circle")
    radius: Positive = parameter(1.0, "radius of the circle")
    noise: Positive = parameter(0.02, "standard deviation of the noise, in x and in y")


class Mixture(FamilyParameters):
    """Normal clusters of points: on a ring, a square grid, a line of numbers or at random in a square."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2, 1)
    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["mixture"] = named("mixture")
    layout: Literal["ring", "grid", "line", "random"] = parameter(
        "ring", "where the clusters lie; those of a line are numbers: points is 1"
    )
    modes: int = parameter(8, "how many clusters; of a grid the square of a whole number", ge=1, le=256)
    scale: Positive = parameter(
        1.0, "radius of the ring, distance of neighbours in a grid or on a line, half a side of the square"
    )
    noise: Positive = parameter(0.05, "standard deviation of a cluster, in each coordinate")
    ratio: float = parameter(1.0, "a cluster's weight in parts of the one before it", gt=0, le=1)
    box: bool = parameter(
        False, "hq takes the square around a mode, not the circle: each coordinate within threshold", numbers=False
    )

    @classmethod
    def coordinates(cls, values: Mapping[str, Any]) -> tuple[int, ...]:
        """Return one for numbers on a line, two for points of the plane."""
        return (1,) if values.get("layout") == "line" else (2,)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.layout == "grid" and math.isqrt(self.modes) ** 2 != self.modes:
            raise ValueError(f"a grid has 1, 4, 9, 16, 25 ... modes: the square of a whole number, not {self.modes}")
        if self.ratio ** (self.modes - 1) < _LEAST_SHARE:
            raise ValueError(f"ratio {self.ratio:g} leaves the last of {self.modes} modes less than {_LEAST_SHARE:g}")
        return self


class SwissRoll(FamilyParameters):
    """Points along a spiral of one and a half turns, denser towards its inner end, with normal noise."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest point of the spiral"
    family: Literal["swiss_roll"] = named("swiss_roll")
    radius: Positive = parameter(1.0, "distance of the outer end from the origin")
    noise: Positive = parameter(0.02, "standard deviation of the noise, in x and in y")


class TwoMoons(FamilyParameters):
    """Points on two half circles that reach into each other, each as likely, with normal noise."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest point of either half circle"
    family: Literal["two_moons"] = named("two_moons")
    radius: Positive = parameter(1.0, "radius of both half circles")
    noise: Positive = parameter(0.05, "standard deviation of the noise, in x and in y")


class Line(FamilyParameters):
    """Points (offset, t) on a piece of an upright line, t drawn evenly from -length/2 to length/2."""

    COORDINATES: ClassVar[tuple[int, ...]] = (2,)
    NEAREST: ClassVar[str] = "the nearest point of the line"
    family: Literal["line"] = named("line")
    offset: Parameter = parameter(0.0, "x of every point")
    length: Positive = parameter(2.0, "length of the line")
    noise: Deviation = parameter(0.0, "standard deviation of the noise, in x and in y; 0 is none")


class Dirac(FamilyParameters):
    """One point, a number or (value, value): all of the distribution lies there."""

    COORDINATES: ClassVar[tuple[int, ...]] = (1, 2)
    NEAREST: ClassVar[str] = "the point"
    family: Literal["dirac"] = named("dirac")
    value: Parameter = parameter(0.0, "each coordinate of the point")


class Data(FamilyParameters):
    """Your own curves: rows of a stored data set, each as likely, named by its content."""

    NEAREST: ClassVar[str] = "the nearest of at most 1024 rows, in standard deviations of all values"
    family: Literal["data"] = named("data")
    hash: str = parameter(..., "SHA-256 of the data set's content", pattern=r"^[0-9a-f]{64}$")
    mean: float = parameter(..., "mean of all its values, which training sees as 0", ge=-MOST_SIZE, le=MOST_SIZE)
    scale: float = parameter(..., "their standard deviation, which training sees as 1", ge=LEAST_SCALE, le=MOST_SIZE)
    plane: bool = parameter(False, "rows of two numbers are points of the plane, not curves", since=NEWEST)
    components: int = key(
        0, SHAPE, "front pca: principal components with 99.9 % of the variance", ge=0, le=MOST_COMPONENTS
    )
    labels: str = key(
        "", SHAPE, "rows of each label, as 12/18; empty learns all rows alike", pattern=r"^([1-9]\d*(/[1-9]\d*)+)?$"
    )

    name: str = parameter(
        "", "what the data set was called when it was chosen", since=NEWEST, numbers=False, max_length=100
    )

    @classmethod
    def coordinates(cls, values: Mapping[str, Any]) -> tuple[int, ...]:
        """Return two where the rows are said to be points."""
        return (2,) if values.get("plane") is True else ()


Curve = Annotated[
    Quadratic
    | Cubic
    | Abs
    | QuadraticFamily
    | Updown
    | Sine
    | SineModes
    | Ring8
    | Grid25
    | Spiral
    | Circle
    | Mixture
    | SwissRoll
    | TwoMoons
    | Line
    | Dirac
    | Data,
    Field(discriminator="family"),
]
CURVE_MODELS: dict[str, type[FamilyParameters]] = {
    model.model_fields["family"].default: model for model in get_args(get_args(Curve)[0])
}
"""Every family by its name."""
