"""--where of the commands that take many jobs: the jobs that match are meant, and no others."""

import pytest

from ..client import Client
from ..swept import ended_sweep


@pytest.fixture
def three(any_client: Client) -> Client:
    """A client of a store with three queued jobs: ns, lsgan, hinge."""
    for loss in ("ns", "lsgan", "hinge"):
        any_client.submit("--loss", loss, "--steps", "20")
    return any_client


def states(client: Client) -> list[str]:
    with client.store() as store:
        return [job.state for job in store.jobs(newest_first=False)]


def test_status_lists_those_that_match(three: Client) -> None:
    assert three.done("status", "--where", "loss!=ns", "-q").split() == ["3", "2"]
    assert three.done("status", "1-2", "--where", "loss!=ns", "-q").split() == ["2"]
    assert three.done("status", "--where", "loss=ns", "--state", "failed", "-q") == ""


def test_cancel_stops_those_that_match_and_says_how_many(three: Client) -> None:
    result = three("cancel", "--where", "loss in (ns, hinge)")
    assert result.exit_code == 0
    assert "2 jobs of state queued, running, lost match." in result.stderr
    assert states(three) == ["cancelled", "queued", "cancelled"]


def test_ids_and_a_filter_mean_both(three: Client) -> None:
    assert three.done("cancel", "1-2", "--where", "loss=lsgan", "-q").split() == ["2"]
    assert "Nothing to cancel" in three("cancel", "1", "--where", "loss=hinge").stderr
    assert states(three) == ["queued", "cancelled", "queued"]


@pytest.mark.parametrize("verb", ["retry", "resume"])
def test_ended_jobs_that_match_run_again(three: Client, verb: str) -> None:
    three.done("cancel", "all")
    assert three.done(verb, "--where", "loss=ns", "--no-worker", "-q").split() == ["1"]
    assert states(three) == ["queued", "cancelled", "cancelled"]


def test_a_part_of_a_sweep_is_cancelled_and_retried(any_client: Client) -> None:
    any_client.done("sweep", "--grid", "loss=ns,lsgan", "--seeds", "2", "--no-worker")
    any_client.submit("--loss", "ns")
    assert any_client.done("cancel", "--sweep", "1", "--where", "loss=ns", "-q").split() == ["1", "2"]
    assert any_client.done("retry", "--sweep", "1", "--where", "seed=1", "-q", "--no-worker").split() == ["2"]
    assert "no sweep 9" in any_client.refused("cancel", "--sweep", "9", "--where", "loss=ns")


def test_extend_trains_further_what_matches(client: Client) -> None:
    ended_sweep(client)
    with client.store() as store:
        assert store.count() == 18
    refused = client("extend", "--where", "rmse<0.105", "--steps", "400", "--no-worker")
    assert "1 job of state succeeded match" in refused.stderr


def test_wait_waits_for_the_live_ones_that_match(three: Client) -> None:
    three.done("cancel", "all")
    assert three.done("wait", "--where", "loss=ns") == ""


@pytest.mark.parametrize("verb", [["cancel"], ["retry"], ["resume"], ["wait"], ["extend", "--steps", "30"]])
def test_without_any_jobs_nothing_is_done(three: Client, verb: list[str]) -> None:
    assert "or a filter with --where" in three.refused(*verb)
    assert states(three) == ["queued"] * 3


@pytest.mark.parametrize("verb", ["status", "wait", "cancel", "retry", "resume", "best", "compare", "export"])
def test_a_filter_that_cannot_be_understood_is_refused_by_every_command(three: Client, verb: str) -> None:
    assert "filter, character 6: no loss is called 'nss', did you mean 'ns'?" in three.refused(
        verb, "--where", "loss=nss"
    )
    assert states(three) == ["queued"] * 3
