"""curvegan submit, config: from what was typed to a queued job, and what a config is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.baselines import few_remarks
from curvegan.datasets import data_remark
from curvegan.lab import Lab
from curvegan.showing.progress import jobs_to_the_end
from curvegan.submitting.layers import assignments, job_layers, layered, start_config
from curvegan.submitting.starting import call_workers
from curvegan.watching.job_fields import job_fields, outcome
from curvegan_cli.options import pass_lab
from curvegan_cli.options.job import (
    from_option,
    given_layers,
    job_options,
    no_worker_option,
    preset_option,
    set_option,
)
from curvegan_cli.options.values import SettingCommand, data_among
from curvegan_cli.shown.configs import emit_config
from curvegan_cli.shown.output import IDS_ONLY, emit, form_options, messages

if TYPE_CHECKING:
    from curvegan_db.values import JobRequest


@click.command(cls=SettingCommand)
@job_options
@click.option("--wait", is_flag=True, help="Follow the job to its end; exit 1 where it ends badly.")
@click.option("--dry-run", is_flag=True, help="Print the complete config and store nothing.")
@no_worker_option
@form_options("table", "json", quiet=IDS_ONLY)
@pass_lab
def submit(lab: Lab, /, dry_run: bool, form: str, **given: Any) -> None:
    """Queue a job, the tutorial's by default.

    Options win over --set, --set over --config, that over --preset, and that over --from, or else over [config] of
    ./curvegan.toml and of the user's curvegan/config.toml. `curvegan config` prints all keys, `curvegan curves` shows
    what can be learned.

    \b
    Examples:
      curvegan submit --lr 1e-4 --wait
      curvegan submit --config job.toml --set curve.a=3 --seed 7 --tag night
      curvegan submit --preset collapse-fix --data loads
      curvegan submit --from 17 --lr 1e-3
    """
    from curvegan_db.values import JobRequest

    config = layered(given_layers(lab, given))
    request = JobRequest(config, name=given["name"], tags=given["tags"], priority=given["priority"])
    if dry_run:
        emit_config(form, config, data_remark(lab, config))
    else:
        _submit(lab, request, form, given)


def _submit(lab: Lab, request: "JobRequest", form: str, given: Mapping[str, Any]) -> None:
    [job_id] = lab.store.submit([request])
    lines = [f"Job {job_id} is queued.", *([] if given["wait"] else _next_commands(job_id))]
    emit(form, text=lambda: lines, ids=lambda: [job_id])
    messages(few_remarks(lab.store, [request.config], [given["data"], data_among(given["pairs"])[0]]))
    messages(call_workers(lab, [job_id], start=not given["no_worker"], followed=given["wait"]))
    if given["wait"]:
        _wait(lab, job_id, form, start_worker=not given["no_worker"])
    else:
        emit(form, json=lambda: job_fields(lab.store, lab.store.job(job_id)))


def _next_commands(job_id: int) -> list[str]:
    return _aligned(
        {
            f"wait {job_id}": "follow it to its end",
            "status": "all jobs at a glance",
            f"fetch-plot {job_id}": "its picture, at any time",
        }
    )


def _aligned(commands: Mapping[str, str]) -> list[str]:
    wide = max(map(len, commands)) + 4
    return [f"  curvegan {command:{wide}}{purpose}" for command, purpose in commands.items()]


def _wait(lab: Lab, job_id: int, form: str, start_worker: bool) -> None:
    [job] = jobs_to_the_end(lab, [job_id], start_worker)
    commands = _aligned({f"show {job_id}": "its numbers", f"fetch-plot {job_id}": "its picture"})
    emit(form, text=lambda: [outcome(job), *commands], json=lambda: job_fields(lab.store, job))
    if job.state != "succeeded":
        raise SystemExit(1)


@click.command(cls=SettingCommand)
@from_option
@preset_option
@set_option
@form_options("toml", "json")
@pass_lab
def config(lab: Lab, start: str | None, preset: str | None, pairs: list[tuple[str, str]], form: str) -> None:
    """Print a job's config: every key and its default.

    It is what `submit` would queue here, [config] of curvegan.toml included, and a file for `submit --config`.

    \b
    Examples:
      curvegan config > job.toml
      curvegan submit --config job.toml
      curvegan config --preset collapse-fix
      curvegan config --from 17 --set beta1=0.5
    """
    from curvegan_core.config.presets import PRESETS

    data, others = data_among(pairs)
    layers = job_layers(lab, {}, preset, None, assignments(others), data, start_config(lab, start))
    config = layered(layers)
    emit_config(form, config, f"preset {preset}: {PRESETS[preset].purpose}" if preset else "")
