"""No verb that runs every few seconds reads all jobs: shown by the databases' own plans, over 5,000 jobs."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text

from curvegan_db.filters.catalogue import FIELDS, METRICS
from curvegan_db.filters.language import Filter
from curvegan_db.store import Store
from curvegan_db.verbs.paces import Kind
from curvegan_db.verbs.upkeep.pruning import Pruning

from ..one_job import begin, finish, record
from ..trainings import DEVICES, a_worker, claim, losses, request, snapshot

JOBS, QUEUED = 5_000, 200
RESULTS = (
    """INSERT INTO loss_chunks (job_id, first_step, last_step, count, data)
    SELECT id, 0, 9, 1, :data FROM jobs WHERE id < :last""",
    """INSERT INTO checkpoints (job_id, step, attempt, created_at, size, sha256, data)
    SELECT id, 50, 1, created_at, 1, '', :data FROM jobs WHERE id < :last""",
)
# The tables that hold a row for every job here; others are small, and a small one is rightly read whole.
LARGE = ("jobs", "events", "loss_chunks", "checkpoints")


@pytest.fixture
def full_store(store: Store) -> Store:
    """A store of ended jobs, a few of them queued, with the statistics that PostgreSQL keeps by itself."""
    ids = store.submit([request(hidden_g=8 + n % 2) for n in range(JOBS)])
    with store.engine.begin() as connection:
        ended = "UPDATE jobs SET state = 'succeeded' WHERE id <= :last"
        connection.execute(text(ended), {"last": ids[-QUEUED]})
        for statement in RESULTS:
            connection.execute(text(statement), {"last": ids[-QUEUED], "data": b"x"})
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    return store


def plans(store: Store, verb: Callable[[], Any]) -> list[str]:
    """The plan of every statement that the verb sends and that touches a large table."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if any(table in statement for table in LARGE) and not statement.startswith("INSERT"):
            sent.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", keep)
    verb()
    event.remove(store.engine, "before_cursor_execute", keep)
    explain = "EXPLAIN " if store.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with store.engine.connect() as connection:
        rows = [connection.exec_driver_sql(explain + statement, parameters).all() for statement, parameters in sent]
    assert rows
    return ["\n".join(str(row[-1]) for row in plan) for plan in rows]


def test_no_verb_of_a_worker_reads_all_jobs(full_store: Store) -> None:
    store, worker = full_store, a_worker(full_store)
    held = claim(store, worker, most=4)
    job_id = held.jobs[0].id
    verbs: list[Callable[[], Any]] = [
        lambda: store.queued(DEVICES),
        lambda: store.queued_among(range(1, 65)),
        lambda: store.claim(worker, DEVICES, 16),
        lambda: store.claim(worker, DEVICES, 16, prefer=job_id + 50),
        lambda: store.heartbeat(held.token),
        lambda: record(store, held.token, job_id, 10, losses(0)),
        lambda: record(store, held.token, job_id, 50, losses(10), [snapshot(0)], (50, b"state")),
        lambda: begin(store, held.token, job_id, 0, "cpu", "fused", "1"),
        lambda: finish(store, held.token, job_id, "failed"),
        store.reap,
        store.workers,
        lambda: store.register_worker("host", 9, DEVICES, "0.1"),
    ]
    for verb in verbs:
        for plan in plans(store, verb):
            assert_by_index(plan)
            assert "TEMP B-TREE" not in plan  # SQLite sorts what it could have read in order


def test_status_reads_only_what_it_shows(full_store: Store) -> None:
    for states in (["queued"], ["running"], ["lost"], ["failed"], ["queued", "lost"]):
        for plan in plans(full_store, lambda states=states: full_store.jobs(states=states, limit=20)):  # type: ignore[misc]
            assert_by_index(plan)
    for plan in plans(full_store, lambda: full_store.jobs(tags=["rare"], limit=20)):
        assert_by_index(plan)


def test_the_first_page_of_the_dashboard_reads_what_it_shows(full_store: Store) -> None:
    vacuum(full_store)
    counted, _claimed = plans(full_store, full_store.counted)
    assert "USING COVERING INDEX ix_jobs_state_id" in counted or "Index Only Scan using ix_jobs_state_id" in counted
    verbs: list[Callable[[], Any]] = [lambda: full_store.front(20), lambda: full_store.queue(20)]
    for verb in verbs:
        for plan in plans(full_store, verb):
            assert_by_index(plan)
            assert "TEMP B-TREE" not in plan


def test_a_filter_on_a_common_key_reads_no_config(full_store: Store) -> None:
    vacuum(full_store)
    for where in ("loss=wgan", "lr=0.5", "lr_g<1e-9", "seed=7", "curve=ring8", "r1=1", "batch_size=3", "rmse<1e-9"):
        chosen = Filter.parse(where)
        verbs: list[Callable[[], Any]] = [partial(full_store.count, chosen), partial(full_store.counted, chosen)]
        for verb in verbs:
            for plan in plans(full_store, verb):
                assert_by_index(plan)
                assert full_store.engine.dialect.name == "postgresql" or "ix_jobs_keys" in plan
    [plan] = plans(full_store, lambda: full_store.count(Filter.parse("lr=0.5")))
    assert "ix_jobs_key" in plan


def test_a_sweep_is_counted_without_reading_a_job(full_store: Store) -> None:
    sweep_id = full_store.submit_sweep([request(seed=seed) for seed in range(300)], {"seed": []}).id
    assert sweep_id is not None
    vacuum(full_store)
    for verb in (lambda: full_store.sweep(sweep_id), lambda: full_store.sweeps(100)):
        counted, _lost = plans(full_store, verb)
        assert "USING COVERING INDEX ix_jobs_sweep" in counted or "Index Only Scan using ix_jobs_sweep" in counted
    verbs: list[Callable[[], Any]] = [
        lambda: full_store.jobs(sweep=sweep_id, limit=100),
        lambda: full_store.jobs(sweep=sweep_id, states=["queued"], limit=1),
        lambda: full_store.steps_left(sweep_id),
        lambda: full_store.verdicts(sweep_id),
        lambda: full_store.submit_sweep([request()], {}, needed=True),
        lambda: full_store.paces([Kind("any", "any")]),
        lambda: full_store.cancel_jobs(Filter.of_sweep(sweep_id)),
        lambda: full_store.resume_sweep(sweep_id, ["failed"]),
    ]
    for verb in verbs:
        for plan in plans(full_store, verb):
            assert_by_index(plan)


def test_comparing_reads_the_jobs_of_its_sweep_alone(full_store: Store) -> None:
    sweep = full_store.submit_sweep([request(seed=seed) for seed in range(300)], {"seed": []})
    assert sweep.id is not None
    vacuum(full_store)
    where = Filter.of_sweep(sweep.id) & Filter.parse("loss=ns or rmse<1")
    verbs: list[Callable[[], Any]] = [
        lambda: full_store.best(METRICS["rmse"], False, where),
        lambda: full_store.values([FIELDS["lr"], METRICS["rmse"]], where),
        lambda: full_store.count(where),
        lambda: list(full_store.pages(where)),
        lambda: list(full_store.loss_curves(sweep.jobs[:3])),
    ]
    for verb in verbs:
        for plan in plans(full_store, verb):
            assert_by_index(plan)


def vacuum(store: Store) -> None:
    """What PostgreSQL does by itself after a while; until then it cannot read an index alone."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE jobs"))


def test_status_reads_the_newest_jobs_in_order_and_the_newest_records(full_store: Store) -> None:
    for plan in plans(full_store, lambda: full_store.jobs(limit=20)):
        assert "Seq Scan" not in plan
        assert "TEMP B-TREE" not in plan
    for plan in plans(full_store, lambda: full_store.newest_rmse(range(1, 101))):
        assert_by_index(plan)


def test_a_batch_of_a_prune_reads_its_own_jobs_only(full_store: Store) -> None:
    for plan in plans(full_store, lambda: list(full_store.prune(Pruning(timedelta(0)), range(1, 51)))):
        assert_by_index(plan)


def test_an_explanation_reads_only_the_queue(full_store: Store) -> None:
    last = full_store.last_id()
    assert last is not None
    for plan in plans(full_store, lambda: full_store.details(last)):
        assert_by_index(plan)
    assert full_store.details(last).ahead == len(full_store.jobs(states=["queued"])) - 1


def assert_by_index(plan: str) -> None:
    """Fail on a plan that reads a large table from one end to the other."""
    whole = {*(f"SCAN {table}" for table in LARGE), *(f"Seq Scan on {table}" for table in LARGE)}
    bad = [line for line in plan.splitlines() if any(f"{each} " in f"{line} " for each in whole)]
    assert not bad, plan
