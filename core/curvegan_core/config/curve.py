"""The families of curves that a config can name, and each one's parameters. Knows neither numpy nor how to draw one.

What a family draws, its modes and its distance are the class of the same name in `fixed`, `bundles`, `point_sets` or
`data`; `curvegan_core.families.curves` brings the two together.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Parameter = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
# Of a data set: its largest value, and the smallest deviation of all of them.
MOST_SIZE, LEAST_SCALE = 1e15, 1e-100


class Frozen(BaseModel):
    """A config, or a part of one: never changed, nothing unknown in it, no text read as a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FamilyParameters(Frozen):
    """Parameters of a family. Of a point set (`PLANE`) one sample is one point of the plane, not a curve.

    `NEAREST` says to what the distance of a generated curve is measured: see `distance`.
    """

    PLANE: ClassVar[bool] = False
    NEAREST: ClassVar[str] = "the curve"

    @classmethod
    def distance(cls) -> str:
        """How far a generated curve is from the family, in words."""
        return f"{'Euclidean distance' if cls.PLANE else 'root mean square difference'} to {cls.NEAREST}"


class Quadratic(FamilyParameters):
    """The parabola y = a x^2 + c."""

    family: Literal["quadratic"] = "quadratic"
    a: Parameter = 2.0
    c: Parameter = 1.0


class Cubic(FamilyParameters):
    """The cubic y = a x^3 + b x."""

    family: Literal["cubic"] = "cubic"
    a: Parameter = Field(default=4.0, description="factor of x^3")
    b: Parameter = Field(default=-3.0, description="slope at x = 0")


class Abs(FamilyParameters):
    """The corner y = a abs(x) + c."""

    family: Literal["abs"] = "abs"
    a: Parameter = Field(default=2.0, description="slope on the right of x = 0")
    c: Parameter = Field(default=0.0, description="height at x = 0")


class QuadraticFamily(FamilyParameters):
    """Parabolas y = a x^2 + a - 1, with a drawn evenly from a_min to a_max."""

    NEAREST: ClassVar[str] = "the parabola with the best a of its range"
    family: Literal["quadratic_family"] = "quadratic_family"
    a_min: Parameter = Field(default=1.0, description="smallest a")
    a_max: Parameter = Field(default=2.0, description="largest a")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.a_min < self.a_max:
            raise ValueError("a_min must be smaller than a_max")
        return self


class Updown(FamilyParameters):
    """Two modes, y = +(a x^2 + c) and y = -(a x^2 + c), each as likely, with normal noise at every point."""

    NEAREST: ClassVar[str] = "the nearer mode"
    family: Literal["updown"] = "updown"
    a: Parameter = Field(default=2.0, description="factor of x^2")
    c: Parameter = Field(default=-0.5, description="height at x = 0 of the upper mode")
    noise: Positive = Field(default=0.05, description="standard deviation of the noise at each point")


class Sine(FamilyParameters):
    """Waves y = a sin(pi x + p), with the phase p drawn evenly from 0 to 2 pi."""

    NEAREST: ClassVar[str] = "the wave with the best phase"
    family: Literal["sine"] = "sine"
    a: Positive = Field(default=1.0, description="amplitude")


class SineModes(FamilyParameters):
    """Modes y = sin(pi x + p) at evenly spaced phases p = 2 pi k/modes, with normal noise at every point."""

    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["sine_modes"] = "sine_modes"
    modes: int = Field(default=8, ge=2, le=64, description="how many phases")
    noise: Positive = Field(default=0.02, description="standard deviation of the noise at each point")


class Ring8(FamilyParameters):
    """Eight normal clusters of points, evenly spaced on a circle."""

    PLANE: ClassVar[bool] = True
    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["ring8"] = "ring8"
    radius: Positive = Field(default=1.0, description="radius of the circle")
    noise: Positive = Field(default=0.05, description="standard deviation of a cluster, in x and in y")


class Grid25(FamilyParameters):
    """Twenty-five normal clusters of points, five by five around the origin."""

    PLANE: ClassVar[bool] = True
    NEAREST: ClassVar[str] = "the nearest mode"
    family: Literal["grid25"] = "grid25"
    spacing: Positive = Field(default=1.0, description="distance between neighbouring clusters")
    noise: Positive = Field(default=0.05, description="standard deviation of a cluster, in x and in y")


class Spiral(FamilyParameters):
    """Points along an arm that winds outwards, evenly dense along it, with normal noise."""

    PLANE: ClassVar[bool] = True
    NEAREST: ClassVar[str] = "the nearest point of the arm"
    family: Literal["spiral"] = "spiral"
    radius: Positive = Field(default=1.0, description="distance of the outer end from the origin")
    turns: float = Field(default=1.5, gt=0, le=10, allow_inf_nan=False, description="how often it winds around")
    noise: Positive = Field(default=0.02, description="standard deviation of the noise, in x and in y")


class Circle(FamilyParameters):
    """Points on a circle, with normal noise."""

    PLANE: ClassVar[bool] = True
    NEAREST: ClassVar[str] = "the nearest point of the circle"
    family: Literal["circle"] = "circle"
    radius: Positive = Field(default=1.0, description="radius of the circle")
    noise: Positive = Field(default=0.02, description="standard deviation of the noise, in x and in y")


class Data(FamilyParameters):
    """Your own curves: rows of a stored data set, each as likely, named by its content."""

    NEAREST: ClassVar[str] = "the nearest of at most 1024 rows, in standard deviations of all values"
    family: Literal["data"] = "data"
    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the data set's content")
    mean: float = Field(ge=-MOST_SIZE, le=MOST_SIZE, description="mean of all its values, which training sees as 0")
    scale: float = Field(ge=LEAST_SCALE, le=MOST_SIZE, description="their standard deviation, which training sees as 1")


CURVE_MODELS: dict[str, type[FamilyParameters]] = {
    model.model_fields["family"].default: model
    for model in (
        *(Quadratic, Cubic, Abs, QuadraticFamily, Updown, Sine, SineModes),
        *(Ring8, Grid25, Spiral, Circle, Data),
    )
}
"""Every family by its name."""

Curve = Annotated[
    Quadratic | Cubic | Abs | QuadraticFamily | Updown | Sine | SineModes | Ring8 | Grid25 | Spiral | Circle | Data,
    Field(discriminator="family"),
]
