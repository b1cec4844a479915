"""The progress of a study, with the best so far: a bar in a notebook and on a terminal, else a line now and then."""

from typing import TYPE_CHECKING

from curvegan.showing.progress import bars_where, detachable, last_seen, together
from curvegan.tuning.controller import Controller, StudyStanding
from curvegan.tuning.trials import best_of
from curvegan.words import named, number

if TYPE_CHECKING:
    from curvegan.tuning.plan import Plan
    from curvegan.tuning.trials import Trial


def study_to_the_end(controller: Controller, name: str, start_worker: bool = False) -> StudyStanding:
    """Go on with a study to its end, and show its progress. Ctrl-C raises Detached."""
    plan = controller.plan

    def line(standing: StudyStanding) -> tuple[str, bool]:
        text = f"study {name}: {standing.ended} of {standing.planned} trials have ended: {_figures(plan, standing)}"
        return text, standing.is_over

    detached = (
        f"What is queued is trained; `curvegan tune --name {name}` goes on with the search, "
        f"`curvegan cancel --sweep {controller.id}` stops it."
    )
    with detachable(detached), bars_where(True) as bars:

        def bar(standing: StudyStanding) -> None:
            if bars:
                bars.show(controller.id, f"study {name}", standing.ended, standing.planned, _figures(plan, standing))

        return last_seen(controller.follow(start_worker), bar if bars else together(line))


def in_words(plan: "Plan", trial: "Trial | None") -> str:
    """Return a trial and its value, `rmse 0.012 at lr=0.001 loss=ns`."""
    if trial is None:
        return f"no trial has a value of {plan.by} yet"
    return f"{plan.by} {number(trial.value)} at {named(list(trial.point), list(trial.point.values()))}"


def _figures(plan: "Plan", standing: StudyStanding) -> str:
    best = best_of(standing.trials, plan.largest)
    found = f", best {in_words(plan, best)}" if best else ""
    return f"{len(standing.trials) - standing.ended} running{found}"
