"""A study: a search for good settings, from Python."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from curvegan.given import by_key, whole
from curvegan.results.table import WORD, Table
from curvegan.submitting.axes import plain
from curvegan.tuning.controller import Controller, plan_of
from curvegan.tuning.ranking import front, ranked
from curvegan.tuning.trials import Trial, trial_row
from curvegan.words import inert

if TYPE_CHECKING:
    from curvegan.services import Services
    from curvegan.sweep import Sweep
    from curvegan.tuning.plan import Plan


class Study:
    """A search, which is the jobs of a sweep. It goes on while somebody waits for it, or calls `advance`.

    Every method raises SweepNotFound once its last job was deleted.
    """

    def __init__(self, services: "Services", sweep_id: int, controller: Controller | None = None) -> None:
        """Make the handle. Raises InvalidInput for a sweep that is no study."""
        self._services = services
        self._controller = controller or Controller(services, sweep_id, plan_of(services.store.sweep(sweep_id)))
        self.id = sweep_id

    @property
    def plan(self) -> "Plan":
        """What it searches for, and how: space, by, seeds, trials, batch, sampler."""
        return self._controller.plan

    @property
    def name(self) -> str:
        """What it is called."""
        return self._services.store.sweep(self.id).name or str(self.id)

    @property
    def sweep(self) -> "Sweep":
        """Its jobs, as a sweep."""
        from curvegan.sweep import Sweep

        return Sweep(self._services, self.id)

    @property
    def best(self) -> Trial | None:
        """The best trial so far, of several metrics by the first, of equals the first; None where none has a value."""
        return next(iter(self.front), None)

    @property
    def front(self) -> list[Trial]:
        """The trials so far than which none is better by one metric and as good by all, by the first metric."""
        return front(self.plan, self._controller.look())

    def trials(self) -> Table:
        """Return all trials as a table: number, the keys of the space, values by their metrics' names, state, jobs.

        With halving also how many steps each has.
        """
        return self._table(self._controller.look())

    def wait(self, worker: bool = True) -> Self:
        """Go on with the search to its end, with a bar. Ctrl-C raises Detached. Raises DatabaseUnreachable."""
        from curvegan.tuning.progress import study_to_the_end

        study_to_the_end(self._controller, self.name, start_worker=worker)
        return self

    def advance(self) -> bool:
        """Add the trials that are due now; return whether the search goes on. For a loop of one's own."""
        return not self._controller.advance().is_over

    def ask(self) -> dict[str, Any] | None:
        """Return the point that its sampler would try next, and store nothing; None where it has no further one."""
        from curvegan.tuning.asking import asked

        next_trials = asked(self.plan, self._controller.look())
        return dict(next_trials[0].point) if next_trials else None

    def submit(self, point: Mapping[str, Any], worker: bool = True) -> Trial:
        """Queue a trial at a point of the space, from whatever sampler; where it was tried before, return that one.

        Its value is there when its jobs have ended: `study.trial(number)` looks. Raises InvalidInput.
        """
        from curvegan.submitting.starting import have_workers
        from curvegan.tuning.space import is_in

        is_in(self.plan.dimensions, spelled := {key: plain(value) for key, value in by_key(point, "points").items()})
        wanted = {key: spelled[key] for key in self.plan.space}
        while True:
            trials = self._controller.look()
            known = next((trial for trial in trials if trial.point == wanted), None)
            if known is not None:
                return known
            if ids := self._controller.add(trials, self.plan.requests(wanted)):
                have_workers(self._services, ids, worker)

    def look(self) -> list[Trial]:
        """Return all trials as they stand now: number, point, jobs, state, value."""
        return self._controller.look()

    def trial(self, number: int) -> Trial:
        """Return a trial as it stands now. Raises InvalidInput for one that is not there."""
        trials = self._controller.look()
        number = whole(number, "a trial's number")
        if not 0 <= number < len(trials):
            from curvegan_core.errors import InvalidInput

            raise InvalidInput(f"study {self.name} has no trial {number}; it has 0 to {len(trials) - 1}")
        return trials[number]

    def __repr__(self) -> str:
        from curvegan_db.errors import SweepNotFound

        try:
            return f"<{self._line(self._controller.look())}>"
        except SweepNotFound:
            return f"<Study {self.id}, deleted>"

    def _repr_html_(self) -> str:
        from html import escape

        from curvegan_db.errors import SweepNotFound

        try:
            trials = self._controller.look()
        except SweepNotFound:
            return escape(repr(self))
        best_first = [*ranked(self.plan, trials), *(trial for trial in trials if not trial.values)]
        return f"<p>{escape(self._line(trials))}</p>{self._table(best_first)._repr_html_()}"

    def _line(self, trials: Sequence[Trial]) -> str:
        from curvegan.tuning.progress import in_words

        ended = sum(trial.ended for trial in trials)
        best = in_words(self.plan, front(self.plan, trials))
        return inert(f"Study {self.id} {self.name}: {ended} of {self.plan.trials} trials have ended; {best}")

    def _table(self, trials: Sequence[Trial]) -> Table:
        rows = [trial_row(self.plan, trial) for trial in trials]
        return Table.of_rows(rows, _kinds(self.plan, rows))


def _kinds(plan: "Plan", rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "trial": int,
        **dict.fromkeys(plan.space, WORD),
        **({"steps": int} if plan.halving else {}),
        **dict.fromkeys(plan.metrics, float),
        "state": WORD,
        "jobs": str,
    }
    for key in plan.space:
        types = {type(row[key]) for row in rows}
        if types and types <= {int, float}:
            kinds[key] = float if float in types else int
        elif types == {bool}:
            kinds[key] = bool
    return kinds
