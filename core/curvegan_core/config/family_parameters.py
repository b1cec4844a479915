"""What the parameters of all families of curves have in common, and how one is declared."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from curvegan_core.config.keys import FIRST, FREE, SHAPE, Keyed, key

Parameter = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Deviation = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


def parameter(default: Any, meaning: str, since: int = FIRST, numbers: bool = True, **bounds: Any) -> Any:
    """Declare a parameter of a family, FIRST if it came with the family: each job of a pack has its own."""
    return key(default, FREE, meaning, since=since, numbers=numbers, **bounds)


def named(name: str) -> Any:
    """Declare a family's name, which a pack has one of."""
    return key(name, SHAPE, since=FIRST)


class FamilyParameters(Keyed):
    """Parameters of a family. Of a point set one sample is one point, not a curve, and has few `COORDINATES`.

    `LEAST_POINTS` is how many points of a curve tell its members apart.
    `NEAREST` says to what the distance of a generated curve is measured: see `distance`.
    """

    COORDINATES: ClassVar[tuple[int, ...]] = ()
    """How many numbers a point may have, the default first; none where a sample is a curve."""
    LEAST_POINTS: ClassVar[int] = 2
    NEAREST: ClassVar[str] = "the curve"

    @classmethod
    def coordinates(cls, values: Mapping[str, Any]) -> tuple[int, ...]:
        """Return which of COORDINATES go with these values of the family's keys, not all of them checked yet."""
        return cls.COORDINATES

    @property
    def points_allowed(self) -> tuple[int, ...]:
        """How many numbers a point of this family may have, the default first; none where a sample is a curve."""
        return self.coordinates(dict(self))

    @property
    def is_point(self) -> bool:
        """Whether a sample is a point, not a curve."""
        return bool(self.points_allowed)

    @classmethod
    def distance(cls) -> str:
        """Say in words how far a generated curve is from the family."""
        return f"{'Euclidean distance' if cls.COORDINATES else 'root mean square difference'} to {cls.NEAREST}"
