"""Followers: what they see, look after look, and what they remark between, until the end."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, text

from curvegan import Lab
from curvegan.watching import following, remarks, sparing
from curvegan.watching.following import (
    Standing,
    follow_jobs,
    follow_log,
    follow_many,
    follow_sweep,
    followed,
    patiently,
    starter,
)
from curvegan.watching.remarks import Awaited, Remark
from curvegan.watching.sparing import Sparing
from curvegan_cli.shown.watching import Watched
from curvegan_core.config.train import TrainConfig
from curvegan_db.errors import DatabaseUnreachable, JobNotFound
from curvegan_db.values import JobRequest
from curvegan_web.views.watching.jobs import followed_jobs

ONE = JobRequest(TrainConfig(device="cuda"))


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
    said = [seen for seen in follow_jobs(lab, [job]) if isinstance(seen, Remark)]
    cancelling.join()
    assert [(remark.kind, remark.text.partition(";")[0]) for remark in said] == [
        ("waits", f"Job {job} waits for a worker with cuda")
    ]


def test_what_a_job_waits_for_is_remarked_again_after_a_minute(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    monkeypatch.setattr(remarks, "REPEAT_S", 1.0)
    [job] = lab.store.submit([ONE])
    texts: list[str] = []
    for seen in follow_jobs(lab, [job]):
        if isinstance(seen, Remark):
            texts.append(seen.text)
            if len(texts) == 2:
                lab.store.cancel(job)
    assert texts[0] == texts[1]


def test_of_a_background_worker_that_takes_long_to_come_up_nobody_is_told_to_start_one(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    monkeypatch.setattr(following, "COMES_UP_S", 0.3)
    [job] = lab.store.submit([JobRequest(TrainConfig())])
    followers: dict[str, Iterator[Any]] = {
        "has not come up yet": followed(lab.store, dict, 0.05, Awaited(lab.store, [job]), lambda: None),
        "`curvegan worker` starts one": followed(lab.store, dict, 0.05, Awaited(lab.store, [job])),
    }
    for words, seen in followers.items():
        assert words in next(one.text for one in seen if isinstance(one, Remark))
    assert starter(lab, True)
    assert not starter(lab, False)
    assert not starter(Lab(database_url="postgresql://nowhere/lab", broker_url="redis://nowhere"), True)


def test_a_worker_that_is_starting_is_remarked_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    [job] = lab.store.submit([JobRequest(TrainConfig())])
    lab.store.register_worker("host", 1, ("auto", "cpu"), "0", state="starting")
    cancelling = threading.Timer(2.0, lab.store.cancel, [job])
    cancelling.start()
    said = [seen for seen in follow_jobs(lab, [job]) if isinstance(seen, Remark)]
    cancelling.join()
    text = "The worker is starting: once on a machine it compiles its kernel, 10 to 30 s."
    assert said == [Remark("starting", text)]


def test_a_job_that_its_worker_compiles_for_is_remarked_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TEND_S", 0.1)
    [job] = lab.store.submit([JobRequest(TrainConfig())])
    worker = lab.store.register_worker("host", 1, ("auto", "cpu"), "0")
    assert lab.store.claim(worker, ("auto", "cpu"), 1)
    cancelling = threading.Timer(2.0, lab.store.cancel, [job])
    cancelling.start()
    looks = follow_jobs(lab, [job])
    remark = next(seen for seen in looks if isinstance(seen, Remark))
    cancelling.join()
    assert (remark.kind, "is compiled first, 10 to 30 s" in remark.text) == ("claimed", True)


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
    kinds: list[object] = []
    for seen in follow_sweep(lab, submitted.id):
        kind = seen.kind if isinstance(seen, Remark) else seen.sweep.ended
        if kind in kinds:  # on a busy machine a look may be of before
            continue
        kinds.append(kind)
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


def test_many_jobs_are_counted_until_the_last_has_ended(lab: Lab) -> None:
    ids = lab.store.submit([ONE] * 12)
    seen = []
    for counted in follow_many(lab, ids):
        if isinstance(counted, Remark):
            continue
        seen.append(counted.ended)
        for job_id in ids[:6] if len(seen) == 1 else ids:
            if lab.store.state(job_id) == "queued":
                lab.store.cancel(job_id)
    assert seen == [0, 6, 12]
    waiting = follow_many(lab, [*ids, ids[-1] + 1])
    with pytest.raises(JobNotFound):
        next(waiting)


def _work(lab: Lab, look: Callable[[], Any], looks: int = 5) -> int:
    """How many tens of SQLite's instructions some looks take, after two that begin."""
    counted = 0

    def tick() -> int:
        nonlocal counted
        counted += 1
        return 0

    def watch(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(tick, 10)

    look()
    look()
    event.listen(lab.store.engine, "checkout", watch)
    for _ in range(looks):
        look()
    event.remove(lab.store.engine, "checkout", watch)
    with lab.store.engine.connect() as connection:
        connection.connection.driver_connection.set_progress_handler(None, 0)  # type: ignore[union-attr]
    return counted


def _looks(lab: Lab, ids: list[int]) -> dict[str, Callable[[], Any]]:
    standing = Watched(lab.store, partial(lab.store.standing, sweep=1))
    sweep, many = follow_sweep(lab, 1), follow_many(lab, ids)
    return {
        "sweep": lambda: next(sweep),
        "many": lambda: next(many),
        "status --watch": lambda: standing(5),
        "the page": followed_jobs(lab, {"limit": "5"}),
    }


def test_a_look_where_nothing_changed_is_the_same_work_for_any_number_of_jobs(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL_S", 0.001)
    monkeypatch.setattr(following, "TEND_S", 0.0)  # each look tends too
    monkeypatch.setattr(sparing, "MOST_AGE_S", 100.0)
    few = Lab(home=str(tmp_path / "few"))
    for place, jobs in ((few, 20), (lab, 2000)):
        place.store.submit_sweep([ONE] * jobs, {"seed": [0]})
    before = {name: _work(few, look) for name, look in _looks(few, list(range(1, 21))).items()}
    after = {name: _work(lab, look) for name, look in _looks(lab, list(range(1, 2001))).items()}
    few.close()
    for name, work in after.items():
        assert work <= 1.5 * before[name] + 10, (name, before, after)


def test_what_is_dear_is_looked_at_again_the_later_and_never_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, cost, pulse, looks = [1000.0], [0.005], [0], [0]
    monkeypatch.setattr(sparing, "time", SimpleNamespace(monotonic=lambda: clock[0], thread_time=lambda: clock[0]))

    def look() -> int:
        clock[0] += cost[0]
        looks[0] += 1
        return looks[0]

    spared = Sparing(look, lambda: pulse[0])
    assert (spared(), spared()) == (1, 1)
    pulse[0] += 1
    cost[0] = 0.05
    assert (spared(), spared()) == (2, 2)
    pulse[0] += 1
    assert spared() == 2  # it rests
    clock[0] += 0.05 / sparing.MOST_SHARE
    assert spared() == 3
    pulse[0] += 1
    assert spared(at_once=True) == 4
    clock[0] += 2 * sparing.MOST_AGE_S
    assert spared() == 4  # nothing changed, so it rests longer
    clock[0] += 0.05 / sparing.MOST_SHARE / sparing.AGEING
    assert spared() == 5
    cost[0] = 0.005
    pulse[0] += 1
    clock[0] += 0.05 / sparing.MOST_SHARE
    assert spared() == 6
    clock[0] += sparing.MOST_AGE_S
    assert spared() == 7  # it costs little
