"""What keeps a study going: a look at its trials, and the next ones where they are due. It may be killed any time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from curvegan.selecting import WHOLE
from curvegan.services import WORKING
from curvegan.tuning.asking import asked, is_due
from curvegan.tuning.plan import THIRD, Plan
from curvegan.tuning.ranking import promotions
from curvegan.tuning.samplers import check_sampler
from curvegan.tuning.trials import Trial, read_trials
from curvegan.watching.following import JOBS_POLL_S, followed, starter
from curvegan.watching.remarks import Awaited, Remark

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan_db.values import JobRequest, Sweep


@dataclass(frozen=True)
class StudyStanding:
    """A study at one look. `exhausted` says that the sampler has no further point."""

    trials: Sequence[Trial]
    plan: Plan
    exhausted: bool = False
    warning: str | None = None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return sum(trial.ended for trial in self.trials)

    @property
    def is_over(self) -> bool:
        """Whether all trials have ended, none is to come, and none trains on."""
        all_there = self.exhausted or len(self.trials) >= self.plan.trials
        return all_there and self.ended == len(self.trials) and not promotions(self.plan, self.trials, self.exhausted)

    @property
    def rungs(self) -> tuple[int, int]:
        """How many rungs of its trials have ended, and how many there will be at most; without halving one of each."""
        below = {steps: rung for rung, steps in enumerate(self.plan.rungs)}
        size, trials = self.plan.batch or self.plan.trials, self.plan.trials
        groups = [min(size, trials - start) for start in range(0, trials, size)]
        ended = sum(below.get(trial.steps, 0) + trial.ended for trial in self.trials)
        return ended, sum(_in_all(count, len(below)) for count in groups)


class Controller:
    """Goes on with one study. Any number of them may, on any machines."""

    def __init__(self, lab: "Services", sweep_id: int, plan: Plan, changed: bool = False) -> None:
        """Make it; `changed` says that the plan is to take the place of the one that is stored."""
        self.lab, self.id, self.plan = lab, sweep_id, plan
        self._changed = changed

    def look(self) -> list[Trial]:
        """Return the trials as they stand. Raises SweepNotFound once the last job was deleted."""
        trials = read_trials(self.lab.store, self.id, self.plan)
        if not trials:
            self.lab.store.sweep(self.id)
        return trials

    def advance(self) -> StudyStanding:
        """Add the trials that are due, and return how the study stands."""
        trials = self.look()
        ended = [trial for trial in trials if trial.ended]
        if ended and all(trial.unmeasured for trial in ended):
            _refuse(
                f"no job of this study has {' and '.join(self.plan.metrics)}; "
                f"`curvegan metrics {ended[0].jobs[0]}` prints what one has"
            )
        if on := self._train_on(trials):
            return self._after(on)
        room = self._room(trials)
        if not room or not is_due(self.plan, trials):
            return StudyStanding(trials, self.plan)
        new = asked(self.plan, trials, room)
        if new:
            return self._after(self.add(trials, [request for one in new for request in one.requests]))
        if on := self._train_on(trials, exhausted=True):
            return self._after(on)
        return StudyStanding(trials, self.plan, exhausted=True)

    def _after(self, queued: Sequence[int]) -> StudyStanding:
        """Tell workers of jobs that were queued, and look again."""
        return StudyStanding(self.look(), self.plan, warning=self.lab.nudge(queued) if queued else None)

    def _train_on(self, trials: Sequence[Trial], exhausted: bool = False) -> list[int]:
        """Give more steps to the best third of each rung that is due; return the jobs."""
        promoted = list[int]()
        for jobs, before, steps in promotions(self.plan, trials, exhausted):
            beyond = sum(reached > before for trial in trials for reached in trial.reached)
            if self.lab.store.extend_in_study(self.id, jobs, before, steps, beyond):
                promoted += jobs
        return promoted

    def add(self, trials: Sequence[Trial], requests: "Sequence[JobRequest]") -> list[int]:
        """Store jobs of new trials behind those that are known; none where somebody else has stored some since."""
        newest = max((job_id for trial in trials for job_id in trial.jobs), default=0)
        stored = self.plan.stored if self._changed else None
        return self.lab.store.add_to_study(self.id, newest, requests, stored)

    def follow(self, start_worker: bool = False) -> Iterator[StudyStanding | Remark]:
        """Yield how the study stands, look after look, and go on with it until it is over.

        Raises SweepNotFound, and DatabaseUnreachable where the database stays away.
        """
        check_sampler(self.plan)
        awaited = Awaited(self.lab.store, sweep=self.id)
        start = starter(self.lab, start_worker)
        for seen in followed(self.lab.store, self.advance, JOBS_POLL_S, awaited, start):
            yield seen
            if isinstance(seen, StudyStanding):
                if seen.warning:
                    yield Remark("away", f"Warning: {seen.warning}.")
                if seen.is_over:
                    return

    def _room(self, trials: Sequence[Trial]) -> int:
        """Return for how many trials there is room: without batches as many wait as there are workers."""
        if self.plan.batch:
            return self.plan.batch
        working = sum(worker.state in WORKING for worker in self.lab.store.workers())
        return max(1, working) - sum(trial.waits for trial in trials)


def opened(
    lab: "Services", name: str | None, plan: Plan | None, trials: int | None = None
) -> tuple[Controller, list[int]]:
    """Return the controller of the study of this name, and the jobs of its first trials where it is a new one.

    Without a plan it is one that is there, of `trials` if these are more. Raises InvalidInput: there is none, or it is
    another one than the plan's.
    """
    known = None if name is None else lab.store.study_named(name)
    if known is not None:
        return _resumed(lab, lab.store.sweep(known), plan, trials), []
    if plan is None:
        there = "a study without a name is a new one" if name is None else f"no study is called {name!r:.60}"
        _refuse(f"{there}; say what to search, as in --space lr=1e-5..1e-2")
    plan.check()
    check_sampler(plan)
    new = asked(plan, [])
    study, ids = lab.store.start_study(name, plan.stored, plan.axes, [r for one in new for r in one.requests])
    return (Controller(lab, study, plan), ids) if ids else (_resumed(lab, lab.store.sweep(study), plan, trials), [])


def study_id_of(lab: "Services", which: int | str) -> int:
    """Return the id of the study that is meant by id, name, or as "last". Raises InvalidInput, SweepNotFound."""
    if isinstance(which, int) or WHOLE.fullmatch(which):
        return lab.store.sweep(int(which)).id
    sweep_id = lab.store.study_named(None if which == "last" else which)
    if sweep_id is None:
        there = "there is no study yet" if which == "last" else f"no study is called {which!r:.60}"
        _refuse(f"{there}; `curvegan sweeps` lists all sweeps")
    return sweep_id


def plan_of(sweep: "Sweep") -> Plan:
    """Return the plan of a study. Raises InvalidInput for a sweep that is none."""
    if sweep.study is None:
        _refuse(f"sweep {sweep.id} is no study: its jobs were all there at once; `curvegan status --sweep` shows it")
    return Plan.of(sweep.study)


def _resumed(lab: "Services", sweep: "Sweep", plan: Plan | None, trials: int | None) -> Controller:
    """Return the controller of a study that is there, with more trials where so many were asked for."""
    stored = plan_of(sweep)
    if plan is not None and (differences := stored.differences(plan)):
        _refuse(f"study {sweep.name} is another one: it has {'; '.join(differences)}; give another --name")
    if trials is not None and trials < stored.trials:
        _refuse(
            f"study {sweep.name} is of {stored.trials} trials already; --trials may only rise, "
            "and without it the study goes on as it is"
        )
    longer = replace(stored, trials=trials or stored.trials)
    if changed := longer.trials > stored.trials:
        longer.check()
    return Controller(lab, sweep.id, longer, changed)


def _in_all(count: int, rungs: int) -> int:
    """Return how many rungs so many trials come to, a third of which, rounded up, goes on each time."""
    return count + _in_all(-(-count // THIRD), rungs - 1) if rungs > 1 else count


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
