"""Old jobs are deleted with all their rows; young, unfinished and the best ones are spared."""

import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from curvegan_db.columns import JobState
from curvegan_db.errors import DatabaseUnreachable
from curvegan_db.filters.catalogue import METRICS
from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.values import Plot
from curvegan_db.verbs.upkeep import pruning
from curvegan_db.verbs.upkeep.pruning import Pruning

from ...one_job import add_plots, begin, finish, record
from ...population import change, finished
from ...trainings import begun, claim, losses, request, snapshot

MONTH = timedelta(days=30)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TABLES = [table for table in models.Base.metadata.sorted_tables if "job_id" in table.columns]


def old(store: Store, days: float = 40, sweep: int | None = None, **values: object) -> int:
    """A job that ended so long ago."""
    job_id = finished(store, {"steps": 10}, sweep)
    change(store, job_id, **({"finished_at": datetime.now(UTC) - timedelta(days=days)} | values))  # type: ignore[arg-type]
    return job_id


def scored(store: Store, rmse: float, days: float = 40, sweep: int | None = None) -> int:
    return old(store, days, sweep, metrics={"rmse": rmse})


def best(keep: int, largest: bool = False) -> Pruning:
    return Pruning(MONTH, keep_best=keep, by=METRICS["rmse"], largest=largest)


def trained(store: Store) -> int:
    """A job with a row in every table, that ended just now."""
    [job_id] = store.submit([request(tags=("a",))])
    token = claim(store).token
    begin(store, token, job_id, 0, "cpu", "torch", "2")
    record(store, token, job_id, 50, losses(0, 10), [snapshot(0)], (50, b"state"), {0: "hello"})
    add_plots(store, token, job_id, [Plot(job_id, "curve", 50, b"png")])
    finish(store, token, job_id, "succeeded")
    return job_id


def rows(store: Store, job_id: int) -> dict[str, int]:
    with store.engine.connect() as connection:
        counted = {t.name: select(func.count()).select_from(t).where(t.c.job_id == job_id) for t in TABLES}
        return {name: connection.scalar(query) or 0 for name, query in counted.items()}


def test_a_job_goes_with_all_its_rows_and_another_one_keeps_its_own(store: Store) -> None:
    gone, stays = trained(store), trained(store)
    before = rows(store, stays)
    assert 0 not in before.values()
    change(store, gone, finished_at=datetime.now(UTC) - timedelta(days=31))
    found = store.prunable(Pruning(MONTH))
    assert (found.ids, found.kept) == ([gone], 0)
    packed = sum(len(zlib.compress(data)) for data in (losses(0, 10).to_bytes(), snapshot(0).to_bytes()))
    assert found.size == len(b"state") + len(b"png") + packed
    assert sum(store.prune(Pruning(MONTH), found.ids)) == 1
    assert {*rows(store, gone).values()} == {0}
    assert rows(store, stays) == before
    assert [job.id for job in store.jobs()] == [stays]


def test_only_what_ended_long_ago_goes(store: Store) -> None:
    ended = [old(store, state=state) for state in ("succeeded", "failed", "cancelled")]
    old(store, days=29.9)
    store.submit([request()])
    for state in ("running", "lost", "queued"):
        old(store, state=state)
    assert store.prunable(Pruning(MONTH)).ids == ended
    assert store.prunable(Pruning(MONTH, ["failed"])).ids == [ended[1]]
    assert store.prunable(Pruning(timedelta(days=50))).ids == []


def test_the_best_of_all_and_of_each_sweep_stay(store: Store) -> None:
    first, second = (store.submit_sweep([request(seed=s)], {}).id for s in range(2))
    a = [scored(store, rmse, sweep=first) for rmse in (0.1, 0.2, 0.3)]
    b = [scored(store, rmse, sweep=second) for rmse in (0.9, 0.8, 0.7)]
    alone = [scored(store, rmse) for rmse in (0.05, 0.6)]
    unscored = old(store)
    found = store.prunable(best(1))
    assert (found.ids, found.kept) == ([*a[1:], *b[:2], alone[1], unscored], 3)
    assert store.prunable(best(1, largest=True)).ids == [*a[:2], *b[1:], *alone, unscored]
    assert store.prunable(best(2)).ids == [a[2], b[0], alone[1], unscored]


def test_a_young_job_may_be_the_best_and_the_older_of_equals_is(store: Store) -> None:
    worst, equal, later = scored(store, 0.5), scored(store, 0.2), scored(store, 0.2)
    assert store.prunable(best(1)).ids == [worst, later]
    scored(store, 0.1, days=1)
    assert store.prunable(best(1)).ids == [worst, equal, later]


def test_a_job_that_runs_again_meanwhile_is_left_alone(store: Store) -> None:
    again, gone = old(store), old(store)
    ids = store.prunable(Pruning(MONTH)).ids
    store.retry(again)
    assert list(store.prune(Pruning(MONTH), ids)) == [1]
    assert [job.id for job in store.jobs()] == [again]
    assert list(store.prune(Pruning(MONTH), [gone, 99])) == [0]


def test_each_batch_is_done_before_the_next_begins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 2)
    monkeypatch.setattr(pruning, "_SIZED_AT_ONCE", 2)
    ids = [old(store) for _ in range(5)]
    going = store.prune(Pruning(MONTH), store.prunable(Pruning(MONTH)).ids)
    assert next(going) == 2
    assert [job.id for job in store.jobs(newest_first=False)] == ids[2:]
    assert list(going) == [2, 1]


def test_a_queued_job_is_claimed_while_others_go(store: Store) -> None:
    old(store)
    [job_id] = store.submit([request()])
    for _ in store.prune(Pruning(MONTH), store.prunable(Pruning(MONTH)).ids):
        assert [job.id for job in begun(store, claim(store)).jobs] == [job_id]
    assert store.job(job_id).state == JobState.RUNNING


@on_sqlite
def test_vacuum_makes_the_file_smaller(store: Store) -> None:
    path, job_id = Path(str(store.engine.url.database)), trained(store)
    token = claim_another(store)
    assert list(store.prune(Pruning(timedelta(0)), [job_id])) == [1]
    record(store, token, job_id + 1, 50, losses(0), [], (50, bytes(1_000_000)))
    finish(store, token, job_id + 1, "failed")
    store.vacuum()
    before = path.stat().st_size
    assert list(store.prune(Pruning(timedelta(0)), [job_id + 1])) == [1]
    store.vacuum()
    assert path.stat().st_size < before - 900_000
    assert store.jobs() == []


@on_sqlite
def test_vacuum_of_a_busy_store_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curvegan_db.sql.database.BUSY_TIMEOUT_S", 0.1)
    other = Store(make_engine(str(store.engine.url)))
    with store._write() as session:
        session.execute(select(1))
        with pytest.raises(DatabaseUnreachable, match="locked"):
            other.vacuum()
    other.close()


def claim_another(store: Store) -> str:
    store.submit([request()])
    return claim(store).token
