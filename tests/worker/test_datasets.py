"""Jobs on users' own curves in a worker: it reads a data set once, trains on it, and draws with it."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import update

from curvegan_core.config.train import TrainConfig
from curvegan_core.families.dataset import Dataset
from curvegan_core.training import PackTraining
from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store
from curvegan_db.tables.models import DatasetContent
from curvegan_db.values import JobRequest

from .inline import train_all
from .jobs import SHORT

WAVES = Dataset.checked(20 + 3 * np.sin(np.arange(30)[:, None] + np.arange(9)))
ON_WAVES = TrainConfig.parse(SHORT.model_dump() | {"curve": WAVES.parameters, "points": 9})


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on a fresh database, without a fleet, that has the data set."""
    with Store(make_engine(database_url)) as store:
        store.add_dataset("waves", WAVES)
        yield store


def submit(store: Store) -> list[int]:
    return store.submit([JobRequest(ON_WAVES.model_copy(update={"seed": seed})) for seed in range(3)])


def test_jobs_train_on_a_stored_data_set(store: Store) -> None:
    jobs = submit(store)
    train_all(store)
    training = PackTraining({0: (ON_WAVES, None)}, "cpu", {WAVES.hash: WAVES})
    while training.jobs:
        [end] = training.advance()
    assert end.metrics is not None
    assert [(store.job(job).state, store.job(job).attempt) for job in jobs] == [("succeeded", 1)] * 3
    found = store.job(jobs[0]).metrics or {}
    assert {name: found[name] for name in ("rmse", "energy")} == {
        name: end.metrics.as_dict()[name] for name in ("rmse", "energy")
    }
    assert all(store.plot(job, "curve") for job in jobs)


def test_a_data_set_that_is_damaged_fails_its_jobs_in_a_line(store: Store) -> None:
    jobs = submit(store)
    with store.engine.begin() as connection:
        connection.execute(update(DatasetContent).values(data=WAVES.to_bytes()[:-8]))
    train_all(store)
    for job in map(store.job, jobs):
        assert (job.state, job.reason) == ("failed", "refused")
        assert (job.error or "").startswith("no .npy file: ")
        assert (job.error or "").count("\n") == 0
