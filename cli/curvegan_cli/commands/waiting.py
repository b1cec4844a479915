"""curvegan wait: follow jobs to their end."""

import click

from curvegan.lab import Lab
from curvegan.watching.job_fields import LIVE, outcome
from curvegan_cli.options import pass_lab
from curvegan_cli.options.job import no_worker_option
from curvegan_cli.options.selectors import Selection, jobs_or_sweep
from curvegan_cli.shown.columns import emit_ended_sweep, emit_jobs
from curvegan_cli.shown.output import IDS_ONLY, form_options
from curvegan_cli.shown.progress import jobs_to_the_end, sweep_to_the_end


@click.command()
@jobs_or_sweep
@no_worker_option
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def wait(lab: Lab, selection: Selection, no_worker: bool, form: str) -> None:
    """Follow jobs to their end.

    The exit code is 1 where one ends badly.

    `all`, and what --where finds, is all that are queued or running now. Ctrl-C ends the waiting, not the jobs. A
    database that goes away is waited for, up to five minutes. Where the store is embedded and no worker lives, one is
    started.

    \b
    Examples:
      curvegan wait 17
      curvegan wait all -o json
      curvegan wait --sweep 3
    """
    if selection.whole_sweep is not None:
        emit_ended_sweep(lab.store, sweep_to_the_end(lab, selection.whole_sweep, not no_worker), form)
        return
    jobs = jobs_to_the_end(lab, selection.ids(lab.store, LIVE if selection.live_only else ()), not no_worker)
    emit_jobs(form, jobs, lambda: map(outcome, jobs))
    if any(job.state != "succeeded" for job in jobs):
        raise SystemExit(1)
