"""A restore looks at what it has done before anybody sees it: where that is not whole, all stays as it was."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from curvegan_core.errors import InvalidInput
from curvegan_db.columns import JobState
from curvegan_db.store import Store
from curvegan_db.verbs.progress import Ending, Record
from curvegan_db.verbs.upkeep.backups import back_up, restore
from curvegan_db.verbs.upkeep.histories import holes

from ...trainings import begun, claim, losses, request, snapshot


def test_a_restore_that_would_not_be_whole_restores_nothing(store: Store, tmp_path: Path) -> None:
    store.submit([request()])
    back_up(store.engine, tmp_path / "whole.db")
    [newer] = store.submit([request()])
    with store.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_jobs_queue"))
    with pytest.raises(InvalidInput, match="nothing was restored: the database lacks ix_jobs_queue"):
        restore(store.engine, tmp_path / "whole.db")
    assert store.job(newer).state == "queued"


def test_rows_of_jobs_that_are_not_there_are_not_restored(store: Store, tmp_path: Path) -> None:
    [job] = store.submit([request()])
    back_up(store.engine, tmp_path / "damaged.db")
    damaged = sqlite3.connect(tmp_path / "damaged.db")
    with damaged:
        damaged.execute("DELETE FROM jobs")
    damaged.close()
    with pytest.raises(InvalidInput, match=r"nothing was restored: .* has 1 rows of jobs that it lacks"):
        restore(store.engine, tmp_path / "damaged.db")
    assert store.job(job).state == "queued"


def test_jobs_whose_history_is_not_whole_are_named(store: Store) -> None:
    jobs = store.submit([request(), request(), request()])
    claimed = begun(store, claim(store, most=3))
    whole, gap = losses(*range(0, 100, 10)), losses(0, 10, 50, 60, 70, 80, 90)
    done, seen = Ending(JobState.SUCCEEDED), [snapshot(step) for step in (0, 50, 100)]
    records = [Record(job, 100, curve, seen, ending=done) for job, curve in zip(jobs, (whole, gap, whole), strict=True)]
    assert not store.record(claimed.token, [*records[:2], replace(records[2], snapshots=seen[:1])])
    assert list(holes(store.engine)) == [(jobs[1], "3 of its 10 losses"), (jobs[2], "2 of its 3 snapshots")]
