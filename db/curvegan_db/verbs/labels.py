"""What people call their jobs: names, tags and notes. And jobs that a person deletes, by id."""

from collections.abc import Iterator, Sequence

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from curvegan_core.errors import InvalidInput
from curvegan_db.columns import MOST_ID, MOST_NAME, MOST_NOTE, MOST_TAG, MOST_TAGS, JobState
from curvegan_db.errors import JobNotFound, JobStateConflict, SweepNotFound
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.states import displayed_state
from curvegan_db.values import check_name, check_tags, check_text, storable
from curvegan_db.verbs.jobs import locked_job

# Jobs that go in one transaction: see curvegan_db.verbs.upkeep.pruning.
_BATCH = 100


class Labels(Transactions):
    """The part of the store that knows what people call their jobs."""

    def job_named(self, name: str) -> int | None:
        """Return the newest job of this name, None where no job has it."""
        return self._newest(models.Job, name)

    def sweep_named(self, name: str) -> int | None:
        """Return the newest sweep of this name, None where no sweep has it."""
        return self._newest(models.Sweep, name)

    def last_sweep(self) -> int | None:
        """Return the id of the newest sweep, None in a store without any."""
        with self._read() as session:
            return session.scalar(select(func.max(models.Sweep.id)))

    def names(self, limit: int) -> list[tuple[int, str | None, str]]:
        """Return id, name and stored state of the newest jobs, the newest first: for who completes what is typed."""
        newest = select(models.Job.id, models.Job.name, models.Job.state).order_by(models.Job.id.desc()).limit(limit)
        with self._read() as session:
            return [(job_id, name, str(state)) for job_id, name, state in session.execute(newest)]

    def rename(self, job_id: int, name: str | None) -> None:
        """Give a job another name, or none. Raises JobNotFound, InvalidInput."""
        if name is not None:
            check_name(name)
        with self._write() as session:
            locked_job(session, job_id).name = name

    def rename_sweep(self, sweep_id: int, name: str | None) -> None:
        """Give a sweep another name, or none. Raises SweepNotFound, InvalidInput."""
        if name is not None:
            check_name(name)
        within = sweep_id if 0 < sweep_id <= MOST_ID else 0
        renamed = update(models.Sweep).where(models.Sweep.id == within).values(name=name).returning(models.Sweep.id)
        with self._write() as session:
            if session.scalar(renamed) is None:
                raise SweepNotFound(sweep_id)

    def annotate(self, job_id: int, note: str | None) -> None:
        """Write a note to a job over the one it has, or take that away. Raises JobNotFound, InvalidInput."""
        if note is not None:
            check_text("note", note, MOST_NOTE)
        with self._write() as session:
            locked_job(session, job_id).note = note

    def tag(self, job_id: int, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
        """Give a job tags and take others away; return all that it has then. Raises JobNotFound, InvalidInput."""
        check_tags(add)
        for word in remove:
            check_text("tag", word, MOST_TAG)
        row = models.JobTag
        with self._write() as session:
            locked_job(session, job_id)
            present = set(session.scalars(select(row.tag).where(row.job_id == job_id)))
            wanted = (present - set(remove)) | set(add)
            if len(wanted) > MOST_TAGS:
                raise InvalidInput(f"a job has at most {MOST_TAGS} tags, job {job_id} would have {len(wanted)}")
            session.execute(delete(row).where(row.job_id == job_id, row.tag.in_(present - wanted)))
            new = [{"job_id": job_id, "tag": word} for word in sorted(wanted - present)]
            if new:
                session.execute(insert(row), new)
            return sorted(wanted)

    def delete(self, ids: Sequence[int]) -> Iterator[int]:
        """Delete jobs with all that came of them; yield how many went, after each batch, which is a transaction.

        One that is running by then stays, and so do sweeps that still have jobs.
        """
        for start in range(0, len(ids), _BATCH):
            with self._write() as session:
                yield _delete(session, ids[start : start + _BATCH])

    def check_deletable(self, job_id: int) -> None:
        """Raise JobNotFound, or JobStateConflict for a job that is running."""
        with self._read() as session:
            job = session.get(models.Job, job_id) if 0 < job_id <= MOST_ID else None
            if job is None:
                raise JobNotFound(job_id)
            if job.state is JobState.RUNNING:
                state = displayed_state(job, now(session))
                raise JobStateConflict(
                    f"job {job_id} cannot be deleted: it is {state}; `curvegan cancel {job_id}` stops it first"
                )

    def _newest(self, table: type[models.Job] | type[models.Sweep], name: str) -> int | None:
        if not 1 <= len(name) <= MOST_NAME or storable(name) != name:
            return None
        with self._read() as session:
            return session.scalar(select(func.max(table.id)).where(table.name == name))


def _delete(session: Session, ids: Sequence[int]) -> int:
    job, sweep = models.Job, models.Sweep
    gone = delete(job).where(job.id.in_(ids), ~in_state(JobState.RUNNING)).returning(job.sweep)
    sweeps = session.scalars(gone).all()
    emptied = sweep.id.in_({sweep_id for sweep_id in sweeps if sweep_id is not None})
    session.execute(delete(sweep).where(emptied, ~exists().where(job.sweep == sweep.id)))
    return len(sweeps)
