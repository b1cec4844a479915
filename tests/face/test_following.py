"""Followers: what they see, look after look, and what they remark between, until the end."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from curvegan import Lab
from curvegan.watching import following
from curvegan.watching.following import Remark, Standing, follow_jobs, follow_log, follow_sweep, patiently
from curvegan_core.config.train import TrainConfig
from curvegan_db.errors import DatabaseUnreachable, JobNotFound
from curvegan_db.values import JobRequest

ONE = JobRequest(TrainConfig(device="cuda"))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab in an empty home."""
    made = Lab(home=str(tmp_path / "home"))
    yield made
    made.close()


def test_jobs_are_seen_until_the_last_has_ended(lab: Lab) -> None:
    first, last = lab.store.submit([ONE, ONE])
    seen = []
    for jobs in follow_jobs(lab, [last, first]):
        if isinstance(jobs, Remark):
            assert " waits for a worker with cuda" in jobs.text
            continue
        seen.append([job.state for job in jobs.values()])
        if len(seen) < 3:
            lab.store.cancel(first if len(seen) == 1 else last)
    assert seen == [["queued", "queued"], ["queued", "cancelled"], ["cancelled", "cancelled"]]
    assert [list(jobs) for jobs in follow_jobs(lab, [first]) if isinstance(jobs, dict)] == [[first]]


def test_what_a_job_waits_for_is_remarked_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    [job] = lab.store.submit([ONE])
    cancelling = threading.Timer(2.0, lab.store.cancel, [job])
    cancelling.start()
    remarks = [seen for seen in follow_jobs(lab, [job]) if isinstance(seen, Remark)]
    cancelling.join()
    assert [(remark.kind, remark.text.partition(";")[0]) for remark in remarks] == [
        ("waits", f"Job {job} waits for a worker with cuda")
    ]


def test_what_a_job_waits_for_is_remarked_again_after_a_minute(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    monkeypatch.setattr(following, "REPEAT_S", 1.0)
    [job] = lab.store.submit([ONE])
    texts: list[str] = []
    for seen in follow_jobs(lab, [job]):
        if isinstance(seen, Remark):
            texts.append(seen.text)
            if len(texts) == 2:
                lab.store.cancel(job)
    assert texts[0] == texts[1]


def test_a_worker_that_is_starting_is_remarked_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    [job] = lab.store.submit([JobRequest(TrainConfig())])
    lab.store.register_worker("host", 1, ("auto", "cpu"), "0", state="starting")
    cancelling = threading.Timer(2.0, lab.store.cancel, [job])
    cancelling.start()
    remarks = [seen for seen in follow_jobs(lab, [job]) if isinstance(seen, Remark)]
    cancelling.join()
    text = "The worker is starting: once on a machine it compiles its kernel, 10 to 30 s."
    assert remarks == [Remark("starting", text)]


def test_a_job_that_is_gone_ends_the_following(lab: Lab) -> None:
    [job] = lab.store.submit([ONE])
    looks = follow_jobs(lab, [job])
    next(looks)
    with lab.engine() as engine, engine.begin() as connection:
        for table in ("events", "jobs"):
            connection.execute(text(f"DELETE FROM {table}"))
    with pytest.raises(JobNotFound):
        list(looks)


def test_a_sweep_is_seen_by_its_counts(lab: Lab) -> None:
    submitted = lab.store.submit_sweep([ONE, ONE], {"seed": [0, 0]}, None, False)
    assert submitted.id is not None
    kinds = []
    for seen in follow_sweep(lab, submitted.id):
        kinds.append(seen.kind if isinstance(seen, Remark) else seen.sweep.ended)
        if isinstance(seen, Standing) and seen.sweep.ended < 2:
            assert seen.left.seconds is None
            lab.store.cancel(submitted.jobs[seen.sweep.ended])
    assert kinds == [0, "waits", 1, 2]


def test_a_log_comes_line_by_line_to_its_end(lab: Lab) -> None:
    [job] = lab.store.submit([ONE])
    lines = follow_log(lab.store, job)
    first = next(lines)
    lab.store.cancel(job)
    kinds = [line.kind for line in [first, *lines]]
    assert kinds == ["submitted", "cancelled"]


def test_a_database_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_RETRY_S", 0.01)
    answers: list[int | Exception] = [
        DatabaseUnreachable("sqlite://", "gone"),
        DatabaseUnreachable("sqlite://", "gone"),
        7,
    ]

    def look() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def asked() -> Iterator[Remark | int]:
        yield (yield from patiently(look))

    away, back, answer = asked()
    assert (answer, isinstance(away, Remark), isinstance(back, Remark)) == (7, True, True)
    assert [seen.kind for seen in (away, back) if isinstance(seen, Remark)] == ["away", "back"]


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_RETRY_S", 0.01)
    monkeypatch.setattr(following, "PATIENCE_S", 0.1)

    def look() -> int:
        raise DatabaseUnreachable("sqlite://", "gone")

    started = time.monotonic()
    with pytest.raises(DatabaseUnreachable):
        list(patiently(look))
    assert time.monotonic() - started >= 0.1
