"""A search that trains the best third on: rungs follow from the rows, whoever goes on with it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import curvegan as cg
from curvegan_core.errors import InvalidInput

from .studies import end_jobs, searched
from .test_tuning import HOW, MIXED, a_lab

HALVING: dict[str, Any] = HOW | {"steps": 90, "halving": 3, "batch": 9, "name": "h", "sampler": "random"}


def reached(study: cg.Study) -> list[int]:
    return [trial.steps for trial in study.look()]


def test_the_best_third_of_each_rung_trains_on(one_lab: cg.Lab) -> None:
    study = one_lab.tune(MIXED, trials=18, **HALVING)
    assert reached(study) == [10] * 9
    end_jobs(one_lab.store)
    values = sorted((trial.value or 0.0, trial.number) for trial in study.look())
    assert study.advance()
    assert {number for number, steps in enumerate(reached(study)) if steps == 30} == {n for _, n in values[:3]}
    end_jobs(one_lab.store)
    assert study.advance()
    assert sorted(reached(study)) == [10] * 6 + [30] * 2 + [90]
    assert study.look()[values[0][1]].steps == 90
    assert len(study.look()) == 9  # the next batch is chosen when the present one is through
    found = searched(study, one_lab.store)
    assert (len(found), sorted(reached(study))) == (18, [10] * 12 + [30] * 4 + [90] * 2)
    best = study.best
    assert best is not None
    assert (best.steps, best.value) == (90, min(t.value for t in study.look() if t.steps == 90 and t.value))
    assert study.trials()["steps"].tolist() == reached(study)
    job = one_lab[best.jobs[0]]
    assert [line["text"] for line in job.log().to_dicts() if line["kind"] == "extended"] == [
        "extended from 10 to 30 steps",
        "extended from 30 to 90 steps",
    ]


def test_whoever_goes_on_with_its_rungs_comes_to_the_same_trials(sqlite_template: Path, tmp_path: Path) -> None:
    how = HALVING | {"sampler": "tpe"}
    with a_lab(sqlite_template, tmp_path / "undisturbed") as lab:
        study = lab.tune(MIXED, trials=18, **how)
        expected = searched(study, lab.store), reached(study)
    with a_lab(sqlite_template, tmp_path / "disturbed") as lab:
        over, turn = False, 0
        while not over:
            turn += 1
            studies = [lab.tune(MIXED, trials=9 if turn < 5 else 18, **how) for _ in range(2)] if turn != 5 else []
            goes_on = [study.advance() for study in studies]
            end_jobs(lab.store, seed=turn, most=2)
            over = turn > 5 and not any(goes_on)
        assert ([(dict(trial.point), trial.value) for trial in studies[0].look()], reached(studies[0])) == expected


def test_without_batches_a_third_of_what_has_ended_trains_on(one_lab: cg.Lab) -> None:
    study = one_lab.tune(MIXED, trials=10, **HALVING | {"batch": None})
    while study.advance():
        end_jobs(one_lab.store, most=1)
        steps = reached(study)
        assert sum(one > 10 for one in steps) <= -(-len(steps) // 3)
    assert sorted(reached(study)) == [10] * 6 + [30] * 2 + [90] * 2
    assert [trial.steps for trial in study.front] == [90]


@pytest.mark.parametrize("batch", [4, None])
def test_a_third_trains_on_of_a_space_with_no_further_point(batch: int | None, one_lab: cg.Lab) -> None:
    study = one_lab.tune(
        {"lr": [1e-4, 1e-3, 1e-2, 2e-2, 1e-1]}, trials=8, **HALVING | {"batch": batch, "sampler": "grid"}
    )
    searched(study, one_lab.store)
    assert sorted(reached(study)) == ([10, 10, 30, 90, 90] if batch else [10, 10, 10, 30, 90])


def test_two_controllers_train_on_the_same_ones_once(one_lab: cg.Lab) -> None:
    study = one_lab.tune(MIXED, trials=9, **HALVING)
    study.advance()
    end_jobs(one_lab.store)
    other = one_lab.find_study("h")
    stale = other.look()
    assert study.advance()
    assert other._controller._train_on(stale) == []
    assert sorted(reached(study)) == [10] * 6 + [30] * 3


def test_what_failed_never_trains_on(one_lab: cg.Lab) -> None:
    study = one_lab.tune(MIXED, trials=3, **HALVING | {"batch": 3, "seeds": 2})
    study.advance()
    end_jobs(one_lab.store, failing=(1,))
    assert not study.advance()  # the median of one and a failure is none
    assert (study.best, {trial.state for trial in study.look()}) == (None, {"failed"})
    other = one_lab.tune(MIXED, trials=3, **HALVING | {"batch": 3, "seeds": 3, "name": "other"})
    other.advance()
    end_jobs(one_lab.store, failing=(1,))
    assert other.advance()
    end_jobs(one_lab.store)
    first = next(trial for trial in other.look() if trial.steps > 10)
    assert (len(first.succeeded), first.reached.count(30), first.state) == (2, 2, "done")


def test_a_front_of_several_metrics(one_lab: cg.Lab) -> None:
    space, by = {"lr_g": cg.span(1e-5, 1e-1), "lr_d": cg.span(1e-5, 1e-1)}, ["rmse", "hq"]
    study = one_lab.tune(space, by=by, trials=16, batch=8, **HOW)
    while study.advance():
        end_jobs(one_lab.store)
    trials = study.look()
    assert study.best == study.front[0]
    ends = [(trial.values[0], -trial.values[1]) for trial in trials]
    expected = {n for n, (a, b) in enumerate(ends) if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in ends)}
    assert {trial.number for trial in study.front} == expected
    assert len(expected) > 1
    assert study.trials().columns == ["trial", "lr_g", "lr_d", "rmse", "hq", "state", "jobs"]
    assert "the front of rmse and hq is trials" in repr(study)
    assert one_lab.find_study("last").plan == study.plan
    halved = one_lab.tune(space, by=by, trials=9, **HALVING | {"sampler": "tpe"})
    while halved.advance():
        end_jobs(one_lab.store)
    assert sorted(reached(halved)) == [10] * 6 + [30] * 2 + [90]
    with pytest.raises(InvalidInput, match="cmaes goes by one metric, got rmse, hq; --sampler tpe takes several"):
        one_lab.tune(space, by=by, sampler="cmaes", **HOW)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "steps": ({"steps": 8}, "--halving has 2 to 2 rungs for 8 steps, got 3"),
    "batch": ({"batch": 4, "trials": 10}, "every batch is whole, .*: --trials 8 or 12, not 10"),
    "stop": ({"stop": "converged"}, "leave out stop"),
    "twice": ({"by": ["rmse", "rmse"]}, "--by rmse is there twice"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_cannot_be_halved(wrong: str, one_lab: cg.Lab) -> None:
    how, said = REFUSED[wrong]
    with pytest.raises(InvalidInput, match=said):
        one_lab.tune({"lr": cg.span(1e-5, 1e-2)}, **HALVING | {"trials": 9} | how)
    assert len(one_lab.jobs()) == 0


def test_plans_of_before_are_read_as_they_are(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "old" / "curvegan.db")
    with cg.Lab(home=str(tmp_path / "old"), database_url=f"sqlite:///{tmp_path}/old/curvegan.db") as lab:
        stored = lab.tune({"lr": cg.span(1e-5, 1e-2)}, name="s", **HOW).plan.stored
    assert (stored["by"], stored["largest"], "halving" in stored) == ("rmse", False, False)
