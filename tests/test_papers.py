"""The papers' page: its presets are what the command takes, its rows say their source, its tables are the code's."""

import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.papers import __main__ as papers
from benchmarks.papers import paper_results, paper_tables, paper_verdicts
from benchmarks.papers.paper_results import Result, Trial
from benchmarks.papers.paper_row import PAPERS, Printed, Row
from benchmarks.papers.paper_rows import ROWS, TRAINED
from benchmarks.papers.paper_sources import SOURCES
from benchmarks.papers.paper_tried import TRIED
from curvegan_db.store import Store
from curvegan_db.values import Job, JobRequest

from .cli.client import Client
from .worker.inline import train_all

ROOT = Path(__file__).parent.parent


def test_every_preset_is_a_row_and_every_row_a_preset() -> None:
    names = [str(row.preset) for row in TRAINED]
    assert sorted(names) == sorted(file.stem for file in (ROOT / "papers").glob("*.toml"))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", TRAINED, ids=lambda row: row.preset)
def test_every_preset_makes_a_job_in_full_and_at_a_first_look(row: Row) -> None:
    assert row.preset
    full = paper_results.config(row.preset)
    short = paper_results.config(row.preset, steps=paper_results.quick_steps(row.preset, us=1e4))
    assert short.hash == full.hash
    assert short.steps < full.steps


def test_a_preset_is_what_the_command_takes(tmp_path: Path) -> None:
    file = ROOT / "papers" / "sun-5-rp.toml"
    found = Client(tmp_path).json("sweep", "--config", str(file), "--seeds", "10", "--dry-run")
    assert found["jobs"] == 10


def test_every_row_has_a_source_and_a_rule() -> None:
    for row in ROWS:
        assert row.paper in PAPERS
        assert row.where
        assert row.rule
        assert row.paper == "ours" or row.paper in SOURCES
        assert row.claim is None or row.claim in paper_verdicts.CLAIMS
        assert row.against is None or row.against in [each.preset for each in TRAINED]
        assert row.preset or row.differs


def test_every_source_names_a_repository_and_says_what_of_the_numbers_was_read() -> None:
    for source in SOURCES.values():
        assert re.fullmatch(r"\d{4}\.\d{5}", source.arxiv)
        assert re.search(r"[\w-]+/[\w-]+", source.settings)
        assert source.unread or re.match("read|none", source.numbers)


def test_the_page_holds_the_tables_of_the_stored_results() -> None:
    page = (ROOT / "docs" / "papers.md").read_text()
    results = paper_results.load()
    assert papers.filled(page, paper_tables.tables(results)) == page
    assert set(re.findall(r"<!-- papers (\S+) -->", page)) == set(paper_tables.tables(results))


def test_of_what_is_not_reproduced_the_page_says_what_was_tried() -> None:
    results = paper_results.load()
    wrong = {row.preset for row in TRAINED if paper_verdicts.verdict(row, results) == "not reproduced"}
    assert wrong <= TRIED.keys() <= {row.preset for row in TRAINED}


def test_stored_results_are_of_the_presets_as_they_are() -> None:
    for name, result in paper_results.load().items():
        assert result.hash == paper_results.config(name).hash
        assert result.full == (result.steps == paper_results.keys(name)["steps"])


def test_trials_have_the_steps_of_their_preset_where_any_has_them(store: Store) -> None:
    own = paper_results.keys("dirac-gan")["steps"]
    configs = {
        (seed, steps): paper_results.config("dirac-gan", seed).model_copy(update={"steps": steps})
        for seed, steps in ((101, own), (100, own), (101, 2 * own), (102, 2 * own), (102, 4 * own))
    }
    store.submit([JobRequest(config) for config in configs.values()])
    jobs = list(store.jobs())

    def taken(jobs: list[Job]) -> list[tuple[int, int]]:
        return [(job.config.seed, job.steps) for job in paper_results.trials_of("dirac-gan", jobs)]

    assert taken(jobs) == [(100, own), (101, own)]
    assert taken([job for job in jobs if job.steps > own]) == [(102, 4 * own)]


def test_a_trial_with_more_snapshots_has_the_course_of_its_preset(store: Store) -> None:
    full = paper_results.config("dirac-gan", 100).model_copy(update={"engine": "torch"})
    store.submit([JobRequest(full), JobRequest(full.model_copy(update={"seed": 101, "snapshot_every": 10}))])
    train_all(store)
    found = paper_results.collect(store, {"dirac-gan": 1.0})["dirac-gan"]
    steps = [[line[0] for line in trial.course] for trial in found.trials]
    assert steps == [list(range(0, full.steps + 1, full.snapshot_every))] * 2
    assert found.full


def trials(modes: list[float], hq: list[float]) -> Result:
    each = [
        Trial(seed, "", [[10, m, q, 0.0, 0.0, 0.0, 0.0]]) for seed, (m, q) in enumerate(zip(modes, hq, strict=True))
    ]
    return Result("", 10, True, 1.0, 8, each)


def row(modes: Printed, against: str | None = None) -> Row:
    return Row("pacgan", "here", "GAN", "cured", {"modes": modes}, against=against)


def test_verdicts_follow_the_rules_of_the_page() -> None:
    full, one = trials([8.0] * 10, [1.0] * 10), trials([1.0] * 9 + [2.0], [1.0] * 10)
    assert paper_verdicts.verdict(row(Printed(7.9)), {"cured": full}) == "reproduced"
    assert paper_verdicts.verdict(row(Printed(4)), {"cured": one}) == "in direction"
    assert paper_verdicts.verdict(row(Printed(4)), {"cured": full}) == "not reproduced"
    assert paper_verdicts.verdict(row(Printed(4), "bare"), {"cured": full, "bare": one}) == "in direction"
    assert paper_verdicts.verdict(row(Printed(4), "bare"), {"cured": full}) == "not reproduced"
    assert paper_verdicts.verdict(row(Printed(4)), {}) == "not run"
    none = trials([0.0] * 9 + [1.0], [0.0] * 10)
    assert paper_verdicts.verdict(row(Printed(4)), {"cured": none}) == "not reproduced"
    few = Result("", 10, True, 1.0, 8, full.trials[:9])
    assert paper_verdicts.verdict(row(Printed(8)), {"cured": few}) == "first look, not judged"


def test_a_claim_needs_nine_of_ten_trials() -> None:
    claimed = Row("unrolled", "here", "covers", "cured", claim="covers")
    found = [
        paper_verdicts.verdict(claimed, {"cured": trials([8.0] * n + [1.0] * (10 - n), [1.0] * 10)}) for n in (9, 8, 5)
    ]
    assert found == ["reproduced", "in direction", "not reproduced"]
    asked = replace(claimed, asked_here=True)
    assert paper_verdicts.verdict(asked, {"cured": trials([8.0] * 10, [1.0] * 10)}) == "nothing to compare with"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "dirac-gam"], "there is no papers/dirac-gam.toml; did you mean dirac-gan?"),
        (["--concurrency", "0"], "0 is no whole number from 1 on"),
        (["--minutes", "-3"], "-3 is no whole number from 1 on"),
        (["--home", __file__], "is a file: name a folder"),
    ],
    ids=["preset", "processes", "minutes", "home"],
)
def test_wrong_words_are_refused_before_anything_is_trained_or_written(words: list[str], said: str) -> None:
    command = [sys.executable, "-m", "benchmarks.papers", "--page", *words]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(said)


def test_a_name_of_a_preset_may_be_its_file() -> None:
    assert papers._preset("papers/dirac-gan.toml") == "dirac-gan"


def test_intervals_are_those_of_students_t() -> None:
    mean, low, high = paper_verdicts.mean_interval([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * math.sqrt(5 / 3) / 2  # the 97.5 % point of 3 degrees of freedom, from a printed table
    assert (mean, low, high) == pytest.approx((2.5, 2.5 - half, 2.5 + half), rel=1e-6)
