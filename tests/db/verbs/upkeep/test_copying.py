"""Jobs go from a store to another, of either database, with all that came of them; twice is harmless."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from curvegan_db.filters.language import Filter
from curvegan_db.store import Store, make_engine
from curvegan_db.tables import models
from curvegan_db.verbs.upkeep.copying import Copied

from ....databases import migrate
from ....worker.inline import train_all
from ...trainings import request


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """Another store, a file that has jobs of its own."""
    url = f"sqlite:///{tmp_path}/other.db"
    migrate(url)
    with Store(make_engine(url)) as store:
        store.submit([request(seed=90 + index) for index in range(3)])
        yield store


def copied(source: Store, target: Store, where: str | None = None) -> Copied:
    return target.unbundle(source.bundle(source.ended(Filter.parse(where) if where else None)))


def everything(store: Store, job_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows that belong to a job, without ids."""
    own = {"id", "job_id", "sweep_id"}
    rows = {}
    with store.engine.connect() as connection:
        for table in models.Base.metadata.sorted_tables:
            key = table.c.get("job_id", table.c.id if table.name == "jobs" else None)
            if key is not None:
                found = connection.execute(select(table).where(key == job_id).order_by(*table.primary_key)).mappings()
                rows[table.name] = [{name: row[name] for name in row if name not in own} for row in found]
    return rows


def test_all_that_came_of_jobs_goes_there_and_back(store: Store, other: Store) -> None:
    store.submit([request("alone", tags=("a", "b"), seed=1), request(seed=2)])
    sweep = store.submit_sweep([request(seed=3), request(seed=3, steps=50), request(seed=3)], {"seed": [3]}, "rates")
    train_all(store)
    [waiting] = store.submit([request("waiting")])
    there = copied(store, other)
    assert (list(there.ids), there.there) == ([1, 2, 3, 4, 5], set())
    assert waiting not in there.ids
    for job_id, copy in there.ids.items():
        assert everything(other, copy) == everything(store, job_id)
        assert copy > 3
    assert len(everything(other, there.ids[1])["loss_chunks"]) > 0
    [copied_sweep] = other.sweeps(10)
    assert (copied_sweep.name, copied_sweep.jobs, copied_sweep.axes) == ("rates", 3, {"seed": [3]})
    assert store.sweep(sweep.id or 0).created_at == copied_sweep.created_at

    again, back = copied(store, other), copied(other, store)
    assert (again.ids, again.there) == (there.ids, set(there.ids))
    assert back.ids == {copy: job_id for job_id, copy in there.ids.items()}
    assert back.there == set(back.ids)
    assert (len(store.jobs()), len(other.jobs()), len(other.sweeps(10))) == (6, 8, 1)
    assert other.checkpoint(there.ids[1]).sha256 == store.checkpoint(1).sha256
    other.extend(there.ids[1], 200)


def test_what_is_missing_comes_into_the_sweep_that_is_there(store: Store, other: Store) -> None:
    store.submit_sweep([request(seed=1), request(seed=2)], {"seed": [1, 2]})
    train_all(store)
    assert len(copied(store, other, "seed=2").ids) == 1
    rest = copied(store, other)
    assert rest.there == {2}
    assert [sweep.jobs for sweep in other.sweeps(10)] == [2]


def test_data_sets_come_along_under_a_free_name(store: Store, other: Store) -> None:
    import numpy as np

    from curvegan_core.families.dataset import Dataset

    mine, theirs = (Dataset.checked(np.random.default_rng(seed).normal(size=(20, 4))) for seed in (0, 1))
    store.add_dataset("mine", mine)
    other.add_dataset("mine", theirs)
    named = store.named_dataset("mine")
    store.submit([request(curve=mine.parameters.model_dump(), points=4)])
    train_all(store)
    for _ in range(2):
        copied(store, other)
        assert other.dataset_names(named.hash) == [f"mine-{named.hash[:6]}"]
    assert other.dataset(named.hash) == store.dataset(named.hash)
