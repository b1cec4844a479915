"""retry, resume, extend: three verbs, three meanings, from the command line to the numbers, with real trainings."""

from pathlib import Path
from typing import Any

import pytest

from curvegan_core.engines.fused.engine import FusedEngine
from curvegan_db.columns import JobState
from curvegan_db.store import Store, make_engine
from curvegan_worker.recorder import STORED

from ...cli.client import Client, PlayedWorker
from ...db.one_job import finish, record, release
from ...worker.inline import train_all, train_next, train_some

EVERY = ("--set", "snapshot_every", "100", "--set", "checkpoint_every", "150")
SMALL = (*EVERY, "--batch-size", "8", "--set", "hidden_g", "16", "--set", "hidden_d", "16")
END = "430"  # on none of the grids


@pytest.fixture(autouse=True)
def short_advances(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training stops between the points of its grids too."""
    monkeypatch.setattr(FusedEngine, "steps_a_call", 64)


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Client:
    """A client of a fresh database, on SQLite and on PostgreSQL."""
    return Client(tmp_path / "home", database_url)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The results of a job of 430 steps that nothing happened to, on a store of its own."""
    client = Client(tmp_path_factory.mktemp("undisturbed") / "home")
    job = client.submit(*SMALL, "--steps", END)
    with client.store() as store:
        train_all(store)
        return results(client, store, job)


def results(client: Client, store: Store, job: int) -> dict[str, Any]:
    """All that came of a job, checkpoints as their checksums."""
    shown = client.json("show", str(job))
    assert (shown["state"], shown["error"], shown["reason"]) == ("succeeded", None, None), shown
    return {
        "steps": (shown["step"], shown["steps"], shown["config"]["steps"]),
        "metrics": shown["metrics"],
        "losses": client.json("losses", str(job)),
        "sample": client.done("sample", str(job), "-o", "csv"),
        "snapshots": [snapshot.to_bytes() for snapshot in store.snapshots(job)],
        "checkpoints": [(row.step, row.sha256) for row in store.checkpoints(job)],
        "plots": [plot.step for kind in STORED if (plot := store.plot(job, kind))],
    }


def kinds(client: Client, job: int) -> list[str]:
    return [event["kind"] for event in client.json("events", str(job)) if event["kind"] != "began"]


def test_an_undisturbed_job_has_nothing_off_its_grids_but_its_end(undisturbed: Any) -> None:
    assert [step for step, _ in undisturbed["checkpoints"]] == [430, 300, 150]
    assert len(undisturbed["snapshots"]) == 6  # 0, 100, ..., 400, 430
    assert len(undisturbed["losses"]) == 43
    assert undisturbed["plots"] == [430] * len(STORED)


def test_a_cancelled_job_is_resumed_where_it_was_stopped(client: Client, store: Store, undisturbed: Any) -> None:
    job = client.submit(*SMALL, "--steps", END)
    played = PlayedWorker(store)
    played.claim()
    played.train(until=210)
    step = played.training.checkpoint(job).step
    client.done("cancel", str(job), "--reason", "too  slow")
    state = played.training.checkpoint(job)
    record(store, played.token, job, step, store.losses(job).rows(0, 0), [], (step, state.to_bytes()))
    finish(store, played.token, job, JobState.CANCELLED)
    assert client.json("show", str(job))["reason"] == "too  slow"
    assert step % 10 != 0

    assert client.done("resume", "--no-worker", str(job)) == f"Job {job} is queued again.\n"
    before = client.json("show", str(job))
    assert (before["state"], before["step"], before["reason"], before["cancel_requested"]) == (
        "queued",
        step,
        None,
        False,
    )
    assert len(client.json("losses", str(job))) == -(-step // 10)
    train_all(store)
    assert results(client, store, job) == undisturbed
    assert kinds(client, job) == [
        *("submitted", "claimed", "cancel_requested", "cancelled"),
        *("resumed", "claimed", "succeeded"),
    ]
    began = [event["detail"] for event in client.json("events", str(job)) if event["kind"] == "began"]
    assert began[-1].startswith(f"at step {step} on cpu")


def test_a_job_that_failed_because_it_was_lost_is_resumed(client: Client, store: Store, undisturbed: Any) -> None:
    job = client.submit(*SMALL, "--steps", END)
    with Store(make_engine(str(client.database_url)), -1) as frozen:
        for _ in range(20):
            if store.job(job).state == "failed":
                break
            PlayedWorker(frozen).claim()
            store.reap()
    lost = client.json("show", str(job))
    assert (lost["state"], lost["reason"]) == ("failed", "lost")
    client.done("resume", "--no-worker", "all")
    assert client.json("show", str(job))["lost"] == 0
    train_all(store)
    assert results(client, store, job) == undisturbed


def test_a_job_that_failed_in_the_middle_loses_only_what_came_after_its_checkpoint(
    client: Client, store: Store, undisturbed: Any
) -> None:
    job = client.submit(*SMALL, "--steps", END)
    played = PlayedWorker(store)
    played.claim()
    played.train(until=200)
    played.fail("Traceback\nValueError: no")
    assert store.job(job).step > 150
    client.done("resume", "--no-worker", str(job))
    train_all(store)
    assert results(client, store, job) == undisturbed
    began = [event["detail"] for event in client.json("events", str(job)) if event["kind"] == "began"]
    assert began[-1].startswith("at step 150 on cpu")


def test_a_job_resumed_at_its_end_only_ends(client: Client, store: Store, undisturbed: Any) -> None:
    job = client.submit(*SMALL, "--steps", END)
    played = PlayedWorker(store)
    played.claim()
    played.train(until=400)
    [last] = played.training.advance()
    assert last.finished
    assert last.checkpoint
    assert last.snapshot
    record(store, played.token, job, 430, last.losses, [last.snapshot], (430, last.checkpoint.to_bytes()))
    release(store, played.token, job, "drained")  # all is recorded, but no plot and no end
    assert (store.job(job).state, store.job(job).step) == ("queued", 430)
    client.done("cancel", str(job))
    client.done("resume", "--no-worker", str(job))
    train_all(store)
    assert results(client, store, job) == undisturbed


@pytest.mark.parametrize("ends", [[250], [300], [151, 299, 301]], ids=str)
def test_an_extended_job_equals_one_that_was_as_long_from_the_start(
    client: Client, store: Store, undisturbed: Any, ends: list[int]
) -> None:
    job = client.submit(*SMALL, "--steps", str(ends[0]))
    train_all(store)
    for end in (*ends[1:], int(END)):
        extend(client, store, job, end)
    assert results(client, store, job) == undisturbed


def extend(client: Client, store: Store, job: int, steps: int) -> None:
    """Extend a job and train it; its numbers so far must not change by a bit."""
    before, end = client.json("losses", str(job)), store.job(job).steps
    snapshots = {snapshot.step: snapshot for snapshot in store.snapshots(job)}
    client.done("extend", "--no-worker", str(job), "--steps", str(steps))
    queued = client.json("show", str(job))
    assert (queued["state"], queued["step"], queued["steps"], queued["metrics"]["rmse"]) == ("queued", end, steps, None)
    assert [s.step for s in store.snapshots(job)] == [step for step in snapshots if step % 100 == 0]
    assert store.checkpoints(job)[0].step == end
    train_all(store)
    assert client.json("losses", str(job))[: len(before)] == before
    assert all(snapshots[s.step] == s for s in store.snapshots(job) if s.step in snapshots)


def test_an_extended_job_that_is_disturbed_ends_the_same(client: Client, store: Store, undisturbed: Any) -> None:
    job = client.submit(*SMALL, "--steps", "250")
    train_all(store)
    client.done("extend", "--no-worker", str(job), "--steps", END)
    train_some(store, advances=2)
    assert (store.job(job).state, store.job(job).step) == ("queued", 364)
    assert 250 not in [row.step for row in store.checkpoints(job)]
    train_all(store)
    assert results(client, store, job) == undisturbed


def test_an_extended_job_whose_last_checkpoint_is_damaged_goes_on_from_the_one_before(
    client: Client, store: Store, undisturbed: Any
) -> None:
    from sqlalchemy import text

    job = client.submit(*SMALL, "--steps", "250")
    train_all(store)
    with store.engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("UPDATE checkpoints SET data = :bad WHERE step = 250"), {"bad": b"bad"})
    client.done("extend", "--no-worker", str(job), "--steps", END)
    train_all(store)
    assert results(client, store, job) == undisturbed
    assert "checkpoint_refused" in kinds(client, job)


def test_retry_starts_afresh(client: Client, store: Store, undisturbed: Any) -> None:
    job = client.submit(*SMALL, "--steps", END)
    train_some(store, advances=3)
    assert store.job(job).step == 150
    client.done("cancel", str(job))
    client.done("retry", "--no-worker", str(job))
    assert client.json("losses", str(job)) == []
    assert (client.json("show", str(job))["step"], store.checkpoints(job)) == (0, [])
    assert train_next(store)
    assert results(client, store, job) == undisturbed
    began = [event["detail"] for event in client.json("events", str(job)) if event["kind"] == "began"]
    assert began[-1].startswith("at step 0 on cpu")


def test_the_three_verbs_with_worker_processes(client: Client, store: Store, undisturbed: Any) -> None:
    resumed, extended, retried = (client.submit(*SMALL, "--steps", steps) for steps in (END, "250", END))
    client.done("cancel", str(resumed))
    work(client)
    client.done("resume", "--no-worker", str(resumed))
    client.done("extend", "--no-worker", str(extended), "--steps", END)
    client.done("retry", "--no-worker", str(retried))
    work(client)
    for job in (resumed, extended, retried):
        assert results(client, store, job) == undisturbed
        assert "plots of step 430 stored" in client.done("logs", str(job))


def work(client: Client) -> None:
    """Run a real worker until it has nothing to do."""
    done = client.alone("worker", "--device", "cpu", "--exit-when-idle", "1")
    assert done.returncode == 0, done.stderr
