"""curvegan explain: why a job is where it is. The reasons themselves are in curvegan_cli.reasons."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.reasons import NOTES, REASONS, Explanation, explain_job
from curvegan_cli.shown.output import format_option, inert, print_json

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Job


def _listed(codes: dict[str, str]) -> str:
    return "\n".join(f"  {code:19}{meaning}" for code, meaning in codes.items())


@click.command(epilog=f"\b\nReasons:\n{_listed(REASONS)}\n\n\b\nNotes:\n{_listed(NOTES)}")
@one_job
@format_option("table", "json")
@pass_backend
def explain(backend: Backend, selector: str, form: str) -> None:
    """Say why a job is not running, what it is doing, or how it ended.

    In JSON, `reason` and the keys of `notes` are the codes below, which stay as they are.

    \b
    Examples:
      curvegan explain 17
      curvegan explain last -o json
    """
    from curvegan_db.errors import SchemaOutdated

    try:
        store = backend.store
    except SchemaOutdated as error:
        _print(None, Explanation("schema_outdated", str(error), ("curvegan db status",)), form)
        return
    job, found = _explained(backend, store, select_one(store, selector))
    _print(job, found, form)


def _explained(backend: Backend, store: "Store", job_id: int) -> tuple["Job", Explanation]:
    store.reap()
    details = store.details(job_id)
    found = explain_job(details)
    warning = backend.broker_problem() if details.job.state == "queued" else None
    if warning:
        note = f"{warning}; workers look for jobs every second all the same"
        found = replace(found, notes=found.notes | {"broker_unreachable": note})
    return details.job, found


def _print(job: "Job | None", found: Explanation, form: str) -> None:
    if form == "json":
        print_json(_fields(job, found))
        return
    subject = f"Job {job.id} is {job.state}" if job else "No job can be looked at"
    click.echo(inert(f"{subject} ({found.reason}): {found.text}."))
    for note in found.notes.values():
        click.echo(inert(f"  {note}"))
    for command in found.commands:
        click.echo(f"  `{command}`")


def _fields(job: "Job | None", found: Explanation) -> dict[str, Any]:
    known = {"id": job.id if job else None, "state": job.state if job else None}
    values = asdict(found)
    return known | {name: values[name] for name in ("reason", "text", "notes", "figures", "commands")}
