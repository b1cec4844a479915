"""curvegan cancel, retry, resume, extend, and which jobs a selector means."""

import pytest

from curvegan.watching.job_fields import outcome
from curvegan_db.values import Job

from ..client import SMALL, Client, PlayedWorker


@pytest.fixture
def five(any_client: Client) -> Client:
    """Jobs 1 to 5: succeeded, failed, running, cancelled, queued."""
    for _ in range(5):
        any_client.submit(*SMALL)
    with any_client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
        worker.claim()
        worker.fail("Traceback\n  here\nValueError: \x1b[2Jno")
        worker.claim()
        worker.train(until=100)
    any_client.done("cancel", "4")
    return any_client


def states(client: Client, *selectors: str) -> list[tuple[int, str]]:
    return [(job["id"], job["state"]) for job in client.json("status", *selectors)]


def test_selectors_mean_what_they_say(five: Client) -> None:
    everything = [(5, "queued"), (4, "cancelled"), (3, "running"), (2, "failed"), (1, "succeeded")]
    assert states(five) == states(five, "all") == states(five, "1-9") == everything
    assert states(five, "3-4", "2") == everything[1:4]
    assert states(five, "last") == everything[:1]
    assert five.done("status", "2-3", "-q") == "3\n2\n"


@pytest.mark.parametrize("command", ["status", "wait", "cancel", "retry", "resume"])
def test_a_job_that_is_not_there_is_exit_2(any_client: Client, command: str) -> None:
    any_client.submit()
    for selector, said in (("6", "no job 6"), ("9" * 18, "no job 999"), ("6-9", "from 6 to 9"), ("0", "no job 0")):
        assert said in any_client.refused(command, selector)


@pytest.mark.parametrize("command", ["show", "losses", "events", "fetch-plot", "fetch-checkpoint", "sample"])
def test_one_job_that_is_not_there_is_exit_2(any_client: Client, command: str) -> None:
    assert "no job 6" in any_client.refused(command, "6")
    assert "there is no job yet" in any_client.refused(command, "last")


def test_cancel_stops_queued_jobs_at_once_and_asks_the_workers_of_others(five: Client) -> None:
    text = five.done("cancel", "all", "--reason", "enough")
    assert text.splitlines() == ["Job 3 will be stopped by its worker within seconds.", "Job 5 is cancelled."]
    assert five.json("show", "3")["cancel_requested"] is True
    job = five.json("show", "5")
    assert (job["state"], job["reason"]) == ("cancelled", "enough")


def test_cancel_of_an_ended_job_says_so_and_does_the_others(five: Client) -> None:
    result = five("cancel", "1", "5", "-q")
    assert (result.exit_code, result.stdout) == (2, "5\n")
    assert result.stderr == "Error: job 1 cannot be cancelled: it is succeeded\n"


def test_cancel_of_nothing_is_no_error(any_client: Client) -> None:
    result = any_client("cancel", "all")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Nothing to cancel: no queued or running job there.\n"


def test_retry_of_many_takes_the_failed_and_the_cancelled(five: Client) -> None:
    assert five.done("retry", "--no-worker", "all", "-q") == "2\n4\n"
    assert [state for _, state in states(five)] == ["queued", "queued", "running", "queued", "succeeded"]


def test_retry_of_a_named_job_starts_afresh(five: Client) -> None:
    five.done("retry", "--no-worker", "1")
    assert five.json("show", "1")["state"] == "queued"
    assert five.json("losses", "1") == []
    assert "job 3 cannot be retried: it is running" in five("retry", "--no-worker", "3").stderr


def test_resume_of_many_takes_the_failed_and_the_cancelled(five: Client) -> None:
    assert five.done("resume", "--no-worker", "all", "-q") == "2\n4\n"
    assert [state for _, state in states(five)] == ["queued", "queued", "running", "queued", "succeeded"]
    assert five.done("events", "2").count("resumed") == 1


def test_a_job_of_several_attempts_is_not_said_to_have_trained_while_it_waited(five: Client) -> None:
    with five.store() as store:
        job = store.job(1)
    assert " after 200 steps in " in outcome(job)
    assert outcome(Job(**vars(job) | {"attempt": 2})).endswith(" after 200 steps")


def test_extend_of_many_takes_the_succeeded(five: Client) -> None:
    assert five.done("extend", "--no-worker", "all", "--steps", "300") == "Job 1 is queued again.\n"
    job = five.json("show", "1")
    assert (job["state"], job["step"], job["steps"], job["config"]["steps"]) == ("queued", 200, 300, 300)
    assert len(five.json("losses", "1")) == 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resume", "1"], "job 1 cannot be resumed: it has succeeded; `curvegan extend 1 --steps N`"),
        (["resume", "3"], "job 3 cannot be resumed: it is running; `curvegan wait 3`"),
        (["resume", "5"], "job 5 cannot be resumed: it is queued; `curvegan explain 5`"),
        (["extend", "2", "--steps", "300"], "job 2 cannot be extended: it is failed; `curvegan resume 2`"),
        (["extend", "1", "--steps", "200"], "job 1 has 200 steps already"),
        (["extend", "1", "--steps", "10000001"], "steps: "),
        (["extend", "1", "--steps", "many"], "'many' is no whole number"),
        (["extend", "1"], "Missing option '--steps'"),
        (["retry", "5"], "job 5 cannot be retried: it is queued"),
        (["cancel", "5", "--reason", "x" * 501], "a reason has 1 to 500 characters"),
        (["cancel", "5", "--reason", ""], "a reason has 1 to 500 characters"),
    ],
    ids=lambda words: " ".join(words)[:30] if isinstance(words, list) else "",
)
def test_a_verb_that_does_not_fit_is_one_line_and_changes_nothing(five: Client, words: list[str], said: str) -> None:
    before = states(five), five.json("events", "1"), five.json("show", "1")
    assert said in five.refused(*words)
    assert (states(five), five.json("events", "1"), five.json("show", "1")) == before


def test_the_reason_of_a_cancel_is_shown_wherever_the_job_is(five: Client) -> None:
    five.done("cancel", "5", "--reason", "wrong \x1b[2J curve")
    inert = "wrong \\x1b[2J curve"
    for command in ("show", "events", "logs", "explain"):
        assert inert in five.done(command, "5")
    assert five.json("show", "5")["reason"] == "wrong \x1b[2J curve"
    assert inert in five("wait", "5").stdout


def test_status_filters(five: Client) -> None:
    assert [n for n, _ in states(five, "--state", "failed", "--state", "queued")] == [5, 2]
    assert [n for n, _ in states(five, "--limit", "2")] == [5, 4]
    five.submit("--tag", "x", "--tag", "y")
    assert [n for n, _ in states(five, "--tag", "x", "--tag", "y")] == [6]
    assert states(five, "--tag", "z") == []


def test_the_error_of_a_failed_job_is_shown_inert(five: Client) -> None:
    shown = five.done("show", "2")
    assert "failed: ValueError: \\x1b[2Jno" in shown
    assert "\x1b" not in shown
    assert five.json("show", "2")["error"].startswith("Traceback\n")


def test_a_lost_job_is_shown_as_lost_before_anybody_reaped_it(any_client: Client) -> None:
    from curvegan_db.store import Store, make_engine

    any_client.submit()
    any_client.done("cancel", "last")
    any_client.submit()
    with any_client.store() as store, Store(make_engine(str(store.engine.url.render_as_string(False))), -1) as frozen:
        PlayedWorker(frozen).claim()
        assert [job.id for job in store.jobs(states=["lost"])] == [2]
    assert states(any_client, "2") == [(2, "queued")]
