"""A job's columns: each is declared, and what a declaration says of it is what the store does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect, select

from curvegan_core.families.dataset import Dataset
from curvegan_db.columns import JOB_FIELDS, JobColumns, JobState, Until
from curvegan_db.filters.catalogue import FIELDS
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.verbs.forks import Start
from curvegan_db.verbs.progress import Ending, Record

from ..one_job import record
from ..population import change
from ..trainings import begun, claim, losses, request, short

COLUMNS: dict[str, Any] = {name: a.columns[0] for name, a in inspect(models.Job).column_attrs.items()}
# What a claim itself writes: who trains, and since when.
CLAIMED = {"state", "attempt", "worker", "worker_id", "lease_token", "lease_expires_at"}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_declared(name: str) -> None:
    """One that is made by mapped_column itself says neither whether it is filtered nor how long it keeps its value."""
    assert COLUMNS[name].info.keys() == {"until", "filtered"}
    if COLUMNS[name].info["until"] <= Until.RETRY:
        assert COLUMNS[name].nullable or COLUMNS[name].default is not None, "a new job has no value for it"


def test_a_job_shows_each_column_that_people_see(store: Store) -> None:
    [job_id] = store.submit([request()])
    job = store.job(job_id)
    besides = ("tags", "steps_per_second", "config", "metrics", "unreadable")
    assert vars(job).keys() == {*JobColumns.__annotations__, *besides}
    assert {*JobColumns.__annotations__} == {name for name in COLUMNS if name in JOB_FIELDS}
    for name, kind in JOB_FIELDS.items():
        assert isinstance(getattr(job, name), (kind, type(None)))


@pytest.mark.parametrize("name", [name for name, column in COLUMNS.items() if column.info["filtered"]])
def test_what_is_declared_to_be_filtered_is_a_name_of_the_filter(name: str) -> None:
    assert name in JOB_FIELDS, "whoever filters by it wants to see it"
    assert FIELDS[name].sql is getattr(models.Job, name).expression


def test_the_documents_name_what_jobs_are_filtered_by() -> None:
    page = (Path(__file__).parents[3] / "docs" / "comparing.md").read_text()
    names = {name for name, column in COLUMNS.items() if column.info["filtered"]} | {"tag", "age"}
    assert {name for name in names if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("verb", ["retry", "resume", "extend", "retry_sweep", "resume_sweep"])
def test_a_rerun_clears_what_is_declared_and_nothing_else(store: Store, verb: str) -> None:
    before, after = ended_and_again(store, verb)
    last = Until.RETRY if verb.startswith("retry") else Until.RERUN
    kept = {name for name, column in COLUMNS.items() if column.info["until"] > last}
    changed = {"config", "steps"} if verb == "extend" else set()
    assert {name: after[name] for name in kept - changed} == {name: before[name] for name in kept - changed}
    for name in COLUMNS.keys() - kept:
        default = COLUMNS[name].default
        assert after[name] == (getattr(default, "arg", None)), name
        assert after[name] != before[name], f"{name} was not filled, so this test says nothing of it"


def test_a_claim_clears_what_is_declared_and_nothing_else(store: Store) -> None:
    [job_id] = store.submit([request()])
    filled(store, job_id, "queued")
    before = row(store, job_id)
    claim(store)
    after = row(store, job_id)
    for name in COLUMNS.keys() - CLAIMED:
        cleared = COLUMNS[name].info["until"] is Until.CLAIM
        assert after[name] == (None if cleared else before[name]), name


def test_every_column_is_written_by_a_verb(store: Store) -> None:
    """One that nobody writes shows nothing: whoever declares a column lets what writes it happen here."""
    written = set[str]()
    for job_id in lives(store):
        now = row(store, job_id)
        written |= {name for name, value in now.items() if value != getattr(COLUMNS[name].default, "arg", None)}
    assert COLUMNS.keys() - written == set()


def lives(store: Store) -> Iterator[int]:
    """Let all happen to jobs that leaves something in their rows; yield one after each event."""
    [first] = store.submit_sweep([request("a", engine="fused")], {}, None).jobs
    token = begun(store, claim(store)).token
    record(store, token, first, 50, losses(0, 10), checkpoint=(50, b"state"))
    yield first
    store.cancel(first, "enough")
    yield first
    ending = Ending(JobState.FAILED, "error", "what it was", {"rmse": 0.5}, "collapsed", cpu_seconds=1.5)
    store.record(token, [Record(first, ending=ending)])
    store.annotate(first, "a note")
    yield first
    rows = Dataset.checked(np.array([[1.0, 2.0], [3.0, 5.0]]))
    store.add_dataset("rows", rows)
    own = request(curve=rows.parameters.model_dump(), points=2)
    yield store.fork(first, own, Start(50, b"state", "fused"))
    with short(store) as forgetful:
        claim(forgetful)
        yield from forgetful.reap()


def ended_and_again(store: Store, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A job's row when it had ended, all columns filled, and after the verb queued it again."""
    sweep = store.submit_sweep([request()], {}, None)
    [job_id] = sweep.jobs
    filled(store, job_id, "succeeded" if verb == "extend" else "failed")
    before = row(store, job_id)
    if verb.endswith("sweep"):
        assert getattr(store, verb)(sweep.id, ["failed"]) == [job_id]
    else:
        getattr(store, verb)(job_id, *([200] if verb == "extend" else []))
    return before, row(store, job_id)


def filled(store: Store, job_id: int, state: str) -> None:
    """Give every column that some verb clears a value that no new job has."""
    values: dict[str, Any] = {"Integer": 7, "Double": 0.5, "Boolean": True, "JSON": {"rmse": 0.5}}
    values["UtcDateTime"] = datetime(2026, 1, 1, tzinfo=UTC)
    cleared = [name for name, column in COLUMNS.items() if column.info["until"] <= Until.RETRY and name != "state"]
    made_up = {name: values.get(type(COLUMNS[name].type).__name__, "filled") for name in cleared}
    change(store, job_id, state, **made_up | {"made_by": "fused"})


def row(store: Store, job_id: int) -> dict[str, Any]:
    """A job's row by the names of the columns' attributes."""
    with store.engine.connect() as connection:
        found = connection.execute(select(models.Job.__table__).where(models.Job.id == job_id)).mappings().one()
    return {name: found[column.name] for name, column in COLUMNS.items()}
