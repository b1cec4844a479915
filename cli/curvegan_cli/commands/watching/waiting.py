"""curvegan wait, logs, explain: follow jobs to their end, what happened to one, and why it is where it is."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from curvegan.lab import Lab
from curvegan.showing.progress import detachable, jobs_to_the_end, sweep_to_the_end
from curvegan.watching.following import follow_log
from curvegan.watching.job_fields import LIVE, outcome
from curvegan.watching.reasons import NOTES, REASONS, Explanation, explained
from curvegan.watching.remarks import Remark
from curvegan.words import moment
from curvegan_cli.options import pass_lab
from curvegan_cli.options.job import no_worker_option
from curvegan_cli.options.selectors import Selection, jobs_or_sweep, one_job, select_one
from curvegan_cli.shown.columns import emit_ended_sweep, emit_jobs
from curvegan_cli.shown.output import IDS_ONLY, emit, form_options, message

if TYPE_CHECKING:
    from curvegan_db.log_lines import LogLine
    from curvegan_db.store import Store

_LINE_FIELDS = ("at", "attempt", "worker", "kind", "text")
_REASON_FIELDS = ("reason", "text", "notes", "figures", "commands")


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
    ids = selection.ids(lab.store, LIVE if selection.live_only else ())
    jobs = jobs_to_the_end(lab, ids, not no_worker)
    emit_jobs(lab.store, form, jobs, lambda: map(outcome, jobs))
    if any(state != "succeeded" for state in lab.store.states(ids).values()):
        raise SystemExit(1)


@click.command()
@one_job
@click.option("--follow", is_flag=True, help="Stay until the job ends; exit 1 where it ends badly.")
@form_options("table", "json")
@pass_lab
def logs(lab: Lab, selector: str, follow: bool, form: str) -> None:
    """Print a job's log, from its first line on.

    It holds what happened to the job and what its workers said, for every attempt, however the job ended. In JSON it is
    one list; with --follow it comes when the job has ended.

    \b
    Examples:
      curvegan logs 17
      curvegan logs last --follow
    """
    store, job_id = lab.store, select_one(lab.store, selector)
    with detachable(f"`curvegan logs {job_id} --follow` shows it again."):
        lines = _followed(store, job_id) if follow else iter(store.log(job_id)[0])
        emit(
            form,
            text=lambda: (part for line in lines for part in _parts(line)),
            json=lambda: [{name: getattr(line, name) for name in _LINE_FIELDS} for line in lines],
        )
    if follow and store.state(job_id) != "succeeded":
        raise SystemExit(1)


def _parts(line: "LogLine") -> list[str]:
    """Return time, attempt, text; what has several lines, as a traceback, is indented."""
    first, *others = line.text.splitlines() or [""]
    return [f"{moment(line.at)}  {line.attempt or '-':>2}  {first}", *(f"    {more}" for more in others)]


def _followed(store: "Store", job_id: int) -> Iterator["LogLine"]:
    for seen in follow_log(store, job_id):
        if isinstance(seen, Remark):
            message(seen.text)
        else:
            yield seen


class _Explaining(click.Command):
    """Lists its codes below its options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the codes."""
        for title, codes in (("Reasons", REASONS), ("Notes", NOTES)):
            with formatter.section(title):
                formatter.write_dl(list(codes.items()))


@click.command(cls=_Explaining)
@one_job
@form_options("table", "json")
@pass_lab
def explain(lab: Lab, selector: str, form: str) -> None:
    """Say why a job is not running, what it is doing, or how it ended.

    In JSON, `reason` and the keys of `notes` are the codes below, which stay as they are.

    \b
    Examples:
      curvegan explain 17
      curvegan explain last -o json
    """
    from curvegan_db.errors import SchemaOutdated

    try:
        store = lab.store
    except SchemaOutdated as error:
        job, why = None, Explanation("schema_outdated", str(error), ("curvegan db status",))
    else:
        job, why = explained(lab, select_one(store, selector))

    def text() -> Iterator[str]:
        subject = f"Job {job.id} is {job.state}" if job else "No job can be looked at"
        yield f"{subject} ({why.reason}): {why.text}."
        yield from (f"  {note}" for note in why.notes.values())
        yield from (f"  `{command}`" for command in why.commands)

    known, values = {"id": job.id if job else None, "state": job.state if job else None}, asdict(why)
    emit(form, text=text, json=lambda: known | {name: values[name] for name in _REASON_FIELDS})
