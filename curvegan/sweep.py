"""A sweep: jobs that were submitted together, and what they come to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from curvegan.given import MOST, whole, word, words
from curvegan.jobs import Jobs
from curvegan.results.picture import Picture
from curvegan.results.table import Table
from curvegan.words import inert

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.values import Sweep as Record

_NOTHING_LEFT = "Nothing is left to do."


class Sweep(Jobs):
    """The jobs of a sweep. Every method raises SweepNotFound once its last job was deleted.

    One of which nothing was left to do is not stored: its id is 0, it has no jobs, and what reads it says so.
    """

    def __init__(self, services: "Services", sweep_id: int) -> None:
        """Make the handle; nothing is read."""
        from curvegan_db.filters.language import Filter

        super().__init__(services, Filter.of_sweep(sweep_id))
        self.id = sweep_id

    @property
    def record(self) -> "Record":
        """What the store knows of it as a whole: id, name, created_at, axes, and how many jobs are in which state."""
        if not self.id:
            from curvegan_core.errors import InvalidInput

            raise InvalidInput(f"{_NOTHING_LEFT} All jobs of this sweep succeeded before.")
        return self._services.store.sweep(self.id)

    @property
    def name(self) -> str | None:
        """What it is called."""
        return self.record.name

    @property
    def axes(self) -> dict[str, Any]:
        """Its axes, by key: lists of values, or `low` and `high` of what was drawn."""
        return dict(self.record.axes)

    @property
    def states(self) -> dict[str, int]:
        """How many of its jobs are in which state."""
        return dict(self.record.states)

    @property
    def varied(self) -> tuple[str, ...]:
        """The keys that it varies, but for the seed."""
        from curvegan.comparing.keys import varied_keys

        return varied_keys(self.record)

    def summary(self, by: str | Sequence[str] | None = None, metrics: str | Sequence[str] = ("rmse",)) -> Table:
        """Return what groups of its jobs come to, as `Jobs.summary` does; by the keys that it varies without `by`."""
        return super().summary(self.varied if by is None else by, metrics)

    def losses(self, by: str | Sequence[str] | None = None) -> Table:
        """Return all its loss curves as one long table, as `Jobs.losses` does, with the keys that it varies."""
        return super().losses(self._axes_of_jobs() if by is None else by)

    def plot(
        self,
        kind: str | None = None,
        by: str | Sequence[str] | None = None,
        metric: str = "rmse",
        count: int = 12,
    ) -> Picture:
        """Return a picture of it: heatmap, fan or best, as `curvegan plot` draws. Raises InvalidInput, ResultNotFound.

        Args:
            kind: without it a heat map of two keys, else a fan chart.
            by: the keys; without them those that it varies.
            metric: what is compared.
            count: how many panels of fan and best.
        """
        from curvegan.comparing.keys import metric_field
        from curvegan.comparing.sweep_pictures import SweepPicture
        from curvegan_core.errors import InvalidInput

        if kind not in (None, "heatmap", "fan", "best"):
            raise InvalidInput(f"no picture of a sweep is called {kind!r:.40}; there are heatmap, fan and best")
        keys, field = None if by is None else words(by, "keys"), metric_field(word(metric, "a metric"))
        picture = SweepPicture(self._services.store, self.record, kind, keys, field)
        drawn = picture.draw(whole(count, "how many panels", 1, MOST))
        return Picture(f"{picture.kind} of {picture.title}", drawn.to_bytes)

    def wait(self, worker: bool = True) -> Self:
        """Follow it to its end, with one bar and the time left. Raises Detached, DatabaseUnreachable."""
        from curvegan.showing.progress import sweep_to_the_end

        if self.id:
            sweep_to_the_end(self._services, self.id, start_worker=worker)
        return self

    def _axes_of_jobs(self) -> tuple[str, ...]:
        record = self.record
        from curvegan.comparing.keys import varied_keys

        return (*varied_keys(record), *(["seed"] if "seed" in record.axes else []))

    def _repr_html_(self) -> str:
        from html import escape

        return "".join(f"<p>{escape(line)}</p>" for line in self._lines()) + super()._repr_html_()

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), super().__repr__()])

    def _lines(self) -> list[str]:
        from curvegan.watching.sweep_fields import sweep_lines
        from curvegan_db.errors import SweepNotFound

        try:
            lines = sweep_lines(self._services.store, self.record) if self.id else [_NOTHING_LEFT]
        except SweepNotFound:
            return [f"Sweep {self.id}: its last job was deleted"]
        return list(map(inert, lines))
