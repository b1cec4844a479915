"""A search: the rows are all that it is, so that whoever goes on with it, however often, comes to the same trials."""

import random
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import curvegan as cg
from curvegan_core.errors import InvalidInput
from curvegan_db.columns import JobState
from curvegan_db.errors import JobNotFound

from ...db.one_job import begin, finish
from .studies import end_jobs, searched

RATES = {"lr_g": cg.span(1e-5, 1e-1), "lr_d": cg.span(1e-5, 1e-1)}
MIXED = RATES | {"loss": ["ns", "rpgan"], "r1": [0, cg.span(0.01, 10.0)]}
GRID = {"lr_g": "log:1e-5:1e-1:5", "lr_d": [1e-4, 1e-3]}
SPACES: dict[str, dict[str, Any]] = {"tpe": MIXED, "random": MIXED, "cmaes": RATES, "grid": GRID}
HOW: dict[str, Any] = {"seeds": 1, "steps": 20, "worker": False}


@contextmanager
def a_lab(template: Path, folder: Path) -> Iterator[cg.Lab]:
    folder.mkdir()
    shutil.copyfile(template, folder / "curvegan.db")
    with cg.Lab(home=str(folder), database_url=f"sqlite:///{folder}/curvegan.db") as lab:
        yield lab


@pytest.mark.parametrize("sampler", SPACES)
def test_whoever_goes_on_with_a_study_comes_to_the_same_trials(
    sampler: str, sqlite_template: Path, tmp_path: Path
) -> None:
    how = HOW | {"sampler": sampler, "batch": 3, "name": "s"}
    with a_lab(sqlite_template, tmp_path / "undisturbed") as lab:
        expected = searched(lab.tune(SPACES[sampler], trials=8, **how), lab.store)
    assert len(expected) == 8
    with a_lab(sqlite_template, tmp_path / "disturbed") as lab:
        over, turn = False, 0
        while not over:
            turn += 1
            studies = [lab.tune(SPACES[sampler], trials=5 if turn < 4 else 8, **how) for _ in range(2)]
            goes_on = [study.advance() for study in studies]
            end_jobs(lab.store, seed=turn, most=1)
            over = turn >= 4 and not any(goes_on)
        assert [(dict(trial.point), trial.value) for trial in studies[0].look()] == expected
        assert (len(studies[0].sweep), lab.find_study("s").plan.trials) == (8, 8)


def test_a_study_is_the_same_on_every_database(lab: cg.Lab, sqlite_template: Path, tmp_path: Path) -> None:
    space = MIXED | {"spectral_norm": [True, False], "hidden_g": cg.span(8, 16)}
    with a_lab(sqlite_template, tmp_path / "other") as other:
        found = [searched(one.tune(space, trials=15, batch=5, **HOW), one.store) for one in (lab, other)]
    assert found[0] == found[1]
    assert {type(value) for value in found[0][0][0].values()} == {float, str, bool, int}


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_sampler_goes_where_it_was_good(sampler: str, one_lab: cg.Lab) -> None:
    study = one_lab.tune(SPACES[sampler], trials=40, batch=8, sampler=sampler, **HOW)
    found = [value for _, value in searched(study, one_lab.store) if value is not None]
    first, last = sorted(found[:16]), sorted(found[-16:])
    assert last[8] < 0.75 * first[8]
    best = study.best
    assert best is not None
    assert best.value == min(found)
    assert study.trials().columns == ["trial", *SPACES[sampler], "rmse", "state", "jobs"]
    assert study.trials()["rmse"].min() == best.value
    assert "40 of 40 trials have ended; best rmse" in repr(study)


def test_a_trial_is_the_median_over_its_seeds_and_failures_are_worst(one_lab: cg.Lab) -> None:
    study = one_lab.tune(
        {"lr": [1e-3, 1e-4]}, sampler="grid", seeds=[1, 2, 3], trials=2, steps=20, batch=1, worker=False
    )
    assert (study.best, study.trial(0).state) == (None, "queued")
    end_jobs(one_lab.store, failing=(1,))
    assert study.advance()
    end_jobs(one_lab.store, failing=(1, 2))
    assert not study.advance()
    first, second = study.look()
    assert (round(first.value or 0.0, 9), first.state) == (0.03, "done")
    assert (second.value, second.state, study.best) == (None, "failed", first)


def test_a_trial_that_lacks_the_metric_has_no_value_and_the_search_goes_on(one_lab: cg.Lab) -> None:
    study = one_lab.tune({"lr": [1e-3, 1e-4]}, sampler="grid", by="modes", trials=2, batch=2, **HOW)
    store = one_lab.store
    worker = store.register_worker("host", 4711, ["auto", "cpu"], "0.1.0")
    claim = store.claim(worker, ("auto", "cpu"), 10)
    assert claim is not None
    for job, metrics in zip(claim.jobs, ({"rmse": 1.0}, {"rmse": 2.0, "modes": 1.0}), strict=True):
        begin(store, claim.token, job.id, 0, "cpu", "torch", "1")
        finish(store, claim.token, job.id, JobState.SUCCEEDED, metrics=metrics, verdict="converged")
    assert not study.advance()
    assert [(trial.value, trial.unmeasured) for trial in study.look()] == [(None, True), (1.0, False)]
    assert [trial.number for trial in study.front] == [1]


def test_points_that_make_no_job_or_were_tried_are_passed_over(one_lab: cg.Lab) -> None:
    space = {"loss": ["ns", "wgan"], "gp": [0, 10], "batch_size": [8, 16]}
    for sampler in ("tpe", "grid", "random"):
        study = one_lab.tune(space, trials=60, batch=4, sampler=sampler, **HOW)
        points = [tuple(point.values()) for point, _ in searched(study, one_lab.store)]
        assert len(points) == len(set(points)) == 6  # of eight, for wgan needs gp
    with pytest.raises(InvalidInput, match=r"no point of the space makes a valid job: .*wgan needs gp"):
        one_lab.tune({"loss": ["wgan"]}, worker=False)


def test_without_batches_as_many_trials_wait_as_there_are_workers(one_lab: cg.Lab) -> None:
    store = one_lab.store
    for pid in (1, 2, 3):
        store.register_worker("host", pid, ["auto", "cpu"], "0.1.0")
    study = one_lab.tune(MIXED, trials=9, **HOW)
    assert [study.advance(), len(study.look()), study.advance(), len(study.look())] == [True, 3, True, 3]
    end_jobs(store)
    assert [study.advance(), len(study.look())] == [True, 6]


def test_points_of_ones_own(one_lab: cg.Lab) -> None:
    study = one_lab.tune(RATES, trials=3, batch=2, name="own", **HOW)
    generator = random.Random(1)
    point = {key: generator.choice([1e-4, 1e-3]) for key in RATES}
    trial = study.submit(dict(reversed(point.items())), worker=False)
    assert (trial.number, trial.state, trial.point) == (2, "queued", point)
    assert study.submit(point, worker=False) == trial
    end_jobs(one_lab.store)
    assert study.trial(2).value is not None
    assert study.ask() is None
    with pytest.raises(InvalidInput, match="study own has no trial 99; it has 0 to 2"):
        study.trial(99)
    longer = one_lab.tune(RATES, trials=8, batch=2, name="own", **HOW)
    asked = longer.ask()
    assert asked is not None
    assert {*asked} == {*RATES}
    assert len(longer.look()) == 3
    for wrong, said in (({"lr_g": 1e-3}, "has the keys lr_g, lr_d"), (point | {"lr_g": 1.0}, "lr_g=1.0 is not in")):
        with pytest.raises(InvalidInput, match=said):
            study.submit(wrong)


def test_what_no_study_is(one_lab: cg.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    study = one_lab.tune({"lr": cg.span(1e-5, 1e-2)}, name="s", trials=4, **HOW)
    for changed, said in (
        ({"space": {"lr": cg.span(1e-4, 1e-2)}}, "study s is another one: it has --space lr=1e-05..0.01; give another"),
        ({"by": "w1"}, "--by rmse"),
        ({"steps": 30}, "steps=20"),
        ({"seeds": 5}, "--seeds 1"),
    ):
        with pytest.raises(InvalidInput, match=said):
            one_lab.tune(**{"space": {"lr": cg.span(1e-5, 1e-2)}, "name": "s", **HOW, **changed})
    assert one_lab.tune(name="s").plan == study.plan
    with pytest.raises(InvalidInput, match="no study is called 'other'"):
        one_lab.tune(name="other")
    plain = one_lab.sweep({"lr": [1e-3]}, worker=False)
    with pytest.raises(InvalidInput, match="is no study"):
        one_lab.find_study(plain.id)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InvalidInput, match=r"needs optuna, which is not installed: `pip install 'curvegan\[tune\]'`"):
        one_lab.tune({"lr": cg.span(1e-5, 1e-2)}, worker=False)
    assert one_lab.tune({"lr": cg.span(1e-5, 1e-2)}, sampler="random", trials=1, worker=False).look()
    with pytest.raises(JobNotFound):
        one_lab[99]


def test_interrupting_the_wait_says_how_to_go_on(one_lab: cg.Lab, capsys: pytest.CaptureFixture[str]) -> None:
    import _thread

    study = one_lab.tune({"lr": cg.span(1e-5, 1e-2)}, name="s", trials=4, **HOW)
    threading.Timer(0.5, _thread.interrupt_main).start()
    with pytest.raises(cg.Detached):
        study.wait(worker=False)
    assert "`curvegan tune --name s` goes on with the search" in capsys.readouterr().err
