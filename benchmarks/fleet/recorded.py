"""The statements that a worker's verbs send, with the values of which each claim has its own marked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, text

from benchmarks.fleet.simulated import PACK, STEPS, TOGETHER, Simulated
from benchmarks.store import DEVICES, claim
from curvegan_core.config.train import TrainConfig
from curvegan_db.columns import JobState
from curvegan_db.store import Store
from curvegan_db.values import IDLE, Claim, JobRequest
from curvegan_db.verbs.progress import Ending

CLOCK = "clock_timestamp()"
FIRST_ID = 5_000_000
"""Ids of the jobs that are recorded, which no step and no size is."""
Values = Mapping[str, Any]


@dataclass(frozen=True)
class After:
    """So long after what the database's clock said in the transaction."""

    by: timedelta


@dataclass(frozen=True)
class Own:
    """A value that each claim has its own of: `worker`, `label`, `token`, or the number of a job in its pack."""

    name: str | int


@dataclass(frozen=True)
class Sent:
    """A statement as the driver got it, one or many times; `rows` is how many it found or wrote, COMMIT has no text."""

    text: str
    parameters: Sequence[Values]
    many: bool = False
    rows: int = -1


@dataclass
class Script:
    """What a simulated worker sends: each verb's statements, by the jobs that it is for.

    Attributes:
        claims, begins, beats: by the jobs of a claim; `counts` are beats that count the live workers as well.
        parts: by the jobs that train together, one record after the other, the last of which ends them.
        poll, idle, reap: of who looks for work.
    """

    claims: dict[int, list[Sent]] = field(default_factory=dict)
    begins: dict[int, list[Sent]] = field(default_factory=dict)
    beats: dict[int, list[Sent]] = field(default_factory=dict)
    counts: dict[int, list[Sent]] = field(default_factory=dict)
    parts: dict[int, list[list[Sent]]] = field(default_factory=dict)
    poll: list[Sent] = field(default_factory=list)
    idle: list[Sent] = field(default_factory=list)
    reap: list[Sent] = field(default_factory=list)


def record(store: Store, worker: Simulated, flushes: Sequence[int]) -> Script:
    """Have a worker claim, train and end packs of every size, and write down what it sends.

    Args:
        flushes: the steps at which a part is stored before its end.
    """
    script = Script()
    with store.engine.begin() as connection:
        connection.execute(text(f"SELECT setval('jobs_id_seq', {FIRST_ID})"))
    worker.store.queued(DEVICES)  # from here on it knows where the queue begins
    script.poll = _sent(worker, [], lambda: worker.store.queued(DEVICES))
    script.reap = _sent(worker, [], worker.store.reap)
    worker.store.beat(worker.id, IDLE)
    script.idle = _sent(worker, [], lambda: worker.store.beat(worker.id, IDLE))
    for size in range(1, PACK + 1):
        _record_pack(script, worker, size, flushes)
    return script


def submit_pack(store: Store, size: int) -> Sequence[int]:
    """Queue jobs like all others, but before them."""
    requests = [JobRequest(TrainConfig(seed=s, keep_checkpoints="final"), priority=1) for s in range(size)]
    return store.submit_sweep(requests, {"seed": [0]}, None).jobs


def _record_pack(script: Script, worker: Simulated, size: int, flushes: Sequence[int]) -> None:
    jobs = submit_pack(worker.store, size)
    held: list[Claim] = []
    script.claims[size] = _sent(worker, jobs, lambda: held.append(claim(worker.store, worker.id, PACK)), held)
    claimed = held[0]
    assert [job.id for job in claimed.jobs] == jobs, "others were claimed as well"
    begin = lambda: worker.store.begin(claimed.token, dict.fromkeys(jobs, 0), "cpu", "fused", "1")  # noqa: E731
    script.begins[size] = _sent(worker, jobs, begin, held)
    worker.store._counted = -1e9  # as it is every 20 s
    script.counts[size] = _sent(worker, jobs, lambda: worker.store.heartbeat(claimed.token, jobs), held)
    script.beats[size] = _sent(worker, jobs, lambda: worker.store.heartbeat(claimed.token, jobs), held)
    for first in range(0, size, TOGETHER):
        part = jobs[first : first + TOGETHER]
        since, records = 0, []
        for step in (*flushes, STEPS):
            ending = Ending(JobState.SUCCEEDED, metrics={"rmse": 0.1}) if step == STEPS else None
            records.append(_sent(worker, part, lambda: worker.record(claimed, part, since, step, ending), held))  # noqa: B023
            since = step
        script.parts[len(part)] = records


def _sent(worker: Simulated, jobs: Sequence[int], verb: Callable[[], object], held: Sequence[Claim] = ()) -> list[Sent]:
    """What a verb sends, with its own values marked; they are known once it has returned."""
    with _listening(worker.store) as (sent, moments):
        verb()
    label = f"host{worker.number // 16}:{worker.number}"
    marks: dict[Any, Own] = {job: Own(n) for n, job in enumerate(jobs)}
    marks |= {worker.id: Own("worker"), label: Own("label")} | {each.token: Own("token") for each in held}
    marked, moment = [], None
    for each, said in zip(sent, moments, strict=True):
        moment = said or moment
        parameters = [{k: _mark(v, marks, moment) for k, v in values.items()} for values in each.parameters]
        marked.append(Sent(each.text, parameters, each.many, each.rows))
    return marked


def _mark(value: Any, marks: Mapping[Any, Own], moment: datetime | None) -> Any:
    if isinstance(value, datetime):
        assert moment, "a time that is not the database's"
        return After(value - moment)
    return marks.get(value, value) if isinstance(value, int | str) and not isinstance(value, bool) else value


@contextmanager
def _listening(store: Store) -> Iterator[tuple[list[Sent], list[datetime | None]]]:
    """Statements of this store, and what the clock said where it was asked."""
    sent: list[Sent] = []
    moments: list[datetime | None] = []

    def keep(_: Any, cursor: Any, statement: str, parameters: Any, __: Any, many: bool) -> None:
        moment = None
        if CLOCK in statement:  # look, and go back, so that the verb can read it as well
            moment = cursor.fetchone()[0]
            cursor.scroll(0, mode="absolute")
        sent.append(Sent(statement, parameters if many else [parameters or {}], many, cursor.rowcount))
        moments.append(moment)

    def commit(_: Any) -> None:
        sent.append(Sent("", [{}]))
        moments.append(None)

    event.listen(store.engine, "after_cursor_execute", keep)
    event.listen(store.engine, "commit", commit)
    yield sent, moments
    event.remove(store.engine, "after_cursor_execute", keep)
    event.remove(store.engine, "commit", commit)
