"""curvegan tune: what it prints, how it goes on, and what it refuses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from curvegan.lab import Lab

from ...face.tuning.studies import end_jobs
from ..client import Client, PlayedWorker

SPACE = ("--space", "lr=1e-5..1e-1", "--space", "loss=ns,rpgan", "--steps", "20", "--seeds", "2", "--no-worker")


@contextmanager
def ending(client: Client) -> Iterator[None]:
    """Something that ends jobs as soon as they are queued."""
    over = threading.Event()

    def end() -> None:
        with client.store() as store:
            while not over.wait(0.05):
                end_jobs(store)

    client.done("db", "upgrade")
    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_search_from_its_begin_to_its_end_and_on(any_client: Client) -> None:
    with ending(any_client):
        first = any_client("tune", *SPACE, "--trials", "5", "--batch", "3", "--name", "rates")
        assert (first.exit_code, first.stdout.splitlines()[0].split()[:3]) == (0, ["TRIAL", "LR", "LOSS"])
        assert "Study rates, sweep 1, begins: 5 trials by tpe." in first.stderr
        assert "study rates: 5 of 5 trials have ended: 0 running, best rmse " in first.stderr
        assert "Study rates: 5 of 5 trials; best rmse " in first.stdout
        small = any_client("tune", "--space", "loss=ns,rpgan", *SPACE[4:], "--name", "small")
        assert "The space has no further point: 2 trials are all that there are." in small.stderr
        longer = any_client("tune", "--name", "rates", "--trials", "7", "--no-worker", "-o", "json")
        assert "Study rates, sweep 1, goes on: 7 trials by tpe, 5 before." in longer.stderr
        again = any_client("tune", *SPACE, "--batch", "3", "--name", "rates")
        assert "goes on: 7 trials by tpe.\n" in again.stderr
        fewer = any_client.refused("tune", *SPACE, "--batch", "3", "--name", "rates", "--trials", "6")
        assert "is of 7 trials already; --trials may only rise, and without it the study goes on" in fewer
        both = any_client("tune", *SPACE, "--trials", "3", "--by", "rmse", "--by", "hq", "--name", "both")
        assert "Study both: 3 of 3 trials; the front of rmse and hq is trial" in both.stdout
        assert any_client.json("tune", "--status", "last")["name"] == "both"
    standing = any_client.json("tune", "--status", "rates")
    assert (standing["ended"], standing["trials"], standing["space"]) == (
        7,
        7,
        {"lr": "1e-05..0.1", "loss": "ns,rpgan"},
    )
    assert [trial["jobs"] for trial in standing["found"]] == [[n, n + 1] for n in (1, 3, 5, 7, 9, 15, 17)]
    assert any_client.done("tune", "--status", "1", "-o", "csv").startswith("trial,lr,loss,rmse,state,jobs\n0,")
    assert any_client.json("sweeps", "rates")[0]["axes"] == {
        "lr": {"low": 1e-5, "high": 0.1},
        "loss": ["ns", "rpgan"],
        "seed": [0, 1],
    }
    said = any_client.refused("tune", *SPACE, "--batch=3", "--name", "rates", "--set", "hidden_g", "8")
    assert said == "Error: study rates is another one: it has hidden_g=its default; give another --name"
    assert len(any_client.json("status")) == 24


REFUSED = {
    ("--space", "lr"): "'lr' says nothing to search: write it as KEY=A..B",
    ("--space", "lr=1e-2..1e-5"): "the smaller end of a range comes first",
    ("--space", "lr=0,,1"): "lr has an empty value",
    ("--space", "lerning=1..2"): "there is no key 'lerning' to search",
    ("--space", "seed=1..2"): "seed is no key to search: --seeds says how many",
    ("--space", "data=a,b"): "data is no key to search",
    ("--space", "lr=1..2", "--space", "lr=3"): "lr is there twice",
    ("--space", "lr=1..2", "--space", "lr_g=3"): "lr is there twice",
    ("--space", "lr=1e-4..1e-3", "--by", "rmsee"): "no metric is called 'rmsee'",
    ("--space", "lr=1e-4..1e-3", "--by", "d_real"): "neither end of d_real is the better one; search by another",
    ("--space", "lr=1e-4..1e-3", "--by", "rmse", "--by", "rmse"): "--by rmse is there twice",
    ("--space", "lr=1e-4..1e-3", "--halving", "3", "--steps", "8"): "--halving has 2 to 2 rungs for 8 steps, got 3",
    ("--space", "curve=sine,quadratic"): "curve is no key to search: trials on other curves say nothing of each other",
    ("--space", "curve.a=1..2"): "curve.a is no key to search",
    ("--status", "last"): "there is no study yet",
    ("--space", "lr=1e-4..1e-3", "--seeds", "x"): "--seeds is a number of seeds",
    ("--space", "lr=1e-4..1e-3", "--sampler", "grid"): "a grid takes values, and lr has a range",
    ("--space", "lr=1e-4..1e-3", "--sampler", "cmaes"): "cmaes searches two ranges or more",
    ("--space", "lr=1e-4..1e-3", "--sampler", "best"): "'best' is not one of",
    ("--space", "lr=1e-4..1e-3", "--trials", "0"): "0 is not in the range",
    ("--space", "lr=1e-4..1e-3", "--trials", "90000"): "a study has at most 100000 jobs, this one 270000",
    ("--space", "lr=1e-4..1e-3", "--name", "17"): "means jobs by their ids",
    ("--space", "loss=wgan"): "no point of the space makes a valid job: loss=wgan seed=0: loss wgan needs gp",
    ("--space", "lr=-2..-1"): "lr_g: input should be greater than 0 (got -2)",
    ("--space", "lr=1e-5..1e-2,loss=ns"): "input should be a valid number (got 'loss=ns')",
    ("--space", "loss=nosuch,ns"): "loss: input should be 'ns'",
    ("--space", "lr=1e-4..1e-3", "--set", "foo=3"): "unknown key 'foo'",
    ("--status", "rates", "--space", "lr=1..2"): "--status shows a study that is there: leave out --space",
    (): "say what to search, as in --space lr=1e-5..1e-2, or which study goes on",
    ("--name", "rates"): "no study is called 'rates'; say what to search",
    ("--name", "rates", "--by", "w1"): "without --space the study goes on as it is: leave out --by",
    ("--status", "rates"): "no study is called 'rates'; `curvegan sweeps` lists all",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_is_no_search_is_one_line_and_nothing_stored(client: Client, words: tuple[str, ...]) -> None:
    result = client("tune", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert REFUSED[words] in " ".join(result.stderr.split())
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert client.json("status") == []


def test_a_metric_that_no_job_has_ends_the_search(client: Client) -> None:
    words = (
        "tune",
        "--no-worker",
        "--space",
        "lr=1e-4,1e-3",
        "--sampler",
        "random",
        "--by",
        "modes",
        "--name",
        "blind",
    )
    with Lab(home=str(client.home)) as lab:
        lab.tune({"lr": [1e-4, 1e-3]}, by="modes", sampler="random", seeds=1, trials=2, name="blind", worker=False)
    with client.store() as store:
        worker = PlayedWorker(store)
        worker.claim()
        worker.train()
    result = client(*words, "--seeds", "1", "--trials", "2")
    assert result.exit_code == 2
    assert "Error: no job of this study has modes; `curvegan metrics 1` prints" in result.stderr
    assert len(client.json("status")) == 1
