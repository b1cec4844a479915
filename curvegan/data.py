"""A person's own curves in the store, by their names."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curvegan.results.table import Table

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_core.families.dataset import Dataset
    from curvegan_db.values import NamedDataset

_KINDS: dict[str, Any] = {"name": str, "rows": int, "points": int, "hash": str, "mean": float, "scale": float}


class Data:
    """The data sets: `lab.data.add(array, name="loads")`, and then `lab.submit(data="loads")`."""

    def __init__(self, services: "Services") -> None:
        """Make it; nothing is read."""
        self._services = services

    def add(self, curves: Any, name: str, **wishes: Any) -> "NamedDataset":
        """Store curves, one a row, under a name; of the same curves again only what is said of them is taken.

        Args:
            curves: an array (rows, points) of 2 to 256 points, a frame of pandas or polars, or the path of a file that
                `curvegan data add` reads.
            name: what to call them.
            wishes: what is said of them over what is recognised, as the options of `curvegan data add`: header,
                index_column, label_column, transpose, long, missing, resample, x_label, y_label.

        Raises DatasetRefused, DatasetConflict, InvalidInput.
        """
        from curvegan.reading.curves import read_array, read_file
        from curvegan.reading.wishes import Wishes
        from curvegan_core.errors import InvalidInput

        try:
            wished = Wishes(**wishes)
        except TypeError as error:
            raise InvalidInput(f"{error}".replace("Wishes.__init__()", "data.add")) from None
        is_file = isinstance(curves, str | Path)
        reading = read_file(Path(curves), wished) if is_file else read_array(curves, wished)
        self._services.store.add_dataset(name, reading.dataset)
        return self._services.store.named_dataset(name)

    def __getitem__(self, name: str) -> "Dataset":
        """Return a data set: its `rows` (rows, points), `x` (points,), `labels`, `description`.

        Raises DatasetNotFound.
        """
        from curvegan.datasets import stored_curves

        return stored_curves(self._services.store, self._services.store.named_dataset(name).hash, name)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all."""
        return (stored.name for stored in self._services.store.datasets())

    def remove(self, name: str) -> None:
        """Forget a data set. Raises DatasetNotFound, and DatasetConflict while a job needs it."""
        self._services.store.remove_dataset(name)

    def table(self) -> Table:
        """Return what there is: name, rows, points, hash, mean, scale."""
        stored = self._services.store.datasets()
        return Table.of_rows([{key: getattr(one, key) for key in _KINDS} for one in stored], _KINDS)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.table())
