"""curvegan sweep: queue the jobs of a plan as one sweep, or show what it would be. Knows not how an axis is typed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.submitting.axes import MOST_POINTS, shown
from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.submit import job_options, layers, queued
from curvegan_cli.commands.sweeps import (
    Estimate,
    estimate,
    fields,
    jobs_counted,
    print_ended,
    prospects,
    time_left,
    titled,
)
from curvegan_cli.commands.workers import torch_installed
from curvegan_cli.shown.output import Column, format_option, inert, message, print_ids, print_json, print_table
from curvegan_cli.sweep_plan import MANY, Plan, planned
from curvegan_cli.sweep_waiting import follow_sweep

if TYPE_CHECKING:
    from curvegan_db.values import SubmittedSweep, Sweep

_MOST_SHOWN = 20


@click.command()
@click.option("--grid", "grids", multiple=True, metavar="KEY=A,B", help="An axis; several times for more.")
@click.option("--seeds", metavar="N|A,B", help="Seeds for every point: so many from --seed on, or these.")
@click.option("--random", "draws", type=click.IntRange(1, MOST_POINTS), metavar="N", help="Draw N points.")
@click.option("--sweep-seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Seed of --random.")
@click.option("--needed", is_flag=True, help="Leave out what has succeeded before, with as many steps.")
@click.option("--skip-invalid", is_flag=True, help="Leave out points that make no valid job.")
@job_options
@click.option("--wait", is_flag=True, help="Follow the sweep to its end; exit 1 where a job ends badly.")
@click.option("--dry-run", is_flag=True, help="Show the jobs and how long they take, and store nothing.")
@click.option("--no-worker", is_flag=True, help="Start no background worker.")
@format_option("table", "json")
@click.option("-q", "--quiet", is_flag=True, help="Print the sweep's id only.")
@pass_backend
def sweep(backend: Backend, /, dry_run: bool, form: str, **given: Any) -> None:
    """Queue a job for every point of a grid.

    All jobs are stored together or none is; the sweep's id is for the option --sweep of status, wait, cancel, retry
    and resume. An axis is a key of the config, and wins over every other option: KEY=A,B,C has these values,
    KEY=log:A:B:N and KEY=lin:A:B:N have N from A to B. With --random, KEY=A..B is drawn from: on a logarithmic scale
    where A is above 0 and B at least 10 A, in whole numbers where both are whole.

    \b
    Examples:
      curvegan sweep --grid lr=1e-5,1e-4,1e-3 --grid loss=ns,rpgan --seeds 16
      curvegan sweep --random 200 --grid lr=1e-5..1e-2 --grid batch_size=16..256 --dry-run
      curvegan sweep --grid loss=ns,wgan --grid gp=0,10 --skip-invalid --wait
    """
    plan = planned(layers(backend, given), given)
    if plan.invalid:
        message(f"{plan.invalid} of the points make no valid job and are left out, the first for {plan.problem}.")
    if dry_run:
        _show(backend, plan, form, given["needed"])
    else:
        _submit(backend, plan, form, given)


def _show(backend: Backend, plan: Plan, form: str, needed: bool) -> None:
    left = _estimate(backend, plan, needed)
    if form == "json":
        points = [dict(zip(plan.described, point, strict=True)) for point in plan.points]
        print_json({"jobs": len(points), "axes": plan.described, "time_s": left.seconds, "points": points})
        return
    columns = [Column(key, right=True) for key in plan.described]
    print_table(columns, [tuple(map(shown, point)) for point in plan.points[:_MOST_SHOWN]])
    if len(plan.points) > _MOST_SHOWN:
        click.echo(f"... and {len(plan.points) - _MOST_SHOWN} more")
    click.echo(f"{jobs_counted(len(plan.points))}; {left}.")


def _estimate(backend: Backend, plan: Plan, needed: bool) -> Estimate:
    """How long the plan takes, by what the store knows, if there is one; what it does not need is taken out of it."""
    if backend.settings.embedded and not Path(backend.settings.database_url.removeprefix("sqlite:///")).exists():
        return Estimate(None, 0)
    if needed:
        wanted = {id(request) for request in backend.store.needed(plan.requests)}
        kept = [pair for pair in zip(plan.points, plan.requests, strict=True) if id(pair[1]) in wanted]
        _say_skipped(len(plan.requests) - len(kept))
        plan.points, plan.requests = [point for point, _ in kept], [request for _, request in kept]
    return estimate(backend.store, plan.steps)


def _submit(backend: Backend, plan: Plan, form: str, given: Mapping[str, Any]) -> None:
    if len(plan.requests) >= MANY:
        message(f"Storing {len(plan.requests)} jobs.")
    submitted = backend.store.submit_sweep(plan.requests, plan.described, given["name"], given["needed"])
    _say_skipped(submitted.skipped)
    if submitted.id is None:
        _say_nothing(form, given["quiet"])
        return
    sweep = backend.store.sweep(submitted.id)
    _say_queued(backend, sweep, submitted, form, given)
    queued(backend, submitted.jobs, start=not given["no_worker"])
    if given["wait"]:
        _wait(backend, submitted.id, form, given)
    elif form == "json" and not given["quiet"]:
        print_json(fields(sweep) | prospects(backend.store, sweep))


def _say_skipped(count: int) -> None:
    if count:
        message(f"{jobs_counted(count)} of it succeeded before and {'is' if count == 1 else 'are'} left out.")


def _say_nothing(form: str, quiet: bool) -> None:
    if form == "json" and not quiet:
        print_json(None)
    elif not quiet:
        click.echo("Nothing is left to do.")


def _say_queued(
    backend: Backend, sweep: "Sweep", submitted: "SubmittedSweep", form: str, given: Mapping[str, Any]
) -> None:
    if given["quiet"] and not given["wait"]:
        print_ids([sweep.id])
    elif form == "table" and not given["quiet"]:
        first, last = submitted.jobs[0], submitted.jobs[-1]
        left = time_left(backend.store, sweep.id)
        click.echo(inert(f"{titled(sweep)} is queued: {jobs_counted(sweep.jobs)}, {first} to {last}; {left}."))
        if not given["wait"]:
            click.echo(_next_commands(sweep.id))


def _next_commands(sweep_id: int) -> str:
    return (
        f"  curvegan wait --sweep {sweep_id}      follow it to its end\n"
        f"  curvegan status --sweep {sweep_id}    its jobs at a glance\n"
        f"  curvegan cancel --sweep {sweep_id}    stop what is left of it"
    )


def _wait(backend: Backend, sweep_id: int, form: str, given: Mapping[str, Any]) -> None:
    ended = follow_sweep(backend, sweep_id, start_worker=not given["no_worker"] and torch_installed())
    print_ended(backend.store, ended, form, given["quiet"])
