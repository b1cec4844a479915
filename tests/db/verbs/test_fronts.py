"""A look goes on from where the last one found the best job: what it reads does not grow, and it misses nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from curvegan_db.store import Store
from curvegan_db.values import Claim

from ..trainings import DEVICES, a_worker, claim, request, short

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
JOBS, PACK = 2_000, 16
COLUMNS = "priority, steps, created_at, config, pack_key, wanted_device, wanted_engine, state, attempt, lost, step"
COPY = f"INSERT INTO jobs ({COLUMNS}, cancel_requested) SELECT {COLUMNS}, false FROM jobs"
# What of the table and its indexes a connection has asked for so far.
ASKED = """SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read
FROM pg_statio_user_tables WHERE relname = 'jobs'"""


def blocks(store: Store, verb: Callable[[], object]) -> int:
    """How many blocks of the jobs and their indexes a call reads, from memory or disk."""

    def so_far() -> int:
        with store.engine.connect() as connection:  # the one connection that the store keeps, which counts by itself
            connection.execute(text("SELECT pg_stat_force_next_flush()"))
        with store.engine.connect() as connection:
            return int(connection.execute(text(ASKED)).scalar_one())

    before = so_far()
    verb()
    return so_far() - before


@contextmanager
def somebody_reads(store: Store) -> Iterator[None]:
    """Somebody reads as of now, as a backup does: nothing that goes from here on can be cleaned up."""
    with store.engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT count(*) FROM jobs"))
        yield


def queue(store: Store) -> None:
    """Queue jobs that are alike, and have no vacuum come."""
    first, *_ = store.submit([request()])
    with store.engine.begin() as connection:
        connection.execute(text(f"{COPY}, generate_series(2, {JOBS}) WHERE id = {first}"))
        connection.execute(text("ALTER TABLE jobs SET (autovacuum_enabled = off)"))
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE jobs"))


def end(store: Store, token: str) -> None:
    with store.engine.begin() as connection:
        ended = "UPDATE jobs SET state = 'succeeded', lease_token = NULL, worker_id = NULL WHERE lease_token = :token"
        connection.execute(text(ended), {"token": token})


@only_postgresql
def test_what_a_claim_reads_does_not_grow_while_a_queue_is_drained_without_a_vacuum(store: Store) -> None:
    queue(store)
    worker = a_worker(store)
    read = []
    with somebody_reads(store):
        for _ in range(JOBS // PACK):
            taken: list[Claim] = []
            read.append(blocks(store, lambda: taken.append(claim(store, worker, PACK))))  # noqa: B023
            end(store, taken[0].token)
        assert store.queued(DEVICES) is None
        polls = [blocks(store, lambda: store.queued(DEVICES)) for _ in range(3)]
    first, last = sorted(read[5:25]), sorted(read[-20:])
    assert last[10] < 1.2 * first[10], f"a claim read {first[10]} blocks at the beginning and {last[10]} at the end"
    assert last[-2] < 2 * first[10]  # one look in 20 s begins at the start
    assert min(polls) < 10, f"a poll of an empty queue read {polls}"


def come_urgently(store: Store, _: list[int]) -> int:
    return store.submit([request(priority=1)])[0]


def come_again(store: Store, ended: list[int]) -> int:
    store.retry(ended[0])
    return ended[0]


def come_back(store: Store, ended: list[int]) -> int:
    store.resume(ended[1])
    return ended[1]


def come_from_the_lost(store: Store, ended: list[int]) -> int:
    """A job that was queued, then claimed, and then lost its worker."""
    store.resume(ended[1])
    [lost] = claim(short(store), a_worker(store, 7)).jobs
    assert store.reap() == [lost.id] == [ended[1]]
    return lost.id


def come_by_hand(store: Store, ended: list[int]) -> int:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET state = 'queued' WHERE id = :id"), {"id": ended[1]})
    return ended[1]


def become_urgent(store: Store, _: list[int]) -> int:
    last = store.submit([request(hidden_g=64), request(hidden_g=64)])[1]
    assert store.queued(DEVICES) is not None
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET priority = 5 WHERE id = :id"), {"id": last})
    return last


@pytest.mark.parametrize("drained", [False, True])
@pytest.mark.parametrize(
    "comes", [come_urgently, come_again, come_back, come_from_the_lost, come_by_hand, become_urgent]
)
def test_who_comes_before_the_front_is_seen_at_once(
    store: Store, comes: Callable[[Store, list[int]], int], drained: bool
) -> None:
    worker, ids = a_worker(store), store.submit([request(hidden_g=8 + n) for n in range(6)])
    for job_id in ids[: 6 if drained else 3]:
        [taken] = claim(store, worker).jobs
        assert taken.id == job_id
        store.cancel(job_id, force=True)
        store.queued(DEVICES)
    assert (store.queued(DEVICES) is None) == drained
    wanted = comes(store, ids)
    seen = store.queued(DEVICES)
    assert seen is not None
    assert seen.id == wanted
    assert claim(store, worker, 9).jobs[0].id == wanted
    if not drained and comes is not become_urgent:
        assert [job.id for job in claim(store, worker).jobs] == [ids[3]]


@only_postgresql
def test_a_submit_that_ends_late_is_not_overtaken_for_ever(store: Store) -> None:
    """Its ids are smaller than that of a job that came and was claimed meanwhile."""
    worker = a_worker(store)
    [first] = store.submit([request()])
    with store.engine.begin() as connection:
        early = connection.execute(text(f"{COPY} WHERE id = {first} RETURNING id")).scalar_one()
        assert claim(store, worker).jobs[0].id == first
        late = store.submit([request(), request(), request()])
        assert [claim(store, worker).jobs[0].id for _ in late[:2]] == late[:2]
    assert [claim(store, worker).jobs[0].id for _ in range(2)] == [early, late[2]]
    assert store.queued(DEVICES) is None


@only_postgresql
def test_a_sweep_that_comes_behind_the_front_is_taken_in_order(store: Store) -> None:
    """More jobs than a look reads of what came since."""
    worker = a_worker(store)
    first, *_ = store.submit([request()])
    assert store.queued(DEVICES) is not None
    ids = store.submit([request() for _ in range(1_500)])
    taken = [job.id for _ in range(20) for job in claim(store, worker, PACK).jobs]
    assert taken == [first, *ids][: 20 * PACK]
    [urgent] = store.submit([request(priority=1)])
    assert claim(store, worker, 1).jobs[0].id == urgent


@only_postgresql
def test_numbers_of_another_server_hide_nothing(store: Store) -> None:
    """A dump that was read in elsewhere has transactions that this server has not come to yet."""
    ids = store.submit([request() for _ in range(4)])
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs DISABLE TRIGGER curvegan_note_queued"))
        connection.execute(text("UPDATE jobs SET queued_in = 10 * queued_in + 1000000"))
        connection.execute(text("ALTER TABLE jobs ENABLE TRIGGER curvegan_note_queued"))
    worker = a_worker(store)
    assert [claim(store, worker).jobs[0].id for _ in ids] == ids


def test_workers_of_other_devices_have_fronts_of_their_own(store: Store) -> None:
    ids = store.submit([request(device=device) for device in ("cuda", "cpu") * 3])
    worker = a_worker(store)
    for place in range(3):
        for devices, mine in (("cuda",), ids[::2]), (("cpu",), ids[1::2]):
            seen, found = store.queued(devices), store.claim(worker, devices, 1)
            assert seen is not None
            assert found is not None
            assert [job.id for job in found.jobs] == [seen.id] == [mine[place]]
