"""The progress of a study, with the best so far: a bar in a notebook and on a terminal, else a line now and then."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curvegan.showing.progress import bars_where, detachable, last_seen, together
from curvegan.tuning.controller import Controller, StudyStanding
from curvegan.tuning.ranking import front
from curvegan.words import named, number, plural

if TYPE_CHECKING:
    from curvegan.tuning.plan import Plan
    from curvegan.tuning.trials import Trial


def study_to_the_end(controller: Controller, name: str, start_worker: bool = False) -> StudyStanding:
    """Go on with a study to its end, and show its progress. Ctrl-C raises Detached."""
    plan = controller.plan

    def line(standing: StudyStanding) -> tuple[str, bool]:
        ended, planned = standing.rungs
        what = f"rungs of {plural(plan.trials, 'trial')}" if plan.halving else "trials"
        text = f"study {name}: {ended} of {planned} {what} have ended: {_figures(plan, standing)}"
        return text, standing.is_over

    detached = (
        f"What is queued is trained; `curvegan tune --name {name}` goes on with the search, "
        f"`curvegan cancel --sweep {controller.id}` stops it."
    )
    with detachable(detached), bars_where(True) as bars:

        def bar(standing: StudyStanding) -> None:
            if bars:
                bars.show(controller.id, f"study {name}", *standing.rungs, _figures(plan, standing))

        return last_seen(controller.follow(start_worker), bar if bars else together(line))


def in_words(plan: "Plan", front: "Sequence[Trial]") -> str:
    """Return the best of a study: `best rmse 0.012 at lr=0.001 loss=ns`, or by several metrics which are the front."""
    metrics = " and ".join(plan.metrics)
    if not front:
        return f"no trial has a value of {metrics} yet"
    if len(plan.metrics) > 1:
        which = "trial" if len(front) == 1 else "trials"
        return f"the front of {metrics} is {which} {', '.join(str(trial.number) for trial in front)}"
    best = front[0]
    after = f" after {best.steps} steps" if plan.halving and best.steps < plan.rungs[-1] else ""
    return f"best {metrics} {number(best.value)} at {named(list(best.point), list(best.point.values()))}{after}"


def _figures(plan: "Plan", standing: StudyStanding) -> str:
    best = front(plan, standing.trials)
    return f"{len(standing.trials) - standing.ended} running" + (f", {in_words(plan, best)}" if best else "")
