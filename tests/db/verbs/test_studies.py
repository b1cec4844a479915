"""Studies in the store: what was added is never added again, whoever asks, and a name is begun once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from curvegan_core.errors import InvalidInput
from curvegan_db.errors import SweepNotFound
from curvegan_db.store import Store
from curvegan_db.values import JobRequest

from ..trainings import request

PLAN = {"space": {"lr": "1e-5..1e-2"}, "trials": 4}


def trial(number: int) -> list[JobRequest]:
    return [request(f"trial {number}", lr=1e-4 * (number + 1), seed=seed) for seed in (0, 1)]


def test_a_study_grows_by_each_trial_once(store: Store) -> None:
    study, first = store.start_study("night", PLAN, {"lr": [1e-4]}, trial(0))
    assert (store.study_named("night"), store.sweep(study).study, len(first)) == (study, PLAN, 2)
    second = store.add_to_study(study, first[-1], trial(1))
    assert (len(second), store.add_to_study(study, first[-1], trial(1))) == (2, [])
    sum(store.delete(second))
    assert store.add_to_study(study, second[-1], trial(2)) == []
    third = store.add_to_study(study, first[-1], trial(2), PLAN | {"trials": 9})
    assert [job.id for job in store.jobs(sweep=study, newest_first=False)] == first + third
    assert store.sweep(study).study == PLAN | {"trials": 9}
    with pytest.raises(SweepNotFound):
        store.add_to_study(99, 0, trial(0))


def test_controllers_at_once_begin_one_study_and_add_each_trial_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        begun = list(threads.map(lambda _: store.start_study("night", PLAN, {}, trial(0)), range(8)))
        assert len({study for study, _ in begun}) == sum(bool(jobs) for _, jobs in begun) == 1
        study, [*_, last] = next(one for one in begun if one[1])
        added = list(threads.map(lambda _: store.add_to_study(study, last, trial(1)), range(8)))
    assert sorted(map(len, added)) == [0] * 7 + [2]
    assert store.sweep(study).jobs == 4


def test_names_of_studies(store: Store) -> None:
    study, _ = store.start_study(None, PLAN, {}, trial(0))
    assert store.sweep(study).name == f"study-{study}"
    store.submit_sweep(trial(0), {}, "rates")
    assert store.study_named("rates") is None
    assert store.start_study("rates", PLAN, {}, trial(0))[1]
    with pytest.raises(InvalidInput, match="by their ids"):
        store.start_study("17", PLAN, {}, trial(0))
