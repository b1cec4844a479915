"""What a person says of a file, over what would be recognised."""

from dataclasses import dataclass

from curvegan_core.errors import InvalidInput
from curvegan_core.families.dataset import LEAST_POINTS, MOST_POINTS

NONE = "none"
"""What stands for no column."""


@dataclass(frozen=True)
class Wishes:
    """None leaves it to what the file looks like. A column is a name of the header, a number from 1, or NONE.

    `long` names three columns, "id,x,y"; `resample` is how many points each curve is to have; `missing` is "drop" or
    "interpolate".
    """

    header: bool | None = None
    index_column: str | None = None
    label_column: str | None = None
    transpose: bool | None = None
    long: str | None = None
    resample: int | None = None
    missing: str | None = None
    x_label: str = ""
    y_label: str = ""

    def __post_init__(self) -> None:
        """Raise InvalidInput for what can be wished of no file."""
        if self.resample is not None and not LEAST_POINTS <= self.resample <= MOST_POINTS:
            raise InvalidInput(
                f"a curve has {LEAST_POINTS} to {MOST_POINTS} points: --resample {self.resample} is none"
            )
        if self.missing not in (None, "drop", "interpolate"):
            raise InvalidInput(f"--missing is drop or interpolate, not {self.missing!r:.40}")


def column_of(wish: str, names: list[str], columns: int, option: str) -> int:
    """Return the column that a wish names. Raises InvalidInput where there is none."""
    if wish in names:
        return names.index(wish)
    if wish.isascii() and wish.isdigit() and 1 <= int(wish[:9]) <= columns:
        return int(wish) - 1
    known = [name for name in names if name]
    one_of = f" or one of: {', '.join([*known[:8], '…'][: len(known)])}" if known else ""
    raise InvalidInput(f"{option}: no column {wish!r:.40}; it is a number from 1 to {columns}{one_of}")
