"""Sets of jobs: which they are is asked when it is needed, and whatever is asked of all of them is one question."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from curvegan.given import MOST, whole, word, words
from curvegan.job import Job
from curvegan.look import Look
from curvegan.results.table import SEED, WORD, Table

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.filters.language import Filter
    from curvegan_db.values import Job as Record

_SHOWN = 20
_HEADINGS = ("ID", "NAME", "STATE", "PROGRESS", "RMSE", "VERDICT", "AGE")
_RERUN = ("failed", "cancelled")


class Jobs:
    """Jobs that a filter means, in the order of their ids: the last is the newest. Asked anew each time.

    `jobs[-1]` is a job, `jobs[10:20]` a set; `len(jobs)` counts them, and iterating reads a thousand at a time.
    """

    def __init__(self, services: "Services", where: "Filter | None" = None) -> None:
        """Make the set; nothing is read."""
        self._services = services
        self._where = where

    def where(self, text: str) -> "Jobs":
        """Return those of them that match a filter too, as in `loss=ns and rmse<0.1`. Raises InvalidInput."""
        from curvegan_db.filters.language import Filter

        return Jobs(self._services, Filter.parse(word(text, "a filter")) & self._where)

    @property
    def ids(self) -> list[int]:
        """Their ids."""
        return self._services.store.ids(self._where)

    def __len__(self) -> int:
        return self._services.store.count(self._where)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Job]:
        """Yield them, the oldest first."""
        for page in self._services.store.pages(self._where):
            yield from handles(self._services, page)

    @overload
    def __getitem__(self, which: int) -> Job: ...
    @overload
    def __getitem__(self, which: slice) -> "Jobs": ...
    def __getitem__(self, which: int | slice) -> "Job | Jobs":
        """Return a job by its place, or the set of those in a slice. Raises IndexError, InvalidInput."""
        from curvegan_core.errors import InvalidInput
        from curvegan_db.filters.language import Filter

        if isinstance(which, slice):
            first, stop, step = which.indices(len(self))
            if step != 1:
                raise InvalidInput(
                    "a set of jobs has slices without a step, as in jobs[10:20]; list(jobs)[::2] has any"
                )
            return Jobs(self._services, Filter.window(self._where, first, max(0, stop - first)))
        place = whole(which, "a job's place")
        need = 1 if place >= 0 else -place
        where = Filter.window(self._where, place, 1) if place >= 0 else self._where
        records = self._services.store.jobs(where=where, limit=need) if abs(place) < MOST else []
        if len(records) < need:
            raise IndexError(f"there is no job at place {place} of these")
        return handles(self._services, records[-1:])[0]

    def table(self) -> Table:
        """Return all that is known of them, a job a row: facts, every key of the config, every metric.

        These are the columns of `curvegan export`.
        """
        return _table(self._services, self._services.store.jobs(where=self._where, newest_first=False))

    def best(self, by: str | None = None, n: int = 5, *, largest: bool | None = None) -> "JobList":
        """Return the n best by a metric; `largest` where that does not say which end is the better.

        Without one it is rmse, or where all of them have rows held out the energy distance to those.

        Raises InvalidInput.
        """
        from curvegan.comparing.keys import is_largest, metric_field, usual_metric

        metric = usual_metric(self._services.store, self._where) if by is None else metric_field(word(by, "a metric"))
        end = None if largest is None else "largest" if largest else "smallest"
        count = whole(n, "how many are the best", 0, MOST)
        records = self._services.store.best(metric, is_largest(metric, end), self._where, count)
        return JobList(self._services, records)

    def summary(self, by: str | Sequence[str], metrics: str | Sequence[str] = ("rmse",)) -> Table:
        """Return what groups of them come to: a row for the same values of the keys `by`, as `curvegan summary` does.

        Columns are the keys, jobs, of each metric the count of jobs that have it and its quartiles, and verdicts.
        Raises InvalidInput.
        """
        from curvegan.comparing.groups import group_rows, summed_up
        from curvegan.comparing.keys import metric_field

        by, metrics = words(by, "keys"), words(metrics, "metrics")
        groups = summed_up(self._services.store, by, [metric_field(name) for name in metrics], self._where)
        header, rows = group_rows(groups, by, metrics)
        columns = dict(zip(header, map(list, zip(*rows, strict=True)) if rows else [[] for _ in header], strict=True))
        return Table(columns, {name: _kind(values) for name, values in columns.items()})

    def losses(self, by: str | Sequence[str] = ()) -> Table:
        """Return all their loss curves, every record, as one long table: job, the keys `by`, step, g_loss, ..., rmse.

        Raises InvalidInput, ResultDamaged.
        """
        import numpy as np

        from curvegan.comparing.keys import key_field
        from curvegan_core.records.loss_curve import COLUMNS, LossCurve
        from curvegan_db.filters.catalogue import FIELDS

        by, curves = words(by, "keys"), self._services.store.all_losses(self._where)
        lengths = [len(curve) for _, curve in curves]
        joined = LossCurve.concatenate([curve for _, curve in curves])
        columns: dict[str, Any] = {"job": np.repeat(np.array([job_id for job_id, _ in curves], np.int64), lengths)}
        if by:
            fields = [FIELDS["id"], *map(key_field, by)]
            values = {job_id: row for job_id, *row in self._services.store.values(fields, self._where)}
            for place, key in enumerate(by):
                columns[key] = _repeated([values[job_id][place] for job_id, _ in curves], lengths)
        kinds = {key: _kind(columns[key]) for key in by if isinstance(columns[key], list)}
        return Table(columns | dict(zip(COLUMNS, joined.columns, strict=True)), kinds)

    def wait(self, worker: bool = True) -> Self:
        """Follow those that are queued or running now to their ends, as `Job.wait` does one. Raises Detached."""
        from curvegan.showing.progress import jobs_to_the_end
        from curvegan.watching.job_fields import LIVE

        live = self._services.store.chosen(where=self._where, states=LIVE)
        if live:
            jobs_to_the_end(self._services, live, start_worker=worker)
        return self

    def cancel(self, reason: str | None = None) -> list[int]:
        """Stop those that are queued or running; their ids. A running one stops within seconds."""
        from curvegan.submitting.stopping import stopped

        return stopped(self._services.store, self._where, reason)[0]

    def retry(self, states: str | Sequence[str] = _RERUN, worker: bool = True) -> list[int]:
        """Run those that have ended in one of the states again from the start; their ids. Results are deleted."""
        return self._again(self._services.store.retry_jobs(self._where, _ends(states)), worker)

    def resume(self, states: str | Sequence[str] = _RERUN, worker: bool = True) -> list[int]:
        """Let those that failed or were cancelled go on from their last checkpoint; their ids."""
        return self._again(self._services.store.resume_jobs(self._where, _ends(states)), worker)

    def delete(self) -> int:
        """Delete all but those that are running, with all that came of them. Returns how many went."""
        return sum(self._services.store.delete(self.ids))

    def copy(self, to: str) -> dict[int, int]:
        """Copy those that have ended into another store with all that came of them; their ids there by those here.

        `to` is its database URL. What is there already is not brought again. Raises InvalidInput, DatabaseUnreachable.
        """
        from curvegan.copying import copied_to

        return copied_to(self._services, word(to, "a database's URL"), self._where).ids

    def _again(self, ids: list[int], worker: bool) -> list[int]:
        from curvegan.submitting.starting import have_workers

        if ids:
            have_workers(self._services, ids, worker)
        return ids

    def _newest(self) -> "list[Record]":
        return self._services.store.jobs(where=self._where, limit=_SHOWN)

    def _repr_html_(self) -> str:
        from curvegan.results.html import html_table

        return html_table(*_listed(self._services, self._newest(), len(self)))

    def __repr__(self) -> str:
        from curvegan.results.html import text_table

        return text_table(*_listed(self._services, self._newest(), len(self)))


class JobList(list[Job]):
    """Jobs in an order of their own, as `best` finds them: a list of handles that a notebook shows as a table."""

    def __init__(self, services: "Services", records: "Sequence[Record]") -> None:
        """Make the list of jobs just read."""
        super().__init__(handles(services, records))
        self._services = services
        self._records = records

    @property
    def ids(self) -> list[int]:
        """Their ids."""
        return [job.id for job in self]

    def table(self) -> Table:
        """Return all that is known of them, as `Jobs.table` does."""
        return _table(self._services, self._records)

    def _repr_html_(self) -> str:
        from curvegan.results.html import html_table

        return html_table(*_listed(self._services, self._records, len(self)))

    def __repr__(self) -> str:
        from curvegan.results.html import text_table

        return text_table(*_listed(self._services, self._records, len(self)))


def handles(services: "Services", records: "Sequence[Record]") -> list[Job]:
    """Return handles of jobs just read, which will be read again together."""
    look = Look(services, [record.id for record in records], records)
    return [Job(services, record.id, look) for record in records]


def _table(services: "Services", records: "Sequence[Record]") -> Table:
    from curvegan.comparing.job_rows import job_row, row_columns, word_columns
    from curvegan.datasets import data_names

    kinds: dict[str, Any] = row_columns() | dict.fromkeys(word_columns(), WORD) | {"seed": SEED}
    names = data_names(services.store, [record.config for record in records])
    rows = [job_row(record, kinds, name) for record, name in zip(records, names, strict=True)]
    return Table.of_rows(rows, kinds)


def _listed(
    services: "Services", records: "Sequence[Record]", count: int
) -> tuple[Sequence[str], list[list[str]], list[bool], str]:
    """Return a list of jobs as `status` shows it, and what is said below it."""
    from curvegan.watching.job_cells import job_cells
    from curvegan.words import plural

    cells = job_cells(services.store, records[:_SHOWN], _HEADINGS)
    rows = [["-" if value is None else str(value) for value in row] for row in cells]
    right = [heading in ("ID", "PROGRESS", "RMSE", "AGE") for heading in _HEADINGS]
    more = f"{plural(count, 'job')}, of which {len(rows)} are shown" if count > len(rows) else plural(count, "job")
    return _HEADINGS, rows, right, more


def _ends(states: str | Sequence[str]) -> tuple[str, ...]:
    """Return states in which jobs end. Raises InvalidInput."""
    from curvegan.watching.job_fields import ENDED
    from curvegan_core.errors import InvalidInput

    named = words(states, "states")
    if unknown := [state for state in named if state not in ENDED]:
        raise InvalidInput(f"no job ends as {unknown[0]!r:.40}; there are {', '.join(ENDED)}")
    return named


def _kind(values: Iterable[Any]) -> Any:
    """Return what a column of values of a config holds."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int, float}:
        return float if float in kinds else int
    return bool if kinds == {bool} else WORD


def _repeated(values: list[Any], lengths: Sequence[int]) -> Any:
    """Return a job's value for each of its records; an array for numbers."""
    import numpy as np

    if _kind(values) in (int, float) and None not in values:
        return np.repeat(np.array(values), lengths)
    return [value for value, count in zip(values, lengths, strict=True) for _ in range(count)]
