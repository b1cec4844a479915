"""The best jobs, columns of values, pages of jobs and loss curves of many, on both databases."""

from collections import Counter

import numpy as np
import pytest

from curvegan_core.records.loss_curve import LossCurve
from curvegan_db.errors import ResultDamaged
from curvegan_db.filters.catalogue import FIELDS, METRICS
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.tables.models import LossChunk
from curvegan_db.verbs.looking import comparing

from ...one_job import record
from ...population import finished, populate
from ...trainings import claim, losses, request

RMSE = METRICS["rmse"]


def rmses(store: Store, *values: float) -> None:
    for value in values:
        finished(store, {"steps": 10}, rmse=value)


def test_the_best_come_in_order_and_the_older_first_of_equals(store: Store) -> None:
    rmses(store, 0.3, 0.1, 0.2, 0.1)
    assert [job.id for job in store.best(RMSE, largest=False, limit=3)] == [2, 4, 3]
    assert [job.id for job in store.best(RMSE, largest=True, limit=2)] == [1, 3]


def test_a_job_without_the_metric_is_never_the_best(store: Store) -> None:
    store.submit([request()])
    finished(store, {"steps": 10}, hq=1.0)
    rmses(store, 5.0)
    assert [job.id for job in store.best(RMSE, largest=False)] == [3]
    assert [job.id for job in store.best(RMSE, largest=True)] == [3]


def test_the_best_are_those_that_the_filter_leaves(store: Store) -> None:
    rmses(store, 0.3, 0.1, 0.2)
    assert [job.id for job in store.best(RMSE, False, Filter.parse("rmse>0.15"))] == [3, 1]


def test_values_are_those_of_the_records(store: Store) -> None:
    populate(store, 30)
    names = ("id", "seed", "lr_g", "loss", "spectral_norm", "curve", "curve.noise", "verdict", "rmse", "steps")
    expected = [
        (
            *(job.id, job.config.seed, job.config.lr_g, job.config.loss, job.config.spectral_norm),
            *(job.config.curve.family, getattr(job.config.curve, "noise", None)),
            *(job.verdict, (job.metrics or {}).get("rmse"), job.steps),
        )
        for job in store.jobs(newest_first=False)
    ]
    assert store.values([FIELDS[name] for name in names]) == expected


def test_values_of_no_job_are_none(store: Store) -> None:
    assert store.values([RMSE]) == []


def test_pages_hold_every_job_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "PAGE", 7)
    ids = populate(store, 30)
    pages = list(store.pages())
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert [job.id for page in pages for job in page] == ids
    even = [job.id for page in store.pages(Filter.parse("priority=5")) for job in page]
    assert even == [job.id for job in store.jobs(newest_first=False) if job.priority == 5]


def test_loss_curves_of_many_are_those_of_each(store: Store) -> None:
    store.submit([request(), request(), request()])
    for job_id in (1, 2):
        token = claim(store).token
        for first in (0, 20):
            record(store, token, job_id, first + 20, losses(first + job_id, first + 10 + job_id))
    found = dict(store.loss_curves([3, 1, 2, 99]))
    assert list(found) == [3, 1, 2, 99]
    assert found[1] == store.losses(1)
    assert found[2] == store.losses(2)
    assert found[3] == found[99] == LossCurve.empty()
    assert np.array_equal(found[2].steps, [2, 12, 22, 32])


def test_a_damaged_loss_curve_is_named(store: Store) -> None:
    [job_id] = store.submit([request()])
    record(store, claim(store).token, job_id, 10, losses(0))
    with store.engine.begin() as connection:
        connection.execute(LossChunk.__table__.update().values(data=b"x"))  # type: ignore[attr-defined]
    with pytest.raises(ResultDamaged, match="job 1"):
        list(store.loss_curves([job_id]))


def test_jobs_are_counted_by_the_state_that_is_shown_and_by_values(store: Store) -> None:
    populate(store, 60)
    for where in (None, Filter.parse("lr_g<1e-3")):
        jobs = store.jobs(where=where)
        assert store.counted(where) == dict(Counter(job.state for job in jobs))
        by_values = Counter((job.config.curve.family, job.verdict) for job in jobs)
        assert store.counts([FIELDS["curve"], FIELDS["verdict"]], where) == dict(by_values)


def test_the_running_come_first_then_the_newest_end_then_the_queue_as_it_is_claimed(store: Store) -> None:
    populate(store, 60)
    jobs = store.front(100)
    ranks = [0 if job.state in ("running", "lost") else 2 if job.state == "queued" else 1 for job in jobs]
    assert len(jobs) == 60
    assert ranks == sorted(ranks)
    waiting = [job for job in jobs if job.state == "queued"]
    assert waiting == sorted(waiting, key=lambda job: (-job.priority, job.id)) == store.queue(100)
    assert store.front(7) == jobs[:7]
    few = Filter.parse("lr_g<1e-3")
    assert store.front(100, few) == [job for job in jobs if job.id in store.ids(few)]
