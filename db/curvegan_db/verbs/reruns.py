"""Ended jobs that run again: from the start, from the last checkpoint, or beyond their end.

Three verbs with three meanings. All of them queue the job again and keep its history; they differ in what stays of
its results.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState, Until
from curvegan_db.errors import DatasetNotFound, JobStateConflict
from curvegan_db.sql.transactions import Transactions, now
from curvegan_db.tables import models
from curvegan_db.tables.configs import read_config
from curvegan_db.tables.states import displayed_state
from curvegan_db.tables.transitions import add_event, end
from curvegan_db.verbs.datasets import require_contents
from curvegan_db.verbs.jobs import locked_job
from curvegan_db.verbs.progress import delete_after

ResultTable = models.LossChunk | models.Snapshot | models.Checkpoint | models.Plot
RESULTS = (models.LossChunk, models.Snapshot, models.Checkpoint, models.Plot)


class Reruns(Transactions):
    """The part of the store that queues ended jobs again. Every verb raises JobNotFound and JobStateConflict.

    With `force` a running job is ended first: its lease is taken away, and its worker, if there is one, writes no more.
    """

    def retry(self, job_id: int, force: bool = False) -> None:
        """Run an ended job afresh: its results are deleted, of a fork those after its start."""
        with self._write() as session:
            moment, job = _ended(session, job_id, "retried", force)
            made_by = job.made_by
            forget_results(session, [job_id], RESULTS)
            _queue_again(session, job, Until.RETRY)
            if job.parent_step is not None:
                job.step, job.made_by = job.parent_step, made_by
            add_event(session, job, moment, "retried")

    def resume(self, job_id: int, force: bool = False) -> None:
        """Let a failed or cancelled job go on from its last checkpoint: its results are kept."""
        with self._write() as session:
            moment, job = _ended(session, job_id, "resumed", force)
            if job.state is JobState.SUCCEEDED:
                raise JobStateConflict(
                    f"job {job_id} cannot be resumed: it has succeeded; "
                    f"`curvegan extend {job_id} --steps N` trains it further, `curvegan retry {job_id}` from the start"
                )
            _queue_again(session, job)
            add_event(session, job, moment, "resumed")

    def extend(self, job_id: int, steps: int) -> None:
        """Train a succeeded job on, to `steps` steps in total. Raises InvalidConfig too.

        Its results are kept, save what is at its old end only because that was the end. The checkpoint there stays
        until the next one is stored, for it is where the job goes on. A job that stopped early goes on without `stop`.
        """
        with self._write() as session:
            extend_job(session, job_id, steps)


def extend_job(session: Session, job_id: int, steps: int) -> None:
    """Queue a succeeded job again, with so many steps. Raises JobNotFound, JobStateConflict, InvalidConfig."""
    moment, job = _ended(session, job_id, "extended")
    if job.state is not JobState.SUCCEEDED:
        raise JobStateConflict(
            f"job {job_id} cannot be extended: it is {job.state}; "
            f"`curvegan resume {job_id}` goes on from its last checkpoint"
        )
    before, stop, config = _last(job), job.config.get("stop", "none"), _longer(job, steps)
    _drop_end_snapshot(session, job, config)
    job.config, job.steps = config.model_dump(mode="json"), config.steps
    _queue_again(session, job)
    alone = f", without stop {stop}" if stop != config.stop else ""
    add_event(session, job, moment, "extended", f"from {before} to {steps} steps{alone}")


def forget_results(session: Session, ids: Sequence[int], tables: Sequence[type[ResultTable]]) -> None:
    """Delete what came of jobs; of a fork what came after its start, for there it starts again."""
    job = models.Job
    starts = select(job.id, job.parent_step).where(job.id.in_(ids), job.parent_step.is_not(None))
    rows = session.execute(starts) if models.Checkpoint in tables else ()
    forks = {job_id: step for job_id, step in rows if step is not None}
    for table in tables:
        session.execute(delete(table).where(table.job_id.in_([job_id for job_id in ids if job_id not in forks])))
    delete_after(session, forks)
    session.execute(delete(models.Plot).where(models.Plot.job_id.in_(forks)))


def _ended(session: Session, job_id: int, done: str, force: bool = False) -> tuple[datetime, models.Job]:
    """Lock a job that has ended, or is ended by force; return the time, and the job. Raises JobStateConflict."""
    job, moment = locked_job(session, job_id), now(session)
    if force and job.state is JobState.RUNNING:
        end(session, job, moment, JobState.CANCELLED, "forced")
    if job.state not in (JobState.QUEUED, JobState.RUNNING):
        _check_dataset(session, job, done)
        return moment, job
    state = displayed_state(job, moment)
    command = f"`curvegan explain {job_id}` says what it waits for"
    if job.state is JobState.RUNNING:
        command = (
            f"`curvegan wait {job_id}` follows it to its end, `curvegan cancel {job_id}` stops it, and with --force "
            "it is taken from its worker"
        )
    raise JobStateConflict(f"job {job_id} cannot be {done}: it is {state}; {command}")


def _check_dataset(session: Session, job: models.Job, done: str) -> None:
    """Raise JobStateConflict where a job would only fail, for its data set is gone."""
    try:
        require_contents(session, [read_config(job.id, job.config)] if job.dataset else [])
    except DatasetNotFound:
        raise JobStateConflict(
            f"job {job.id} cannot be {done}: its data set {job.dataset:.12} was removed; "
            "`curvegan data add` with the same curves brings it back"
        ) from None


def _last(job: models.Job) -> int:
    """Return how many steps a job that has succeeded did: all, or those until it stopped, for which it has a reason."""
    return job.step if job.reason else job.steps


def _longer(job: models.Job, steps: int) -> TrainConfig:
    """Return the job's config with more steps, and the same numbers up to its present end."""
    if steps <= _last(job):
        raise JobStateConflict(f"job {job.id} has {_last(job)} steps already; extend it with --steps above that")
    present = read_config(job.id, job.config)
    on = {"stop": "none", "stop_patience": TrainConfig.DEFAULTS["stop_patience"]} if job.reason else {}
    config = TrainConfig.parse(job.config | {"steps": steps} | on)
    if (config.hash, config.pack_key) != (present.hash, present.pack_key):
        raise JobStateConflict(
            f"job {job.id} cannot be extended: with this config other steps mean other numbers from the start; "
            f"submit a new job with --steps {steps}"
        )
    return config


def _drop_end_snapshot(session: Session, job: models.Job, config: TrainConfig) -> None:
    """Delete the snapshot at the old end where a job that runs longer has none."""
    if _last(job) % config.snapshot_every:
        session.execute(
            delete(models.Snapshot).where(models.Snapshot.job_id == job.id, models.Snapshot.step == _last(job))
        )


def _queue_again(session: Session, job: models.Job, verb: Until = Until.RERUN) -> None:
    """Queue an ended job, free of how it ended. Pictures of the old end go: while it runs they are drawn anew."""
    session.execute(delete(models.Plot).where(models.Plot.job_id == job.id))
    for name, value in models.cleared_by(verb).items():
        setattr(job, name, value)
