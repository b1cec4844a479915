"""Engines in a worker: a claim whose checkpoints are of several, a checkpoint of one that is not here, data sets."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curvegan_core.config.curve import Updown
from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.engines.fused.engine import DrawnEngine, FusedEngine
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.training import PackTraining, Progress
from curvegan_db.store import Store
from curvegan_worker.settings import Settings

from ..acceptance.means.faulty import faulty_fleet
from ..db.one_job import begin, record, release
from ..db.trainings import claim
from .fleet import wait_until
from .inline import train_all
from .jobs import SHORT, SLOW, submit, wait_for_state
from .undisturbed import assert_ended_once, assert_undisturbed, undisturbed


def begun(
    store: Store, config: TrainConfig, engine: str, version: str | None = None, start: Checkpoint | None = None
) -> int:
    """A queued job that an engine, or a version of it that is not here, trained to its first checkpoint."""
    (job,) = submit(store, config)
    token = claim(store).token
    parts, checkpoint = to_first_checkpoint(config.model_copy(update={"engine": engine}), start)
    checkpoint = replace(checkpoint, engine_version=version or checkpoint.engine_version)
    begin(store, token, job, 0, "cpu", engine, checkpoint.engine_version)
    for part in parts:
        stored = (part.step, checkpoint.to_bytes()) if part.checkpoint else None
        record(store, token, job, part.step, part.losses, [part.snapshot] if part.snapshot else [], stored)
    release(store, token, job)
    return job


def to_first_checkpoint(config: TrainConfig, start: Checkpoint | None) -> tuple[list[Progress], Checkpoint]:
    training = PackTraining({0: (config, start)}, "cpu")
    parts: list[Progress] = []
    while not (parts and parts[-1].checkpoint):
        parts += training.advance()
    assert parts[-1].checkpoint is not None
    return parts, parts[-1].checkpoint


def engines_of(store: Store, jobs: list[int]) -> list[str | None]:
    return [store.job(job).engine for job in jobs]


def test_a_job_is_fused_and_a_forced_one_what_it_asks_for(store: Store) -> None:
    auto, torch, fused = (
        submit(store, SHORT.model_copy(update={"engine": engine}))[0] for engine in ("auto", "torch", "fused")
    )
    train_all(store)
    assert engines_of(store, [auto, torch, fused]) == ["fused", "torch", "fused"]
    assert store.losses(auto) == store.losses(fused)
    np.testing.assert_allclose(store.losses(auto).d_loss, store.losses(torch).d_loss, rtol=0, atol=1e-5)
    for job in (auto, torch, fused):
        assert_undisturbed(store, job)


def test_a_claim_of_two_engines_is_trained_engine_by_engine(store: Store) -> None:
    first = begun(store, SHORT, "torch")
    rest = submit(store, SHORT, 3, first_seed=1)
    train_all(store)
    assert engines_of(store, [first, *rest]) == ["torch", "fused", "fused", "fused"]
    for job in rest:
        assert store.job(job).attempt == 1
        assert_undisturbed(store, job)
    assert store.job(first).attempt == 2
    assert store.losses(first) == undisturbed(SHORT.model_copy(update={"engine": "torch"}))[0]


def test_a_claim_of_two_versions_is_trained_version_by_version(store: Store) -> None:
    """A job that began with numpy's draw of real curves goes on with it, beside new jobs of its kind."""
    config = SHORT.model_copy(update={"curve": Updown()})
    state = State.initial(config)
    start = Checkpoint(config.hash, 0, "fused", FusedEngine.version, state.weights, state.adam_m, state.adam_v)
    old, (new,) = begun(store, config, "fused", start=start), submit(store, config, first_seed=1)
    train_all(store)
    assert [store.job(job).engine_version for job in (old, new)] == [FusedEngine.version, DrawnEngine.version]
    assert [store.job(job).state for job in (old, new)] == ["succeeded", "succeeded"]
    assert_undisturbed(store, new)


def test_jobs_that_wait_for_another_engine_keep_their_lease_and_can_be_cancelled(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    config = SLOW.model_copy(update={"steps": 800})
    first = begun(store, config, "torch")
    waiting, cancelled = submit(store, config, 2, first_seed=1)
    with faulty_fleet(Settings.resolve(str(tmp_path), database_url), lease=1.5, slow=0.05) as fleet:
        wait_until(lambda: store.job(cancelled).attempt == 1, 30, fleet.log)
        store.cancel(cancelled, "not this one")
        wait_for_state(store, cancelled, "cancelled", fleet)
        assert store.job(first).state == "running"
        assert (store.job(waiting).state, store.job(waiting).attempt) == ("queued", 1)  # claimed, and not begun
        wait_for_state(store, waiting, "succeeded", fleet)
        assert engines_of(store, [first, waiting]) == ["torch", "fused"]
    assert store.losses(first) == undisturbed(config.model_copy(update={"engine": "torch"}))[0]
    assert_undisturbed(store, waiting)
    for job, attempts in ((first, 2), (waiting, 1)):
        assert_ended_once(store, job)
        assert store.job(job).attempt == attempts


@pytest.mark.parametrize("engine", ["torch", "fused"])
def test_a_checkpoint_of_a_version_that_is_not_here_fails_the_job_and_stays(store: Store, engine: str) -> None:
    job, (other,) = begun(store, SHORT, engine, "0.1"), submit(store, SHORT, first_seed=1)
    train_all(store)
    found = store.job(job)
    assert (found.state, found.reason, found.step) == ("failed", "refused", SHORT.checkpoint_every)
    assert found.error is not None
    assert f"at step 40 was made by the engine {engine} 0.1, and here it is " in found.error
    assert f"`curvegan retry {job}`" in found.error
    assert [row.step for row in store.checkpoints(job)] == [SHORT.checkpoint_every]
    assert_undisturbed(store, other)
    store.retry(job)
    train_all(store)
    assert_undisturbed(store, job)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at what a process has loaded")
def test_a_worker_that_trains_fused_jobs_never_loads_torch(store: Store, database_url: str, tmp_path: Path) -> None:
    with faulty_fleet(Settings.resolve(str(tmp_path), database_url), "--concurrency", "1") as fleet:
        (job,) = submit(store, SHORT)
        wait_for_state(store, job, "succeeded", fleet)
        (pid,) = fleet.pids()
        loaded = Path(f"/proc/{pid}/maps").read_text()
        assert "llvmlite" in loaded
        assert "libtorch" not in loaded
        (job,) = submit(store, SHORT.model_copy(update={"engine": "torch"}))
        wait_for_state(store, job, "succeeded", fleet)
        assert "libtorch" in Path(f"/proc/{pid}/maps").read_text()
