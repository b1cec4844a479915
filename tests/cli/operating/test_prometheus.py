"""What an operator's alarms read: correct in the format, in the numbers, and as few questions however many jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from curvegan_db.store import Store

from ...db.population import change
from ..client import SMALL, Client, PlayedWorker


def families(page: str) -> dict[str, Any]:
    found = list(text_string_to_metric_families(page))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def values(page: str) -> dict[str, float]:
    """Each sample by its name and the word of its label."""
    samples = [sample for family in families(page).values() for sample in family.samples]
    return {
        ".".join([sample.name.removeprefix("curvegan_"), *sample.labels.values()]): sample.value for sample in samples
    }


def test_the_page_says_how_the_store_stands(any_client: Client) -> None:
    with any_client.store() as store:
        ids = [any_client.submit(*SMALL) for _ in range(6)]
        worker = PlayedWorker(store)
        worker.claim()
        worker.train(until=100)
        store.note(worker.job.id, worker.token, "checkpoint_refused", "damaged")
        for job_id, state in zip(ids[1:4], ("lost", "succeeded", "failed"), strict=True):
            change(store, job_id, state)
        came = datetime.now(UTC) - timedelta(hours=2)
        with store.engine.begin() as connection:
            old = "UPDATE events SET at = :at WHERE job_id = :job"
            connection.execute(text(old), {"at": came, "job": ids[4]})
    page = any_client.done("metrics-text")
    assert {family.type for family in families(page).values()} == {"gauge"}
    assert all(family.documentation for family in families(page).values())
    found = values(page)
    assert found == found | {
        **{
            "jobs.running": 1,
            "jobs.lost": 1,
            "jobs.succeeded": 1,
            "jobs.failed": 1,
            "jobs.queued": 2,
            "jobs.cancelled": 0,
        },
        **{
            "faults.checkpoint_refused": 1,
            "faults.lost": 0,
            "faults.released": 0,
            "workers.training": 1,
            "workers.lost": 0,
        },
    }
    assert 7200 <= found["oldest_queued_seconds"] < 7800
    assert found["steps_per_second"] > 0
    assert 600 < found["steps_left"] <= 800


def test_an_empty_store_has_a_page_too(client: Client) -> None:
    found = values(client.done("metrics-text"))
    assert sum(found.values()) == found[next(name for name in found if name.startswith("info."))] == 1


def test_the_questions_are_as_many_for_many_jobs(client: Client) -> None:
    with client.store() as store:
        client.submit(*SMALL)
        few = questions(store)
        client.done("sweep", "--grid", "lr=1e-4,1e-3", "--seeds", "20", "--no-worker", *SMALL)
        assert questions(store) == few <= 8


def questions(store: Store) -> int:
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", count)
    store.gauges()
    event.remove(store.engine, "before_cursor_execute", count)
    return len(asked)
