"""curvegan rename, tag, note, delete: what people call their jobs, and which of them they do not want any more."""

import sys

import click

from curvegan.lab import Lab
from curvegan.watching.job_fields import STATES
from curvegan.words import plural
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import Selection, jobs_or_sweep, one_job, select_one, sweep_option
from curvegan_cli.shown.output import emit, message, quiet_option


@click.command()
@click.argument("words", metavar="[ID] NAME", nargs=-1, required=True)
@sweep_option
@pass_lab
def rename(lab: Lab, words: tuple[str, ...], sweep: int | None) -> None:
    """Give a job or a sweep another name.

    A name is a handle: `show baseline` shows the newest job that has it. An empty one takes the name away.

    \b
    Examples:
      curvegan rename 17 baseline
      curvegan rename --sweep last rates
    """
    store = lab.store
    if len(words) != (1 if sweep is not None else 2):
        raise click.UsageError(
            "give a job and its new name, as in `curvegan rename 17 baseline`, or --sweep ID and a name"
        )
    name = words[-1] or None
    called = f"is called {name}" if name else "has no name"
    if sweep is not None:
        store.rename_sweep(sweep, name)
        emit("table", text=lambda: [f"Sweep {sweep} {called}."])
        return
    job_id = select_one(store, words[0])
    store.rename(job_id, name)
    emit("table", text=lambda: [f"Job {job_id} {called}."])


@click.command()
@jobs_or_sweep
@click.option("--add", multiple=True, metavar="TAG", help="A tag they shall have; several times for more.")
@click.option("--remove", multiple=True, metavar="TAG", help="A tag they shall not have; several times for more.")
@quiet_option
@pass_lab
def tag(lab: Lab, selection: Selection, add: tuple[str, ...], remove: tuple[str, ...], form: str) -> None:
    """Give jobs tags, and take tags away.

    Without either it says which they have. `status --tag` finds them.

    \b
    Examples:
      curvegan tag 17 --add good
      curvegan tag --sweep last --add night --remove draft
    """
    for job_id in selection.ids(lab.store):
        tags = lab.store.tag(job_id, add, remove)
        line = f"Job {job_id}: {' '.join(tags) or 'no tags'}"
        emit(form, text=lambda line=line: [line], ids=lambda job_id=job_id: [job_id])  # type: ignore[misc]


@click.command()
@one_job
@click.argument("text")
@pass_lab
def note(lab: Lab, selector: str, text: str) -> None:
    """Write a note to a job.

    `show` prints it, and --where "note~drift" finds it. It takes the place of the note that the job has; an empty one
    takes that away.

    \b
    Examples:
      curvegan note 17 "the first that keeps both modes"
      curvegan note 17 ""
    """
    job_id = select_one(lab.store, selector)
    lab.store.annotate(job_id, text or None)
    emit("table", text=lambda: [f"Job {job_id} has {'this' if text else 'no'} note."])


@click.command()
@jobs_or_sweep
@click.option("--yes", is_flag=True, help="Do not ask.")
@quiet_option
@pass_lab
def delete(lab: Lab, selection: Selection, yes: bool, form: str) -> None:
    """Delete jobs, with all that came of them.

    It asks first. A running job is never deleted; of a sweep, a range or `all` those are left alone. A sweep goes with
    the last of its jobs. What is old is the matter of `curvegan db prune`.

    \b
    Examples:
      curvegan delete 17
      curvegan delete --sweep rates --yes
      curvegan delete --where "state=failed and tag=draft"
    """
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("nobody is there to be asked: say --yes, or `curvegan status` to look first")
    store = lab.store
    lab.reap()
    ids = selection.ids(store, [state for state in STATES if state not in ("running", "lost")])
    running = len(selection.ids(store, ("running", "lost"))) if not selection.named else 0
    for job_id in ids if selection.named else ():
        store.check_deletable(job_id)
    if running:
        message(f"{plural(running, 'job')} of these {'is' if running == 1 else 'are'} running and stay.")
    if not ids:
        message("Nothing to delete: no job there that is not running.")
        return
    if not yes and not click.confirm(
        f"Delete {_jobs(ids)} and all that came of {'it' if len(ids) == 1 else 'them'}?", err=True
    ):
        return
    deleted = sum(store.delete(ids))
    emit(form, text=lambda: [f"{plural(deleted, 'job')} deleted."], ids=lambda: ids)


def _jobs(ids: list[int]) -> str:
    return f"job {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs, {min(ids)} to {max(ids)},"
