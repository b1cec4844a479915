"""A job that a newer curvegan queued stops neither the workers nor the clients of an older one."""

import pytest
from sqlalchemy import select, update

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


def test_the_job_fails_with_the_reason_and_the_others_are_taken(store: Store) -> None:
    ids = store.submit([request(), request(), request()])
    from_the_future(store, ids[1])
    claim = store.claim(a_worker(store), DEVICES, 3)
    assert claim is not None
    assert [job.id for job in claim.jobs] == [ids[0], ids[2]]
    assert store.heartbeat(claim.token).held == {ids[0], ids[2]}
    *_, last = store.events(ids[1])
    assert (last.kind, last.detail) == ("failed", "config")
    with store.engine.connect() as connection:
        error = connection.scalar(select(models.Job.error).where(models.Job.id == ids[1]))
    assert error is not None
    assert "unknown key 'warp'" in error
    assert "install the version that queued it" in error


def test_a_queue_of_nothing_else_is_soon_empty(store: Store) -> None:
    ids = store.submit([request() for _ in range(2)])
    for job_id in ids:
        from_the_future(store, job_id)
    worker = a_worker(store)
    assert store.claim(worker, DEVICES, 9) is None
    assert not store.queued(DEVICES)
    with pytest.raises(ConfigUnreadable, match=f"job {ids[0]} has a config that this curvegan cannot read"):
        store.job(ids[0])


def test_a_client_says_so_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    client = Client(tmp_path_factory.mktemp("future") / "home")
    with client.store() as store:
        from_the_future(store, *store.submit([JobRequest(request().config)]))
    for command in (["status"], ["show", "1"], ["fetch-plot", "1"]):
        assert "unknown key 'warp'" in client.refused(*command, exit_code=3)
