"""Which checkpoints of a job stay when another one comes."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from curvegan_db.tables import models


def outdated(steps: Collection[int], config: Mapping[str, Any]) -> set[int]:
    """Return those of the steps with a checkpoint whose checkpoints can go, by a job's config as it is stored.

    One off the grid, as a drain or an earlier end leaves it, is there to be resumed: it goes when the next one is
    there. Of those on the grid the first stays, to start from again, and the last two: where the newest cannot be
    read, a resume takes the one before. The newest of all always stays, and so does the start of a fork.
    """
    newest = max(steps)
    grid = sorted(step for step in steps if step % config["checkpoint_every"] == 0)
    keep = config.get("keep_checkpoints", "few")  # a job that is older than the key has none
    if keep == "few" or (keep == "final" and newest < config["steps"]):
        grid = grid[:1] + grid[-2:]
    elif keep == "final":
        grid = []
    start = {config["fork_step"]} if config.get("fork_of") else set()
    return {*steps} - {newest, *grid, *start}


def drop_outdated(session: Session, configs: Mapping[int, Mapping[str, Any]]) -> None:
    """Delete the outdated checkpoints of jobs, whose stored configs are given by their ids."""
    table = models.Checkpoint
    steps: dict[int, list[int]] = {job_id: [] for job_id in configs}
    for job_id, step in session.execute(select(table.job_id, table.step).where(table.job_id.in_(configs))):
        steps[job_id].append(step)
    gone = [{"id": job, "at": step} for job, kept in steps.items() if kept for step in outdated(kept, configs[job])]
    if gone:
        one = delete(table).where(table.job_id == bindparam("id"), table.step == bindparam("at"))
        session.connection().execute(one, gone)
