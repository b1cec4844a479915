"""curvegan tune: search for good settings, go on with a search, or show how one stands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from curvegan.lab import Lab
from curvegan.submitting.axes import MOST_POINTS, shown
from curvegan.submitting.starting import call_workers, cores_remark
from curvegan.tuning.controller import Controller, opened, study_id_of
from curvegan.tuning.plan import MOST_RUNGS, SAMPLERS, TRIALS, Plan, new_plan
from curvegan.tuning.progress import in_words, study_to_the_end
from curvegan.tuning.ranking import front, ranked
from curvegan.tuning.space import parse_dimension
from curvegan.tuning.study import Study
from curvegan.tuning.trials import Trial, trial_row
from curvegan.words import plural
from curvegan_cli.options import completing, pass_lab
from curvegan_cli.options.job import given_layers, job_options, no_worker_option
from curvegan_cli.options.values import SettingCommand, Whole
from curvegan_cli.shown.output import Column, Grid, Sheet, emit, form_options, message, messages

if TYPE_CHECKING:
    from curvegan_db.values import Sweep

_MOST_SHOWN = 20
# What may be said of a study that is there, without its space.
_OF_ANY = ("name", "trials", "status", "no_worker", "form")


@click.command(cls=SettingCommand)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    metavar="KEY=A..B|A,B",
    shell_complete=completing.assignments,
    help="What to search; several times for more keys.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="METRIC",
    shell_complete=completing.metrics,
    help="What a trial is judged by: made small, or large where that is better; several times for the front of several "
    "metrics.  [default: rmse; of own curves the energy of held-out rows]",
)
@click.option("--seeds", default="3", show_default=True, metavar="N|A,B", help="Seeds of a trial, as in `sweep`.")
@click.option("--trials", type=Whole(1, MOST_POINTS), metavar="N", help=f"Points to try.  [default: {TRIALS}]")
@click.option("--batch", type=Whole(1, MOST_POINTS), metavar="N", help="Choose N trials at once, repeatably.")
@click.option(
    "--halving",
    type=Whole(2, MOST_RUNGS),
    metavar="RUNGS",
    help="Begin trials with few steps; the best third of each rung trains on, three times as long.",
)
@click.option("--sampler", type=click.Choice(SAMPLERS), default="tpe", show_default=True, help="What chooses points.")
@click.option("--sampler-seed", type=Whole(0, 2**64 - 1), default=0, show_default=True, help="Seed of its choices.")
@job_options
@click.option("--status", metavar="NAME", shell_complete=completing.sweeps, help="Show how a study stands, and end.")
@no_worker_option
@form_options("table", "json", "csv", quiet="Print the study's id only.")
@click.pass_context
@pass_lab
def tune(lab: Lab, ctx: click.Context, /, form: str, **given: Any) -> None:
    """Search for good settings: a sweep that goes where it was good.

    A trial is a point of the space, trained once for each seed; its value is the median over them, and a job that fails
    counts as worse than all others. KEY=A,B has these values, KEY=A..B any number between, on a logarithmic scale where
    A is above 0 and B at least 10 A, and KEY=0,A..B both.

    The jobs are all that a study is: the same command with the same --name goes on with it, after Ctrl-C, a kill, or on
    another machine, and so does `curvegan tune --name NAME`. With --batch N trials are chosen N at a time, by what came
    of the batches before, so that the search is the same on any number of workers. Without it no worker waits.

    With --halving 3 a trial begins with a ninth of its steps, and the best third of each batch, or of all that has
    ended, trains on from where it stands to a third, and of those the best third to all of them.

    \b
    Examples:
      curvegan tune --space lr=1e-5..1e-2 --space loss=ns,rpgan --trials 40 --name rates
      curvegan tune --space lr=1e-5..1e-2 --space r1=0,0.01..10 --seeds 5 --batch 16 --curve updown
      curvegan tune --space lr=1e-5..1e-2 --by rmse --by cpu_seconds --halving 3 --batch 9 --trials 54
      curvegan tune --name rates --trials 80
      curvegan tune --status rates -o json
    """
    if given["status"] is not None:
        _check_alone(ctx, given)
        _show(lab, Study(lab, study_id_of(lab, given["status"])), form)
        return
    controller, new = opened(lab, given["name"], _plan(lab, ctx, given), given["trials"])
    sweep = lab.store.sweep(controller.id)
    _say_begun(lab, sweep, controller, new, start=not given["no_worker"])
    standing = study_to_the_end(controller, str(sweep.name), start_worker=not given["no_worker"])
    if standing.exhausted:
        message(f"The space has no further point: {plural(len(standing.trials), 'trial')} are all that there are.")
    _show(lab, Study(lab, controller.id, controller), form)


def _check_alone(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Raise UsageError for what --status would ignore."""
    typed = [name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if others := [name for name in typed if name != "status"]:
        option = next(one for one in ctx.command.params if one.name == others[0]).opts[0]
        raise click.UsageError(f"--status shows a study that is there: leave out {option}")


def _plan(lab: Lab, ctx: click.Context, given: Mapping[str, Any]) -> Plan | None:
    """Return the plan that was typed; None where only a name was, and perhaps more trials. Raises UsageError."""
    if given["spaces"]:
        how = {name: given[name] for name in ("by", "seeds", "batch", "halving", "sampler", "tags", "priority")}
        dimensions = [parse_dimension(text) for text in given["spaces"]]
        trials = given["trials"] or TRIALS
        return new_plan(dimensions, given_layers(lab, given), trials=trials, seed=given["sampler_seed"], **how)
    if given["name"] is None:
        raise click.UsageError(
            "say what to search, as in --space lr=1e-5..1e-2, or which study goes on, as in --name rates"
        )
    typed = [name for name in given if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if others := [name for name in typed if name not in _OF_ANY]:
        raise click.UsageError(
            f"without --space the study goes on as it is: leave out --{others[0].replace('_', '-')}, or say its space"
        )
    return None


def _say_begun(lab: Lab, sweep: "Sweep", controller: Controller, new: Sequence[int], start: bool) -> None:
    plan = controller.plan
    state = "begins" if new else "goes on"
    before = sweep.study["trials"] if sweep.study else plan.trials
    more = f", {before} before" if before != plan.trials else ""
    message(f"Study {sweep.name}, sweep {sweep.id}, {state}: {plural(plan.trials, 'trial')} by {plan.sampler}{more}.")
    if new:
        messages(call_workers(lab, new, start=start))
        messages(cores_remark(lab, len(new)) if start else [])


def _show(lab: Lab, study: Study, form: str) -> None:
    """Print the trials, the best first; exit code 1 where all have ended and none has a value."""
    plan, trials, sweep = study.plan, study.look(), lab.store.sweep(study.id)
    best = front(plan, trials)
    rows = [trial_row(plan, trial) for trial in trials]
    header = ["trial", *plan.space, *(["steps"] if plan.halving else []), *plan.metrics, "state", "jobs"]
    emit(
        form,
        text=lambda: _parts(plan, trials, sweep),
        json=lambda: {
            **{"id": sweep.id, "name": sweep.name, "ended": sum(trial.ended for trial in trials)},
            **plan.stored,
            "best": best[0].number if best else None,
            "front": [trial.number for trial in best],
            "found": [_fields(trial) for trial in trials],
        },
        csv=lambda: Sheet(header, [[row[name] for name in header] for row in rows]),
        ids=lambda: [sweep.id],
    )
    if not best and all(trial.ended for trial in trials):
        raise SystemExit(1)


def _fields(trial: Trial) -> dict[str, Any]:
    return {name: getattr(trial, name) for name in ("number", "point", "value", "values", "steps", "state", "jobs")}


def _parts(plan: Plan, trials: Sequence[Trial], sweep: "Sweep") -> Iterator[Grid | str]:
    known, best = ranked(plan, trials), front(plan, trials)
    listed = [*known, *(trial for trial in trials if not trial.values)]
    yield Grid(
        [
            *(Column("TRIAL", right=True), *(Column(key.upper(), right=True, folds=True) for key in plan.space)),
            *([Column("STEPS", right=True)] if plan.halving else []),
            *(Column(name.upper(), right=True) for name in plan.metrics),
            *([Column("FRONT")] if len(plan.metrics) > 1 else []),
            *(Column("STATE"), Column("JOBS", folds=True, spare=1)),
        ],
        [_cells(plan, trial, trial in best) for trial in listed[:_MOST_SHOWN]],
    )
    if len(listed) > _MOST_SHOWN:
        yield f"... and {plural(len(listed) - _MOST_SHOWN, 'trial')} more"
    ended = sum(trial.ended for trial in trials)
    yield f"Study {sweep.name}: {ended} of {plural(max(plan.trials, len(trials)), 'trial')}; {in_words(plan, best)}."


def _cells(plan: Plan, trial: Trial, best: bool) -> tuple[Any, ...]:
    return (
        *(trial.number, *map(shown, trial.point.values())),
        *([trial.steps] if plan.halving else []),
        *(trial.values or [None] * len(plan.metrics)),
        *(["front" if best else ""] if len(plan.metrics) > 1 else []),
        *(trial.state, _span(trial.jobs)),
    )


def _span(jobs: Sequence[int]) -> str:
    return (
        f"{jobs[0]}-{jobs[-1]}" if len(jobs) > 1 and jobs[-1] - jobs[0] == len(jobs) - 1 else " ".join(map(str, jobs))
    )
