"""A job's log: in order, fenced, idempotent, bounded, and never lost with what a retry deletes."""

from collections.abc import Callable

import pytest

from curvegan_db.columns import MOST_LOG_TEXT
from curvegan_db.errors import JobNotFound, LeaseLost
from curvegan_db.log_lines import SAID
from curvegan_db.store import Store
from curvegan_db.values import Plot

from ...one_job import add_plots, begin, finish, record, say
from ...trainings import claim, losses, request, short


def running(store: Store) -> tuple[int, str]:
    """A job under a lease, begun: its id and the token."""
    [job_id] = store.submit([request()])
    token = claim(store).token
    begin(store, token, job_id, 0, "cpu", "torch", "2")
    return job_id, token


def texts(store: Store, job_id: int) -> list[str]:
    return [line.text for line in store.log(job_id)[0]]


def test_a_log_tells_events_and_what_was_said_in_order(store: Store) -> None:
    job_id, token = running(store)
    say(store, token, job_id, {0: "hello"})
    record(store, token, job_id, 50, losses(0), [], (50, b"x"), {1: "checkpoint stored", 2: "and on"})
    add_plots(store, token, job_id, [Plot(job_id, "curve", 50, b"png")], {3: "plots stored"})
    store.cancel(job_id, "enough")
    finish(store, token, job_id, "cancelled")
    assert texts(store, job_id) == [
        "submitted",
        "claimed by host:1",
        "began at step 0 on cpu with torch 2",
        "hello",
        "checkpoint stored",
        "and on",
        "plots stored",
        "cancel requested: enough",
        "cancelled: enough",
    ]
    lines, _ = store.log(job_id)
    assert [line.attempt for line in lines] == [0, *[1] * 8]
    assert [line.kind for line in lines].count(SAID) == 4
    assert {line.worker for line in lines if line.kind == SAID} == {"host:1"}
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_the_same_line_again_is_one_line(store: Store) -> None:
    job_id, token = running(store)
    for _ in range(2):
        record(store, token, job_id, 20, losses(0, 10), lines={0: "first", 1: "second"})
        say(store, token, job_id, {2: "third"})
    assert texts(store, job_id)[3:] == ["first", "second", "third"]


def test_who_lost_the_lease_says_nothing(store: Store) -> None:
    [job_id] = store.submit([request()])
    token = claim(short(store)).token
    assert store.reap() == [job_id]
    said = texts(store, job_id)
    assert said[-1].startswith("lost: the worker did not renew its lease")
    late: list[Callable[[], None]] = [
        lambda: say(store, token, job_id, {0: "late"}),
        lambda: record(store, token, job_id, 1, losses(0), lines={0: "late"}),
        lambda: add_plots(store, token, job_id, [], {0: "late"}),
    ]
    for write in late:
        with pytest.raises(LeaseLost):
            write()
    assert texts(store, job_id) == said


def test_every_attempt_counts_its_lines_anew_and_a_retry_keeps_them(store: Store) -> None:
    job_id, token = running(store)
    say(store, token, job_id, {0: "one", 1: "two"})
    finish(store, token, job_id, "failed", error="Traceback\nValueError: no", reason="error")
    store.retry(job_id)
    again = claim(store).token
    say(store, again, job_id, {0: "three"})
    assert texts(store, job_id)[3:] == ["one", "two", "failed: error", "retried", "claimed by host:1", "three"]
    lines, end = store.log(job_id)
    assert lines[-1].attempt == 2
    assert store.log(job_id, end) == ([], end)


def test_a_log_is_read_on_from_a_position(store: Store) -> None:
    job_id, token = running(store)
    read, position = store.log(job_id)
    for number in range(3):
        say(store, token, job_id, {number: f"line {number}"})
        if number == 1:
            store.cancel(job_id)
        lines, position = store.log(job_id, position)
        read += lines
    assert read == store.log(job_id)[0]
    assert len(read) == 7


def test_a_line_is_bounded_and_storable(store: Store) -> None:
    job_id, token = running(store)
    say(store, token, job_id, {0: "a\x00b\ud800c", 1: "x" * 20_000 + "the end"})
    odd, long = texts(store, job_id)[-2:]
    assert odd == "a?b?c"
    assert len(long) == MOST_LOG_TEXT
    assert long.startswith("…x")
    assert long.endswith("the end")


@pytest.mark.parametrize("unknown", [0, 7, 2**40])
def test_the_log_of_no_job(store: Store, unknown: int) -> None:
    with pytest.raises(JobNotFound):
        store.log(unknown)
