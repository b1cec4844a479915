"""What is done to many jobs at once: they are cancelled, or run again.

What happens to thousands of jobs happens in a few statements. An UPDATE that returns its rows comes first, for it
locks them and says which they are; everything else goes by their ids.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.orm import Session

from curvegan_db.columns import MOST_REASON, JobState, Until
from curvegan_db.filters.language import Filter
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.transitions import add_events, cut
from curvegan_db.values import check_text
from curvegan_db.verbs.datasets import require_content
from curvegan_db.verbs.jobs import id_parts
from curvegan_db.verbs.reruns import RESULTS, forget_results
from curvegan_db.verbs.sweeps import existing_sweep

_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
# What a retry leaves of a fork: where it starts, and the engine of that state.
_STARTS = {
    "step": func.coalesce(models.Job.parent_step, 0),
    "made_by": case((models.Job.parent_step.is_not(None), models.Job.made_by)),
}


class Many(Transactions):
    """The part of the store that acts on many jobs at once. What takes a sweep's id raises SweepNotFound."""

    def cancel_jobs(
        self, where: Filter | None, reason: str | None = None, force: bool = False
    ) -> tuple[list[int], list[int], list[int]]:
        """Cancel the queued jobs that a filter means, and ask the workers of the running ones to stop.

        Returns the ids of the cancelled, of those that were asked for, and of those left to `cancel`, one by one: jobs
        that were lost or, with `force`, all that run. Nobody waits for a lock here, for a worker renews a lease on many
        jobs at once, and who locked them in another order could wait for it while it waits: what it holds is left too.
        """
        if reason is not None:
            check_text("reason", reason, MOST_REASON)
        cancelled = {"state": JobState.CANCELLED, "reason": cut(reason, MOST_REASON), "error": None}
        with self._write() as session:
            moment = now(session)
            done = _change(session, where, [JobState.QUEUED], cancelled | {"finished_at": moment})
            _say(session, done, moment, "cancelled", reason)
            running = _meant(select(models.Job.id), where, moment).where(in_state(JobState.RUNNING))
            if force:
                return _ids(done), [], list(session.scalars(running.order_by(models.Job.id)))
            unasked = running.where(models.Job.cancel_requested.is_(False)).order_by(models.Job.id)
            asked = _ask(session, unasked, moment, reason)
            return _ids(done), asked, list(session.scalars(unasked))

    def retry_sweep(self, sweep_id: int, states: Collection[str]) -> list[int]:
        """Run those of its ended jobs that are in one of the states afresh; their ids. Their results are deleted."""
        with self._read() as session:
            existing_sweep(session, sweep_id)
        return self.retry_jobs(Filter.of_sweep(sweep_id), states)

    def retry_jobs(self, where: Filter | None, states: Collection[str]) -> list[int]:
        """Run the ended jobs that a filter means afresh, as `retry_sweep` does those of a sweep."""
        return self._again(where, states, "retried", Until.RETRY, RESULTS)

    def resume_sweep(self, sweep_id: int, states: Collection[str]) -> list[int]:
        """Let those that are "failed" or "cancelled", as `states` say, go on from their last checkpoint; their ids."""
        with self._read() as session:
            existing_sweep(session, sweep_id)
        return self.resume_jobs(Filter.of_sweep(sweep_id), states)

    def resume_jobs(self, where: Filter | None, states: Collection[str]) -> list[int]:
        """Let the ended jobs that a filter means go on, as `resume_sweep` does those of a sweep."""
        return self._again(where, set(states) - {"succeeded"}, "resumed", Until.RERUN, [models.Plot])

    def _again(
        self,
        where: Filter | None,
        states: Collection[str],
        kind: str,
        verb: Until,
        forgotten: Sequence[type[models.LossChunk | models.Snapshot | models.Checkpoint | models.Plot]],
    ) -> list[int]:
        ended = [state for state in _ENDED if state in states]
        with self._write() as session:
            _require_datasets(session, where, ended)
            done = _change(session, where, ended, models.cleared_by(verb) | (_STARTS if verb is Until.RETRY else {}))
            ids = _ids(done)
            for part in id_parts(ids):
                forget_results(session, part, forgotten)
            _say(session, done, now(session), kind)
            return ids


def _require_datasets(session: Session, where: Filter | None, states: Sequence[JobState]) -> None:
    """Raise DatasetNotFound where a data set of the jobs was removed: they could only fail."""
    job = models.Job
    used = _meant(select(job.dataset).distinct().where(job.dataset.is_not(None)), where, now(session))
    used = _in(used, states)
    for content_hash in session.scalars(used).all() if states else ():
        require_content(session, str(content_hash))


def _ask(session: Session, running: Select[int], moment: datetime, reason: str | None) -> list[int]:
    """Ask the workers of jobs to stop them, where they hold a lease and it is not being renewed; return their ids."""
    job = models.Job
    free = running.where(job.lease_expires_at >= moment).with_for_update(skip_locked=True)
    asked = {"cancel_requested": True, "cancel_reason": reason or job.cancel_reason}
    changed = update(job).where(job.id.in_(free)).values(**asked).returning(job.id, job.attempt, job.worker)
    rows = session.execute(changed.execution_options(synchronize_session=False)).all()
    if rows:
        add_events(
            session, sorted((row.id, row.attempt, row.worker) for row in rows), moment, "cancel_requested", reason
        )
    return sorted(row.id for row in rows)


def _change(
    session: Session, where: Filter | None, states: Sequence[JobState], values: Mapping[str, Any]
) -> Sequence[tuple[int, int]]:
    """Change the jobs that a filter means and that are in one of the states; (id, attempt) of each."""
    if not states:
        return []
    job = models.Job
    changed = _in(_meant(update(job), where, now(session)), states).values(**values)
    returned = changed.returning(job.id, job.attempt).execution_options(synchronize_session=False)
    return [(job_id, attempt) for job_id, attempt in session.execute(returned)]


def _ids(jobs: Sequence[tuple[int, int]]) -> list[int]:
    return sorted(job_id for job_id, _ in jobs)


def _meant(statement: Any, where: Filter | None, moment: datetime) -> Any:
    return statement if where is None else statement.where(where.condition(moment))


def _in(statement: Any, states: Sequence[JobState]) -> Any:
    return statement.where(or_(*map(in_state, states)))


def _say(
    session: Session, jobs: Sequence[tuple[int, int]], moment: datetime, kind: str, detail: str | None = None
) -> None:
    if jobs:
        add_events(session, [(job_id, attempt, None) for job_id, attempt in sorted(jobs)], moment, kind, detail)
