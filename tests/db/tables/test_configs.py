"""A job that a newer curvegan queued stops neither the workers nor the clients of an older one."""

import pytest
from sqlalchemy import update

from curvegan_db.errors import ConfigUnreadable
from curvegan_db.store import Store
from curvegan_db.tables import models
from curvegan_db.values import JobRequest

from ...cli.client import Client
from ..trainings import DEVICES, a_worker, request


def from_the_future(store: Store, job_id: int) -> None:
    config = store.job(job_id).config.model_dump(mode="json") | {"warp": 9}
    with store.engine.begin() as connection:
        connection.execute(update(models.Job).where(models.Job.id == job_id).values(config=config))


def from_nowhere(store: Store, job_id: int) -> None:
    """What no version wrote; since there is an index on its keys neither database takes what is no JSON at all."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET config = '[]' WHERE id = {job_id}")


def test_the_job_stays_queued_and_the_others_are_taken(store: Store) -> None:
    ids = store.submit([request(), request(), request()])
    from_the_future(store, ids[1])
    claim = store.claim(a_worker(store), DEVICES, 3)
    assert claim is not None
    assert [job.id for job in claim.jobs] == [ids[0], ids[2]]
    assert store.heartbeat(claim.token).held == {ids[0], ids[2]}
    assert [event.kind for event in store.events(ids[1])] == ["submitted"]
    assert list(store.unreadable) == [ids[1]]
    assert "unknown key 'warp'" in store.unreadable[ids[1]]
    assert [bool(job.unreadable) for job in store.jobs(ids)] == [False, True, False]


def test_a_worker_that_can_read_none_of_them_does_not_see_them_again(store: Store) -> None:
    ids = store.submit([request() for _ in range(2)])
    for job_id in ids:
        from_the_future(store, job_id)
    worker = a_worker(store)
    assert store.claim(worker, DEVICES, 9) is None
    assert not store.queued(DEVICES)
    assert Store(store.engine).queued(DEVICES) is not None
    with pytest.raises(ConfigUnreadable, match=f"job {ids[0]} has a config that this curvegan cannot read"):
        store.job(ids[0])


def test_more_of_them_than_a_statement_takes_stop_no_worker(store: Store) -> None:
    """A whole sweep of a newer version lies before a job that can be read, and one of it is what a message names."""
    first, *_ = store.submit([request()])
    columns = "priority, steps, created_at, config, pack_key, wanted_device, wanted_engine, state, attempt, lost, step"
    columns += ", cancel_requested"
    with store.engine.begin() as connection:
        for _ in range(15):
            connection.exec_driver_sql(f"INSERT INTO jobs ({columns}) SELECT {columns} FROM jobs LIMIT 20000")
        connection.exec_driver_sql("UPDATE jobs SET config = '[]'")
    known, last = store.submit([request(), request()])
    assert known > 30_000
    worker = a_worker(store)
    while (claim := store.claim(worker, DEVICES, 2, prefer=first)) is None:
        assert store.queued(DEVICES) is not None
    assert [job.id for job in claim.jobs] == [known, last]
    assert len(store.unreadable) == known - 1
    assert store.claim(worker, DEVICES, 2) is None
    assert not store.queued(DEVICES)


def test_a_client_says_so_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    client = Client(tmp_path_factory.mktemp("future") / "home")
    with client.store() as store:
        from_the_future(store, *store.submit([JobRequest(request().config)]))
        store.submit([JobRequest(request().config)])
        from_nowhere(store, *store.submit([JobRequest(request().config)]))
    for command in (["show", "1"], ["fetch-plot", "1"]):
        assert "unknown key 'warp'" in client.refused(*command, exit_code=3)
    assert "no JSON object" in client.refused("show", "3", exit_code=3)
    shown = client.json("status")
    assert [(job["id"], job["config"] is None) for job in shown] == [(3, True), (2, False), (1, True)]
    assert client.done("export").count("\n") == 4
    assert "Job 1 is queued" in client.done("explain", "1")
    for command in (["best"], ["compare", "1", "2"], ["logs", "1"], ["events", "3"]):
        client.done(*command)
    client.done("cancel", "1", "3")
