"""The theatre: a training at any of its steps, replayed exactly; its records are held against the stored ones."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from curvegan.datasets import own_curves
from curvegan.replaying import Replayed, Replayer
from curvegan.watching.sparing import Sparing
from curvegan_core.errors import InvalidInput
from curvegan_core.records.loss_curve import LossCurve
from curvegan_web.views.asking import Asked, Gone, Waited, whole
from curvegan_web.views.replaying.stage import Stage
from curvegan_web.views.watching.job import equilibrium_of, losses_of

if TYPE_CHECKING:
    from curvegan.lab import Lab
    from curvegan_db.store import Store
    from curvegan_db.values import Job

# A request trains at most so many steps, and is asked after each hop whether somebody still waits for it. A step of
# torch takes twenty times as long as one of the fused engine, and more.
MOST_STEPS = {"fused": 100_000, "torch": 5000}
_HOP = {"fused": 1000, "torch": 100}
MOST_CHOICE = 200
_MOST_STAGES, _MOST_RECORDS = 8, 1000
_MOST_ID = 2**31 - 1


class Performance:
    """One job on the stage. A lock, for a replayer serves one thread."""

    job: "Job"

    def __init__(self, store: "Store", job: "Job") -> None:
        self.lock = threading.Lock()
        self.stage = Stage(job.config, own_curves(store, job))
        self._store, self._replayer = store, Replayer(store, job)
        self._held: set[int] = set()
        self._differ: set[int] = set()
        self._shares: dict[int, list[float] | None] = {}
        self._take(job)

    def renew(self, job: "Job") -> None:
        """Take the job as it is now; states at hand stay. While a replay goes on it is seen as it was."""
        if self.lock.acquire(blocking=False):
            try:
                self._renew(job)
            finally:
                self.lock.release()

    @contextmanager
    def taken(self, job: "Job", waited: Waited) -> Iterator[None]:
        """Have the replayer to oneself, for the job as it is now. Raises Gone."""
        while not self.lock.acquire(timeout=0.1):
            if not waited():
                raise Gone
        try:
            self._renew(job)
            yield
        finally:
            self.lock.release()

    def _renew(self, job: "Job") -> None:
        if job.step != self.job.step:
            self._replayer.renew(job)
            self._take(job)
        self.job = job

    def _take(self, job: "Job") -> None:
        self.job, self.snapshots = job, self._store.snapshots(job.id)
        self.stored = self._store.losses(job.id)

    def at(self, step: int, waited: Waited) -> Replayed:
        """Return the training at a step. Raises InvalidInput where that is too far from any state, Gone."""
        hop, apart = _HOP[engine_of(self.job)], step - self._replayer.nearest(step)
        check_apart(self.job, step, apart)
        for reached in self._replayer.play(step - apart // hop * hop, step, hop):
            self._hold(reached.losses)
            if not waited():
                raise Gone
        return reached

    def _hold(self, losses: LossCurve) -> None:
        """Hold replayed records against the stored ones, bit by bit."""
        stored = {int(step): row for row, step in enumerate(self.stored.steps)}
        for row, step in enumerate(losses.steps.tolist()):
            if step in stored:
                self._held.add(step)
                if losses.rows(row, row + 1) != self.stored.rows(stored[step], stored[step] + 1):
                    self._differ.add(step)

    @property
    def occupancy(self) -> list[tuple[int, list[float]]]:
        """Each mode's share of the curves at each snapshot; empty for a family without modes."""
        for one in self.snapshots:
            if one.step not in self._shares:
                self._shares[one.step] = self.stage.occupancy(one.curves)
        return [(one.step, shares) for one in self.snapshots if (shares := self._shares[one.step])]

    @property
    def exact(self) -> dict[str, int]:
        """How many records were replayed, how many of them differ, and how many are stored."""
        return {"held": len(self._held), "differ": len(self._differ), "stored": len(self.stored)}


def engine_of(job: "Job") -> str:
    """Return the engine that replays a job; where none is known yet, the slower one."""
    return "fused" if job.engine == "fused" else "torch"


def check_apart(job: "Job", step: int, apart: int) -> None:
    """Raise InvalidInput for a step that is too many steps from the state before it."""
    if apart > (most := MOST_STEPS[engine_of(job)]):
        raise InvalidInput(
            f"step {step} is more than {most} steps of the {engine_of(job)} engine from any state at hand, too long to "
            f"wait for here; `curvegan fork {job.id} --at {step}` trains on from it"
        )


_performances: OrderedDict[tuple[str, int, int], Performance] = OrderedDict()
_choosing = threading.Lock()


def performance(lab: "Lab", job: "Job") -> Performance:
    """Return the job as it is now, or was before the replay that is going on; the last few are at hand."""
    key = (str(lab.store.engine.url), job.id, job.attempt)
    with _choosing:
        if key not in _performances:
            _performances[key] = Performance(lab.store, job)
        shown = _performances[key]
        _performances.move_to_end(key)
        while len(_performances) > _MOST_STAGES:
            _performances.popitem(last=False)
    shown.renew(job)
    return shown


def theatre_view(lab: "Lab", asked: Asked) -> dict[str, Any]:
    """Return the jobs on the stage, `job` and `beside`; without one the newest, and those that can be chosen.

    Raises JobNotFound, InvalidInput.
    """
    ids = _staged(asked)
    choice = [job for job in lab.store.jobs(limit=MOST_CHOICE) if job.step]
    staged = [performance(lab, job) for job in [lab.store.job(job_id) for job_id in ids] or choice[:1]]
    listed = {job.id for job in choice}
    choice += [shown.job for shown in staged if shown.job.id not in listed]
    return {
        "jobs": [_setting(shown) for shown in staged],
        "choice": [{"id": job.id, "name": job.name or ""} for job in choice],
    }


def followed_theatre(lab: "Lab", asked: Asked) -> Callable[[], dict[str, Any]]:
    """Return a look at how far the jobs on the stage have come. Raises InvalidInput; the look raises JobNotFound."""
    ids = _staged(asked)

    def look() -> dict[str, Any]:
        return {"jobs": [_standing(performance(lab, lab.store.job(job_id))) for job_id in ids]}

    return Sparing(look, lab.store.pulse, rests=False)


def _staged(asked: Asked) -> list[int]:
    """Return the jobs that are asked for. Raises InvalidInput, so that no misspelled one shows another job."""
    if unknown := set(asked) - {"job", "beside", "step"}:
        raise InvalidInput(f"the theatre knows job=ID, beside=ID and step=N, not {min(unknown)!r:.60}")
    return [whole(asked, name, 0, 0, _MOST_ID) for name in ("job", "beside") if asked.get(name)]


def _standing(shown: Performance) -> dict[str, Any]:
    """Return what of a job changes while it trains."""
    job = shown.job
    return {
        **{name: getattr(job, name) for name in ("id", "name", "state", "step", "steps", "verdict")},
        "losses": losses_of(shown.stored, most=_MOST_RECORDS),
        "occupancy": shown.occupancy,
    }


def _setting(shown: Performance) -> dict[str, Any]:
    config = shown.job.config
    fixed = {"loss": config.loss, "seed": str(config.seed), "stage": shown.stage.setting()}
    return _standing(shown) | fixed | {"equilibrium": equilibrium_of(shown.job)}


def frame(lab: "Lab", asked: Asked, waited: Waited) -> dict[str, Any]:
    """Return a job at a step; with `half` between the updates of that step, D's done and G's not yet.

    Raises JobNotFound, InvalidInput, Gone.
    """
    if not waited():
        raise Gone
    step, half = whole(asked, "step", 0, 0, _MOST_ID), whole(asked, "half", 0, 0, 1)
    job = lab.store.job(whole(asked, "id", 0, 0, _MOST_ID))
    shown = performance(lab, job)
    with shown.taken(job, waited):
        state = shown.at(step, waited)
        judge = shown.at(step + 1, waited) if half and shown.stage.setting()["halves"] else state
    drawn = shown.stage.frame(state.checkpoint, judge.checkpoint, bool(whole(asked, "walk", 0, 0, 1)))
    return {"step": step, "half": half, "exact": shown.exact, **drawn}
