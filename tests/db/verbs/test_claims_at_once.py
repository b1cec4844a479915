"""Many claims at a time: what another one holds is passed over, and nobody's job is locked by a claim that looks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from curvegan_db.store import Store

from ...databases import statements
from ..trainings import DEVICES, a_worker, claim, request

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@contextmanager
def taking(store: Store, ids: Sequence[int]) -> Iterator[None]:
    """Have these jobs be locked, as by a claim that was not committed yet."""
    with store.engine.begin() as connection:
        connection.execute(text("SELECT id FROM jobs WHERE id = ANY(:ids) FOR UPDATE"), {"ids": list(ids)})
        yield


def claimed(store: Store, worker: str, most: int, prefer: int | None = None) -> list[int]:
    found = store.claim(worker, DEVICES, most, prefer)
    return [job.id for job in found.jobs] if found else []


@only_postgresql
def test_what_another_claim_is_taking_is_passed_over(store: Store) -> None:
    ids, worker = store.submit([request() for _ in range(6)]), a_worker(store)
    with taking(store, [ids[0], ids[2]]):
        assert claimed(store, worker, 2) == [ids[1], ids[3]]
        assert claimed(store, worker, 1) == [ids[4]]
        assert claimed(store, worker, 1, prefer=ids[0]) == [ids[5]]
        idle = a_worker(store, 2)
        assert claimed(store, idle, 1) == []
        assert store.workers()[1].state == "idle"
    store.unregister_worker(idle)
    assert claimed(store, worker, 2) == [ids[0], ids[2]]


@only_postgresql
def test_where_all_of_a_kind_are_being_taken_another_kind_is(store: Store) -> None:
    urgent, less, other = store.submit([request(priority=2), request(priority=0), request(hidden_g=64, priority=1)])
    worker = a_worker(store)
    with taking(store, [urgent]):
        assert claimed(store, worker, 9) == [other], "a less urgent job of the same kind came first"
    assert claimed(store, worker, 9) == [urgent, less]


@only_postgresql
def test_a_claim_looks_first_and_locks_last(store: Store) -> None:
    """A lock that PostgreSQL leaves on what others have just taken is held until the commit: it follows at once."""
    store.submit([request() for _ in range(4)])
    worker = a_worker(store)
    with statements(store) as sent:
        claim(store, worker, 4)
    locking = [n for n, statement in enumerate(sent) if "SKIP LOCKED" in statement]
    assert len(locking) == 1
    assert [statement.split()[0] for statement in sent[locking[0] + 1 :]] == []
