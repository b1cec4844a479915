"""Jobs that go from one store to another with all that came of them, under ids of the other store.

A job is known again by when it was submitted and its config: what is there is not brought twice, whichever way it went.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, or_, select
from sqlalchemy.orm import Session

from curvegan_db.columns import MOST_DATASET_NAME, JobState
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state

Row = dict[str, Any]
_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
# What stays behind: the ids are the other store's, and an ended job has no lease.
_OWN = ("id", "lease_token", "lease_expires_at", "worker_id")


@dataclass(frozen=True)
class Bundle:
    """Jobs of a store as rows, with those of other tables that belong to them; every id is that store's.

    `parts` holds the rows of each table with a column `job_id`, `places` says which of equal jobs each is.
    """

    jobs: Sequence[Row]
    places: Mapping[int, int]
    sweeps: Sequence[Row]
    parts: Mapping[str, Sequence[Row]]
    datasets: Sequence[Row]
    contents: Sequence[Row]


@dataclass
class Copied:
    """What a copy came to: the id there of each job by its id here, and which of them were there before."""

    ids: dict[int, int] = field(default_factory=dict)
    there: set[int] = field(default_factory=set)

    def __ior__(self, other: "Copied") -> "Copied":
        self.ids |= other.ids
        self.there |= other.there
        return self


class Copying(Transactions):
    """The part of the store that hands jobs over and takes them."""

    def ended(self, where: Filter | None) -> list[int]:
        """Return ids of the jobs that a filter means and that have ended, in their order."""
        query = select(models.Job.id).where(or_(*map(in_state, _ENDED)))
        with self._read() as session:
            query = query if where is None else query.where(where.condition(now(session)))
            return list(session.scalars(query.order_by(models.Job.id)))

    def bundle(self, ids: Sequence[int]) -> Bundle:
        """Return jobs with all that came of them; those that do not exist, or have not ended by now, are left out."""
        job = _table(models.Job)
        with self._read() as session:
            ended = select(job).where(job.c.id.in_(ids), job.c.state.in_(_ENDED)).order_by(job.c.id)
            jobs = _rows(session, ended)
            known, alike = [row["id"] for row in jobs], _alike(session, jobs)
            hashes = {row["dataset"] for row in jobs if row["dataset"]}
            return Bundle(
                jobs,
                {row["id"]: _place(row, alike) for row in jobs},
                _those(session, models.Sweep, "id", {row["sweep_id"] for row in jobs if row["sweep_id"]}),
                {table.name: _rows(session, _of_jobs(table, known)) for table in _parts()},
                _those(session, models.Dataset, "hash", hashes),
                _those(session, models.DatasetContent, "hash", hashes),
            )

    def unbundle(self, bundle: Bundle) -> Copied:
        """Store those of the jobs that are not there yet, all or none, under new ids."""
        job = _table(models.Job)
        with self._write() as session:
            alike = _alike(session, bundle.jobs)
            copied = Copied()
            for row in bundle.jobs:
                equals = [other["id"] for other in alike if _same(row, other)]
                if len(equals) > bundle.places[row["id"]]:
                    copied.ids[row["id"]] = equals[bundle.places[row["id"]]]
                    copied.there.add(row["id"])
            new = [row for row in bundle.jobs if row["id"] not in copied.there]
            _put_datasets(session, bundle, {row["dataset"] for row in new})
            sweeps = _put_sweeps(session, [row for row in bundle.sweeps if row["id"] in {r["sweep_id"] for r in new}])
            for row in new:
                values = {name: value for name, value in row.items() if name not in _OWN}
                values["sweep_id"] = sweeps.get(row["sweep_id"])
                values["parent_id"] = copied.ids.get(row["parent_id"])  # a parent that stays behind is not known here
                copied.ids[row["id"]] = session.scalars(insert(job).values(values).returning(job.c.id)).one()
            for table in _parts():
                _put_parts(session, table, bundle.parts.get(table.name, ()), copied)
            return copied


def _table(model: type[models.Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _parts() -> Iterator[Table]:
    """Yield the tables whose rows belong to a job."""
    return (table for table in models.Base.metadata.sorted_tables if "job_id" in table.c)


def _rows(session: Session, query: Any) -> list[Row]:
    return [dict(row) for row in session.execute(query).mappings()]


def _of_jobs(table: Table, ids: Sequence[int]) -> Any:
    return select(table).where(table.c.job_id.in_(ids)).order_by(*table.primary_key)


def _those(session: Session, model: type[models.Base], key: str, values: set[Any]) -> list[Row]:
    table = _table(model)
    return _rows(session, select(table).where(table.c[key].in_(values))) if values else []


def _alike(session: Session, jobs: Sequence[Row]) -> list[Row]:
    """Return what names the jobs that were submitted when one of these was, to train the same, in the order of ids."""
    job = _table(models.Job)
    times: set[datetime] = {row["created_at"] for row in jobs}
    trained = or_(job.c.config_hash.in_({row["config_hash"] for row in jobs}), job.c.config_hash.is_(None))
    query = select(job.c.id, job.c.created_at, job.c.config).where(job.c.created_at.in_(times), trained)
    return _rows(session, query.order_by(job.c.id))


def _same(row: Row, other: Row) -> bool:
    return (row["created_at"], row["config"]) == (other["created_at"], other["config"])


def _place(row: Row, alike: Sequence[Row]) -> int:
    """Return which of the equal ones it is: of a request that was made twice at once there are two."""
    return sum(_same(row, other) and other["id"] < row["id"] for other in alike)


def _put_sweeps(session: Session, rows: Sequence[Row]) -> dict[int, int]:
    """Return the id here of each sweep by its id there; one that is not here is stored."""
    table, ids = _table(models.Sweep), dict[int, int]()
    for row in rows:
        query = select(table.c.id, table.c.axes).where(table.c.created_at == row["created_at"]).order_by(table.c.id)
        known = next((other.id for other in session.execute(query) if other.axes == row["axes"]), None)
        values = {name: value for name, value in row.items() if name != "id"}
        ids[row["id"]] = known or session.scalars(insert(table).values(values).returning(table.c.id)).one()
    return ids


def _put_datasets(session: Session, bundle: Bundle, wanted: set[str | None]) -> None:
    """Store the data sets of jobs; a name that other curves have here is lengthened by the beginning of the hash."""
    contents, names = _table(models.DatasetContent), _table(models.Dataset)
    for row in bundle.contents:
        known = select(contents.c.hash).where(contents.c.hash == row["hash"])
        if row["hash"] in wanted and session.scalar(known) is None:
            session.execute(insert(contents).values(row))
    for row in bundle.datasets:
        longer = f"{row['name'][: MOST_DATASET_NAME - 7]}-{row['hash'][:6]}"
        for name in (row["name"], longer) if row["hash"] in wanted else ():
            held = session.scalar(select(names.c.hash).where(names.c.name == name))
            if held is None:
                session.execute(insert(names).values(row | {"name": name}))
            if held in (None, row["hash"]):
                break


def _put_parts(session: Session, table: Table, rows: Sequence[Row], copied: Copied) -> None:
    # The id of an event is its own store's; the other tables go by the job and its steps, numbers or words.
    own = {column.name for column in table.primary_key} - {"job_id"} if len(table.primary_key) == 1 else set()
    new = [
        {name: value for name, value in row.items() if name not in own} | {"job_id": copied.ids[row["job_id"]]}
        for row in rows
        if row["job_id"] not in copied.there
    ]
    if new:
        session.execute(insert(table), new)
