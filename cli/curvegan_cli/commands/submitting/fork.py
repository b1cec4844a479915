"""curvegan fork: a new job that goes on from another one's state."""

import click

from curvegan.lab import Lab
from curvegan.submitting.forking import fork as fork_job
from curvegan.submitting.layers import assignments
from curvegan.submitting.starting import call_workers
from curvegan.watching.job_fields import job_fields
from curvegan_cli.options import completing, pass_lab
from curvegan_cli.options.job import no_worker_option, set_option
from curvegan_cli.options.selectors import select_one
from curvegan_cli.options.values import SettingCommand, Whole
from curvegan_cli.shown.output import IDS_ONLY, emit, form_options, messages


@click.command(cls=SettingCommand)
@click.argument("selector", metavar="ID", shell_complete=completing.jobs)
@click.option("--at", "step", type=Whole(), metavar="STEP", help="Any step that it has done; the last without it.")
@set_option
@click.option("--name", help="A name to know the new job by.")
@click.option("--tag", "tags", multiple=True, help="A tag to find it by; may be given several times.")
@click.option("--priority", type=Whole(-1000, 1000), default=0, show_default=True, help="High goes first.")
@no_worker_option
@form_options("table", "json", quiet=IDS_ONLY)
@pass_lab
def fork(
    lab: Lab,
    selector: str,
    step: int | None,
    pairs: list[tuple[str, str]],
    name: str | None,
    tags: tuple[str, ...],
    priority: int,
    no_worker: bool,
    form: str,
) -> None:
    """Queue a job that goes on from another one's state.

    It has that job's bits up to the step, and from there its own config. Where no checkpoint is stored at the step, one
    is made by training again from the one before, exactly. Keys that size the state, or say what happened before, stay.

    \b
    Examples:
      curvegan fork 17 --at 3000 --set lr=1e-3
      curvegan fork last --set steps=20001 --set loss=rpgan
    """
    job = lab.store.job(select_one(lab.store, selector))
    job_id = fork_job(lab.store, job, step, assignments(pairs), name=name, tags=tags, priority=priority)
    branched_at = lab.store.job(job_id).parent_step
    emit(form, text=lambda: [f"Job {job_id} is queued: job {job.id} from step {branched_at} on."], ids=lambda: [job_id])
    messages(call_workers(lab, [job_id], start=not no_worker))
    emit(form, json=lambda: job_fields(lab.store, lab.store.job(job_id)))
