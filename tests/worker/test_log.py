"""What a worker says in a job's log: of a job that succeeds, fails, diverges, is drained, or shares a pack."""

from pathlib import Path

import pytest

from curvegan_core.config.train import TrainConfig
from curvegan_core.metrics.names import VERDICTS
from curvegan_core.training import PackTraining
from curvegan_db.log_lines import SAID
from curvegan_db.store import Store
from curvegan_db.values import JobRequest
from curvegan_worker import recorder

from .inline import train_all, train_next, train_some

CONFIG = {"steps": 130, "snapshot_every": 50, "checkpoint_every": 60, "hidden_g": 16, "hidden_d": 16, "batch_size": 8}


def submit(store: Store, **config: object) -> int:
    return store.submit([JobRequest(TrainConfig.parse(CONFIG | config))])[0]


def said(store: Store, job: int) -> list[str]:
    return [line.text for line in store.log(job)[0] if line.kind == SAID]


def test_a_job_that_succeeds_is_told_from_its_weights_to_its_plots(store: Store) -> None:
    job = submit(store, seed=7)
    train_all(store)
    lines = said(store, job)
    assert [line.partition(":")[0] for line in lines] == [
        "starts with fresh weights of seed 7",
        "step 0",
        "step 50",
        "checkpoint at step 60 stored",
        "step 100",
        "checkpoint at step 120 stored",
        "step 130",
        "checkpoint at step 130 stored",
        "at the end",
        "plots of step 130 stored",
    ]
    rmse = store.losses(job).rmse
    assert f"step 50: RMSE {rmse[4]:.4g}, g_loss " in lines[2]
    assert f"rmse {(store.job(job).metrics or {})['rmse']:.4g}, " in lines[-2]
    assert store.job(job).verdict in VERDICTS
    assert lines[-2].startswith(f"at the end: {store.job(job).verdict}, ")
    assert store.log(job)[0][-1].text == "succeeded"


def test_a_drained_job_says_where_it_goes_on(store: Store) -> None:
    job = submit(store, steps=2000)
    train_some(store, advances=3)
    step = store.job(job).step
    assert step == 100
    assert store.log(job)[0][-1].text == "released: drained"
    train_all(store)
    assert f"goes on from the checkpoint at step {step}, made by fused " in "\n".join(said(store, job))


def test_a_job_that_diverges_says_at_which_step(store: Store) -> None:
    job = submit(store, lr=1.0, beta1=0.999, beta2=0.1, eps=1e-30, steps=400)
    train_all(store)
    assert (store.job(job).state, store.job(job).reason) == ("failed", "diverged")
    assert store.job(job).verdict == "diverged"
    assert said(store, job)[-2].startswith("training diverged: a loss is not finite at step ")


def test_a_job_that_cannot_be_drawn_has_the_traceback_in_its_log(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError("no ink")

    monkeypatch.setattr(recorder, "render", broken)
    job = submit(store)
    train_all(store)
    assert (store.job(job).state, store.job(job).reason) == ("failed", "plots")
    assert said(store, job)[-1].startswith("Traceback")
    assert said(store, job)[-1].endswith("ValueError: no ink\n")
    assert "plots of step 130 stored" not in said(store, job)
    monkeypatch.undo()
    store.resume(job)
    train_all(store)
    assert store.job(job).state == "succeeded"


def test_a_training_that_raises_has_the_traceback_in_its_log(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    guilty, other = submit(store, seed=1), submit(store, seed=2)
    advance = PackTraining.advance

    def broken(self: PackTraining, most_steps: int = 64) -> object:
        if guilty in self.jobs and self._jobs[guilty].step > 0:
            raise ValueError("out of memory")
        return advance(self, most_steps)

    monkeypatch.setattr(PackTraining, "advance", broken)
    train_next(store)
    assert (store.job(guilty).state, store.job(other).state) == ("failed", "succeeded")
    alone = "its pack of 2 failed (ValueError('out of memory')): it goes on alone"
    assert alone in said(store, other)
    assert any(line.endswith("ValueError: out of memory\n") for line in said(store, guilty))


def test_the_log_of_a_job_is_for_everybody_to_read(store: Store, tmp_path: Path) -> None:
    """Nothing of the machine but the worker's name and the frames of a traceback."""
    job = submit(store)
    train_all(store)
    assert str(tmp_path) not in "\n".join(said(store, job))
