"""curvegan fork: what is queued, and one line that says the reason where it may not be."""

import pytest

from ..client import Client


def test_a_fork_says_where_it_goes_on(trained: Client) -> None:
    said = trained.done("fork", "first", "--at", "120", "--set", "lr", "1e-3", "--name", "calm", "--no-worker")
    assert said == "Job 2 is queued: job 1 from step 120 on.\n"
    job = trained.json("show", "calm")
    assert (job["parent"], job["parent_step"], job["step"], job["config"]["lr_g"]) == (1, 120, 120, 1e-3)
    assert trained.done("fork", "1", "--at", "120", "-q", "--no-worker") == "3\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("1", "--at", "201"), "--at takes 1 to 200"),
        (("1", "--at", "0"), "--at takes 1 to 200"),
        (("1",), "nothing left of 200 steps"),
        (("1", "--set", "hidden_g=9"), "cannot change hidden_g"),
        (("1", "--at", "100", "--set", "curve=sine"), "cannot change curve"),
        (("1", "--at", "100", "--set", "fork_step=3"), "not yours to set"),
        (("1", "--at", "100", "--set", "steps=100"), "nothing left of 100 steps"),
        (("9", "--at", "100"), "no job 9"),
    ],
)
def test_what_cannot_be_forked_says_why(trained: Client, words: tuple[str, ...], reason: str) -> None:
    assert reason in trained.refused("fork", *words)
    assert trained.done("status", "-q") == "1\n"
