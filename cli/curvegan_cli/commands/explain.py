"""curvegan explain: why a job is where it is. The reasons themselves are in curvegan.watching.reasons."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from curvegan.lab import Lab
from curvegan.watching.reasons import NOTES, REASONS, Explanation, explained
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.shown.output import emit, form_options

_FIELDS = ("reason", "text", "notes", "figures", "commands")


def _listed(codes: dict[str, str]) -> str:
    return "\n".join(f"  {code:19}{meaning}" for code, meaning in codes.items())


@click.command(epilog=f"\b\nReasons:\n{_listed(REASONS)}\n\n\b\nNotes:\n{_listed(NOTES)}")
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
    emit(form, text=text, json=lambda: known | {name: values[name] for name in _FIELDS})
