"""curvegan copy: jobs with all that came of them, into another store."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from curvegan.copying import copied_to
from curvegan.lab import Lab
from curvegan.words import plural
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import among, where_option
from curvegan_cli.options.selectors import sweep_option
from curvegan_cli.shown.output import console, emit, form_options, message

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter


@click.command()
@click.option("--to", "url", required=True, metavar="URL", help="The other store, as --database-url names one.")
@sweep_option
@where_option
@form_options("table", "json", quiet="Print the ids there only, one a line.")
@pass_lab
def copy(lab: Lab, url: str, sweep: int | None, where: "Filter | None", form: str) -> None:
    """Copy jobs that have ended into another store, with all that came of them.

    They get ids of that store; their sweep and their data sets come with them. What is there already, by the time of
    its submission and its config, is left as it is: the same copy twice, or back again, brings nothing twice.

    \b
    Examples:
      curvegan copy --to postgresql://me@server/curvegan --sweep rates
      curvegan --database-url postgresql://me@server/curvegan copy --to sqlite:///mine.db --where "tag=paper"
    """
    if sweep is None and where is None:
        raise click.UsageError('say which jobs, as in --sweep 3 or --where "tag=paper"')
    meant = among(lab, sweep, where)
    copied = copied_to(lab, url, meant, _with_bar)
    left = lab.store.count(meant) - len(copied.ids)
    new = {job_id: there for job_id, there in copied.ids.items() if job_id not in copied.there}
    emit(
        form,
        text=lambda: [f"{plural(len(new), 'job')} copied{_span(list(new.values()))}."],
        json=lambda: {"copied": new, "there": {i: copied.ids[i] for i in sorted(copied.there)}, "unfinished": left},
        ids=lambda: copied.ids.values(),
    )
    if copied.there:
        message(
            f"{plural(len(copied.there), 'job')} of these {'is' if len(copied.there) == 1 else 'are'} there already."
        )
    if left:
        message(f"{plural(left, 'job')} of these {'has' if left == 1 else 'have'} not ended, and stay here alone.")


def _span(ids: Sequence[int]) -> str:
    """Return what they are called there."""
    return "" if not ids else f": it is job {ids[0]} there" if len(ids) == 1 else f": there {min(ids)} to {max(ids)}"


def _with_bar(batches: Iterable[Sequence[int]], count: int) -> Iterable[Sequence[int]]:
    if count < 2 or not sys.stderr.isatty():
        return batches
    from rich.progress import track

    return track(batches, "Copying", total=count, console=console(sys.stderr), transient=True)
