"""What a person gives from Python is taken for what it means, or refused in a line before anything is stored."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import curvegan as cg
from curvegan_core.errors import DatasetRefused

QUICK: dict[str, Any] = {"worker": False, "steps": 50}
SPACE = {"lr": [1e-3, 1e-4], "loss": ["ns", "rpgan"]}
# What numpy and pandas hand back where a person goes on with their numbers.
WHOLE: Any = np.int64
ONE = WHOLE(1)
HALVES: Any = np.float64
# Calls with a value of another kind than is meant, by name: each is refused by one of ours.
WRONG: dict[str, Callable[[Any], object]] = {
    "a job": lambda lab: lab[None],
    "half a job": lambda lab: lab[1.5],
    "a place": lambda lab: lab.jobs()["first"],
    "a sweep": lambda lab: lab.find_sweep(None),
    "a study": lambda lab: lab.find_study(None),
    "a filter": lambda lab: lab.jobs(where={"loss": "ns"}),
    "tags": lambda lab: lab.submit(tags=[3], **QUICK),
    "a name": lambda lab: lab.submit(name=3, **QUICK),
    "a priority": lambda lab: lab.submit(priority="high", **QUICK),
    "a preset": lambda lab: lab.submit(preset=3, **QUICK),
    "a config": lambda lab: lab.submit(config=lab[1].config, **QUICK),
    "a start": lambda lab: lab.submit(start=lab[1].config, **QUICK),
    "axes": lambda lab: lab.sweep([("lr", [1])], **QUICK),
    "an axis": lambda lab: lab.sweep({"lr": None}, **QUICK),
    "seeds": lambda lab: lab.sweep({"lr": [1e-3]}, seeds=2.5, **QUICK),
    "random": lambda lab: lab.sweep({"lr": cg.span(1e-4, 1)}, random=2.5, **QUICK),
    "a seed of draws": lambda lab: lab.sweep({"lr": cg.span(1e-4, 1)}, random=2, sweep_seed=-1, **QUICK),
    "trials": lambda lab: lab.tune(SPACE, trials=2.5, **QUICK),
    "a batch": lambda lab: lab.tune(SPACE, batch="all", **QUICK),
    "halving": lambda lab: lab.tune(SPACE, halving=True, **QUICK),
    "a seed of choices": lambda lab: lab.tune(SPACE, sampler_seed="a", **QUICK),
    "a space": lambda lab: lab.tune("lr=1..2", **QUICK),
    "metrics": lambda lab: lab.tune(SPACE, by=3, **QUICK),
    "values": lambda lab: cg.log(1e-5, 1e-2, HALVES(2.5)),
    "an end": lambda lab: cg.lin(0, float("inf"), 3),
    "how many": lambda lab: lab[1].sample("10"),
    "a seed of samples": lambda lab: lab[1].sample(2, seed=1.5),
    "a step": lambda lab: lab[1].sample(2, step="last"),
    "latents": lambda lab: lab[1].sample(z=np.zeros((2, 15), complex)),
    "an end of a walk": lambda lab: lab[1].generator().walk(np.zeros(15), "z"),
    "ends of two sizes": lambda lab: lab[1].generator().walk(np.zeros(15), np.zeros(3)),
    "a label": lambda lab: lab[1].generator().sample(2, label=0),
    "steps": lambda lab: lab[1].extend("more"),
    "a fork's step": lambda lab: lab[1].fork(step="last"),
    "a tag": lambda lab: lab[1].tag(["a", "b"]),
    "how many are best": lambda lab: lab.jobs().best(n=-1),
    "a metric": lambda lab: lab.jobs().best(["rmse"]),
    "keys": lambda lab: lab.jobs().summary(3),
    "states": lambda lab: lab.jobs().retry("faled"),
    "a URL": lambda lab: lab.jobs().copy(3),
    "a file": lambda lab: lab[1].save_checkpoint(3),
    "no folder": lambda lab: lab[1].save_checkpoint("no/folder/job.safetensors"),
    "dots to the inch": lambda lab: lab[1].plot().save("a.png", dpi=-1),
    "a config of a file": lambda lab: cg.load(lab[1].save_checkpoint(lab.settings.home / "job"), WHOLE(3)),
    "a file to load": lambda lab: cg.load(lab),
    "a data set's name": lambda lab: lab.data.add(np.eye(3), name=3),
    "rows of one length": lambda lab: lab.data.add([[1, 2, 3], [1, 2]], name="ragged"),
    "a point": lambda lab: lab.find_study().submit([1]),
    "a trial": lambda lab: lab.find_study().trial("first"),
    "a row": lambda lab: lab[1].losses()[1.5],
}


@pytest.fixture
def studied(trained: cg.Lab) -> cg.Lab:
    trained.tune(SPACE, trials=2, sampler="grid", name="s", **QUICK)
    return trained


def test_what_is_of_another_kind_is_refused_in_a_line_and_leaves_nothing(studied: cg.Lab) -> None:
    before, wrong = (studied.jobs().ids, list(studied.data)), dict[str, str]()
    for name, call in WRONG.items():
        try:
            wrong[name] = repr(call(studied))
        except cg.CurveganError as error:
            if "\n" in str(error):
                wrong[name] = str(error)
    assert wrong == {}
    assert (studied.jobs().ids, list(studied.data)) == before


def test_numbers_of_numpy_and_pandas_are_numbers(studied: cg.Lab, tmp_path: Path) -> None:
    job = studied[ONE]
    last = job.snapshots().steps[-1]
    assert (studied[HALVES(1)], studied.jobs()[WHOLE(0)], studied.find_sweep(ONE).id) == (job, job, 1)
    np.testing.assert_array_equal(job.sample(WHOLE(3), seed=WHOLE(7), step=last), job.sample(3, 7))
    assert (
        job.save_checkpoint(tmp_path / "last.safetensors", last).read_bytes() == studied.store.checkpoint(1, 100).data
    )
    made = studied.submit(start=ONE, priority=WHOLE(3), seed=WHOLE(9), worker=False)
    assert (made.record.priority, made.config.seed) == (3, 9)
    assert studied.sweep({"hidden_g": WHOLE(8)}, seeds=WHOLE(2), **QUICK).axes == {
        "hidden_g": [8],
        "seed": [0, 1],
    }
    space = {"hidden_g": np.array([8, 16]), "lr": np.float64(1e-3)}
    study = studied.tune(space, trials=WHOLE(2), batch=WHOLE(2), seeds=[ONE], sampler="grid", **QUICK)
    assert (study.plan.trials, study.plan.batch, study.trial(ONE).point) == (2, 2, {"hidden_g": 16, "lr": 1e-3})
    assert job.fork(step=WHOLE(50), worker=False).record.parent_step == 50


def test_one_word_may_stand_for_a_list_of_it(studied: cg.Lab) -> None:
    sweep, job = studied.find_sweep("rates"), studied[1]
    assert studied.submit(tags="night", **QUICK).tags == ("night",)
    assert job.tag("late", remove="a").tags == ("b", "late")
    assert sweep.summary(by="loss", metrics="rmse").to_dicts() == sweep.summary(["loss"], ["rmse"]).to_dicts()
    assert sweep.losses(by="loss").columns[:2] == ["job", "loss"]
    assert sweep.plot("fan", by="loss").png
    assert [job.config.seed for job in studied.sweep({"lr": [1e-3]}, seeds="16,3", **QUICK)] == [16, 3]
    studied.jobs(where="state=queued").cancel()
    assert len(studied.jobs().retry("cancelled", worker=False)) == len(studied.jobs(where="state=queued"))


def test_a_frame_says_itself_what_its_header_and_its_index_are(one_lab: cg.Lab) -> None:
    rows = np.random.default_rng(0).uniform(size=(9, 4))
    frame = pd.DataFrame(rows)
    for name, given in {
        "plain": frame,
        "some": frame[frame[0] > 0.3],
        "days": frame.set_axis(list("qwertzuio")),
    }.items():
        stored = one_lab.data.add(given, name=name)
        assert (stored.rows, stored.points, one_lab.data[name].x.tolist()) == (len(given), 4, [0, 1, 2, 3])
    assert one_lab.data["days"].description.index[:2] == ("q", "w")
    assert set(one_lab.data) == {"plain", "some", "days"}
    with pytest.raises(DatasetRefused, match="2-D"):
        one_lab.data.add(frame[0], name="series")


def test_what_was_deleted_and_foreign_text_are_shown_without_harm(one_lab: cg.Lab) -> None:
    sweep = one_lab.sweep({"lr": [1e-3]}, name="one", **QUICK)
    study = one_lab.tune(SPACE, trials=1, sampler="grid", name="\x1b[2J", **QUICK)
    job = one_lab.submit(name="a\x1b[2J\n測試", **QUICK)
    for handle in (job, study, study.sweep, one_lab.jobs()):
        assert "\x1b" not in repr(handle)
        assert "\x1b" not in handle._repr_html_() or handle is not study
    job.delete()
    one_lab.jobs().delete()
    assert (repr(job), repr(study), job._repr_html_()) == (
        f"<job {job.id}, deleted>",
        f"<Study {study.id}, deleted>",
        f"&lt;job {job.id}, deleted&gt;",
    )
    assert "its last job was deleted" in repr(sweep)
    assert repr(cg.Table({"name": ["測試", "plain"], "x": [1, 2]})).splitlines()[1:] == ["測試   1", "plain  2"]


def test_a_study_is_a_table_in_a_notebook(studied: cg.Lab) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = studied.tune({"lr": cg.span(1e-4, 1e-1)}, trials=2, name="t", **QUICK)._repr_html_()
    assert "0 of 2 trials have ended" in html
    assert html.count("<tr>") == 2


def test_tables_know_their_columns_and_give_some_rows(trained: cg.Lab) -> None:
    losses = trained[1].losses()
    assert ("rmse" in losses, "RMSE" in losses, losses[2:4]["step"].tolist(), len(losses[-3:])) == (
        True,
        False,
        [20, 30],
        3,
    )
    named = cg.Table({"name": [None, "a"], "x": [1, None]})
    assert named._shown()[2] == [False, True]
    with pytest.raises(TypeError, match="not iterable"):
        iter(trained)
