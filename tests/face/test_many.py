"""What is done to a set of jobs is as many statements for thirty as for three, whatever state each is in."""

from collections.abc import Callable

from sqlalchemy import text

from curvegan import Lab
from curvegan.submitting.forking import fork_config
from curvegan.submitting.stopping import stopped
from curvegan_db.values import JobRequest
from curvegan_db.verbs.forks import Start

from ..databases import statements
from ..db.one_job import finish, record
from ..db.trainings import begun, claim, losses, short, snapshot
from ..worker.inline import train_all
from .conftest import SMALL


def acts(lab: Lab, count: int) -> dict[str, int]:
    """Statements for each act on so many jobs that run, as many that wait, and as many forks."""
    jobs, store = lab.sweep(seeds=2 * count, worker=False, **SMALL), lab.store
    held = begun(store, claim(store, most=count))
    sent = {"cancel": sent_for(lab, lambda: jobs.cancel("enough"), jobs.ids)}
    for job in held.jobs:
        record(store, held.token, job.id, 50, losses(0, 10), [snapshot(50)], (50, b"at 50"))
        finish(store, held.token, job.id, "cancelled")
    sent["resume"] = sent_for(lab, lambda: jobs.resume(worker=False), jobs.ids)
    jobs.cancel()
    sent["retry"] = sent_for(lab, lambda: jobs.retry(worker=False), jobs.ids)
    sent["delete"] = sent_for(lab, jobs.delete, 2 * count)
    parent = lab.submit(worker=False, **SMALL)
    train_all(store)
    forks = lab.jobs(where=f"id>{parent.id}")
    start = Start(50, store.checkpoint(parent.id, 50).data, "fused 1")
    for place in range(1, count + 1):
        store.fork(parent.id, JobRequest(fork_config(parent.config, 50, {"lr": 1e-3 * place})), start)
    forks.cancel()
    sent["retry of forks"] = sent_for(lab, lambda: forks.retry(worker=False), forks.ids)
    assert {(job.state, job.step, len(job.losses())) for job in forks} == {("queued", 50, 5)}
    return sent


def sent_for(lab: Lab, act: Callable[[], object], came: object) -> int:
    with statements(lab.store) as sent:
        assert act() == came
    return len(sent)


def test_an_act_is_as_many_statements_for_thirty_jobs_as_for_three(lab: Lab) -> None:
    few, many = acts(lab, 3), acts(lab, 30)
    assert few == many
    assert max(many.values()) <= 24


def test_what_was_lost_or_is_being_renewed_is_cancelled_one_by_one(lab: Lab) -> None:
    """A worker renews its lease on many jobs at once: who held one and waited for another could stop it."""
    jobs, store = lab.sweep(seeds=6, worker=False, **SMALL), lab.store
    _, held = (begun(of, claim(of, most=2)) for of in (short(store), store))
    if store.engine.dialect.name == "postgresql":
        with store.engine.begin() as renewing:
            renewing.execute(text("SELECT id FROM jobs WHERE id = 3 FOR UPDATE"))
            assert store.cancel_jobs(None) == ([5, 6], [4], [1, 2, 3])
    ids, done = stopped(store, None)
    assert done == {"cancelled": 2, "requested": 1} if len(ids) == 3 else {"cancelled": 4, "requested": 2}
    assert [job.state for job in jobs] == ["cancelled"] * 2 + ["running"] * 2 + ["cancelled"] * 2
    assert store.heartbeat(held.token).cancelled.keys() == {3, 4}
    assert stopped(store, None, force=True)[1] == {"cancelled": 2, "requested": 0}
    assert not lab.jobs(where="state=running")
