"""Jobs as users see them: submit, look, cancel."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.orm import Session

from curvegan_core.config.curve import Data
from curvegan_core.errors import InvalidConfig
from curvegan_db.columns import MOST_ID, MOST_REASON, JobColumns, JobState
from curvegan_db.errors import ConfigUnreadable, JobNotFound, JobStateConflict
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.configs import read_what_can_be
from curvegan_db.tables.states import displayed_as, displayed_state
from curvegan_db.tables.transitions import add_event, add_events, end, lose
from curvegan_db.values import LOST, Job, JobRequest, check_tags, check_text
from curvegan_db.verbs.datasets import require_contents

# Bound parameters in one statement: SQLite takes 32,766, PostgreSQL 65,535.
_MOST_PARAMETERS = 10_000


class Jobs(Transactions):
    """The part of the store that users of jobs need."""

    def submit(self, requests: Sequence[JobRequest]) -> list[int]:
        """Queue jobs, all or none; their ids, in the order of the requests."""
        if not requests:
            return []
        with self._write() as session:
            return add_jobs(session, requests, now(session))

    def job(self, job_id: int) -> Job:
        """Return one job. Raises JobNotFound, and ConfigUnreadable, where several are shown as far as can be."""
        jobs = self.jobs(ids=[job_id])
        if not jobs:
            raise JobNotFound(job_id)
        if jobs[0].unreadable:
            raise ConfigUnreadable(job_id, jobs[0].unreadable)
        return jobs[0]

    def jobs(
        self,
        ids: Iterable[int] | None = None,
        states: Sequence[str] = (),
        tags: Sequence[str] = (),
        limit: int | None = None,
        newest_first: bool = True,
        sweep: int | None = None,
        where: Filter | None = None,
    ) -> list[Job]:
        """Return jobs by id, in any of the displayed states ("lost" is one), with all of the tags.

        Unknown ids are ignored.
        """
        with self._read() as session:
            moment = now(session)
            order = models.Job.id.desc() if newest_first else models.Job.id
            query = filtered(states, tags, sweep, moment).order_by(order)
            if where is not None:
                query = query.where(where.condition(moment))
            rows: list[models.Job] = []
            for part in _parts(ids, newest_first):
                page = query if part is None else query.where(models.Job.id.in_(part))
                rest = None if limit is None else limit - len(rows)
                rows += session.scalars(page.limit(rest))
            return job_values(session, rows, moment)

    def state(self, job_id: int) -> str:
        """Return a job's displayed state, whatever its config. Raises JobNotFound."""
        jobs = self.jobs(ids=[job_id])
        if not jobs:
            raise JobNotFound(job_id)
        return jobs[0].state

    def last_id(self) -> int | None:
        """Return the id of the newest job, None in an empty store."""
        with self._read() as session:
            return session.scalar(select(func.max(models.Job.id)))

    def existing(self, ids: Iterable[int]) -> set[int]:
        """Return those of the ids that are jobs."""
        with self._read() as session:
            return {
                job_id
                for part in _parts(ids, newest_first=False)
                for job_id in session.scalars(select(models.Job.id).where(models.Job.id.in_(part or ())))
            }

    def cancel(self, job_id: int, reason: str | None = None, force: bool = False) -> str:
        """Cancel a job: "cancelled" when it is done, "requested" when its worker must stop first.

        A lost job has no worker that could stop and is cancelled at once; so is any with `force`, which takes the lease
        away whatever the clock says of it: its worker, if there is one, writes no more. Raises JobNotFound, and
        JobStateConflict when the job has ended.
        """
        if reason is not None:
            check_text("reason", reason, MOST_REASON)
        with self._write() as session:
            moment, job = now(session), locked_job(session, job_id)
            if job.state not in (JobState.QUEUED, JobState.RUNNING):
                raise JobStateConflict(f"job {job_id} cannot be cancelled: it is {job.state}")
            if force:
                end(session, job, moment, JobState.CANCELLED, reason)
                return "cancelled"
            return _cancel(session, job, moment, reason)


def add_jobs(
    session: Session, requests: Sequence[JobRequest], moment: datetime, sweep: int | None = None, forks: bool = False
) -> list[int]:
    """Store queued jobs, of a sweep or of none; their ids, in the order of the requests. Raises InvalidConfig."""
    if not forks and any(request.config.fork_of for request in requests):
        raise InvalidConfig("fork_of and fork_step are what `curvegan fork` sets; leave them out")
    require_contents(session, [request.config for request in requests])
    statement = insert(models.Job).returning(models.Job.id, sort_by_parameter_order=True)
    rows = [_row(request, moment) | {"sweep": sweep} for request in requests]
    ids = list(session.scalars(statement, rows))
    tags = [{"job_id": i, "tag": t} for i, r in zip(ids, requests, strict=True) for t in sorted(set(r.tags))]
    if tags:
        session.execute(insert(models.JobTag), tags)
    add_events(session, [(job_id, 0, None) for job_id in ids], moment, "submitted")
    return ids


def _row(request: JobRequest, moment: datetime) -> dict[str, object]:
    config = request.config
    return {
        "name": request.name,
        "config": config.model_dump(mode="json"),
        "priority": request.priority,
        "pack_key": config.pack_key,
        "wanted_device": config.device,
        "wanted_engine": config.wanted_engine,
        "steps": config.steps,
        "created_at": moment,
        "config_hash": config.hash,
        "dataset": config.curve.hash if isinstance(config.curve, Data) else None,
    }


def _parts(ids: Iterable[int] | None, newest_first: bool) -> Iterator[list[int] | None]:
    """Yield ids in order, in parts that fit a statement; one part None for all jobs."""
    if ids is None:
        yield None
        return
    yield from id_parts(ids, newest_first)


def id_parts(ids: Iterable[int], newest_first: bool = False, most: int = _MOST_PARAMETERS) -> Iterator[list[int]]:
    """Yield ids that can be, each once and in order, in parts that fit a statement."""
    ordered = [i for i in sorted(set(ids), reverse=newest_first) if 0 < i <= MOST_ID]
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]


def filtered(states: Sequence[str], tags: Sequence[str], sweep: int | None, moment: datetime) -> Select[models.Job]:
    """Return the query for jobs in any of the displayed states, with all of the tags, of a sweep if one is given."""
    query = select(models.Job)
    if sweep is not None:
        query = query.where(models.Job.sweep == (sweep if 0 < sweep <= MOST_ID else 0))
    if states:
        query = query.where(or_(*(displayed_as(state, moment) for state in dict.fromkeys(states))))
    check_tags(tags)
    for tag in dict.fromkeys(tags):
        query = query.where(models.Job.id.in_(select(models.JobTag.job_id).where(models.JobTag.tag == tag)))
    return query


def in_order(session: Session, ids: Select[int], moment: datetime) -> list[Job]:
    """Return the jobs of a query for ids, in its order: to sort whole rows takes several times as long."""
    order = session.scalars(ids).all()
    rows = {row.id: row for row in session.scalars(select(models.Job).where(models.Job.id.in_(order)))}
    return job_values(session, [rows[job_id] for job_id in order], moment)


def job_values(session: Session, jobs: Sequence[models.Job], moment: datetime) -> list[Job]:
    """Return the jobs as users see them at a time."""
    tags: dict[int, list[str]] = {}
    for part in _parts((job.id for job in jobs), newest_first=False):
        query = select(models.JobTag.job_id, models.JobTag.tag).where(models.JobTag.job_id.in_(part or ()))
        for job_id, tag in session.execute(query.order_by(models.JobTag.tag)):
            tags.setdefault(job_id, []).append(tag)
    return [_value(job, tuple(tags.get(job.id, ())), moment) for job in jobs]


def _value(job: models.Job, tags: tuple[str, ...], moment: datetime) -> Job:
    columns = {name: getattr(job, name) for name in JobColumns.__annotations__}
    config, unreadable = read_what_can_be(job.id, job.config)
    return Job(
        **columns | {"state": displayed_state(job, moment)},
        tags=tags,
        steps_per_second=steps_per_second(job),
        config=config,
        metrics=job.metrics,
        unreadable=unreadable,
    )


def steps_per_second(job: Any) -> float | None:
    """Return how fast the attempt of a job is, or of a row with these columns; None where nothing is recorded yet."""
    if job.began_at is None or job.began_step is None or job.recorded_at is None:
        return None
    seconds = (job.recorded_at - job.began_at).total_seconds()
    return float((job.step - job.began_step) / seconds) if seconds > 0 else None


def locked_job(session: Session, job_id: int) -> models.Job:
    """Lock a job until the transaction ends, and return it. Raises JobNotFound."""
    within = job_id if 0 < job_id <= MOST_ID else 0
    job = session.scalar(select(models.Job).where(models.Job.id == within).with_for_update())
    if job is None:
        raise JobNotFound(job_id)
    return job


def _cancel(session: Session, job: models.Job, moment: datetime, reason: str | None) -> str:
    if job.state is JobState.QUEUED:
        end(session, job, moment, JobState.CANCELLED, reason)
        return "cancelled"
    if not job.cancel_requested:
        add_event(session, job, moment, "cancel_requested", reason)
    job.cancel_requested, job.cancel_reason = True, reason or job.cancel_reason
    if displayed_state(job, moment) == LOST:
        lose(session, job, moment)
        return "cancelled"
    return "requested"
