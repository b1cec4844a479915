"""Jobs that were submitted together: all of them stored and counted at once, thousands in a few statements."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import InvalidInput
from curvegan_db.columns import MOST_ID, JobState
from curvegan_db.errors import SweepNotFound
from curvegan_db.filters.catalogue import CONFIG_FIELDS
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.models import in_state
from curvegan_db.tables.states import DISPLAYED_BY, displayed_state
from curvegan_db.values import (
    DISPLAYED_STATES,
    LOST,
    MOST_SWEEP,
    JobRequest,
    SubmittedSweep,
    Sweep,
    check_name,
)
from curvegan_db.verbs.jobs import add_jobs
from curvegan_db.verbs.paces import Kind, steps_by_kind

MOST_JOBS = MOST_SWEEP
_AT_ONCE = 1_000
# The keys that change what a training's result says, but not the training.
_JUDGING = ("samples", "threshold", "curve.box")
_STOPPING, _UNSTOPPED = ("stop", "stop_patience"), ("none", None)
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
_T = TypeVar("_T")


class Sweeps(Transactions):
    """The part of the store that knows sweeps. Methods that take a sweep's id raise SweepNotFound."""

    def submit_sweep(
        self, requests: Sequence[JobRequest], axes: Mapping[str, Any], name: str | None = None, needed: bool = False
    ) -> SubmittedSweep:
        """Queue the jobs of a new sweep, all or none; `axes` (JSON values by config key) tell what it was made from.

        With `needed` a job is left out whose training has succeeded before: one with the same config hash, the same
        steps and the same way of judging. A sweep without any job is not stored. Raises InvalidInput.
        """
        if len(requests) > MOST_JOBS:
            raise InvalidInput(f"a sweep has at most {MOST_JOBS} jobs, got {len(requests)}")
        if name is not None:
            check_name(name)
        with self._write() as session:
            wanted = _not_done(session, requests) if needed else requests
            skipped = len(requests) - len(wanted)
            if not wanted:
                return SubmittedSweep(None, [], skipped)
            row = models.Sweep(name=name, created_at=now(session), axes=dict(axes))
            session.add(row)
            session.flush()
            ids = [i for part in _parts(wanted) for i in add_jobs(session, part, row.created_at, row.id)]
            return SubmittedSweep(row.id, ids, skipped)

    def needed(self, requests: Sequence[JobRequest]) -> list[JobRequest]:
        """Return those whose training has not succeeded before, as `submit_sweep` with `needed` takes them."""
        with self._read() as session:
            return _not_done(session, requests)

    def sweep(self, sweep_id: int) -> Sweep:
        """Return one sweep, with how many of its jobs are in which state. Reads no job, so it can be asked often."""
        with self._read() as session:
            return _values(session, [existing_sweep(session, sweep_id)])[0]

    def sweeps(self, limit: int) -> list[Sweep]:
        """Return the newest sweeps, the newest first."""
        with self._read() as session:
            newest = select(models.Sweep).order_by(models.Sweep.id.desc()).limit(limit)
            return _values(session, session.scalars(newest).all())

    def verdicts(self, sweep_id: int) -> dict[str, int]:
        """Return how many of its jobs got which verdict, the most frequent first; a job without one is not counted."""
        with self._read() as session:
            existing_sweep(session, sweep_id)
            return _verdicts(session, [sweep_id])[sweep_id]

    def all_verdicts(self, sweeps: Sequence[int]) -> dict[int, dict[str, int]]:
        """Return the same of many sweeps, by one question; of one that is not there none."""
        with self._read() as session:
            return _verdicts(session, sweeps)

    def steps_saved(self, sweep_id: int) -> tuple[int, int]:
        """Return how many of its jobs stopped early, and how many steps that saved."""
        job = models.Job
        left, may_stop = job.steps - job.step, CONFIG_FIELDS["stop"].sql != "none"
        query = select(func.count(), func.coalesce(func.sum(left), 0)).where(job.sweep == sweep_id, left > 0, may_stop)
        with self._read() as session:
            existing_sweep(session, sweep_id)
            jobs, steps = session.execute(query.where(in_state(JobState.SUCCEEDED))).one()
            return int(jobs), int(steps)

    def steps_left(self, sweep_id: int) -> dict[Kind, int]:
        """Return the steps that its queued and running jobs have before them, in all, by kind."""
        unfinished = select(models.Job).where(models.Job.sweep == sweep_id, or_(*map(in_state, _UNFINISHED)))
        with self._read() as session:
            existing_sweep(session, sweep_id)
            return steps_by_kind(session, unfinished)


def _not_done(session: Session, requests: Sequence[JobRequest]) -> list[JobRequest]:
    """Return those without a job that succeeded with the same hash and steps, and was judged in the same way."""
    job, wanted = models.Job, []
    read = [CONFIG_FIELDS[name].sql for name in (*_JUDGING, *_STOPPING)]
    for part in _parts(requests):
        names = [_name(request.config) for request in part]
        hashes = {name[0] for name in names}
        query = select(job.step, job.config_hash, job.steps, *read).where(
            in_state(JobState.SUCCEEDED), job.config_hash.in_(hashes)
        )
        done = set()
        for step, *name, stop, patience in session.execute(query):
            done.add((*name, stop, patience))
            if stop == "none" or step == name[1]:  # one that did all its steps is what a training without a stop gives
                done.add((*name, *_UNSTOPPED))
        wanted += [request for name, request in zip(names, part, strict=True) if name not in done]
    return wanted


def _name(config: TrainConfig) -> tuple[str | int | float | bool | None, ...]:
    """Return what names a result: the training's hash, its steps, what it was judged by, and what stops it."""
    judged = config.hash, config.steps, config.samples, config.threshold, getattr(config.curve, "box", None)
    return (*judged, *(_UNSTOPPED if config.stop == "none" else (config.stop, config.stop_patience)))


def existing_sweep(session: Session, sweep_id: int) -> models.Sweep:
    """Return a sweep's row. Raises SweepNotFound."""
    row = session.get(models.Sweep, sweep_id) if 0 < sweep_id <= MOST_ID else None
    if row is None:
        raise SweepNotFound(sweep_id)
    return row


def _verdicts(session: Session, sweeps: Sequence[int]) -> dict[int, dict[str, int]]:
    job = models.Job
    query = select(job.sweep, job.verdict, func.count()).where(job.sweep.in_(sweeps), job.verdict.is_not(None))
    rows = session.execute(query.group_by(job.sweep, job.verdict)).all()
    counts: dict[Any, dict[str, int]] = {sweep: {} for sweep in sweeps}
    for sweep, verdict, count in sorted(rows, key=lambda row: (-row[2], str(row[1]))):
        counts[sweep][str(verdict)] = count
    return counts


def _values(session: Session, rows: Sequence[models.Sweep]) -> list[Sweep]:
    """Return the sweeps, jobs counted by displayed state: every state is there."""
    job, ids = models.Job, [row.id for row in rows]
    count = select(job.sweep, job.state, func.count()).where(job.sweep.in_(ids)).group_by(job.sweep, job.state)
    counts = {(sweep, str(state)): n for sweep, state, n in session.execute(count)}
    claimed = select(job.sweep, *DISPLAYED_BY).where(job.sweep.in_(ids), in_state(JobState.RUNNING))
    moment = now(session)
    shown = Counter((row.sweep, displayed_state(row, moment)) for row in session.execute(claimed))
    sweeps = []
    for row in rows:
        states = {state: counts.get((row.id, state), 0) for state in DISPLAYED_STATES}
        states |= {state: shown[row.id, state] for state in (JobState.RUNNING.value, LOST)}
        states[JobState.QUEUED] += shown[row.id, JobState.QUEUED.value]
        sweeps.append(Sweep(row.id, row.name, row.created_at, row.axes, states, row.study))
    return sweeps


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
