"""curvegan cancel, retry, resume, extend: what a user can do to jobs that exist."""

from collections.abc import Callable, Collection, Sequence
from functools import partial

import click

from curvegan.lab import Lab
from curvegan.submitting.starting import call_workers
from curvegan.submitting.stopping import CANCELLED, QUEUED_AGAIN, stopped
from curvegan.watching.job_fields import LIVE
from curvegan.words import plural
from curvegan_cli.options import pass_lab
from curvegan_cli.options.job import no_worker_option
from curvegan_cli.options.selectors import Selection, jobs_or_sweep
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.output import emit, message, messages, quiet_option

Verb = Callable[[int], None]
force_option = click.option(
    "--force", is_flag=True, help="Take a running job from its worker at once: what it would still write is refused."
)
failed_option = click.option("--failed", is_flag=True, help="Of several only those that failed, not the cancelled.")


@click.command()
@jobs_or_sweep
@click.option("--reason", metavar="TEXT", help="Kept with the job.")
@force_option
@quiet_option
@pass_lab
def cancel(lab: Lab, selection: Selection, reason: str | None, force: bool, form: str) -> None:
    """Stop queued and running jobs.

    A queued job is stopped at once, a running one within seconds, after its checkpoint is stored. With --force
    a running one is stopped at once too, wherever its worker is, and what was not stored yet is lost.

    Of a range, `all` or a sweep, those that have ended already are left alone.

    \b
    Examples:
      curvegan cancel 17
      curvegan cancel all --reason "wrong curve"
      curvegan cancel --sweep 3 --where "loss=lsgan"
    """
    if selection.whole_sweep is not None:
        _cancel_sweep(lab, selection.whole_sweep, reason, force, form)
        return
    ids = _matching(lab, selection, LIVE)
    done = _act_on(ids, lambda job_id: CANCELLED[lab.store.cancel(job_id, reason, force)], form)
    _conclude(ids, done, selection, "Nothing to cancel: no queued or running job there.")


@click.command()
@jobs_or_sweep
@failed_option
@force_option
@no_worker_option
@quiet_option
@pass_lab
def retry(lab: Lab, selection: Selection, failed: bool, force: bool, no_worker: bool, form: str) -> None:
    """Run ended jobs again from the start.

    Their results so far are deleted. Of a range, `all` or a sweep, only failed and cancelled jobs are run again.

    \b
    Examples:
      curvegan retry 17
      curvegan retry all
      curvegan retry --sweep 3 --failed
    """
    verb = partial(lab.store.retry, force=force)
    _rerun(lab, selection, failed, no_worker, form, verb, lab.store.retry_sweep)


@click.command()
@jobs_or_sweep
@failed_option
@force_option
@no_worker_option
@quiet_option
@pass_lab
def resume(lab: Lab, selection: Selection, failed: bool, force: bool, no_worker: bool, form: str) -> None:
    """Let failed and cancelled jobs go on from their last checkpoint.

    Their results are kept, and what they come to is what they would have come to undisturbed. A job that diverged
    does so again at the same step.

    \b
    Examples:
      curvegan resume 17
      curvegan resume all
      curvegan resume --sweep 3 --failed
    """
    verb = partial(lab.store.resume, force=force)
    _rerun(lab, selection, failed, no_worker, form, verb, lab.store.resume_sweep)


@click.command()
@jobs_or_sweep
@click.option("--steps", type=Whole(), required=True, metavar="N", help="Steps it shall have in total.")
@no_worker_option
@quiet_option
@pass_lab
def extend(lab: Lab, selection: Selection, steps: int, no_worker: bool, form: str) -> None:
    """Train succeeded jobs further, to N steps in total.

    Their results are kept, and so are the intervals between records, snapshots and checkpoints.

    \b
    Examples:
      curvegan extend 17 --steps 20001
      curvegan extend 3-9 --steps 20001
      curvegan extend --where "verdict=undertrained and loss=ns" --steps 20001
    """
    _run_again(lab, selection, ("succeeded",), no_worker, form, lambda job_id: lab.store.extend(job_id, steps))


def _matching(lab: Lab, selection: Selection, states: Collection[str]) -> list[int]:
    """Return the ids; of those that a filter matches say how many, before anything is done to them."""
    ids = selection.ids(lab.store, states)
    if selection.where and ids:
        message(f"{plural(len(ids), 'job')} of state {', '.join(states)} match.")
    return ids


def _rerun(
    lab: Lab,
    selection: Selection,
    failed: bool,
    no_worker: bool,
    form: str,
    verb: Verb,
    sweep_verb: Callable[[int, Collection[str]], list[int]],
) -> None:
    """Queue ended jobs again by one of the store's verbs, or a whole sweep's in one go."""
    states, sweep_id = ("failed",) if failed else ("failed", "cancelled"), selection.whole_sweep
    if sweep_id is None:
        _run_again(lab, selection, states, no_worker, form, verb)
        return
    done = sweep_verb(sweep_id, states)
    if not done:
        message(f"Nothing to do: no {' or '.join(states)} job in sweep {sweep_id}.")
        return
    _say(form, done, f"Sweep {sweep_id}: {plural(len(done), 'job')} queued again.")
    messages(call_workers(lab, done, start=not no_worker))


def _run_again(lab: Lab, selection: Selection, states: tuple[str, ...], no_worker: bool, form: str, verb: Verb) -> None:
    """Queue ended jobs again by one of the store's verbs, and see to it that they get a worker."""

    def again(job_id: int) -> str:
        verb(job_id)
        return QUEUED_AGAIN

    ids = _matching(lab, selection, states)
    done = _act_on(ids, again, form)
    if done:
        messages(call_workers(lab, done, start=not no_worker))
    _conclude(ids, done, selection, f"Nothing to do: no {' or '.join(states)} job there.")


def _cancel_sweep(lab: Lab, sweep_id: int, reason: str | None, force: bool, form: str) -> None:
    from curvegan_db.filters.language import Filter

    ids, done = stopped(lab.store, Filter.of_sweep(lab.store.sweep(sweep_id).id), reason, force)
    if not done:
        message(f"Nothing to cancel: no queued or running job in sweep {sweep_id}.")
        return
    later = f", {done['requested']} will be stopped by their workers within seconds" if done["requested"] else ""
    _say(form, ids, f"Sweep {sweep_id}: {plural(done['cancelled'], 'job')} cancelled{later}.")


def _act_on(ids: Sequence[int], act: Callable[[int], str], form: str) -> list[int]:
    """Do it to each job, saying what came of it; one that refuses does not keep the others from it."""
    from curvegan_db.errors import JobStateConflict

    done = []
    for job_id in ids:
        try:
            result = act(job_id)
        except JobStateConflict as error:
            message(f"Error: {error}")
            continue
        done.append(job_id)
        _say(form, [job_id], f"Job {job_id} {result}.")
    return done


def _conclude(ids: Sequence[int], done: Sequence[int], selection: Selection, nothing: str) -> None:
    if not ids:
        message(nothing)
    if len(done) < len(ids) and selection.named:
        raise SystemExit(2)


def _say(form: str, ids: Sequence[int], line: str) -> None:
    emit(form, text=lambda: [line], ids=lambda: ids)
