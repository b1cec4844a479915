"""What the recorder writes of a job is the same whether the job is done within one flush or takes many."""

from typing import Any

import pytest
from sqlalchemy import text

from curvegan.pictures.job_picture import job_picture
from curvegan_core.config.train import TrainConfig
from curvegan_db.log_lines import SAID
from curvegan_db.store import Store
from curvegan_db.values import JobRequest
from curvegan_worker import recorder
from curvegan_worker.recorder import STORED

from .inline import train_all

CONFIG = {"steps": 130, "snapshot_every": 50, "checkpoint_every": 10, "hidden_g": 16, "hidden_d": 16, "batch_size": 8}


def test_a_job_in_one_record_equals_the_same_job_in_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_calls(monkeypatch)
    results = []
    for flush_s in (60.0, 0.0):
        monkeypatch.setattr(recorder, "FLUSH_S", flush_s)
        [job] = store.submit([JobRequest(TrainConfig.parse(CONFIG), "same")])
        calls.clear()
        train_all(store)
        results.append((result(store, job), len(calls)))
    (at_once, once), (in_parts, often) = results
    assert at_once == in_parts
    assert once == 1
    assert often > 10


def test_of_what_is_not_written_the_log_says_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "FLUSH_S", 60.0)
    [job] = store.submit([JobRequest(TrainConfig.parse(CONFIG))])
    train_all(store)
    said = [line.text for line in store.log(job)[0] if line.kind == SAID and line.text.startswith("checkpoint")]
    assert said == [f"checkpoint at step {step} stored" for step in (10, 120, 130)]
    assert [row.step for row in store.checkpoints(job)] == [130, 120, 10]


def test_a_job_of_a_sweep_leaves_little_and_shows_as_much(store: Store) -> None:
    """Its pictures are drawn when somebody asks: the very files that the worker of a job by itself stores."""
    request = JobRequest(TrainConfig.parse(CONFIG | {"keep_checkpoints": "final"}), "same")
    [alone], swept = store.submit([request]), store.submit_sweep([request], {"seed": [0]})
    train_all(store)
    assert [store.plot(job, kind) for job in swept.jobs for kind in STORED] == [None] * len(STORED)
    stored = {kind: job_picture(store, store.job(alone), kind) for kind in STORED}
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM plots"))
    assert {kind: job_picture(store, store.job(alone), kind) for kind in STORED} == stored
    assert [row.step for row in store.checkpoints(swept.jobs[0])] == [130]
    assert store.losses(alone) == store.losses(swept.jobs[0])
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT sum(length(data)) FROM loss_chunks")).scalar_one()
    assert kept < len(store.losses(alone).to_bytes()) + len(store.losses(swept.jobs[0]).to_bytes())


def result(store: Store, job: int) -> dict[str, Any]:
    """All that is stored of a job but its id, which its plots bear, and its times."""
    found = store.job(job)
    assert all(store.plot(job, kind) for kind in STORED)
    return {
        "job": (found.state, found.step, found.metrics, found.verdict),
        "losses": store.losses(job).to_bytes(),
        "snapshots": [snapshot.to_bytes() for snapshot in store.snapshots(job)],
        "checkpoints": [(row.step, row.sha256) for row in store.checkpoints(job)],
    }


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the real store is asked to record anything, as a list that grows."""
    calls, record = [], Store.record

    def counted(self: Store, token: str, records: Any) -> frozenset[int]:
        calls.append(len(records))
        return record(self, token, records)

    monkeypatch.setattr(Store, "record", counted)
    return calls
