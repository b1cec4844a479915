"""curvegan explain: every reason, from a store in which it holds."""

import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from curvegan.watching.reasons import NOTES, REASONS
from curvegan_db.columns import JobState
from curvegan_db.sql.database import make_engine
from curvegan_db.store import Store

from ...db.one_job import finish, record, release
from ..client import SMALL, Client, PlayedWorker


def reason(client: Client, job: int) -> tuple[str, str]:
    """The code and the text, which both forms must agree on."""
    found = client.json("explain", str(job))
    assert (found["id"], found["reason"] in REASONS, set(found["notes"]) <= set(NOTES)) == (job, True, True)
    shown = client.done("explain", str(job)).splitlines()[0]
    beginning = f"Job {job} is {found['state']} ({found['reason']}): "
    assert shown.startswith(beginning)
    return found["reason"], shown.removeprefix(beginning)


@contextmanager
def played(client: Client) -> Iterator[PlayedWorker]:
    with client.store() as store:
        yield PlayedWorker(store)


def test_a_queued_job_waits_for_a_worker_a_device_and_its_turn(any_client: Client) -> None:
    cuda, first, second = any_client.submit("--device", "cuda:1"), any_client.submit(), any_client.submit()
    assert reason(any_client, first) == ("no_worker", "no worker lives.")
    assert any_client.json("explain", str(cuda))["commands"] == ["curvegan worker --device cuda:1"]
    with played(any_client) as worker:
        assert reason(any_client, cuda) == ("no_device", "1 worker live, but none has cuda:1.")
        assert reason(any_client, first)[0] == "next"
        assert reason(any_client, second) == ("behind", "1 queued job ahead of it; 0 of 1 worker for auto train now.")
        worker.claim()
        assert reason(any_client, second) == ("busy", "it is next; 1 of 1 worker for auto train now.")
        assert any_client.json("explain", str(second))["figures"] == {"ahead": 0, "workers": 1, "useful_workers": 1}


def test_a_running_job_is_explained_from_its_claim_to_its_end(any_client: Client) -> None:
    job = any_client.submit(*SMALL)
    with played(any_client) as worker:
        claim = worker.store.claim(worker.id, ("auto", "cpu"), 1)
        assert claim is not None
        assert reason(any_client, job) == (
            "starting",
            "host:4711 has claimed it and loads it, or trains others of its pack first; a kind of network that is new "
            "to this machine is compiled first, 10 to 30 s.",
        )
        release(worker.store, claim.token, job, "drained")
        assert any_client.json("explain", str(job))["notes"]["drained"].startswith("host:4711 gave it back at step 0")
        worker.claim()
        begun = time.monotonic()
        worker.train(until=100)
        code, said = reason(any_client, job)
        told = re.match(r"host:4711 on cpu, at step 100 of 200, recorded (\d+) s ago, \S+ steps/s, \d+ s left\.", said)
        assert code == "training"
        assert told, said
        assert int(told[1]) <= round(time.monotonic() - begun)
        record(worker.store, worker.token, job, 200, worker.store.losses(job).rows(0, 0))
        assert reason(any_client, job)[0] == "recording"
        any_client.done("cancel", str(job), "--reason", "too slow")
        assert reason(any_client, job) == ("cancel_requested", "host:4711 on cpu stops it within seconds (too slow).")
        finish(worker.store, worker.token, job, JobState.CANCELLED)
        assert reason(any_client, job) == ("cancelled", "at step 200: too slow.")


def test_a_worker_that_fell_silent_is_told_before_the_lease_runs_out(any_client: Client) -> None:
    job = any_client.submit(*SMALL)
    with played(any_client) as worker:
        worker.claim()
        set_back(worker.store, "UPDATE workers SET beat_at = :at", 20)
        code, said = reason(any_client, job)
        assert code == "worker_silent"
        assert re.match(r"its worker host:4711 was not heard of for 2\d s; the lease runs out in [23]\d s", said), said
        any_client.done("cancel", str(job))
        assert "cancel_requested" in any_client.json("explain", str(job))["notes"]


def set_back(store: Store, statement: str, seconds: float) -> None:
    from datetime import timedelta

    at = (store.time() - timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(sep=" ")
    zone = "+00" if store.engine.dialect.name == "postgresql" else ""
    with store.engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text(statement), {"at": at + zone})


def test_a_lost_job_is_queued_again_and_says_so(any_client: Client) -> None:
    job = any_client.submit(*SMALL)
    with any_client.store() as store, Store(make_engine(store.engine.url.render_as_string(False)), -1) as frozen:
        PlayedWorker(frozen).claim()
    found = any_client.json("explain", str(job))
    assert (found["state"], found["reason"]) == ("queued", "busy")  # its worker seems to train for a while
    assert found["notes"]["lost_before"].startswith("it lost 1 worker so far")


@pytest.mark.parametrize(
    ("error", "why", "code", "said", "commands"),
    [
        (
            "training diverged: a loss is not finite at step 7",
            *("diverged", "diverged", "at step 7", ["curvegan submit --from 1 --lr 1e-05"]),
        ),
        ("made by fused 2, and here it is 3", "refused", "failed", "by fused 2", ["curvegan retry 1"]),
        (
            "Traceback\n  here\nValueError: \x1b[2Jno",
            *("error", "failed", r"ValueError: \x1b[2Jno.", ["curvegan resume 1", "curvegan retry 1"]),
        ),
        (
            "its worker was lost 3 times",
            *("lost", "worker_lost", "lost 3 times", ["curvegan resume 1", "curvegan retry 1"]),
        ),
        (None, None, "failed", "without a word", ["curvegan resume 1", "curvegan retry 1"]),
    ],
)
def test_a_failed_job_tells_why_and_what_to_type(
    client: Client, error: str | None, why: str | None, code: str, said: str, commands: list[str]
) -> None:
    job = client.submit(*SMALL, "--set", "lr_d=2e-4")
    with played(client) as worker:
        worker.claim()
        finish(worker.store, worker.token, job, JobState.FAILED, error=error, reason=why)
    found = reason(client, job)
    assert found[0] == code
    assert said in found[1]
    assert client.json("explain", str(job))["commands"] == ["curvegan logs 1", *commands]
    client.done(*shlex.split(commands[-1])[1:], "--no-worker")


def test_a_succeeded_job(trained: Client) -> None:
    assert re.match(r"trained 200 steps, RMSE \S+\.", reason(trained, 1)[1])


def test_a_broker_that_is_away_is_a_note(client: Client) -> None:
    client.environment["CURVEGAN_BROKER_URL"] = "redis://:opensesame@127.0.0.1:1/0"
    job = client.submit()
    started = time.monotonic()
    found = client.json("explain", str(job))
    assert time.monotonic() - started < 5
    assert found["reason"] == "no_worker"
    assert "redis://127.0.0.1:1/0" in found["notes"]["broker_unreachable"]
    assert "every second all the same" in client.done("explain", str(job))
    assert "opensesame" not in str(found)


def test_a_broker_that_answers_is_none(client: Client, redis_url: str) -> None:
    client.environment["CURVEGAN_BROKER_URL"] = redis_url
    assert client.json("explain", str(client.submit()))["notes"] == {}


def test_an_outdated_schema_is_a_reason(any_client: Client) -> None:
    assert any_client.database_url
    engine = make_engine(any_client.database_url)
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        connection.execute(text("UPDATE curvegan_version SET version_num = '9999'"))
    engine.dispose()
    found: Any = any_client.json("explain", "1")
    assert (found["id"], found["state"], found["reason"]) == (None, None, "schema_outdated")
    assert "newer than this curvegan" in any_client.done("explain", "1")


def test_every_reason_is_in_the_help(client: Client) -> None:
    shown = client.done("explain", "--help")
    assert [code for code in (*REASONS, *NOTES) if f"  {code} " not in shown] == []


@pytest.mark.parametrize(
    ("selector", "said"), [("6", "no job 6"), ("1-2", "more than one job"), ("last", "no job yet")]
)
def test_a_job_that_is_not_there_is_exit_2(client: Client, selector: str, said: str) -> None:
    assert said in client.refused("explain", selector)
