"""curvegan submit: from what was typed to a queued job. Knows nothing of how it is trained."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.config import assignments, file_layer, layered, preset_layer, preset_option, print_config
from curvegan_cli.commands.data import data_layer, data_option, data_remark
from curvegan_cli.commands.waiting import follow
from curvegan_cli.commands.workers import start_if_embedded, torch_installed, waits_for
from curvegan_cli.shown.output import format_option, inert, message, print_ids, print_json, quiet_option
from curvegan_cli.shown.view import fields, outcome

if TYPE_CHECKING:
    from curvegan_db.values import JobRequest

# The options that stand for a key of the config; the others say how to submit it.
KEYS = ("lr", "lr_g", "lr_d", "steps", "seed", "batch_size", "curve", "loss", "device", "engine")

# What a job is asked to be; `sweep` takes the same of all its jobs.
_JOB_OPTIONS = (
    click.option("--lr", type=float, help="Learning rate of both networks.  [default: 0.0001]"),
    click.option("--lr-g", type=float, help="Learning rate of the generator; over --lr."),
    click.option("--lr-d", type=float, help="Learning rate of the discriminator; over --lr."),
    click.option("--steps", type=int, help="Generator updates to train.  [default: 10001]"),
    click.option("--seed", type=int, help="Seed of weights, noise and minibatches.  [default: 0]"),
    click.option("--batch-size", type=int, help="Curves in a minibatch.  [default: 64]"),
    click.option("--curve", metavar="FAMILY", help="Family of the curve to learn.  [default: quadratic]"),
    click.option("--loss", metavar="NAME", help="Loss to train with.  [default: ns]"),
    click.option("--device", metavar="auto|cpu|cuda[:N]", help="What it may be trained on.  [default: auto]"),
    click.option("--engine", metavar="auto|torch|fused", help="What computes the steps.  [default: auto]"),
    click.option("--name", help="A name to know the job by."),
    click.option("--tag", "tags", multiple=True, help="A tag to find it by; may be given several times."),
    click.option("--priority", type=click.IntRange(-1000, 1000), default=0, show_default=True, help="High goes first."),
    data_option,
    preset_option,
    click.option(
        "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE.toml", help="Keys of a file."
    ),
    click.option("--set", "pairs", type=(str, str), multiple=True, metavar="KEY VALUE", help="Any key, over --config."),
)


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that says what a job shall be; `layers` reads the keys among them."""
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return command


@click.command()
@job_options
@click.option("--wait", is_flag=True, help="Follow the job to its end; exit 1 where it ends badly.")
@click.option("--dry-run", is_flag=True, help="Print the complete config and store nothing.")
@click.option("--no-worker", is_flag=True, help="Start no background worker.")
@format_option("table", "json")
@quiet_option
@pass_backend
def submit(backend: Backend, /, dry_run: bool, form: str, **given: Any) -> None:
    """Queue a job, the tutorial's by default.

    Options win over --set, --set over --config, that over --preset, and that over [config] of ./curvegan.toml and of
    the user's curvegan/config.toml. `curvegan config` prints all keys, `curvegan curves` shows what can be learned.

    \b
    Examples:
      curvegan submit --lr 1e-4 --wait
      curvegan submit --config job.toml --set curve.a 3 --seed 7 --tag night
      curvegan submit --preset collapse-fix --data loads
    """
    from curvegan_db.values import JobRequest

    config = layered(layers(backend, given))
    request = JobRequest(config, name=given["name"], tags=given["tags"], priority=given["priority"])
    if dry_run:
        print_config(config, form, data_remark(backend, config))
    else:
        _submit(backend, request, form, given)


def layers(backend: Backend, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the files and the options say of the config, a later one over an earlier one."""
    options = {key: given[key] for key in KEYS if given[key] is not None}
    own, assigned = file_layer(given["config_file"]), assignments(given["pairs"])
    # Below --set too, so that parameters set there are those of the family chosen here.
    family = {key: options[key] for key in ("curve",) if key in options}
    data = data_layer(backend, given, assigned)
    return [backend.files["config"], preset_layer(given["preset"]), own, family, assigned, options, data]


def _submit(backend: Backend, request: "JobRequest", form: str, given: Mapping[str, Any]) -> None:
    [job_id] = backend.store.submit([request])
    _say_queued(job_id, form, given["quiet"], given["wait"])
    queued(backend, [job_id], start=not given["no_worker"])
    if given["wait"]:
        _wait(backend, job_id, form, given)
    elif form == "json" and not given["quiet"]:
        print_json(fields(backend.store.job(job_id)))


def queued(backend: Backend, ids: Sequence[int], start: bool) -> None:
    """See to it that jobs just queued get a worker, and say what they wait for where that is not in our hands."""
    backend.store.reap()
    warning = backend.nudge(ids)
    if warning:
        message(f"Warning: {warning}.")
    if start:
        start_if_embedded(backend)
    waiting = waits_for(backend.store.job(ids[-1]), backend.store.workers())
    on_its_way = start and backend.settings.embedded and "cuda" not in (waiting or "")
    if waiting and not on_its_way:
        message(f"Job {ids[-1]} is queued and waits for {waiting}.")


def _say_queued(job_id: int, form: str, quiet: bool, wait: bool) -> None:
    if quiet:
        print_ids([job_id])
    elif form == "table":
        click.echo(f"Job {job_id} is queued.")
        if not wait:
            click.echo(_next_commands(job_id))


def _next_commands(job_id: int) -> str:
    return (
        f"  curvegan wait {job_id}          follow it to its end\n"
        f"  curvegan status          all jobs at a glance\n"
        f"  curvegan fetch-plot {job_id}    its picture, also while it trains"
    )


def _wait(backend: Backend, job_id: int, form: str, given: Mapping[str, Any]) -> None:
    [job] = follow(backend, [job_id], start_worker=not given["no_worker"] and torch_installed())
    if form == "json" and not given["quiet"]:
        print_json(fields(job))
    elif not given["quiet"]:
        click.echo(inert(outcome(job)))
        click.echo(f"  curvegan show {job_id}          its numbers\n  curvegan fetch-plot {job_id}    its picture")
    if job.state != "succeeded":
        raise SystemExit(1)
