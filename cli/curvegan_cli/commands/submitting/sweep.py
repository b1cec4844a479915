"""curvegan sweep, sweeps: queue the jobs of a plan as one sweep, or show what it would be; list what there is."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.baselines import few_remarks
from curvegan.lab import Lab
from curvegan.showing.progress import sweep_to_the_end
from curvegan.submitting.axes import MOST_POINTS, Point, parse_axis, shown
from curvegan.submitting.layers import data_layers, own_preset
from curvegan.submitting.plan import Draw, Plan, planned
from curvegan.submitting.starting import call_workers, cores_remark
from curvegan.watching.sweep_fields import Estimate, estimate, prospects, sweep_fields, time_left, titled
from curvegan.words import plural
from curvegan_cli.options import completing, pass_lab
from curvegan_cli.options.job import given_layers, job_options, no_worker_option
from curvegan_cli.options.selectors import select_sweep
from curvegan_cli.options.values import SettingCommand, Whole
from curvegan_cli.shown.columns import emit_ended_sweep, sweeps_grid, sweeps_sheet, whole_sweep_json
from curvegan_cli.shown.output import IDS_ONLY, Column, Grid, console, emit, form_options, message, messages

if TYPE_CHECKING:
    from curvegan_db.values import SubmittedSweep, Sweep

# So many jobs take seconds, and a bar shows it.
_MANY = 5_000
_MOST_SHOWN = 20


@click.command(cls=SettingCommand)
@click.option(
    "--grid",
    "grids",
    multiple=True,
    metavar="KEY=A,B",
    shell_complete=completing.assignments,
    help="An axis; several times for more.",
)
@click.option("--seeds", metavar="N|A,B", help="Seeds for every point: so many from --seed on, or these.")
@click.option("--random", "draws", type=Whole(1, MOST_POINTS), metavar="N", help="Draw N points.")
@click.option("--sweep-seed", type=Whole(0, 2**64 - 1), default=0, show_default=True, help="Seed of --random.")
@click.option("--needed", is_flag=True, help="Leave out what has succeeded before, with as many steps.")
@click.option("--skip-invalid", is_flag=True, help="Leave out points that make no valid job.")
@job_options
@click.option("--wait", is_flag=True, help="Follow the sweep to its end; exit 1 where a job ends badly.")
@click.option("--dry-run", is_flag=True, help="Show the jobs and how long they take, and store nothing.")
@no_worker_option
@form_options("table", "json", quiet="Print the sweep's id only.")
@pass_lab
def sweep(lab: Lab, /, dry_run: bool, form: str, **given: Any) -> None:
    """Queue a job for every point of a grid.

    All jobs are stored together or none is; the sweep's id is for the option --sweep of status, wait, cancel, retry
    and resume. An axis is a key of the config, or `data` with names of data sets, and wins over every other option:
    KEY=A,B,C has these values, KEY=log:A:B:N and KEY=lin:A:B:N have N from A to B. With --random, KEY=A..B is drawn
    from: on a logarithmic scale where A is above 0 and B at least 10 A, in whole numbers where both are whole.

    \b
    Examples:
      curvegan sweep --grid lr=1e-5,1e-4,1e-3 --grid loss=ns,rpgan --seeds 16
      curvegan sweep --random 200 --grid lr=1e-5..1e-2 --grid batch_size=16..256 --dry-run
      curvegan sweep --grid loss=ns,wgan --grid gp=0,10 --skip-invalid --wait
      curvegan sweep --grid data=loads,prices --seeds 3
    """
    draw = None if given["draws"] is None else Draw(given["draws"], given["sweep_seed"])
    axes = [parse_axis(text) for text in given["grids"]]
    own = any(axis.key == "data" for axis in axes)
    if own and given["start"] is None:
        given["preset"] = given["preset"] or own_preset("of an axis")
    plan = planned(
        given_layers(lab, given),
        axes,
        given["seeds"],
        draw,
        name=given["name"],
        tags=given["tags"],
        priority=given["priority"],
        skip_invalid=given["skip_invalid"],
        progress=_with_bar,
        datasets=data_layers(lab.store, axes) if own else {},
    )
    if plan.invalid:
        message(f"{plan.invalid} of the points make no valid job and are left out, the first for {plan.problem}.")
    if dry_run:
        _show(lab, plan, form, given["needed"])
    else:
        _submit(lab, plan, form, given)


def _with_bar(points: Iterable[Point], count: int) -> Iterable[Point]:
    if count < _MANY or not sys.stderr.isatty():
        return points
    from rich.progress import track

    return track(points, "Checking the jobs", total=count, console=console(sys.stderr), transient=True)


def _show(lab: Lab, plan: Plan, form: str, needed: bool) -> None:
    left = _estimate(lab, plan, needed)
    points = [dict(zip(plan.described, point, strict=True)) for point in plan.points]

    def text() -> Iterator[Grid | str]:
        columns = [Column(key, right=True, folds=True) for key in plan.described]
        yield Grid(columns, [tuple(map(shown, point)) for point in plan.points[:_MOST_SHOWN]])
        if len(points) > _MOST_SHOWN:
            yield f"... and {len(points) - _MOST_SHOWN} more"
        yield f"{plural(len(points), 'job')}; {left}."

    plan_json = {"jobs": len(points), "axes": plan.described, "time_s": left.seconds, "points": points}
    emit(form, text=text, json=lambda: plan_json)


def _estimate(lab: Lab, plan: Plan, needed: bool) -> Estimate:
    """Return how long the plan takes, by what the store knows, if there is one; what is not needed is taken out."""
    if (file := lab.settings.database_file) and not file.exists():
        return Estimate(None, 0)
    if needed:
        _say_skipped(plan.leave_out_done(lab.store))
    return estimate(lab.store, plan.steps)


def _submit(lab: Lab, plan: Plan, form: str, given: Mapping[str, Any]) -> None:
    if len(plan.requests) >= _MANY:
        message(f"Storing {plural(len(plan.requests), 'job')}.")
    submitted = lab.store.submit_sweep(plan.requests, plan.described, plan.name, given["needed"])
    _say_skipped(submitted.skipped)
    if submitted.id is None:
        emit(form, text=lambda: ["Nothing is left to do."], json=lambda: None)
        return
    sweep = lab.store.sweep(submitted.id)
    _say_queued(lab, sweep, submitted, form, given["wait"])
    typed = [given["data"], *map(str, plan.described.get("data", ()))]
    messages(few_remarks(lab.store, [request.config for request in plan.requests], typed))
    messages(call_workers(lab, submitted.jobs, start=not given["no_worker"], followed=given["wait"]))
    if not given["no_worker"]:
        messages(cores_remark(lab, len(submitted.jobs)))
    if given["wait"]:
        ended = sweep_to_the_end(lab, sweep.id, start_worker=not given["no_worker"])
        emit_ended_sweep(lab.store, ended, form)
    else:
        emit(form, json=lambda: whole_sweep_json(lab.store, sweep))


def _say_skipped(count: int) -> None:
    if count:
        message(f"{plural(count, 'job')} of it succeeded before and {'is' if count == 1 else 'are'} left out.")


def _say_queued(lab: Lab, sweep: "Sweep", submitted: "SubmittedSweep", form: str, wait: bool) -> None:
    def text() -> Iterator[str]:
        first, last = submitted.jobs[0], submitted.jobs[-1]
        left = time_left(lab.store, sweep.id)
        yield f"{titled(sweep)} is queued: {plural(sweep.jobs, 'job')}, {first} to {last}; {left}."
        if not wait:
            yield f"  curvegan wait --sweep {sweep.id}      follow it to its end"
            yield f"  curvegan status --sweep {sweep.id}    its jobs at a glance"
            yield f"  curvegan cancel --sweep {sweep.id}    stop what is left of it"

    # With --wait its id comes at its end.
    emit(form, text=text, ids=None if wait else lambda: [sweep.id])


@click.command()
@click.argument("selectors", metavar="[ID]...", nargs=-1, shell_complete=completing.sweeps)
@click.option("--limit", type=Whole(1, 1000), default=100, show_default=True, help="The newest so many.")
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def sweeps(lab: Lab, selectors: tuple[str, ...], limit: int, form: str) -> None:
    """List sweeps, the newest first.

    With ids, last or names these alone; in JSON then also with verdicts and the time left.

    \b
    Examples:
      curvegan sweeps
      curvegan sweeps 3 -o json
    """
    store = lab.store
    lab.reap()
    ids = [select_sweep(store, selector) for selector in selectors]
    listed = [store.sweep(sweep_id) for sweep_id in ids] if ids else store.sweeps(limit)
    emit(
        form,
        text=lambda: [sweeps_grid(listed)],
        json=lambda: [sweep_fields(sweep) | (prospects(store, sweep) if ids else {}) for sweep in listed],
        csv=lambda: sweeps_sheet(listed),
        ids=lambda: [sweep.id for sweep in listed],
    )
