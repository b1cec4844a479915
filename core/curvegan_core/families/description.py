"""What a person's file says of its curves beside their numbers: nothing of it is seen by a training.

Plots and drawings take the axis and the titles from here, CSV its header.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

MOST_TEXT = 100


@dataclass(frozen=True)
class Description:
    """Names of the points and the rows, and the axes. What a file does not say is empty.

    `columns` names the points and `x` has their abscissas, one for each; `index` names the rows. `unit` is that of y.
    """

    columns: tuple[str, ...] = ()
    x: tuple[float, ...] = ()
    index: tuple[str, ...] = ()
    index_name: str = ""
    label_name: str = ""
    x_label: str = ""
    y_label: str = ""
    unit: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_dict` wrote."""
        known = {field.name for field in fields(cls)}
        described: dict[str, Any] = {name: value for name, value in values.items() if name in known}
        lists = {name: tuple(value) for name, value in described.items() if isinstance(value, list)}
        return cls(**described | lists)

    def as_dict(self) -> dict[str, Any]:
        """Return what is not empty, in JSON's own types."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}

    @property
    def title_y(self) -> str:
        """What to write beside the axis of y; empty where nothing is known."""
        return f"{self.y_label} ({self.unit})" if self.y_label and self.unit else self.y_label or self.unit


NOTHING_SAID = Description()
"""The description of curves that came without a word."""
