"""Sweeps that grow: a study, whose next jobs depend on what came of those before.

What the study is (JSON) lies beside its jobs, and the jobs are all else that is known of it. Any number of controllers
may add to it: each says after which job, and whoever comes second adds nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curvegan_core.errors import InvalidInput
from curvegan_db.columns import MOST_ID, JobState
from curvegan_db.errors import SweepNotFound
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.values import MOST_SWEEP, JobRequest, check_name
from curvegan_db.verbs.jobs import add_jobs
from curvegan_db.verbs.reruns import extend_job

# The first key of the advisory locks on names of studies; the other is the name's hash.
_NAMES = 9


class Studies(Transactions):
    """The part of the store that knows studies."""

    def study_named(self, name: str | None) -> int | None:
        """Return the newest sweep of this name, of any without one, that is a study; None where there is none."""
        with self._read() as session:
            return _named(session, name)

    def start_study(
        self, name: str | None, study: Mapping[str, Any], axes: Mapping[str, Any], requests: Sequence[JobRequest]
    ) -> tuple[int, list[int]]:
        """Store a study with its first jobs; return its id and theirs. Without a name it is called after its id.

        Where one of this name is there, nothing is stored, and its id comes with no jobs. Raises InvalidInput.
        """
        if name is not None:
            check_name(name)
        with self._write() as session:
            if name is not None and (known := _named(session, name, lock=True)) is not None:
                return known, []
            row = models.Sweep(name=name, created_at=now(session), axes=dict(axes), study=dict(study))
            session.add(row)
            session.flush()
            row.name = name or f"study-{row.id}"
            return row.id, add_jobs(session, requests, row.created_at, row.id)

    def add_to_study(
        self, sweep_id: int, after: int, requests: Sequence[JobRequest], study: Mapping[str, Any] | None = None
    ) -> list[int]:
        """Add jobs to a study whose newest job is `after`, 0 for none; their ids. Where it is another one, add none.

        Ids only rise, so what was added is never added again, whoever asks. `study` takes the place of what is stored
        of it. Raises SweepNotFound, InvalidInput.
        """
        job = models.Job
        with self._write() as session:
            row = _locked(session, sweep_id)
            newest, count = session.execute(select(func.max(job.id), func.count()).where(job.sweep == sweep_id)).one()
            if (newest or 0) != after:
                return []
            if count + len(requests) > MOST_SWEEP:
                raise InvalidInput(f"a study has at most {MOST_SWEEP} jobs, got {count + len(requests)}")
            row.study = row.study if study is None else dict(study)
            return add_jobs(session, requests, now(session), sweep_id)

    def extend_in_study(self, sweep_id: int, ids: Sequence[int], before: int, steps: int, beyond: int) -> bool:
        """Train jobs of a study that have succeeded with `before` steps on to `steps`, all or none; return whether.

        False where other than `beyond` of its jobs have more steps than `before`, for then somebody else has chosen
        since, or where one of them is no longer as it was. Raises SweepNotFound, JobStateConflict, InvalidConfig.
        """
        job = models.Job
        with self._write() as session:
            _locked(session, sweep_id)
            count = select(func.count()).where(job.sweep == sweep_id)
            able = count.where(job.id.in_(ids), job.steps == before, job.state == JobState.SUCCEEDED)
            if session.scalar(count.where(job.steps > before)) != beyond or session.scalar(able) != len(ids):
                return False
            for job_id in sorted(ids):
                extend_job(session, job_id, steps)
            return True


def _named(session: Session, name: str | None, lock: bool = False) -> int | None:
    """Return the newest study of the name, or of any; with `lock` nobody else starts one of that name meanwhile."""
    if lock and session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_NAMES, func.hashtext(name))))
    sweep = models.Sweep
    newest = select(func.max(sweep.id)).where(sweep.study.is_not(None))
    return session.scalar(newest if name is None else newest.where(sweep.name == name))


def _locked(session: Session, sweep_id: int) -> models.Sweep:
    within = sweep_id if 0 < sweep_id <= MOST_ID else 0
    row = session.scalar(select(models.Sweep).where(models.Sweep.id == within).with_for_update())
    if row is None:
        raise SweepNotFound(sweep_id)
    return row
