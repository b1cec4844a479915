"""Data sets in the store: names, contents stored once, and the jobs that keep them there."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from sqlalchemy import func, select

from curvegan_core.config.train import TrainConfig
from curvegan_core.errors import CurveganError, InvalidInput
from curvegan_core.families.dataset import Dataset
from curvegan_core.families.description import Description
from curvegan_db.errors import DatasetConflict, DatasetNotFound, JobStateConflict
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.values import JobRequest

from ..one_job import finish
from ..trainings import claim

LOADS = Dataset.checked(np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 7.0]]))
OTHERS = Dataset.checked(np.array([[0.5, 2.5], [3.5, 5.5]]))


def on(dataset: Dataset, **values: object) -> JobRequest:
    """A small job on a data set."""
    config = {"curve": dataset.parameters.model_dump(), "points": dataset.points, "steps": 10}
    return JobRequest(TrainConfig.parse(config | values))


def ended(store: Store, state: str = "succeeded") -> int:
    """A job on LOADS that has ended."""
    [job_id] = store.submit([on(LOADS)])
    finish(store, claim(store).token, job_id, state)
    return job_id


def test_a_data_set_is_what_was_added(store: Store) -> None:
    store.add_dataset("loads", LOADS)
    found = store.named_dataset("loads")
    assert (found.name, found.hash, found.rows, found.points, found.jobs) == ("loads", LOADS.hash, 2, 3, 0)
    assert (found.mean, found.scale) == (LOADS.parameters.mean, LOADS.parameters.scale)
    data = store.dataset(LOADS.hash)
    assert (found.size, Dataset.from_bytes(data).hash) == (len(data), LOADS.hash)
    assert store.datasets() == [found]


def test_a_content_is_stored_once_under_all_its_names(store: Store) -> None:
    for name in ("b", "a", "b"):
        store.add_dataset(name, LOADS)
    store.add_dataset("c", OTHERS)
    assert [each.name for each in store.datasets()] == ["a", "b", "c"]
    # Its jobs go by the name that was added first, and by what that one says.
    assert store.dataset_names(LOADS.hash) == store.names_of_datasets([LOADS.hash])[LOADS.hash] == ["b", "a"]
    told = Dataset.checked(LOADS.rows, (), Description(x=(0.0, 1.0, 5.0)))
    store.add_dataset("a", told)
    assert store.dataset_description(LOADS.hash) == {}
    assert store.dataset_description(LOADS.hash, "a") != {}
    with pytest.raises(DatasetConflict, match="the name c is taken by other curves"):
        store.add_dataset("c", LOADS)
    store.remove_dataset("a")
    assert store.dataset(LOADS.hash)
    store.remove_dataset("b")
    with pytest.raises(DatasetNotFound, match=LOADS.hash[:12]):
        store.dataset(LOADS.hash)
    assert [each.name for each in store.datasets()] == ["c"]


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "\udc80"])
def test_a_name_that_no_database_stores_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="name of a data set"):
        store.add_dataset(name, LOADS)
    assert store.datasets() == []


def test_an_unknown_name_says_what_to_type(store: Store) -> None:
    for verb in (store.named_dataset, store.remove_dataset):
        with pytest.raises(DatasetNotFound, match=r"no data set loads; `curvegan data list`"):
            verb("loads")


def test_a_job_is_queued_on_a_data_set_that_is_there_or_not_at_all(store: Store) -> None:
    with pytest.raises(DatasetNotFound, match=LOADS.hash[:12]):
        store.submit([JobRequest(TrainConfig()), on(LOADS)])
    store.add_dataset("loads", LOADS)
    shifted = LOADS.parameters.model_dump() | {"mean": 0.0}
    for wrong in (on(LOADS, points=5), on(LOADS, curve=shifted)):
        with pytest.raises(DatasetConflict, match=r"has 3 points, mean 3\.6666666666666665"):
            store.submit([wrong])
    assert store.jobs() == []
    [job_id] = store.submit([on(LOADS)])
    assert store.dataset_jobs(LOADS.hash) == [job_id]
    assert store.named_dataset("loads").jobs == 1


def test_unfinished_jobs_keep_their_data_set(store: Store) -> None:
    store.add_dataset("loads", LOADS)
    [job_id] = store.submit([on(LOADS)])
    with pytest.raises(DatasetConflict, match=f"job {job_id} is queued and needs it; `curvegan cancel {job_id}`"):
        store.remove_dataset("loads")
    token = claim(store).token
    with pytest.raises(DatasetConflict, match=f"job {job_id} is running"):
        store.remove_dataset("loads")
    store.add_dataset("again", LOADS)
    store.remove_dataset("loads")  # the content has another name
    finish(store, token, job_id, "succeeded")
    store.remove_dataset("again")
    assert store.datasets() == []


def test_no_job_runs_again_without_its_data_set(store: Store) -> None:
    store.add_dataset("loads", LOADS)
    failed, succeeded = ended(store, "failed"), ended(store)
    store.remove_dataset("loads")
    verbs = partial(store.retry, succeeded), partial(store.resume, failed), partial(store.extend, succeeded, 20)
    for again in verbs:
        with pytest.raises(JobStateConflict, match=r"its data set \w{12} was removed; `curvegan data add`"):
            again()
    assert {job.state for job in store.jobs()} == {"failed", "succeeded"}
    store.add_dataset("back", LOADS)
    store.retry(succeeded)
    assert store.job(succeeded).state == "queued"


def test_no_sweep_runs_again_without_its_data_set(store: Store) -> None:
    store.add_dataset("loads", LOADS)
    sweep = store.submit_sweep([on(LOADS), on(LOADS, seed=1)], {"seed": [0, 1]}).id
    assert sweep is not None
    store.cancel_jobs(Filter.of_sweep(sweep))
    store.remove_dataset("loads")
    for again in (store.retry_sweep, store.resume_sweep):
        with pytest.raises(DatasetNotFound, match=LOADS.hash[:12]):
            again(sweep, ["cancelled"])
    assert {job.state for job in store.jobs()} == {"cancelled"}
    with pytest.raises(DatasetNotFound):
        store.submit_sweep([on(LOADS)], {})
    store.add_dataset("back", LOADS)
    assert len(store.retry_sweep(sweep, ["cancelled"])) == 2


def test_whoever_comes_first_the_data_set_outlives_its_jobs(store: Store) -> None:
    """Submits, additions and removals at once: no queued job is ever without its curves, and nobody waits for ever."""

    def attempt(turn: int) -> None:
        try:
            if turn % 3 == 0:
                store.remove_dataset("loads")
            elif turn % 3 == 1:
                store.add_dataset("loads", LOADS)
            else:
                store.submit([on(LOADS, seed=turn)])
        except (DatasetNotFound, DatasetConflict):
            pass
        assert _without_curves(store) == 0
        for job in store.jobs(states=["queued"]):
            _cancel(store, job.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(60)))


def _without_curves(store: Store) -> int:
    """How many queued jobs lack their content, seen at one moment: two looks would see two."""
    contents = select(models.DatasetContent.hash)
    lacking = models.Job.dataset.not_in(contents) & (models.Job.state == "queued")
    with store.engine.connect() as connection:
        return connection.scalars(select(func.count()).where(lacking)).one()


def _cancel(store: Store, job_id: int) -> None:
    try:
        store.cancel(job_id)
    except CurveganError:  # another thread was faster
        assert store.job(job_id).state == "cancelled"
