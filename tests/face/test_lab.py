"""The laboratory from Python: what is submitted is what the command submits, and sets of jobs are one question."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import curvegan as cg
from curvegan_core.errors import InvalidConfig, InvalidInput
from curvegan_db.errors import DatasetNotFound, JobNotFound, JobStateConflict

from ..databases import statements
from ..db.population import populate
from ..worker.inline import train_all
from .conftest import SMALL


def test_a_job_is_what_the_command_submits(lab: cg.Lab) -> None:
    sines = {"family": "sine_modes", "modes": 3}
    first = lab.submit(lr=1e-3, seed=np.int64(7), curve=sines, name="one", tags=["x"], worker=False)
    again = lab.submit(start=first, config={"curve.noise": 0.1}, seed=8, worker=False)
    assert (first.state, first.name, first.tags, first.ended) == ("queued", "one", ("x",), False)
    assert (first.config.lr_g, first.config.lr_d, first.config.seed) == (1e-3, 1e-3, 7)
    assert again.config.curve.model_dump() == sines | {"noise": 0.1}
    assert (again.config.lr_g, again.config.seed) == (1e-3, 8)
    assert (lab[first.id], lab["one"], lab["last"], lab.jobs()[-1]) == (first, first, again, again)
    assert lab.submit(preset="collapse-fix", worker=False).config.loss == "rpgan"


def test_errors_are_those_of_the_commands(lab: cg.Lab) -> None:
    with pytest.raises(InvalidConfig, match="steps"):
        lab.submit(steps=0)
    with pytest.raises(InvalidConfig, match="lerning_rate"):
        lab.submit(lerning_rate=1.0)
    with pytest.raises(DatasetNotFound):
        lab.submit(data="loads")
    with pytest.raises(JobNotFound, match="no job 17"):
        lab[17]
    with pytest.raises(InvalidInput, match="character 6"):
        lab.jobs(where="loss is ns")
    with pytest.raises(InvalidInput, match="smaller end"):
        lab.sweep({"lr": cg.span(1e-2, 1e-4)}, random=4)
    with pytest.raises(cg.CurveganError, match="wgan needs gp or clip"):
        lab.sweep({"loss": ["ns", "wgan"]}, worker=False)
    assert len(lab.jobs()) == 0


def test_sweeps_of_every_kind(lab: cg.Lab) -> None:
    grid = lab.sweep({"lr": cg.log(1e-5, 1e-3, 3), "loss": ["ns", "rpgan"]}, seeds=2, name="rates", worker=False)
    assert (len(grid), grid.axes["lr"], grid.varied) == (12, [1e-5, 1e-4, 1e-3], ("lr", "loss"))
    drawn = lab.sweep({"batch_size": cg.span(16, 64)}, random=5, seeds=[3], worker=False)
    assert {type(size) for size in (job.config.batch_size for job in drawn)} == {int}
    assert {job.config.seed for job in drawn} == {3}
    listed = lab.sweep({"hidden_g": np.array([8, 16])}, seeds=[3, 5], skip_invalid=True, worker=False)
    assert [(job.config.hidden_g, job.config.seed) for job in listed] == [(8, 3), (8, 5), (16, 3), (16, 5)]
    assert (lab.find_sweep("rates").id, lab.find_sweep().id) == (grid.id, listed.id)


def test_sets_of_jobs_are_sliced_filtered_and_acted_on(lab: cg.Lab) -> None:
    lab.sweep({"lr": cg.lin(0.1, 0.5, 5), "loss": ["ns", "rpgan"]}, worker=False, **SMALL)
    some = lab.jobs(where="loss=ns")
    assert (len(some), some.ids, some[1:3].ids, some[-2:].ids) == (5, [1, 3, 5, 7, 9], [3, 5], [7, 9])
    assert (some[0].id, some[-1].id, some[-5].id, [job.id for job in some[2:]]) == (1, 9, 1, [5, 7, 9])
    assert lab.jobs()[2:8].where("loss=rpgan").ids == [4, 6, 8]
    for place in (5, -6):
        with pytest.raises(IndexError):
            some[place]
    assert some[1:3].cancel("not wanted") == [3, 5]
    assert [job.record.reason for job in some[1:3]] == ["not wanted"] * 2
    assert some.retry(worker=False) == [3, 5]
    assert lab.jobs()[:4].delete() == 4
    assert len(lab.jobs()) == 6
    assert not lab.jobs(where="state=running")
    with pytest.raises(JobStateConflict):
        lab[5].resume()


CALLS: dict[str, Callable[[cg.Lab], object]] = {
    "states": lambda lab: [(job.state, job.verdict, job.metrics) for job in lab.jobs()],
    "len": lambda lab: len(lab.jobs()),
    "last": lambda lab: lab.jobs()[-1],
    "slice": lambda lab: lab.jobs()[2:].ids,
    "shown": lambda lab: (repr(lab.jobs()), lab.jobs()._repr_html_()),
    "table": lambda lab: lab.jobs(where="seed>=0").table(),
    "best": lambda lab: lab.jobs().best("rmse", n=50).table(),
    "summary": lambda lab: lab.jobs().summary(["loss"], ["rmse", "hq"]),
    "losses": lambda lab: lab.jobs().losses(by=["loss", "seed"]),
    "sweep": lambda lab: repr(lab.find_sweep(1)),
    "losses of a sweep": lambda lab: lab.find_sweep(1).losses(),
    "summary of a sweep": lambda lab: lab.find_sweep(1).summary(),
    "some of them": lambda lab: [job.metrics for job in lab.jobs()[:40]],
    "a front": lambda lab: (lab.find_study().front, repr(lab.find_study()), lab.find_study().sweep.table()),
    "trials": lambda lab: (lab.find_study().trials(), lab.find_study().advance()),
    "cancel": lambda lab: lab.jobs(where="state=queued and sweep=1").cancel(),  # a running one is asked by itself
    "retry": lambda lab: lab.jobs(where="state=succeeded").retry(["succeeded"], worker=False),
}


def test_a_call_is_as_many_statements_for_many_jobs_as_for_few(lab: cg.Lab) -> None:
    counts = []
    lab.sweep({"lr": [1e-3, 1e-2]}, seeds=3, worker=False)
    study = lab.tune({"lr": cg.span(1e-5, 1e-2)}, by=["rmse", "hq"], trials=1, sampler="random", worker=False)
    for more in (30, 90):
        for tried in range(more // 10):
            study.submit({"lr": 1e-3 + more * 1e-5 + tried * 1e-6}, worker=False)
        populate(lab.store, more, seed=more)
        counts.append({name: statements_of(lab, call) for name, call in CALLS.items()})
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= 30


def statements_of(lab: cg.Lab, call: Callable[[cg.Lab], object]) -> int:
    lab.reap()  # some of the jobs are lost: who takes them back does so one by one
    with statements(lab.store) as sent:
        call(lab)
    return len(sent)


def test_jobs_are_followed_while_threads_ask(lab: cg.Lab) -> None:
    job = lab.submit(worker=False, **SMALL)
    sweep = lab.sweep({"lr": [1e-3, 1e-2]}, worker=False, **SMALL)
    seen: list[str] = []

    def ask() -> None:
        while not seen or seen[-1] != "succeeded":
            seen.append(job.state)
            lab.jobs().table(), sweep.losses(), repr(sweep)
            time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    training = threading.Thread(target=train_all, args=[lab.store])
    for thread in (*threads, training):
        thread.start()
    assert (job.wait(worker=False).state, sweep.wait(worker=False).states["succeeded"]) == ("succeeded", 2)
    for thread in (*threads, training):
        thread.join()
    assert [job.step, len(job.losses()), job.ended] == [100, 10, True]


def test_interrupting_the_waiting_leaves_the_job(lab: cg.Lab, capsys: pytest.CaptureFixture[str]) -> None:
    import _thread

    job = lab.submit(worker=False)
    timer = threading.Timer(3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(cg.Detached):
        job.wait(worker=False)
    assert job.state == "queued"
    assert f"Detached; the work goes on. `curvegan wait {job.id}` follows it" in capsys.readouterr().err


def test_settings_come_from_where_the_commands_have_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURVEGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CURVEGAN_WORKERS", "3")
    with cg.connect() as lab:
        assert (lab.settings.home, lab.settings.workers) == (tmp_path / "home", 3)
    with cg.connect(home=tmp_path / "other", workers=2) as lab:
        assert (lab.settings.home, lab.settings.workers) == (tmp_path / "other", 2)


def test_own_curves_are_added_from_arrays_frames_and_files(lab: cg.Lab, tmp_path: Path) -> None:
    import pandas as pd
    import polars as pl

    rows = np.random.default_rng(0).normal(size=(20, 6))
    assert (lab.data.add(rows, name="array").rows, lab.data.add(pd.DataFrame(rows), name="frame").points) == (20, 6)
    assert lab.data.add(pl.DataFrame(rows), name="polars").hash == lab.data.add(rows, name="array").hash
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",")
    lab.data.add(tmp_path / "rows.csv", name="file", y_label="GW")
    assert lab.data["file"].description.y_label == "GW"
    assert sorted(lab.data.table()["name"]) == ["array", "file", "frame", "polars"]
    assert lab.submit(data="array", worker=False).config.points == 6
    lab.data.remove("polars")
    with pytest.raises(InvalidInput, match="y_lable"):
        lab.data.add(rows, name="other", y_lable="GW")
    assert "polars" not in repr(lab.data)


def test_importing_costs_hardly_more_than_python_itself() -> None:
    """The least of many starts: what is left out is the noise of a busy machine."""
    least = {"pass": 1e9, "import curvegan": 1e9}
    for _ in range(4):
        for program in least:
            least[program] = min(least[program], *(start(program) for _ in range(10)))
        if least["import curvegan"] <= 1.2 * least["pass"]:
            return
    pytest.fail(f"{least}")


def start(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - began
